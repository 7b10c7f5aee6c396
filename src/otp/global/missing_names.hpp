// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/service.hpp"

#include <vector>

/// Names that one member of a cluster knows and another does not.
namespace sedge::otp::registry {

inline constexpr std::size_t missing_names_max = 1000; ///< Repaired after one comparison; the rest after the next.

/// Asks `there` for the names it knows, and their holders for those that are not known here. What only one of the two
/// knows, at most `missing_names_max`; empty if `there` does not answer by `deadline`.
[[nodiscard]] task<std::vector<named>> find_missing_names(service_ptr service, atom there, time_point deadline);

/// Whether the node of the process says that it has the name. Under the lock `global` that is the truth: nobody changes
/// a name meanwhile.
[[nodiscard]] task<bool> is_held_at_home(service_ptr service, named entry, time_point deadline);

} // namespace sedge::otp::registry
