// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/task.hpp>

#include <functional>

namespace sedge {
class environment;
}

namespace sedge::cluster {

/// What this needs of the program that it runs in; both are of the system, and no part of an environment.
struct program_memory {
    std::function<duration()> processor_time; ///< That the program has used so far.
    std::function<void()> give_back;
};
program_memory memory_of_this_program();

/// Lets go of pages that starting, and then meeting the others, needed. `env` outlives it.
task<> give_back_after_start(environment& env, program_memory program);

} // namespace sedge::cluster
