// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/wire/transport.hpp>

#include <cstddef>

namespace sedge::wire {

/// What a stream may be able to do besides: let bytes gather in the system before it says that they are there. A peer
/// that makes a system call for each small message is held up when each of these calls wakes us.
class lets_gather {
public:
    virtual ~lets_gather() = default;
    /// From now on a wait by `readable` completes when `bytes` are there, or when it has lasted for `at_most`, whether
    /// something is there or not. The end of the stream and errors are told at once. With `bytes` 0 or 1: at the first
    /// byte, as at the beginning. While bytes may gather the system may hold more that were not read.
    virtual void let_gather(std::size_t bytes, duration at_most) = 0;
    /// The next wait by `readable` lasts so long, however much comes meanwhile, if nothing is there when it begins. The
    /// end of the stream and errors are told at once.
    virtual void pause(duration time) = 0;
    /// A wait of either kind that is under way completes now.
    virtual void go_on() = 0;
};

} // namespace sedge::wire
