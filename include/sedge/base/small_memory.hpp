// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sedge {

/// Memory for small things that come and go by the million: frames of coroutines, processes, messages.
///
/// Each thread cuts it from blocks of its own and keeps what is given back in lists by size, so that taking and giving
/// back are a few instructions without a lock. It may be given back on another thread: what piles up on one thread goes
/// to a common store in batches, from which those take that have none. What the program has got from the system stays
/// with it, for things of the same size; that is about what was in use at the busiest time. Larger things than
/// `small_bytes_max` come from `operator new`. Under the address sanitizer all do.
inline constexpr std::size_t small_bytes_max = 1024;

namespace detail {

inline constexpr std::size_t small_step = 16; // sizes are rounded up to it
inline constexpr std::size_t small_sizes = small_bytes_max / small_step;
inline constexpr std::int32_t small_batch = 256; // pieces that go from one thread to another at a time

struct small_piece {
    small_piece* next;
    small_piece* next_batch; // in the common store
};
/// Pieces of one size that a thread has at hand.
struct small_list {
    small_piece* first = nullptr;
    std::int32_t count = 0;      // of `first`
    small_piece* full = nullptr; // a batch that waits to be used or to be handed over
};
using small_lists = std::array<small_list, small_sizes>;

/// Null until the thread first needs one, and where nothing is kept.
extern constinit thread_local small_lists* this_threads_lists;

[[nodiscard]] inline std::size_t small_size_of(std::size_t bytes) noexcept {
    return (bytes + small_step - 1) / small_step - 1; // beyond all for 0
}
[[nodiscard]] void* take_small_elsewhere(std::size_t bytes);
void give_small_elsewhere(void* memory, std::size_t bytes) noexcept;
void set_batch_aside(small_list& full, std::size_t size) noexcept;

} // namespace detail

/// Throws std::bad_alloc. Aligned for everything that needs no more than 16 bytes.
[[nodiscard]] inline void* take_small(std::size_t bytes) {
    const std::size_t size = detail::small_size_of(bytes);
    if (auto* lists = detail::this_threads_lists; lists != nullptr && size < detail::small_sizes) {
        auto& list = (*lists)[size];
        if (auto* piece = list.first) {
            list.first = piece->next;
            --list.count;
            return piece;
        }
    }
    return detail::take_small_elsewhere(bytes);
}

/// `bytes` is what it was taken with.
inline void give_small(void* memory, std::size_t bytes) noexcept {
    const std::size_t size = detail::small_size_of(bytes);
    auto* lists = detail::this_threads_lists;
    if (lists == nullptr || size >= detail::small_sizes) return detail::give_small_elsewhere(memory, bytes);
    auto& list = (*lists)[size];
    auto* piece = static_cast<detail::small_piece*>(memory);
    piece->next = list.first;
    list.first = piece;
    if (++list.count >= detail::small_batch) detail::set_batch_aside(list, size);
}

} // namespace sedge
