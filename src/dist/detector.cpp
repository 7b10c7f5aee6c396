// SPDX-License-Identifier: Apache-2.0
//
// Finds out soon, and without blaming the innocent, that a peer is gone.
//
// OTP misses a silent peer after 45 to 75 s, since all it has is a tick each quarter of a minute in each direction.
// Here a tick leaves each second in which nothing else does; a peer of any kind takes that as what it is, a sign of
// life. OTP does not answer it, but its machine does: TCP acknowledges it. So there are two questions.
//
// Is the machine there? Bytes that stay unacknowledged for 2.5 s make the peer suspect. TCP has retransmitted them four
// times by then, so at 10 % loss this happens about once in an hour to a healthy link. Therefore it is only a
// suspicion, and eight fresh connects to the same machine confirm or refute it, within 1.3 s: any answer, a refusal
// too, refutes. Then the peer stays suspect until the bytes arrive, is asked about again every 2.5 s, and is given up
// after 30 s: whatever lies between forgot this connection. A machine that is known to live and not to answer fresh
// connects (it dialled from behind NAT) cannot be asked, so it has those 30 s at once. Who dialled us is asked 0.3 s
// later, while all is well, to know which of them it is. Who falls silent before that is known is asked like any other,
// and believed to be gone if it does not answer; so there is no moment from the handshake on in which it is not missed.
//
// Is the program there? A hung program's system acknowledges everything. Who is silent for 2 s is asked with what
// net_adm:ping asks, {is_auth, Node} to net_kernel, which every node answers at once. Silence counts from the moment
// when the question is known to have arrived: a peer that does not read what is sent is judged by `slow_peer`. Nobody
// is judged who has not answered in this connection before (nodes made with erl_interface may never do), nor ticks each
// second by itself, as sedge does.
//
// This program may stall instead (SIGSTOP, a starved processor, a virtual machine that was moved). Then its checks come
// late. All waiting for words is prolonged by that lateness, so that others are blamed only for time in which we could
// have heard them. Acknowledgements are the kernel's matter, which is awake while a program is not: its account of them
// counts as it stands, unless the stall was so long that all of the machine may have stood still.
//
// `next` is at most a second away, so a check, a tick and a look at TCP's account together cost one wake a second. And
// the same wake serves all peers: a tick leaves at a whole second of the clock, if that is at least 0.4 s after the
// last word, else at a half, and has come to the whole ones after that.
#include <sedge/dist/detector.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace sedge::dist {

namespace {

constexpr duration late_least = milliseconds{50};    // timers of a healthy program are not that late
constexpr duration stall_least = milliseconds{250};  // the whole machine may have stalled; less does not matter to TCP
constexpr int tick_quiet = 4;                        // tenths of the interval, before a tick may leave
constexpr duration first_look = milliseconds{200};   // at who dialled us; commands that ask and leave are gone by then
constexpr int steady_ticks_min = 3;                  // to be known as one that ticks each second
constexpr duration arrival_look = milliseconds{100}; // after a probe, whether it has arrived
constexpr duration acknowledged_within = milliseconds{500}; // systems wait up to 0.2 s with it
constexpr duration acknowledged_grain = milliseconds{50};   // systems tell its time by 4 or 10 ms; and we are late
constexpr duration unreachable_retry = seconds{60};         // between attempts to find a way to its machine

std::string in_seconds(duration d) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(d).count());
    return text;
}

struct bound {
    const char* name;
    duration detector_options::*time;
    milliseconds least, most;
    const char* why;
};
constexpr milliseconds longest = std::chrono::minutes{10};
constexpr std::array bounds{
    bound{"tick_interval", &detector_options::tick_interval, milliseconds{100}, seconds{15},
          "a quarter of the usual tick time is the longest pause that OTP's nodes allow"},
    bound{"suspect_time", &detector_options::suspect_time, milliseconds{500}, longest,
          "TCP sends again after 0.2 s and 0.4 s"},
    bound{"confirm_time", &detector_options::confirm_time, milliseconds{200}, seconds{60},
          "eight connects are spread over it"},
    bound{"probe_time", &detector_options::probe_time, milliseconds{200}, longest, "an answer needs its time"},
    bound{"answer_time", &detector_options::answer_time, milliseconds{200}, longest, "a busy program needs its time"},
    bound{"hung_time", &detector_options::hung_time, milliseconds{500}, longest, "a busy program needs its time"},
    bound{"hung_time_asked", &detector_options::hung_time_asked, milliseconds{500}, longest,
          "a busy program needs its time"},
    bound{"unacknowledged_max", &detector_options::unacknowledged_max, seconds{1}, longest,
          "it is for ways that are bad, not gone"},
};

