// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>

namespace sedge::dist {

/// Keeps an idle connection known to be alive, and finds out when the peer is not. A core.
///
/// Four checks in each tick time. A check at which nothing was written since the last one asks for a tick; the fourth
/// check in a row at which nothing was read says that the peer is down, so it is noticed after 1 to 1.25 of the tick
/// time (OTP: 0.75 to 1.25). Checks are counted, not clock readings: a program that was stopped for a while makes one
/// late check and does not blame its peers.
class ticker {
public:
    static constexpr int checks_per_tick_time = 4; ///< OTP's default intensity.

    explicit ticker(duration tick_time) noexcept : tick_time_(tick_time) {}

    void on_read() noexcept { read_ = true; }
    void on_written() noexcept { written_ = true; }

    struct verdict {
        bool send_tick = false;
        bool peer_is_down = false;
    };
    /// To be called each `interval`.
    [[nodiscard]] verdict check() noexcept;
    [[nodiscard]] duration interval() const noexcept { return tick_time_ / checks_per_tick_time; }

private:
    duration tick_time_;
    int silent_checks_ = 0;
    bool read_ = false;
    bool written_ = false;
};

} // namespace sedge::dist
