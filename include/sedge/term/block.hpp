// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/term.hpp: where a term's bytes lie. It needs nothing of the term itself, so that each header of this
// directory may be the first that somebody includes.

#include <sedge/base/bytes.hpp>
#include <sedge/base/small_memory.hpp>
#include <sedge/base/use_count.hpp>

#include <cstdint>
#include <new>

namespace sedge {
class encode_buffer;
}

namespace sedge::detail {

/// A term's memory. Small terms: the count and the bytes in one allocation. Larger ones keep the buffer in which they
/// were encoded or put together, since a copy of megabytes would make everybody else wait.
struct term_block {
    static constexpr std::size_t inline_bytes_max = 64 * 1024;

    use_count count;
    std::uint32_t size = 0; // tells the two kinds apart

    [[nodiscard]] const std::uint8_t* bytes() const noexcept {
        return size <= inline_bytes_max ? reinterpret_cast<const std::uint8_t*>(this + 1) : bytes_of_large();
    }
    /// Of a small term, to be written into `room` at once. Precondition: size <= inline_bytes_max.
    static term_block* with_room(std::size_t size) {
        auto* b = new (take_small(sizeof(term_block) + size)) term_block;
        b->size = static_cast<std::uint32_t>(size);
        return b;
    }
    std::uint8_t* room() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    static term_block* make(byte_view canonical);
    static term_block* make(byte_buffer&& canonical);
    static term_block* make(encode_buffer& canonical); ///< Empty afterwards.
    static void destroy(term_block* b) noexcept {
        if (b->size <= inline_bytes_max) [[likely]]
            give_small(b, sizeof(term_block) + b->size);
        else
            destroy_large(b);
    }

    struct large; // term.cpp

private:
    [[nodiscard]] const std::uint8_t* bytes_of_large() const noexcept;
    static void destroy_large(term_block* b) noexcept;
};

} // namespace sedge::detail
