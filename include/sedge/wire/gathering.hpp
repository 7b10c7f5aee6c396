// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/transport.hpp>

#include <span>

namespace sedge::wire {

/// What a stream may be able to do besides: move two pieces of memory in one step, so that the parts of a large message
/// need not be copied together with what stands before them.
class gathers {
public:
    virtual ~gathers() = default;
    /// As `stream::try_read`; what does not fit into `first` goes into `then`.
    virtual io_step try_read(std::span<std::uint8_t> first, std::span<std::uint8_t> then) = 0;
    /// As `stream::try_write`, of `first` and what follows it.
    virtual io_step try_write(byte_view first, byte_view then) = 0;
};

} // namespace sedge::wire
