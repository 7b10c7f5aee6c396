// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/dist/connection.hpp>
#include <sedge/dist/tick.hpp>
#include <sedge/term/spare_memory.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/framing.hpp>
#include <sedge/wire/gathering.hpp>
#include <sedge/wire/patience.hpp>

#include <algorithm>

#include "dist/outgoing.hpp"
#include "dist/patience.hpp"
#include "dist/watcher.hpp"

namespace sedge::dist {

namespace {
constexpr int packets_per_turn = 128;                    // then everybody else in the run loop has a turn
constexpr std::size_t turn_bytes_max = 128 * 1024;       // read, and written, before that: some 100 microseconds
constexpr std::size_t batch_bytes_max = 60 * 1024;       // more goes out at once; 64 KiB would be a segment and a runt
constexpr std::size_t flood_bytes_min = 4 * 1024;        // in one turn; less goes out at its end
constexpr std::size_t behind_part_bytes = 512;           // read together with the end of a part: the next one's head
constexpr std::chrono::microseconds batch_time_max{100}; // that more may wait for the next turn
} // namespace

class connection::impl final : watched {
public:
    impl(connection& self, environment& env, established link, connection_events& events, connection_options options)
        : self_(self), env_(env), events_(events), options_(options), link_(std::move(link)),
          remote_(link_.stream->remote()),
          decoder_(link_.peer.chosen,
                   {limits::fragment_sequences_max, options.message_bytes_max,
                    std::max(options.unfinished_bytes_max, options.message_bytes_max), limits::fragment_time_max},
                   {link_.self, link_.peer.name.full}),
          gathers_(dynamic_cast<wire::gathers*>(link_.stream.get())),
          lets_gather_(dynamic_cast<wire::lets_gather*>(link_.stream.get())),
          frames_(wire::frame_width::four, options.message_bytes_max), outgoing_(link_.peer.chosen),
          ticker_(options.tick_time), all_written_(env), queue_(std::make_shared<queue_state>(env)) {
        if (options_.watch) watcher_.emplace(env_, static_cast<watched&>(*this), link_, *options_.watch);
    }

    void start() {
        read_at_ = env_.now();
        take_leftover();
        env_.arm(tick_timer_, next_tick_time());
        tasks_.start(read());
        if (!end_of_turn_.queued()) env_.ready(end_of_turn_); // what all have to say to a new peer goes out together
        if (watcher_) watcher_->start();
    }

    result<void> send(const control_message& message, const term* payload, const pid* sender) {
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

    result<void> send_message(const pid& from, const pid& to, const term& payload) {
        if (!open_) return {};
        if (auto admitted = admit(false); !admitted) return admitted;
        outgoing_.push_send(from, to, payload);
        pushed();
        return {};
    }

    void close(error reason) {
        if (!open_) return;
        open_ = false;
        down_reason_ = std::move(reason);
        link_.stream->close();
        tick_timer_.disarm();
        if (watcher_) watcher_->stop();
        stall_timer_.disarm();
        release_spare_memory();
        all_written_.set();
        queue_->note_room();
        env_.ready(down_notice_);
    }

    [[nodiscard]] task<> room() const { return wait_for_room(queue_); }

    [[nodiscard]] bool has_room() const noexcept { return !queue_->full; }

    [[nodiscard]] task<> flushed() {
        while (open_ && outgoing_.size() > 0) co_await all_written_.wait();
    }

    [[nodiscard]] const established& link() const noexcept { return link_; }
    [[nodiscard]] wire::endpoint remote() const noexcept { return remote_; }
    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] std::size_t queued_bytes() const noexcept { return outgoing_.size(); }
    [[nodiscard]] const counters& counts() const noexcept { return counts_; }

private:
    /// Work of the run loop and timers that call back into this object.
    template <class Base, void (impl::*member)()>
    struct call final : Base {
        explicit call(impl& owner) : owner_(owner) {}
        void run() { (owner_.*member)(); }
        void fire() { (owner_.*member)(); }
        impl& owner_;
    };

    /// What senders that wait look at.
    struct queue_state {
        explicit queue_state(environment& env) : room(env) {}
        void note_full() {
            full = true;
            room.reset();
        }
        void note_room() {
            full = false;
            room.set();
        }
        bool full = false;
        event room;
    };

    static task<> wait_for_room(std::shared_ptr<queue_state> queue) {
        while (queue->full) {
            auto waiting = queue->room.wait();
            co_await std::move(waiting);
        }
    }

    // -- one message more --------------------------------------------------------------------------------------------

    /// Whether it may be queued; closes the connection if not.
    result<void> admit(bool reserved) {
        const std::size_t most = options_.send_queue_bytes_max + (reserved ? limits::send_control_bytes : 0);
        if (outgoing_.size() - outgoing_.largest() < most) return {};
        error full{errc::queue_full,
                   name() + " does not take what is sent to it; " + std::to_string(outgoing_.size()) + " bytes wait"};
        close(full);
        return full;
    }

