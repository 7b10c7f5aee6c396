// SPDX-License-Identifier: Apache-2.0
//
// A node of OTP makes one system call for each message that it sends, and each of them goes its whole way through the
// system and wakes us: on one core that is two changes of task for a few messages; across cores it is an interrupt that
// the sender pays for, also where it sends large messages and we are faster. A reader that is too eager makes its peer
// slower. So in a flood it is patient.
//
// A flood of large messages: 32 waits for input within 50 ms, with 16 KiB each. The system is told to wake us for
// 128 KiB, or after 200 microseconds; after a hundred such waits in a row for 256 KiB, since then nobody calls.
//
// A flood of small ones: 32 waits within 3.2 ms. Twenty waits as usual and then a pause of a millisecond, in which
// nothing wakes us, take turns. In the pause nothing is acknowledged. So the sender's system soon keeps what it is
// given, which costs the sender half of a message that leaves at once, and sends it in one piece when we read. Why not
// only pauses: where many segments are acknowledged at once, BBR and CUBIC soon allow as many on their way, and then
// each message is one again. BBR forgets that after ten acknowledgements of a few.
//
// Nothing was sent to the peer meanwhile. Whoever is sent something may answer, and its answer must not wait; so calls
// and round trips never meet with patience, however many there are in a second. Neither does a message on a calm
// connection.
//
// It can still be wrong: when somebody waits for each message without a word to this peer, in a ring of three nodes; or
// when the peer sends as fast as it wants to. Then patience brings hardly more than as many waits did before, and that
// ends it at once; the next attempt is made after 10 ms, and after twice as long each time, up to a second. So what it
// costs those who are in no flood is a millisecond in a second.
#include "dist/patience.hpp"

#include <algorithm>

namespace sedge::dist {

namespace {
constexpr int row_waits = 32;    // that tell a flood
constexpr int rhythm_waits = 20; // from one pause to the next; with 12, BBR does not forget
constexpr duration wait_time_max = std::chrono::microseconds{100}; // in a flood of small messages, on average
constexpr duration row_time_max = milliseconds{50};                // in one of large messages
constexpr std::size_t bulk_wait_bytes = std::size_t{16 * 1024};    // a wait, on average
constexpr std::size_t worth_ratio = 4;                             // times what came before
constexpr std::size_t worth_bytes_max = patience::gathered_bytes / 4;
constexpr int paid_in_a_row = 4; // then the breaks are short again
constexpr int long_flood = 100;  // waits that paid
constexpr duration break_min = milliseconds{10};
constexpr duration break_max = seconds{1};
} // namespace

patience::wait patience::on_wait(std::size_t bytes, time_point now) noexcept {
    if (bytes_of(next_) > 0) return go_on(bytes, now);
    next_ = wait::at_once;
    if (waits_ == 0 || now - row_began_ > row_time_max) {
        row_began_ = now;
        row_bytes_ = 0;
        waits_ = 0;
    }
    row_bytes_ += bytes;
    const int wanted = pauses_ ? rhythm_waits : row_waits;
    if (++waits_ == wanted) end_row(wanted, now);
    return next_;
}

void patience::end_row(int waits, time_point now) noexcept {
    waits_ = 0;
    const bool did_pause = std::exchange(pauses_, false);
    const bool is_bulk = row_bytes_ >= static_cast<std::size_t>(waits) * bulk_wait_bytes;
    if (now < not_before_ || (!is_bulk && now - row_began_ > waits * wait_time_max)) return;
    pauses_ = !is_bulk;
    if (did_pause && pauses_) {
        next_ = wait::pause;
        go_on(row_bytes_, now);
        return;
    }
    next_ = is_bulk ? wait::gather : wait::pause;
    paid_ = 0;
    const int compared = is_bulk ? 1 : rhythm_waits; // waits
    worth_bytes_ = std::min(worth_ratio * row_bytes_ * compared / waits, worth_bytes_max);
}

/// Patience as before, if it was worth it.
patience::wait patience::go_on(std::size_t bytes, time_point now) noexcept {
    if (bytes >= worth_bytes_) {
        if (++paid_ >= paid_in_a_row) break_ = break_min;
        if (paid_ >= long_flood && next_ == wait::gather) next_ = wait::gather_more;
        return next_;
    }
    pauses_ = false;
    break_ = std::clamp(break_, break_min, break_max);
    not_before_ = now + break_;
    break_ *= 2;
    return next_ = wait::at_once;
}

} // namespace sedge::dist
