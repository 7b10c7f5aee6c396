// SPDX-License-Identifier: Apache-2.0
//
// What a connection writes: when it leaves, how much of it at a time, and who waits while it cannot.
#include "dist/connection_impl.hpp"

#include <algorithm>

namespace sedge::dist {

namespace {
constexpr std::size_t batch_bytes_max = 60 * 1024;       // more goes out at once; 64 KiB would be a segment and a runt
constexpr std::size_t flood_bytes_min = 4 * 1024;        // in one turn; less goes out at its end
constexpr std::chrono::microseconds batch_time_max{100}; // that more may wait for the next turn
} // namespace

result<void> connection::impl::send(const control_message& message, const term* payload, const pid* sender) {
    if (!open_) return {};
    if (!is_expressible(message, link_.peer.chosen))
        return error{errc::not_supported, std::string{operation_name(message)} + " to " + name()};
    const bool reserved = payload == nullptr || std::holds_alternative<control::exit>(message) ||
                          std::holds_alternative<control::monitor_p_exit>(message);
    if (auto admitted = admit(reserved); !admitted) return admitted;
    outgoing_.push(message, payload, sender);
    pushed();
    return {};
}

result<void> connection::impl::send_message(const pid& from, const pid& to, const term& payload) {
    if (!open_) return {};
    if (auto admitted = admit(false); !admitted) return admitted;
    outgoing_.push_send(from, to, payload);
    pushed();
    return {};
}

result<void> connection::impl::admit(bool reserved) {
    const std::size_t most = options_.send_queue_bytes_max + (reserved ? limits::send_control_bytes : 0);
    if (outgoing_.size() - outgoing_.largest() < most) return {};
    error full{errc::queue_full,
               name() + " does not take what is sent to it; " + std::to_string(outgoing_.size()) + " bytes wait"};
    close(full);
    return full;
}

void connection::impl::pushed() {
    ++counts_.messages_out;
    if (patience_.on_sent() && lets_gather_ != nullptr) lets_gather_->go_on();
    if (outgoing_.size() > options_.send_wait_bytes) queue_->note_full();
    leave();
}

void connection::impl::leave() {
    ticker_.on_written();
    all_written_.reset();
    if (blocked_) return;
    if (!end_of_turn_.queued()) {
        write();
        env_.ready(end_of_turn_);
        return;
    }
    held_back_ = true;
    if (outgoing_.size() >= batch_bytes_max) write();
}

void connection::impl::end_turn() {
    const bool is_flood = std::exchange(held_back_, false) && outgoing_.size() >= flood_bytes_min;
    if (is_flood && outgoing_.size() < batch_bytes_max) {
        const time_point now = env_.now();
        if (!held_since_) held_since_ = now;
        if (now - *held_since_ < batch_time_max) return env_.ready(end_of_turn_);
    }
    held_since_.reset();
    write();
}

void connection::impl::write() {
    std::size_t written = 0;
    while (open_ && !blocked_) {
        const auto bytes = outgoing_.front();
        if (bytes.empty() && link_.stream->held() > 0) return wait_to_write();
        if (bytes.empty()) return all_written_.set();
        if (written >= turn_bytes_max) { // a peer as fast as we are would keep us here for a whole large message
            if (!end_of_turn_.queued()) env_.ready(end_of_turn_);
            return;
        }
        const byte_view behind = outgoing_.behind_front();
        const auto step = gathers_ != nullptr && !behind.empty() ? gathers_->try_write(bytes, behind)
                                                                 : link_.stream->try_write(bytes);
        switch (step.what) {
        case wire::io_step::outcome::done:
            outgoing_.consume(step.count);
            counts_.bytes_out += step.count;
            written += step.count;
            taken_at_ = env_.now();
            if (watcher_) watcher_->on_written();
            if (queue_->full && outgoing_.size() <= options_.send_wait_bytes / 2) queue_->note_room();
            break;
        case wire::io_step::outcome::would_block: wait_to_write(); break;
        case wire::io_step::outcome::closed: close(error{wire::errc::closed, "writing to " + name()}); break;
        case wire::io_step::outcome::failed: close(error{step.code, "writing to " + name()}); break;
        }
    }
}

void connection::impl::wait_to_write() {
    blocked_ = true;
    if (!stall_timer_.armed()) env_.arm_after(stall_timer_, options_.send_stall_time);
    if (!waits_to_write_) tasks_.start(write_when_possible());
}

task<> connection::impl::write_when_possible() {
    waits_to_write_ = true;
    while (open_ && blocked_) {
        co_await link_.stream->writable();
        blocked_ = false;
        write();
    }
    waits_to_write_ = false;
}

void connection::impl::on_stall_time() {
    if (!blocked_) return;
    const time_point due = taken_at_ + options_.send_stall_time;
    if (env_.now() < due) return env_.arm(stall_timer_, due);
    const auto waited = std::chrono::duration_cast<seconds>(options_.send_stall_time).count();
    close(error{errc::slow_peer, name() + " has taken nothing for " + std::to_string(waited) + " s; " +
                                     std::to_string(outgoing_.size()) + " bytes wait"});
}

task<> connection::impl::flushed() {
    while (open_ && outgoing_.size() > 0) co_await all_written_.wait();
}

task<> connection::impl::wait_for_room(std::shared_ptr<queue_state> queue) {
    while (queue->full) {
        auto waiting = queue->room.wait();
        co_await std::move(waiting);
    }
}

result<void> connection::send(const control_message& message, const term* payload, const pid* sender) {
    return impl_->send(message, payload, sender);
}
result<void> connection::send_message(const pid& from, const pid& to, const term& payload) {
    return impl_->send_message(from, to, payload);
}

} // namespace sedge::dist