    void pushed() {
        ++counts_.messages_out;
        if (patience_.on_sent() && lets_gather_ != nullptr) lets_gather_->go_on();
        if (outgoing_.size() > options_.send_wait_bytes) queue_->note_full();
        leave();
    }

    /// The first message of a turn goes out at once; those that follow it in the same turn go out together.
    void leave() {
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

    /// All that were ready when the last turn ended have run since. In a flood, what they sent waits for more while
    /// each turn brings more: a system call for each turn would cost the sender more than the messages do.
    void end_turn() {
        const bool is_flood = std::exchange(held_back_, false) && outgoing_.size() >= flood_bytes_min;
        if (is_flood && outgoing_.size() < batch_bytes_max) {
            const time_point now = env_.now();
            if (!held_since_) held_since_ = now;
            if (now - *held_since_ < batch_time_max) return env_.ready(end_of_turn_);
        }
        held_since_.reset();
        write();
    }

    [[nodiscard]] std::string name() const { return link_.peer.name.full.str(); }

    // -- what the watcher needs --------------------------------------------------------------------------------------

    [[nodiscard]] detector::sight look() const override {
        return {outgoing_.size() > 0 || link_.stream->held() > 0, wire::delivered(*link_.stream)};
    }
    void put(const control_message& message, const term* payload) override {
        if (!open_ || !is_expressible(message, link_.peer.chosen)) return;
        outgoing_.push(message, payload, nullptr);
        leave();
    }
    void put_tick() override {
        if (outgoing_.size() > 0) return;
        outgoing_.push_tick();
        ticker_.on_written();
        write();
    }
    void suspected(bool is_suspect, std::string why) override { events_.on_suspect(self_, is_suspect, why); }
    void leaving() override { events_.on_leaving(self_); }
    void missed(std::string why) override { close(error{errc::tick_timeout, name() + " does not respond: " + why}); }

    // -- in ----------------------------------------------------------------------------------------------------------

    task<> read() {
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
                close(missing.error().within(name()));
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

    void take_leftover() {
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

    /// False if there is nothing to read now.
    bool read_some() {
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

    /// Before a wait: how long it may be.
    void settle_patience() {
        const auto wait = patience_.on_wait(counts_.bytes_in - bytes_at_wait_, read_at_);
        bytes_at_wait_ = counts_.bytes_in;
        if (lets_gather_ == nullptr) return;
        if (wait == patience::wait::pause) lets_gather_->pause(patience::pause_time);
        const std::size_t gathered = patience::bytes_of(wait);
        if (std::exchange(gathered_, gathered) != gathered) lets_gather_->let_gather(gathered, patience::gather_time);
    }

    /// The rest of a part goes straight to where its term is put together; with it the head of what follows.
    wire::io_step read_step() {
        auto space = frames_.prepare();
        if (part_rest_.empty()) {
            // Between two parts, only so much that the next one can go its own way, too.
            const bool is_between = decoder_.expects_parts() && frames_.buffered() < behind_part_bytes;
            return link_.stream->try_read(is_between ? space.first(std::min(space.size(), behind_part_bytes)) : space);
        }
        if (gathers_ == nullptr) return link_.stream->try_read(part_rest_);
        return gathers_->try_read(part_rest_, space.first(std::min(space.size(), behind_part_bytes)));
    }

    void take(std::size_t count) {
        past_frames_ = std::min(count, part_rest_.size());
        frames_.commit(count - past_frames_);
        if (part_rest_.empty()) return;
        part_rest_ = part_rest_.subspan(past_frames_);
        if (part_rest_.empty()) deliver_all(decoder_.close_part());
    }

    void open_part() {
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

    void deliver(byte_view packet) {
        term payload;
        if (const auto* again = decoder_.feed_again(packet, payload)) {
            ++counts_.messages_in;
            return events_.on_message_again(self_, *again, std::move(payload));
        }
        if (watcher_ && packet.empty()) watcher_->on_tick_read();
        deliver_all(decoder_.feed(packet, read_at_));
    }

    void deliver_all(result<std::optional<incoming>> said) {
        if (!said) return close(said.error().within(name()));
        if (!said->has_value()) return;
        if (const auto offence = violation((*said)->control, link_.peer.name.full, link_.self))
            return close(error{errc::bad_packet, name() + ": " + *offence});
        if (watcher_ && watcher_->takes(**said)) return decoder_.forget_last();
        ++counts_.messages_in;
        events_.on_message(self_, std::move(**said));
    }

    // -- out ---------------------------------------------------------------------------------------------------------

    void write() {
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

    void wait_to_write() {
        blocked_ = true;
        if (!stall_timer_.armed()) env_.arm_after(stall_timer_, options_.send_stall_time);
        if (!waits_to_write_) tasks_.start(write_when_possible());
    }

    task<> write_when_possible() {
        waits_to_write_ = true;
        while (open_ && blocked_) {
            co_await link_.stream->writable();
            blocked_ = false;
            write();
        }
        waits_to_write_ = false;
    }

    /// The stream was full when the timer was set.
    void on_stall_time() {
        if (!blocked_) return;
        const time_point due = taken_at_ + options_.send_stall_time;
        if (env_.now() < due) return env_.arm(stall_timer_, due);
        const auto waited = std::chrono::duration_cast<seconds>(options_.send_stall_time).count();
        close(error{errc::slow_peer, name() + " has taken nothing for " + std::to_string(waited) + " s; " +
                                         std::to_string(outgoing_.size()) + " bytes wait"});
    }

    // -- life --------------------------------------------------------------------------------------------------------

    void on_tick_time() {
        release_spare_memory();
        if (auto in_time = decoder_.check(env_.now()); !in_time) return close(in_time.error().within(name()));
        if (counts_.bytes_in == bytes_at_check_) ++counts_.ticks_missed;
        bytes_at_check_ = counts_.bytes_in;
        const auto verdict = ticker_.check();
        if (verdict.peer_is_down) return close(error{errc::tick_timeout, name() + " does not respond"});
        if (verdict.send_tick && outgoing_.size() == 0) {
            outgoing_.push_tick();
            write();
        }
        if (open_) env_.arm(tick_timer_, next_tick_time());
    }

    /// At a whole second, so that all connections are looked after in one wake; a second more or less is nothing to it.
    [[nodiscard]] time_point next_tick_time() const {
        const time_point due = env_.now() + ticker_.interval();
        return ticker_.interval() < seconds{5} ? due : due - due.time_since_epoch() % seconds{1};
    }

    /// From the run loop, so that no task of ours is under way. The connection may be destroyed in the call.
    void report_down() {
        tasks_.cancel();
        const error reason = *down_reason_;
        events_.on_down(self_, reason);
    }

    connection& self_;
    environment& env_;
    connection_events& events_;
    connection_options options_;
    established link_;
    wire::endpoint remote_;
    packet_decoder decoder_;
    wire::gathers* gathers_;         // the stream, if it does
    wire::lets_gather* lets_gather_; // the same
    patience patience_;
    std::size_t gathered_ = 0;          // bytes that the stream was told to let gather
    std::uint64_t bytes_at_wait_ = 0;   // `bytes_in` when the reader last waited
    std::span<std::uint8_t> part_rest_; // where the bytes of a part go that is being read past `frames_`
    std::size_t past_frames_ = 0;       // so many came there with the last read
    wire::frame_reader frames_;
    outgoing outgoing_;
    ticker ticker_;
    counters counts_;
    std::uint64_t bytes_at_check_ = 0; // `bytes_in` when the tick timer last fired
    event all_written_;
    const std::shared_ptr<queue_state> queue_; // those who wait for room share it and may outlive the connection
    bool open_ = true;
    bool blocked_ = false;        // the stream takes nothing at the moment
    bool waits_to_write_ = false; // write_when_possible runs
    bool held_back_ = false;      // something, in this turn
    std::optional<time_point> held_since_;
    time_point taken_at_{}; // when the stream last took something
    time_point read_at_{};  // when it last gave something
    std::optional<error> down_reason_;
    call<runnable, &impl::end_turn> end_of_turn_{*this};
    call<runnable, &impl::report_down> down_notice_{*this};
    call<timer, &impl::on_tick_time> tick_timer_{*this};
    call<timer, &impl::on_stall_time> stall_timer_{*this};
    std::optional<watcher> watcher_;
    nursery tasks_; // last: its tasks use all of the above
};

connection::connection(environment& env, established link, connection_events& events, connection_options options)
    : impl_(std::make_unique<impl>(*this, env, std::move(link), events, options)) {}
connection::~connection() = default;

void connection::start() { impl_->start(); }
const peer_identity& connection::peer() const noexcept { return impl_->link().peer; }
wire::endpoint connection::remote() const { return impl_->remote(); }
const std::string& connection::certificate() const noexcept { return impl_->link().certificate; }
bool connection::initiated_here() const noexcept { return impl_->link().initiated_here; }
bool connection::is_open() const noexcept { return impl_->is_open(); }
result<void> connection::send(const control_message& message, const term* payload, const pid* sender) {
    return impl_->send(message, payload, sender);
}
result<void> connection::send_message(const pid& from, const pid& to, const term& payload) {
    return impl_->send_message(from, to, payload);
}
void connection::close(error reason) { impl_->close(std::move(reason)); }
task<> connection::room() { return impl_->room(); }
bool connection::has_room() const noexcept { return impl_->has_room(); }
task<> connection::flushed() { return impl_->flushed(); }
std::size_t connection::queued_bytes() const noexcept { return impl_->queued_bytes(); }
const connection::counters& connection::counts() const noexcept { return impl_->counts(); }

} // namespace sedge::dist
