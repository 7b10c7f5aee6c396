// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <sedge/cluster/application.hpp>

namespace sedge::cli {

/// Name, port and topologies, on standard output.
void show_banner(application& app);

} // namespace sedge::cli
