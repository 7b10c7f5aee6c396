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
class use_count {
public:
    void add() noexcept {
        if (single_threaded())
            count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        else
            count_.fetch_add(1, std::memory_order_relaxed);
    }
    /// True if that was the last one.
    [[nodiscard]] bool drop() noexcept {
        // Who sees 1 is the only holder, so nobody else can change it.
        const std::uint32_t before = count_.load(std::memory_order_acquire);
        if (before == 1) return true;
        if (!single_threaded()) return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
        count_.store(before - 1, std::memory_order_relaxed);
        return false;
    }

private:
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
