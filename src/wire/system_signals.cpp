// SPDX-License-Identifier: Apache-2.0
#include "wire/system_signals.hpp"

#include <sedge/base/assert.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <unistd.h>

namespace sedge::wire {

namespace {

constexpr std::size_t numbers_max = 65; // of signals
constexpr std::size_t loops_max = 64;   // that want signals, in one program

// What the handler touches: only lock-free atomics. A descriptor's place holds it plus one; 0: free.
std::array<std::atomic<std::uint32_t>, numbers_max> counts;
std::array<std::atomic<int>, loops_max> wakers;
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::mutex mutex;
std::array<int, numbers_max> wanted_by{}; // Guarded by `mutex`.

extern "C" void sedge_note_signal(int number) {
    const int kept = errno;
    counts[static_cast<std::size_t>(number)].fetch_add(1);
    for (auto& place : wakers) {
        const int fd = place.load() - 1;
        const std::uint64_t one = 1;
        if (fd >= 0) [[maybe_unused]]
            const auto written = ::write(fd, &one, sizeof one);
    }
    errno = kept;
}

void set_action(int number, void (*action)(int)) {
    struct sigaction wanted {};
    wanted.sa_handler = action;
    wanted.sa_flags = SA_RESTART;
    ::sigfillset(&wanted.sa_mask);
    ::sigaction(number, &wanted, nullptr);
}

void list(int fd) {
    for (auto& place : wakers) {
        int free = 0;
        if (place.compare_exchange_strong(free, fd + 1)) return;
    }
    SEDGE_ASSERT(false); // more than `loops_max` environments in one program
}

} // namespace

system_signals::~system_signals() {
    const std::lock_guard lock{mutex};
    for (const auto& [number, count] : seen_)
        if (--wanted_by[static_cast<std::size_t>(number)] == 0) set_action(number, SIG_DFL);
    for (auto& place : wakers) {
        int mine = wake_fd_ + 1;
        if (listed_ && place.compare_exchange_strong(mine, 0)) break;
    }
}

void system_signals::add(int number) {
    SEDGE_ASSERT(number > 0 && static_cast<std::size_t>(number) < numbers_max);
    const std::lock_guard lock{mutex};
    if (!listed_) list(wake_fd_);
    listed_ = true;
    const auto index = static_cast<std::size_t>(number);
    if (!seen_.try_emplace(number, counts[index].load()).second) return;
    if (wanted_by[index]++ == 0) set_action(number, sedge_note_signal);
}

std::vector<int> system_signals::take() {
    std::vector<int> came;
    for (auto& [number, seen] : seen_)
        for (const auto now = counts[static_cast<std::size_t>(number)].load(); seen != now; ++seen)
            came.push_back(number);
    return came;
}

} // namespace sedge::wire
