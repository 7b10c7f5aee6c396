// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>

#include <cstddef>

namespace sedge::dist {

/// Whether the reader of a connection lets bytes gather while it waits. A core; src/dist/patience.cpp tells when and
/// why.
class patience {
public:
    static constexpr std::size_t gathered_bytes = 128 * 1024;            ///< These are enough to read again,
    static constexpr duration wait_max = std::chrono::microseconds{200}; ///< and so much time in any case.

    /// The reader has read all there was and is about to wait; so much came since it last was.
    void on_wait(std::size_t bytes, time_point now) noexcept;
    /// The peer was sent a message: it may answer, and somebody may wait for that.
    void on_sent() noexcept {
        row_ = 0;
        is_on_ = false;
    }
    [[nodiscard]] bool is_on() const noexcept { return is_on_; }

private:
    bool is_on_ = false;
    int row_ = 0;               // waits since `row_began_`
    std::size_t row_bytes_ = 0; // that came in them
    time_point row_began_{};
    std::size_t worth_bytes_ = 0; // less than this is not worth a longer wait
    int paid_ = 0;                // waits in a row that were
    time_point not_before_{};
    duration pause_{}; // after the next wait that was not
};

} // namespace sedge::dist
