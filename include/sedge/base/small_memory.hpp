// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace sedge {

/// Memory for small things that come and go by the million: frames of coroutines, processes, messages.
///
/// Each thread cuts it from blocks of its own and keeps what is given back in lists by size, so that taking and giving
/// back are a few instructions without a lock. It may be given back on another thread, whose it is from then on. What a
/// thread has got from the system stays with the program, for things of the same size; that is at most what was in use
/// at the busiest time. Larger things than `small_bytes_max` come from `operator new`. Under the address sanitizer all
/// do.
inline constexpr std::size_t small_bytes_max = 1024;

/// Throws std::bad_alloc. Aligned for everything that needs no more than 16 bytes.
[[nodiscard]] void* take_small(std::size_t bytes);
/// `bytes` is what it was taken with.
void give_small(void* memory, std::size_t bytes) noexcept;

} // namespace sedge
