// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace sedge::wire {

/// Signals of the system that one loop wants to hear of. While somebody wants a signal it is caught; the last one to go
/// gives it its default action back. Every object that wants a signal is told of it.
///
/// The handler may run on any thread at any moment. It counts the signal and writes to the descriptors that wake loops;
/// `take` compares the counts with those seen before.
class system_signals {
public:
    /// `wake_fd`, an eventfd, is written to with each signal, and must outlive this.
    explicit system_signals(int wake_fd) noexcept : wake_fd_(wake_fd) {}
    system_signals(const system_signals&) = delete;
    ~system_signals();

    void add(int number);
    /// Signals that have come since the last call, each as often as it came.
    [[nodiscard]] std::vector<int> take();

private:
    int wake_fd_;
    bool listed_ = false;
    std::map<int, std::uint32_t> seen_; // by number
};

} // namespace sedge::wire
