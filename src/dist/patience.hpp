// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>

#include <cstddef>
#include <utility>

namespace sedge::dist {

/// How the reader of a connection waits: whether it lets bytes gather meanwhile. A core; src/dist/patience.cpp tells
/// when and why.
class patience {
public:
    enum class wait {
        at_once,     ///< For the first byte.
        gather,      ///< For `gathered_bytes`, but for no longer than `gather_time`.
        gather_more, ///< For twice as many.
        pause,       ///< For `pause_time`, whatever comes.
    };
    static constexpr std::size_t gathered_bytes = 128 * 1024;
    static constexpr duration gather_time = std::chrono::microseconds{200};
    static constexpr duration pause_time = milliseconds{1};

    /// The reader has read all there was and is about to wait; so much came since it last was.
    [[nodiscard]] wait on_wait(std::size_t bytes, time_point now) noexcept;
    /// The peer was sent a message: it may answer, and somebody may wait for that. True if a wait that lets bytes
    /// gather is to end now.
    [[nodiscard]] bool on_sent() noexcept {
        waits_ = 0;
        pauses_ = false;
        return std::exchange(next_, wait::at_once) != wait::at_once;
    }

    /// How many bytes such a wait lets gather; 0: none.
    [[nodiscard]] static constexpr std::size_t bytes_of(wait how) noexcept {
        return how == wait::gather ? gathered_bytes : how == wait::gather_more ? 2 * gathered_bytes : 0;
    }

private:
    void end_row(int waits, time_point now) noexcept;
    wait go_on(std::size_t bytes, time_point now) noexcept;

    wait next_ = wait::at_once;
    bool pauses_ = false;       // each row of waits begins with one
    int waits_ = 0;             // since `row_began_`, other than to gather
    std::size_t row_bytes_ = 0; // that came in them
    time_point row_began_{};
    std::size_t worth_bytes_ = 0; // less than this is not worth it: of a row with a pause, or of a wait to gather
    int paid_ = 0;                // in a row that were
    time_point not_before_{};
    duration break_{}; // after the next that is not
};

} // namespace sedge::dist
