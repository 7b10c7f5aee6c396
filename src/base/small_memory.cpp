// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/large_memory.hpp>
#include <sedge/base/small_memory.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

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

constexpr std::size_t first_block_bytes = 64 * 1024;
constexpr std::size_t block_bytes_max = 4 * 1024 * 1024;

/// What one thread has: lists of what was given back, and the rest of the block that is being cut up.
struct cache {
    detail::small_lists lists{};
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

/// Batches of pieces that one thread had too many of, by size. Never destroyed, for the same reason.
class common_store {
public:
    void give(detail::small_piece* batch, std::size_t size) noexcept {
        const std::lock_guard lock{mutex_};
        batch->next_batch = batches_[size];
        batches_[size] = batch;
        in_store_.fetch_add(1, std::memory_order_relaxed);
    }
    /// Null if there is none.
    detail::small_piece* take(std::size_t size) noexcept {
        if (in_store_.load(std::memory_order_relaxed) == 0) return nullptr;
        const std::lock_guard lock{mutex_};
        auto* found = batches_[size];
        if (found == nullptr) return nullptr;
        batches_[size] = found->next_batch;
        in_store_.fetch_sub(1, std::memory_order_relaxed);
        return found;
    }

private:
    std::atomic<std::size_t> in_store_{0};
    std::mutex mutex_;
    std::array<detail::small_piece*, detail::small_sizes> batches_{}; // Guarded by `mutex_`.
};

common_store& common() {
    static auto* const all = new common_store;
    return *all;
}

bool has_one_thread() noexcept {
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded != 0;
#else
    return false;
#endif
}

constinit thread_local cache* mine = nullptr;

/// Gives the cache of a thread back when the thread ends. What is freed on it after that goes into another one.
struct at_end_of_thread {
    ~at_end_of_thread() {
        if (cache* left = mine) {
            mine = nullptr;
            detail::this_threads_lists = nullptr;
            unused().give(left);
        }
    }
};

cache& this_threads() {
    if (mine != nullptr) return *mine;
    mine = unused().take();
    detail::this_threads_lists = &mine->lists;
    static thread_local at_end_of_thread guard;
    (void)guard;
    return *mine;
}

} // namespace

constinit thread_local detail::small_lists* detail::this_threads_lists = nullptr;

void* detail::take_small_elsewhere(std::size_t bytes) {
    const std::size_t size = small_size_of(bytes);
    if (!keeps_memory || size >= small_sizes) return ::operator new(bytes);
    cache& c = this_threads();
    auto& list = c.lists[size];
    list.first = list.full != nullptr ? std::exchange(list.full, nullptr) : common().take(size);
    list.count = list.first != nullptr ? small_batch : 0;
    if (list.first != nullptr) return take_small(bytes);
    return c.cut((size + 1) * small_step);
}

void detail::give_small_elsewhere(void* memory, std::size_t bytes) noexcept {
    if (!keeps_memory || small_size_of(bytes) >= small_sizes) return ::operator delete(memory);
    (void)this_threads();
    give_small(memory, bytes);
}

/// A program with one thread has nobody to hand it to: its list just grows.
void detail::set_batch_aside(small_list& list, std::size_t size) noexcept {
    list.count = 0;
    if (has_one_thread()) return;
    if (auto* surplus = std::exchange(list.full, std::exchange(list.first, nullptr))) common().give(surplus, size);
}

} // namespace sedge
