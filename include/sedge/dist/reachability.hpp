// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/address.hpp>

#include <cstddef>
#include <vector>

namespace sedge {
class environment;
}

namespace sedge::dist {

inline constexpr std::size_t confirming_connects = 8; ///< At 30 % loss each way, one round in 200 has no answer.

/// Whether a machine answers fresh TCP connects to one of these places, by accepting or refusing: true at the first
/// answer, false when there is none `within` that time. `confirming_connects` attempts, spread over the time,
/// each closed at once; so it is not fooled by the loss of a few packets. Stalls of this program prolong the time.
/// Where it could not ask at all (no descriptors) it says true: nobody is blamed for that.
[[nodiscard]] task<bool> machine_answers(environment& env, std::vector<wire::endpoint> places, duration within);

} // namespace sedge::dist
