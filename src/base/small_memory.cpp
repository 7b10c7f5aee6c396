// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/large_memory.hpp>
#include <sedge/base/small_memory.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace sedge {

namespace {

// Under the address sanitizer nothing is kept, so that a use after it was given back is found.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_memory = false;
#elif defined(__has_feature)
constexpr bool keeps_memory = !__has_feature(address_sanitizer);
#else
constexpr bool keeps_memory = true;
#endif

constexpr std::size_t step = 16; // sizes are rounded up to it
constexpr std::size_t classes = small_bytes_max / step;
constexpr std::size_t first_block_bytes = 64 * 1024;
constexpr std::size_t block_bytes_max = 4 * 1024 * 1024;

struct free_item {
    free_item* next;
};

/// What one thread has: lists of what was given back, and the rest of the block that is being cut up.
struct cache {
    std::array<free_item*, classes> lists{};
    std::uint8_t* at = nullptr;
    std::uint8_t* end = nullptr;
    std::size_t next_block_bytes = first_block_bytes;
    cache* next_unused = nullptr;

    void* cut(std::size_t bytes) {
        if (static_cast<std::size_t>(end - at) < bytes) fetch_block();
        void* piece = at;
        at += bytes;
        return piece;
    }

    /// The rest of the old block, less than `small_bytes_max`, is lost. Blocks grow with what is needed, so that a
    /// small program stays small; untouched pages of a large one cost nothing. The largest have large pages.
    void fetch_block() {
        const std::size_t size = next_block_bytes;
        void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) throw std::bad_alloc{};
        expect_large(block, size);
        at = static_cast<std::uint8_t*>(block);
        end = at + size;
        if (next_block_bytes < block_bytes_max) next_block_bytes *= 2;
    }
};

/// Caches of threads that have ended; the next thread takes one over. Never destroyed: other threads, and objects that
/// are destroyed after `main`, may still give back.
struct unused_caches {
    std::mutex mutex;
    cache* first = nullptr; // Guarded by `mutex`.

    cache* take() {
        const std::lock_guard lock{mutex};
        cache* found = first;
        if (found) first = found->next_unused;
        return found ? found : new cache;
    }
    void give(cache* one) {
        const std::lock_guard lock{mutex};
        one->next_unused = first;
        first = one;
    }
};

unused_caches& unused() {
    static auto* const all = new unused_caches;
    return *all;
}

thread_local cache* mine = nullptr;

/// Gives the cache of a thread back when the thread ends. What is freed on it after that goes into another one.
struct at_end_of_thread {
    ~at_end_of_thread() {
        if (cache* left = mine) {
            mine = nullptr;
            unused().give(left);
        }
    }
};

[[gnu::noinline]] cache& fetch_cache() {
    mine = unused().take();
    static thread_local at_end_of_thread guard;
    (void)guard;
    return *mine;
}

cache& this_threads() { return mine ? *mine : fetch_cache(); }

std::size_t class_of(std::size_t bytes) noexcept { return (bytes + step - 1) / step - 1; }

} // namespace

void* take_small(std::size_t bytes) {
    if (!keeps_memory || bytes > small_bytes_max || bytes == 0) return ::operator new(bytes);
    cache& c = this_threads();
    const std::size_t which = class_of(bytes);
    if (free_item* item = c.lists[which]) {
        c.lists[which] = item->next;
        return item;
    }
    return c.cut((which + 1) * step);
}

void give_small(void* memory, std::size_t bytes) noexcept {
    if (!keeps_memory || bytes > small_bytes_max || bytes == 0) return ::operator delete(memory);
    cache& c = this_threads();
    auto* item = static_cast<free_item*>(memory);
    item->next = c.lists[class_of(bytes)];
    c.lists[class_of(bytes)] = item;
}

} // namespace sedge
