// SPDX-License-Identifier: Apache-2.0
#include "term/spare_buffers.hpp"

#include "term/per_thread.hpp"

#include <sedge/term/spare_memory.hpp>

#include <array>
#include <utility>

namespace sedge::etf {

namespace {
// Under the address sanitizer nothing is kept, so that a use after it was given back is found.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_memory = false;
#else
constexpr bool keeps_memory = true;
#endif
constexpr std::size_t bytes_max = std::size_t{2} << 20;
constexpr std::size_t room_ratio_max = 4; // a small term should not hold the memory of a large one
constexpr std::size_t large_bytes_max = std::size_t{256} << 20;

struct spares {
    std::array<byte_buffer, 2> buffers; // one is filled while the other is read
    byte_buffer large;
    bool large_is_old = false; // since the last `release_spare_memory`
};
} // namespace

byte_buffer spare_buffer(std::size_t bytes, std::size_t announced) noexcept {
    auto* const mine = per_thread<spares>::get();
    if (mine == nullptr) return {};
    const std::size_t large = mine->large.capacity();
    if (large > 0 && large >= announced && large <= announced + announced / 4) return std::exchange(mine->large, {});
    for (auto& one : mine->buffers)
        if (one.capacity() >= bytes && one.capacity() / room_ratio_max <= bytes) return std::exchange(one, {});
    return {};
}

void keep_spare(byte_buffer&& buffer) noexcept {
    auto* const mine = per_thread<spares>::get();
    if (!keeps_memory || mine == nullptr || buffer.capacity() > large_bytes_max) return;
    if (buffer.capacity() > bytes_max) {
        mine->large_is_old = false;
        return mine->large.swap(buffer);
    }
    for (auto& one : mine->buffers)
        if (one.capacity() == 0) return one.swap(buffer);
    mine->buffers.front().swap(buffer); // what is large changes: the older one goes
}

} // namespace sedge::etf

void sedge::release_spare_memory() noexcept {
    auto* const mine = per_thread<etf::spares>::get();
    if (mine != nullptr && std::exchange(mine->large_is_old, true)) byte_buffer{}.swap(mine->large);
}
