// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/process/node.hpp>

#include <functional>

namespace sedge::otp {

/// How a service of the node is started again when somebody has killed its process.
struct keeper_job {
    std::function<bool()> is_over; ///< It was stopped: the keeper ends.
    std::function<pid()> start;
};

/// A process that waits for the end of `first`, starts the service again, waits for its end, and so on.
pid start_keeper(node& on, const pid& first, keeper_job job);

} // namespace sedge::otp
