// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/dist/connection.hpp>
#include <sedge/dist/tick.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/framing.hpp>
#include <sedge/wire/gathering.hpp>
#include <sedge/wire/patience.hpp>

#include "dist/outgoing.hpp"
#include "dist/patience.hpp"
#include "dist/watcher.hpp"

namespace sedge::dist {

constexpr std::size_t turn_bytes_max = 128 * 1024; // read, and written, in one turn: some 100 microseconds

/// One established peer (a driver in three sources: connection.cpp begins and ends it and keeps it alive,
/// connection_in.cpp reads, connection_out.cpp writes).
class connection::impl final : watched {
public:
    impl(connection& self, environment& env, established link, connection_events& events, connection_options options);

    void start();
    void close(error reason);

    result<void> send(const control_message& message, const term* payload, const pid* sender);
    result<void> send_message(const pid& from, const pid& to, const term& payload);
    [[nodiscard]] task<> room() const { return wait_for_room(queue_); }
    [[nodiscard]] bool has_room() const noexcept { return !queue_->full; }
    [[nodiscard]] task<> flushed();

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

    static task<> wait_for_room(std::shared_ptr<queue_state> queue);
    [[nodiscard]] std::string name() const { return link_.peer.name.full.str(); }

    // -- what the watcher needs --------------------------------------------------------------------------------------
    [[nodiscard]] detector::sight look() const override;
    void put(const control_message& message, const term* payload) override;
    void put_tick() override;
    void suspected(bool is_suspect, std::string why) override { events_.on_suspect(self_, is_suspect, why); }
    void leaving() override { events_.on_leaving(self_); }
    void missed(std::string why) override { close(error{errc::tick_timeout, name() + " does not respond: " + why}); }

    // -- in (connection_in.cpp) --------------------------------------------------------------------------------------
    task<> read();
    void take_leftover();
    /// False if there is nothing to read now.
    bool read_some();
    /// Before a wait: how long it may be.
    void settle_patience();
    /// The rest of a part goes straight to where its term is put together; with it the head of what follows.
    wire::io_step read_step();
    void take(std::size_t count);
    void open_part();
    void deliver(byte_view packet);
    void deliver_all(result<std::optional<incoming>> said);

    // -- out (connection_out.cpp) ------------------------------------------------------------------------------------
    /// Whether one message more may be queued; closes the connection if not.
    result<void> admit(bool reserved);
    void pushed();
    /// The first message of a turn goes out at once; those that follow it in the same turn go out together.
    void leave();
    /// All that were ready when the last turn ended have run since. In a flood, what they sent waits for more while
    /// each turn brings more: a system call for each turn would cost the sender more than the messages do.
    void end_turn();
    void write();
    void wait_to_write();
    task<> write_when_possible();
    /// The stream was full when the timer was set.
    void on_stall_time();

    // -- life --------------------------------------------------------------------------------------------------------
    void on_tick_time();
    /// At a whole second, so that all connections are looked after in one wake; a second more or less is nothing to it.
    [[nodiscard]] time_point next_tick_time() const;
    /// From the run loop, so that no task of ours is under way. The connection may be destroyed in the call.
    void report_down();

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

} // namespace sedge::dist
