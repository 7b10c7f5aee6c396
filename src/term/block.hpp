// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include "term/use_count.hpp"

namespace sedge {

/// A term's memory. Small terms: the count and the bytes in one allocation. Larger ones keep the buffer in which they
/// were encoded or put together, since a copy of megabytes would make everybody else wait.
struct term::block {
    static constexpr std::size_t inline_bytes_max = 64 * 1024;

    use_count count;
    std::uint32_t size = 0; // tells the two kinds apart

    [[nodiscard]] const std::uint8_t* bytes() const noexcept;
    static block* make(byte_view canonical);
    static block* make(byte_buffer&& canonical);
    static block* make(encode_buffer& canonical); ///< Empty afterwards.
    static void destroy(block* b) noexcept;

    struct large;
};

struct term::block::large : block {
    byte_buffer owned;
};

inline const std::uint8_t* term::block::bytes() const noexcept {
    if (size <= inline_bytes_max) return reinterpret_cast<const std::uint8_t*>(this + 1);
    return static_cast<const large*>(this)->owned.data();
}

} // namespace sedge
