// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/wire/delivery.hpp>

#include <optional>
#include <string>

namespace sedge::dist {

/// How fast a peer is missed. The tick time of the connection is the outer bound whatever stands here.
///
/// A machine that is gone is down after at most `tick_interval + suspect_time + confirm_time`, 4.8 s, two round trips,
/// and what three timers of this program come late. A program that hangs is down `hung_time` or `hung_time_asked` after
/// its last word. Shorter times cost packets and false suspicions, and who stalls for longer than `hung_time` is down.
struct detector_options {
    duration tick_interval = seconds{1}; ///< A tick goes out when nothing else did for that long, or nearly.
    /// So long unacknowledged: suspect. Four retransmissions fit in, the last after 1.7 s; the fifth would be at 3.3 s.
    duration suspect_time = milliseconds{2500};
    duration confirm_time = milliseconds{1300}; ///< For connects to the suspect's machine, besides two round trips.
    duration probe_time = seconds{2};           ///< So long silent: asked.
    duration answer_time = seconds{2};          ///< So long no answer to that: suspect, and asked again.
    duration hung_time = seconds{6};           ///< So long silent: down, if it used to tick each second, as sedge does.
    duration hung_time_asked = seconds{10};    ///< The same for one that speaks only when asked, as OTP does.
    duration unacknowledged_max = seconds{30}; ///< So long: down, though its machine answers others or cannot be asked.
};

/// Whether these times make sense by themselves and together.
/// Errors: errc::invalid_argument with a sentence that names the time, as `node::start` and configurations show it.
[[nodiscard]] result<void> check(const detector_options& options);

/// Finds out soon, and without blaming the innocent, that a peer is gone. A core; see detector.cpp for how.
class detector {
public:
    /// `reachable`: fresh connects to the peer's machine are known to be possible (this side dialled).
    detector(detector_options options, bool reachable, time_point now) noexcept;

    /// Ticks, questions, and patience with who is silent, take so many times as long from now on; at least once.
    void slow_down(int times) noexcept { slower_ = times; }
    /// Ticks leave so long after the moments that all detectors of a program share.
    void shift(duration offset) noexcept { offset_ = offset; }

    void on_written(time_point now) noexcept;
    void on_read(time_point now) noexcept;         ///< Any bytes.
    void on_tick_read(time_point now) noexcept;    ///< A tick was among them.
    void on_answer() noexcept { answers_ = true; } ///< To a probe.
    /// The outcome of what `check` asked for with `confirm`. To be followed by a `check`.
    void on_confirmation(bool machine_answers, time_point now) noexcept;

    /// What the connection knows when it asks.
    struct sight {
        bool waiting = false;               ///< Bytes wait on this side, so that a probe may not have left.
        std::optional<wire::delivery> sent; ///< Unset: nobody knows; then only silence counts.
    };
    struct verdict {
        enum class change { none, suspect, recovered, down };
        bool send_tick = false;
        bool send_probe = false;
        bool confirm = false; ///< Find out whether the peer's machine answers fresh connects.
        change what = change::none;
        std::string reason; ///< For suspect and down: `nothing acknowledged for 3.0 s`.
    };
    /// To be called at `next`, or earlier. Writes must be reported afterwards.
    [[nodiscard]] verdict check(time_point now, const sight& seen);
    [[nodiscard]] time_point next() const noexcept { return next_; }

private:
    void wait_from(time_point when) noexcept;
    [[nodiscard]] bool is_news(time_point acknowledged_at) noexcept;
    void forgive(duration stalled) noexcept;
    void judge_link(time_point now, const sight& seen, verdict& v);
    [[nodiscard]] bool wants_confirmation(time_point now) noexcept;
    void judge_silence(time_point now, const sight& seen, verdict& v);
    void plan(time_point now, const sight& seen) noexcept;
    [[nodiscard]] time_point tick_moment(time_point latest) const noexcept;
    [[nodiscard]] duration tick_interval() const noexcept { return slower_ * options_.tick_interval; }
    [[nodiscard]] duration probe_time() const noexcept { return slower_ * options_.probe_time; }

    detector_options options_;
    int slower_ = 1;
    duration offset_{};
    time_point next_;
    time_point written_at_;
    time_point heard_at_;

    // Bytes that the peer's system has not acknowledged.
    bool unacknowledged_ = false;                    // at the last check
    time_point acknowledged_at_;                     // the newest that was heard of
    std::optional<time_point> unacknowledged_since_; // a write of then or later is not acknowledged
    duration slept_{};                               // since then, by this program
    bool link_suspect_ = false;
    enum class machine { unknown, answers, mute }; // fresh connects; mute: it lives, and does not answer them
    machine machine_;
    std::optional<time_point> unanswered_since_; // asked in vain while unknown, and not known to live since
    bool confirming_ = false;
    bool confirm_failed_ = false;
    time_point confirm_at_; // not before

    // Silence.
    bool answers_ = false; // has answered a probe of this connection
    int steady_ticks_ = 0; // in a row, each within a second and a half
    std::optional<time_point> probe_sent_;
    std::optional<time_point> probe_arrived_; // known to be there
    bool asked_once_ = false;
    bool asked_again_ = false;
    bool silence_suspect_ = false;

    bool suspect_ = false; // as last told
};

} // namespace sedge::dist
