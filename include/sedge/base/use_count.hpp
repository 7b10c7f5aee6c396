// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace sedge {

/// How many hold a shared block. A locked instruction costs as much as many others, so there is none while the program
/// has never started a second thread (what std::shared_ptr does as well), nor for the last one who lets go.
///
/// A block can be made permanent: it is not counted any more and never goes. What many threads hold all the time, such
/// as a node's own name, would keep going to and fro between their caches otherwise.
class use_count {
public:
    void add() noexcept {
        const std::uint32_t before = count_.load(std::memory_order_relaxed);
        if (before >= permanent) return;
        if (single_threaded())
            count_.store(before + 1, std::memory_order_relaxed);
        else
            count_.fetch_add(1, std::memory_order_relaxed);
    }
    /// True if that was the last one.
    [[nodiscard]] bool drop() noexcept {
        // Who sees 1 is the only holder, so nobody else can change it.
        const std::uint32_t before = count_.load(std::memory_order_acquire);
        if (before == 1) return true;
        if (before >= permanent) return false;
        if (!single_threaded()) return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
        count_.store(before - 1, std::memory_order_relaxed);
        return false;
    }
    /// Precondition: no other thread has it yet.
    void make_permanent() noexcept { count_.store(permanent + (permanent >> 1), std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t permanent = 0x8000'0000; // and what is above; no count gets there

    static bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
        return __libc_single_threaded != 0;
#else
        return false;
#endif
    }
    std::atomic<std::uint32_t> count_{1};
};

} // namespace sedge
