// SPDX-License-Identifier: Apache-2.0
//
// A node of OTP makes one system call for each message that it sends. If we sleep, each of them wakes us: on one core
// that is two changes of task for a handful of messages; across cores it is an interrupt that the sender pays for, also
// where it sends large messages and we are faster. A reader that is too eager makes its peer slower. So in a flood the
// system is told to wake us for 128 KiB, or after 200 microseconds.
//
// What is a flood: 32 waits for input within 3.2 ms, or within 50 ms if 16 KiB came between two of them; and nothing
// was sent to the peer meanwhile. Whoever is sent something may answer, and its answer must not wait; so calls and
// round trips never meet with patience, however many there are in a second. Neither does a message on a calm
// connection.
//
// It can still be wrong, when somebody waits for each message without a word to this peer: a ring of three nodes. Then
// a wait brings no more than those before did, and that ends it at once; the next attempt is made after 10 ms, and
// after twice as long each time, up to a second. So what it costs those who are in no flood is 200 microseconds in a
// second.
#include "dist/patience.hpp"

#include <algorithm>

namespace sedge::dist {

namespace {
constexpr int row_waits = 32;
constexpr duration row_time_max = row_waits * std::chrono::microseconds{100};
constexpr duration bulk_time_max = milliseconds{50};
constexpr std::size_t bulk_bytes_min = row_waits * std::size_t{16 * 1024};
constexpr std::size_t worth_ratio = 4; // times what came before
constexpr std::size_t worth_bytes_max = patience::gathered_bytes / 4;
constexpr int paid_in_a_row = 16; // then the pauses are short again
constexpr duration pause_min = milliseconds{10};
constexpr duration pause_max = seconds{1};
} // namespace

void patience::on_wait(std::size_t bytes, time_point now) noexcept {
    if (is_on_) {
        if (bytes >= worth_bytes_) {
            if (++paid_ >= paid_in_a_row) pause_ = pause_min;
            return;
        }
        is_on_ = false;
        pause_ = std::clamp(pause_, pause_min, pause_max);
        not_before_ = now + pause_;
        pause_ *= 2;
        return;
    }
    if (row_ == 0 || now - row_began_ > bulk_time_max) {
        row_began_ = now;
        row_bytes_ = 0;
        row_ = 0;
    }
    row_bytes_ += bytes;
    if (++row_ < row_waits) return;
    row_ = 0;
    const bool is_bulk = row_bytes_ >= bulk_bytes_min;
    if (now < not_before_ || (!is_bulk && now - row_began_ > row_time_max)) return;
    is_on_ = true;
    paid_ = 0;
    worth_bytes_ = std::min(worth_ratio * row_bytes_ / row_waits, worth_bytes_max);
}

} // namespace sedge::dist