std::string in_milliseconds(duration d) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(d).count()) + " ms";
}

error not_sensible(const char* name, duration is, const std::string& must) {
    return {errc::invalid_argument, "\"" + std::string{name} + "\" must be " + must + ", not " + in_milliseconds(is)};
}

} // namespace

result<void> check(const detector_options& o) {
    for (const auto& [name, time, least, most, why] : bounds)
        if (o.*time < least || o.*time > most)
            return not_sensible(name, o.*time,
                                "from " + in_milliseconds(least) + " to " + in_milliseconds(most) + " (" + why + ")");
    if (o.probe_time < 2 * o.tick_interval)
        return not_sensible("probe_time", o.probe_time,
                            "at least twice \"tick_interval\", " + in_milliseconds(2 * o.tick_interval) +
                                " (who ticks need not be asked)");
    const duration answered = o.probe_time + o.answer_time;
    for (const auto& [name, is] : {std::pair{"hung_time", o.hung_time}, {"hung_time_asked", o.hung_time_asked}})
        if (is <= answered)
            return not_sensible(name, is,
                                "more than \"probe_time\" and \"answer_time\" together, " + in_milliseconds(answered) +
                                    " (who is asked must have time to answer)");
    if (o.unacknowledged_max < o.suspect_time + o.confirm_time)
        return not_sensible("unacknowledged_max", o.unacknowledged_max,
                            "at least \"suspect_time\" and \"confirm_time\" together, " +
                                in_milliseconds(o.suspect_time + o.confirm_time));
    return {};
}

detector::detector(detector_options options, bool reachable, time_point now) noexcept
    : options_(options), next_(now + (reachable ? options.tick_interval : first_look)), written_at_(now),
      heard_at_(now), acknowledged_at_(now), machine_(reachable ? machine::answers : machine::unknown),
      confirm_at_(now) {}

void detector::on_written(time_point now) noexcept {
    written_at_ = now;
    if (!unacknowledged_since_) wait_from(now);
}

void detector::wait_from(time_point when) noexcept {
    unacknowledged_since_ = when;
    slept_ = {};
}

void detector::on_read(time_point now) noexcept {
    if (now - heard_at_ > probe_time()) steady_ticks_ = 0;
    heard_at_ = now;
    probe_sent_.reset();
    probe_arrived_.reset();
    asked_again_ = false;
}

void detector::on_tick_read(time_point) noexcept {
    if (steady_ticks_ < steady_ticks_min) ++steady_ticks_;
}

void detector::on_confirmation(bool machine_answers, time_point now) noexcept {
    confirming_ = false;
    if (machine_answers) {
        const bool was_known = std::exchange(machine_, machine::answers) == machine::answers;
        confirm_failed_ = false;
        unanswered_since_.reset();
        confirm_at_ = was_known || link_suspect_ ? now + options_.suspect_time : now;
    } else if (machine_ == machine::mute) {
        confirm_at_ = now + unreachable_retry;
    } else if (machine_ == machine::answers || link_suspect_) {
        confirm_failed_ = true;
        confirm_at_ = now + options_.suspect_time;
    } else {
        unanswered_since_ = now; // mute, or gone while it was asked: the next write will tell
    }
}

void detector::forgive(duration stalled) noexcept {
    heard_at_ += stalled;
    if (probe_sent_) *probe_sent_ += stalled;
    if (probe_arrived_) *probe_arrived_ += stalled;
    if (stalled < stall_least) return;
    slept_ += stalled; // that clock stays the system's, since its acknowledgements are compared with it
}

detector::verdict detector::check(time_point now, const sight& seen) {
    if (now - next_ > late_least) forgive(now - next_);
    verdict v;
    judge_link(now, seen, v);
    if (v.what != verdict::change::down) judge_silence(now, seen, v);
    if (v.what == verdict::change::down) return v;
    const bool suspect = link_suspect_ || silence_suspect_;
    if (suspect != suspect_) v.what = suspect ? verdict::change::suspect : verdict::change::recovered;
    if (!suspect) v.reason.clear();
    suspect_ = suspect;
    // A tick behind a question would leave open which of them has arrived, where ticks are frequent and
    // acknowledgements are not.
    const bool asking = probe_sent_ && !probe_arrived_;
    v.send_tick = !asking && !seen.waiting && now - written_at_ >= tick_quiet * tick_interval() / 10;
    plan(now, seen);
    return v;
}

