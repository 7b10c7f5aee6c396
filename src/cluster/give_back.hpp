// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>

namespace sedge {
class environment;
}

namespace sedge::cluster {

/// Lets go of pages that starting, and then meeting the others, needed. `env` outlives it.
task<> give_back_after_start(environment& env);

} // namespace sedge::cluster
