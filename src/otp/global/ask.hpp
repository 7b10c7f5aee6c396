// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/service.hpp"

#include <vector>

/// Calls of several global_name_servers at once.
namespace sedge::otp::registry {

/// Asks all and waits until each has answered, is gone, or `deadline` has come. The answers, in the order of the nodes;
/// nothing for those that are gone. `errc::timed_out` for those that are silent.
struct asked {
    std::vector<atom> said_true;
    std::vector<atom> silent;
    bool refused = false; ///< Somebody said something else.
};
[[nodiscard]] task<asked> ask_all(process& self, std::vector<atom> nodes, term request, time_point deadline);

/// Whether each is connected. A member that is not is one that we have been introduced to just now: either it is soon,
/// or it is lost, and with it perhaps our place in this part. What is changed meanwhile would pass it by.
[[nodiscard]] bool are_connected(node& here, const std::vector<atom>& nodes);

/// Takes out those that are not connected: asking them would dial them.
void leave_connected(node& here, std::vector<atom>& nodes);

enum class lock_outcome {
    set,     ///< On all that are not gone.
    refused, ///< Somebody else has it somewhere; it is set nowhere now.
    silent,  ///< Some node did not answer; it is set nowhere now.
};
/// Sets the lock on all of them or on none.
[[nodiscard]] task<lock_outcome> lock_on(process& self, service_ptr service, std::vector<atom> nodes, lock_key key,
                                         time_point deadline);
/// Gives it back; the greatest node comes last, since whoever locks begins there.
[[nodiscard]] task<> unlock_on(process& self, std::vector<atom> nodes, lock_key key, time_point deadline);

/// How long to wait after a lock was refused that often: random, up to 1/8 s at first, doubled up to 8 s.
duration random_pause(environment& env, int times);

/// The one that is locked first, so that most collisions show there.
atom boss_of(const atom& me, const std::vector<atom>& known);

} // namespace sedge::otp::registry
