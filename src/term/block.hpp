// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <atomic>

namespace sedge {

/// A term's memory: the count and the bytes in one allocation. Private to the layer.
struct term::block {
    std::atomic<std::uint32_t> count{1};
    std::uint32_t size = 0;

    std::uint8_t* bytes() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    static block* make(byte_view canonical);
};

} // namespace sedge