/// Whether it is another one than the newest that was heard of: the time of the same one is told a little differently
/// each time.
bool detector::is_news(time_point acknowledged_at) noexcept {
    const bool news = acknowledged_at > acknowledged_at_ + acknowledged_grain;
    acknowledged_at_ = std::max(acknowledged_at_, acknowledged_at);
    return news;
}

void detector::judge_link(time_point now, const sight& seen, verdict& v) {
    unacknowledged_ = seen.sent && seen.sent->unacknowledged;
    link_suspect_ = false;
    const time_point acknowledged_at = seen.sent ? now - seen.sent->since_acknowledged : acknowledged_at_;
    const bool news = is_news(acknowledged_at);
    if (unacknowledged_) {
        // Acknowledged was the first of what has been written, not the last; in between it is not known.
        if (!unacknowledged_since_ || (news && acknowledged_at >= *unacknowledged_since_))
            wait_from(std::max(acknowledged_at, written_at_));
        const duration waited = now - *unacknowledged_since_ - slept_;
        link_suspect_ = waited >= options_.suspect_time;
        if (link_suspect_) {
            v.reason = "nothing acknowledged for " + in_seconds(waited);
            if (confirm_failed_) v.reason += ", and its machine does not answer";
            if (confirm_failed_ || waited >= options_.unacknowledged_max) v.what = verdict::change::down;
        }
    } else {
        unacknowledged_since_.reset();
    }
    if (!link_suspect_) confirm_failed_ = false; // the answer came too late to matter
    if (wants_confirmation(now) && !confirming_ && now >= confirm_at_) v.confirm = confirming_ = true;
}

bool detector::wants_confirmation(time_point now) noexcept {
    if (unanswered_since_ && !unacknowledged_ && written_at_ > *unanswered_since_) {
        unanswered_since_.reset();
        machine_ = machine::mute;
        confirm_at_ = now + unreachable_retry;
    }
    // Whether its machine can be asked at all is found out while all is well, if there is the time.
    const bool to_be_known = machine_ != machine::answers && !unacknowledged_ && !unanswered_since_ && asked_once_;
    return to_be_known || (link_suspect_ && machine_ != machine::mute);
}

void detector::judge_silence(time_point now, const sight& seen, verdict& v) {
    silence_suspect_ = false;
    if (!probe_sent_ && (!asked_once_ || now - heard_at_ >= probe_time())) {
        v.send_probe = asked_once_ = true;
        probe_sent_ = now;
        return;
    }
    if (!probe_sent_) return;
    const bool open = unacknowledged_ && (!probe_arrived_ || now - *unacknowledged_since_ >= acknowledged_within);
    if (open || seen.waiting)
        probe_arrived_.reset();
    else if (!probe_arrived_)
        probe_arrived_ = now;
    const bool steady = steady_ticks_ >= steady_ticks_min;
    if (!probe_arrived_ || (!answers_ && !steady)) return;
    const duration waited = now - *probe_arrived_;
    silence_suspect_ = waited >= options_.answer_time;
    if (!silence_suspect_) return;
    v.reason = "its machine is there, but it has said nothing for " + in_seconds(now - heard_at_);
    if (!asked_again_) v.send_probe = asked_again_ = true;
    const duration patience = slower_ * (steady ? options_.hung_time : options_.hung_time_asked) - probe_time();
    if (waited >= patience) v.what = verdict::change::down;
}

/// When a tick may leave that must leave by `latest`.
time_point detector::tick_moment(time_point latest) const noexcept {
    const duration interval = tick_interval();
    const auto since = latest.time_since_epoch() - offset_;
    const time_point whole = latest - since % interval;
    const time_point half = latest - since % (interval / 2);
    return whole - written_at_ >= tick_quiet * interval / 10 ? whole : half;
}

void detector::plan(time_point now, const sight& seen) noexcept {
    const duration interval = tick_interval();
    next_ = now + interval;
    const auto no_later_than = [&](time_point due) {
        if (due > now) next_ = std::min(next_, due);
    };
    no_later_than(tick_moment(next_));
    if (!seen.waiting) no_later_than(tick_moment(written_at_ + interval));
    if (unacknowledged_) no_later_than(*unacknowledged_since_ + slept_ + options_.suspect_time);
    if (link_suspect_) no_later_than(*unacknowledged_since_ + slept_ + options_.unacknowledged_max);
    if (!probe_sent_) return no_later_than(heard_at_ + probe_time());
    no_later_than(*probe_sent_ + arrival_look);
    if (!probe_arrived_) return;
    for (const duration after : {options_.answer_time, slower_ * options_.hung_time - probe_time(),
                                 slower_ * options_.hung_time_asked - probe_time()})
        no_later_than(*probe_arrived_ + after);
}

} // namespace sedge::dist
