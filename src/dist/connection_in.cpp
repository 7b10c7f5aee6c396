// SPDX-License-Identifier: Apache-2.0
//
// What a connection reads: bytes become packets, packets become what the peer said.
//
// One coroutine reads until nothing is left or its turn is over. Most of it passes through one buffer of packets; the
// rest of a part of a large message goes straight to the memory of its term.
#include "dist/connection_impl.hpp"

#include <algorithm>

namespace sedge::dist {

namespace {
constexpr int packets_per_turn = 128;          // then everybody else in the run loop has a turn
constexpr std::size_t behind_part_bytes = 512; // read together with the end of a part: the next one's head
} // namespace

task<> connection::impl::read() {
    // Nothing is delivered from inside `start`.
    co_await yield(env_);
    int packets_left = packets_per_turn;
    std::size_t bytes_left = turn_bytes_max;
    byte_view packet;
    while (open_) {
        if (frames_.take(packet)) {
            bytes_left -= std::min(bytes_left, packet.size());
            deliver(packet);
            if (--packets_left > 0 && bytes_left > 0) continue;
            packets_left = packets_per_turn;
            bytes_left = turn_bytes_max;
            co_await yield(env_);
        } else if (auto missing = frames_.next(); !missing) {
            close(error{missing.error().code(),
                        name() + ": " + missing.error().context() + "; message_bytes_max says how large one may be"});
        } else if (!read_some()) {
            settle_patience();
            co_await link_.stream->readable();
        } else if (bytes_left -= std::min(bytes_left, past_frames_); bytes_left == 0) {
            packets_left = packets_per_turn;
            bytes_left = turn_bytes_max;
            co_await yield(env_);
        }
    }
}

void connection::impl::take_leftover() {
    byte_view rest = link_.leftover;
    while (!rest.empty()) {
        const auto space = frames_.prepare();
        const std::size_t count = std::min(space.size(), rest.size());
        std::copy_n(rest.begin(), count, space.begin());
        frames_.commit(count);
        rest = rest.subspan(count);
    }
    link_.leftover = {};
}

bool connection::impl::read_some() {
    if (part_rest_.empty()) open_part();
    const auto step = read_step();
    past_frames_ = 0;
    switch (step.what) {
    case wire::io_step::outcome::done:
        counts_.bytes_in += step.count;
        read_at_ = env_.now();
        ticker_.on_read();
        if (watcher_) watcher_->on_read();
        take(step.count);
        return true;
    case wire::io_step::outcome::would_block: return false;
    case wire::io_step::outcome::closed:
        close(error{wire::errc::closed, name() + " closed the connection"});
        return true;
    case wire::io_step::outcome::failed: close(error{step.code, "reading from " + name()}); return true;
    }
    return true;
}

void connection::impl::settle_patience() {
    const auto wait = patience_.on_wait(counts_.bytes_in - bytes_at_wait_, read_at_);
    bytes_at_wait_ = counts_.bytes_in;
    if (lets_gather_ == nullptr) return;
    if (wait == patience::wait::pause) lets_gather_->pause(patience::pause_time);
    const std::size_t gathered = patience::bytes_of(wait);
    if (std::exchange(gathered_, gathered) != gathered) lets_gather_->let_gather(gathered, patience::gather_time);
}

wire::io_step connection::impl::read_step() {
    auto space = frames_.prepare();
    if (part_rest_.empty()) {
        // Between two parts, only so much that the next one can go its own way, too.
        const bool is_between = decoder_.expects_parts() && frames_.buffered() < behind_part_bytes;
        return link_.stream->try_read(is_between ? space.first(std::min(space.size(), behind_part_bytes)) : space);
    }
    if (gathers_ == nullptr) return link_.stream->try_read(part_rest_);
    return gathers_->try_read(part_rest_, space.first(std::min(space.size(), behind_part_bytes)));
}

void connection::impl::take(std::size_t count) {
    past_frames_ = std::min(count, part_rest_.size());
    frames_.commit(count - past_frames_);
    if (part_rest_.empty()) return;
    part_rest_ = part_rest_.subspan(past_frames_);
    if (part_rest_.empty()) deliver_all(decoder_.close_part());
}

void connection::impl::open_part() {
    if (!decoder_.expects_parts()) return;
    const auto packet = frames_.begun();
    if (!packet || packet->bytes.size() < packet_decoder::part_head_bytes) return;
    const auto space = decoder_.open_part(packet->bytes, packet->whole);
    if (space.empty()) return;
    const auto here = packet->bytes.subspan(packet_decoder::part_head_bytes);
    std::copy(here.begin(), here.end(), space.begin());
    part_rest_ = space.subspan(here.size());
    frames_.take_begun();
}

void connection::impl::deliver(byte_view packet) {
    term payload;
    if (const auto* again = decoder_.feed_again(packet, payload)) {
        ++counts_.messages_in;
        return events_.on_message_again(self_, *again, std::move(payload));
    }
    if (watcher_ && packet.empty()) watcher_->on_tick_read();
    deliver_all(decoder_.feed(packet, read_at_));
}

void connection::impl::deliver_all(result<std::optional<incoming>> said) {
    if (!said) return close(said.error().within(name()));
    if (!said->has_value()) return;
    if (const auto offence = violation((*said)->control, link_.peer.name.full, link_.self))
        return close(error{errc::bad_packet, name() + ": " + *offence});
    if (watcher_ && watcher_->takes(**said)) return decoder_.forget_last();
    ++counts_.messages_in;
    events_.on_message(self_, std::move(**said));
}

} // namespace sedge::dist
