// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "console.hpp"

#include <memory>

namespace sedge::shell {

/// A console with editing by libedit on the terminal of standard input and output. Null if that cannot be had.
std::unique_ptr<console> open_line_editor(wire::system_environment& env, console_options options);

} // namespace sedge::shell
