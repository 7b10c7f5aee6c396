// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/large_memory.hpp>

#include <cstdint>
#include <sys/mman.h>

namespace sedge {

namespace {
constexpr std::size_t large_bytes = std::size_t{4} << 20; // below, the pages at both ends would be most of it
constexpr std::uintptr_t large_page = std::uintptr_t{2} << 20;
} // namespace

void expect_large(void* memory, std::size_t bytes) noexcept {
    if (bytes < large_bytes) return;
    const auto first = (reinterpret_cast<std::uintptr_t>(memory) + large_page - 1) & ~(large_page - 1);
    const auto last = (reinterpret_cast<std::uintptr_t>(memory) + bytes) & ~(large_page - 1);
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

} // namespace sedge
