// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/dist/detector.hpp>
#include <sedge/dist/establish.hpp>
#include <sedge/dist/packet.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sedge {
class environment;
}

namespace sedge::dist {

class connection;

/// Who hears what a peer says.
class connection_events {
public:
    virtual ~connection_events() = default;
    /// One message; called from the connection's reader. It may send and close, but not destroy the connection.
    virtual void on_message(connection& from, incoming&& message) = 0;
    /// The same for what is most frequent: a message from the same process to the same process as the one before.
    virtual void on_message_again(connection& from, const control::send& again, term&& payload) {
        on_message(from, incoming{again, std::move(payload)});
    }
    /// The connection is over; called once, from the run loop, after the last message, never from inside `send` or
    /// `close`. The connection may be destroyed here.
    virtual void on_down(connection& which, const error& reason) = 0;
    /// Nothing is heard from the peer, or nothing acknowledged; or that is over. Both in turn, suspect first.
    virtual void on_suspect(connection&, bool /*is_suspect*/, const std::string& /*why*/) {}
    /// The peer has begun to stop in order.
    virtual void on_leaving(connection&) {}
};

/// The watched connections of one node.
struct watched_links {
    std::size_t all = 0;
    std::size_t on_this_machine = 0; ///< Of these, to other programs of the same machine.
};

/// What it takes to miss a peer fast.
struct watch_options {
    detector_options timing;
    std::uint32_t creation = 0;      ///< Of this node.
    std::uint16_t registry_port = 0; ///< Where something answers on the peer's machine, too; 0: unknown.
    std::shared_ptr<watched_links> links = std::make_shared<watched_links>(); ///< The same for all of a node.
};

struct connection_options {
    duration tick_time = seconds{60};                          ///< See `ticker`.
    std::size_t message_bytes_max = limits::message_bytes_max; ///< Of one that comes in, whole or in parts.
    std::size_t unfinished_bytes_max =
        limits::fragment_bytes_max; ///< Of all that have come in part; the above at least.
    /// What may wait when something more is sent. The largest message that goes in parts does not count: it is held
    /// by reference, and one such message is allowed whatever its size. Messages without a payload (links, monitors,
    /// acknowledgements) and exits have `limits::send_control_bytes` more.
    std::size_t send_queue_bytes_max = limits::send_queue_bytes_max;
    std::size_t send_wait_bytes = limits::send_wait_bytes; ///< See `room`.
    /// How long a peer may take nothing of what waits for it. Half of what `tick_time` allows: a program that has
    /// stopped reading holds memory here, while one that is silent does not.
    duration send_stall_time = seconds{30};
    /// Unset: a peer is missed by `tick_time` alone. Set: see `detector`; the peer gets a few messages of ours, too.
    std::optional<watch_options> watch;
};

/// One established peer: packets in, packets out, ticks.
///
/// What is sent while the stream is idle is written at once; more of the same turn of the run loop, and what the
/// stream does not take, joins one batch, and so do the next turns of a flood, up to 60 KiB or for 100 microseconds.
/// Messages above 60 KiB go in parts where the peer understands that, one part of each in turn, with small messages and
/// ticks in between; nothing of the same sender overtakes them.
///
/// Life:    construct, `start`, ... `on_down`, destroy; destroying an open one closes it without `on_down`.
/// Threads: only on the environment's thread.
/// Spec:    docs/protocol/distribution.md.
class connection {
public:
    /// `env` and `events` must outlive the connection.
    connection(environment& env, established link, connection_events& events, connection_options options = {});
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Begins to read and to tick. Messages that came with the handshake are delivered from the run loop.
    void start();

    [[nodiscard]] const peer_identity& peer() const noexcept;
    [[nodiscard]] wire::endpoint remote() const;
    /// The name that the peer's certificate proves; empty without TLS.
    [[nodiscard]] const std::string& certificate() const noexcept;
    [[nodiscard]] bool initiated_here() const noexcept;
    [[nodiscard]] bool is_open() const noexcept;

    /// Sends a message. Never waits. On a closed connection the message is dropped without error.
    ///
    /// `payload` must be given exactly if has_payload(message). `sender` names the process whose signal this is where
    /// the message does not (the exit of one that was monitored by its name), for the order of signals.
    /// Errors: errc::not_supported if the peer cannot receive it (nothing is sent then), errc::queue_full if the
    ///         peer does not take what is sent; the connection closes with that reason.
    result<void> send(const control_message& message, const term* payload = nullptr, const pid* sender = nullptr);

    /// The same for the most frequent one, `control::send`, which every peer can receive.
    result<void> send_message(const pid& from, const pid& to, const term& payload);

    /// Ends the connection; what is queued is lost. `on_down` follows with this reason. Nothing if it is over.
    void close(error reason);

    /// Completes at once unless more than `send_wait_bytes` wait; then when half of that is left or the connection is
    /// over. Any number of waiters, woken in their order.
    [[nodiscard]] task<> room();
    /// True if `room` would complete at once.
    [[nodiscard]] bool has_room() const noexcept;
    /// Completes when all that was sent has been handed to the stream, or the connection is over. One waiter.
    [[nodiscard]] task<> flushed();
    [[nodiscard]] std::size_t queued_bytes() const noexcept;

    struct counters {
        std::uint64_t messages_in = 0;
        std::uint64_t messages_out = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        std::uint64_t ticks_missed = 0; ///< Quarters of the tick time in which nothing came.
    };
    [[nodiscard]] const counters& counts() const noexcept;

private:
    class impl; // src/dist/connection_impl.hpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::dist
