// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dist/outgoing_atoms.hpp"

#include <sedge/base/bytes.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/term/term.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <optional>

namespace sedge::dist {

/// What waits to be written on one connection. A core; src/dist/outgoing.cpp tells the order.
class outgoing {
public:
    /// Bytes of control message and payload in one packet where fragments were chosen. OTP's have 64 KiB; with these, a
    /// packet is one segment of the loopback interface (65,483 bytes) and not one and a runt.
    static constexpr std::size_t part_bytes = 60 * 1024;

    explicit outgoing(flags chosen) noexcept : chosen_(chosen) {}

    /// Precondition: is_expressible(message, chosen), payload given exactly if has_payload(message).
    void push(const control_message& message, const term* payload, const pid* sender);
    /// The same for `control::send`. What is sent again and again from one process to another takes a short way.
    void push_send(const pid& from, const pid& to, const term& payload);
    /// A packet without content; only where nothing else waits.
    void push_tick();

    /// What to write next, in one piece; empty if nothing waits. Valid until the next call of a member.
    [[nodiscard]] byte_view front();
    /// The piece behind `front`, if there is one. Payloads in parts are pieces of their own: they are not copied.
    [[nodiscard]] byte_view behind_front() const noexcept;
    /// Precondition: that many bytes of `front`, or of it and `behind_front`, were written.
    void consume(std::size_t count);

    /// Bytes waiting, without the headers of parts still to be made.
    [[nodiscard]] std::size_t size() const noexcept {
        return ready_.size() - ready_at_ + part_.bytes.size() + parked_bytes_;
    }
    /// Of these, the bytes of the largest message that goes in parts.
    [[nodiscard]] std::size_t largest() const noexcept;

private:
    /// A message that is not yet written: the header of a packet is made when its turn has come.
    struct waiting {
        byte_buffer control;
        std::optional<term> payload; // what follows the control message
        [[nodiscard]] byte_view payload_bytes() const noexcept { return payload ? payload->bytes() : byte_view{}; }
        [[nodiscard]] std::size_t size() const noexcept { return control.size() + payload_bytes().size(); }
    };

    /// A large message under way, and what its sender has sent since.
    struct sequence {
        std::optional<pid> sender;
        waiting message;
        std::uint64_t id = 0;
        std::uint64_t parts_left = 0;
        std::size_t at = 0; // bytes of the payload that have gone
        std::deque<waiting> behind;
    };

    /// The piece of a payload whose packet has been begun in the ready bytes; it belongs in front of those at `at`.
    struct part {
        term whole; // keeps it
        byte_view bytes;
        std::size_t at = 0;
    };

    [[nodiscard]] bool has_headers() const noexcept;
    void consume_ready(std::size_t count);
    void write_whole(byte_view control, const term* payload);
    std::list<sequence>::iterator sequence_of(const std::optional<pid>& sender);
    void begin(waiting message, std::optional<pid> sender, std::deque<waiting> behind);
    void write_part();
    void finish(sequence done);

    flags chosen_;
    outgoing_atoms atoms_;
    byte_buffer control_; // of the message at hand; kept for its capacity
    encode_buffer ready_;
    part part_; // at most one
    /// The last message of a process to another, so that the next one of the same need not be put together anew.
    struct repeated_send {
        pid from;
        pid to;
        byte_buffer beginning; // of its packet, from the length up to the payload; empty: not known
        std::size_t control_atoms = 0;
        outgoing_atoms::known_atoms atoms; // to which `beginning` refers
    };
    bool send_again(const pid& from, const pid& to, byte_view payload);
    repeated_send last_send_;
    std::size_t ready_at_ = 0;
    std::size_t since_part_ = 0;      // bytes written since the last part
    std::list<sequence> under_way_;   // the first one's turn is next
    std::size_t parked_bytes_ = 0;    // of `under_way_`, with all that waits behind
    std::uint64_t last_sequence_ = 0; // 0 is never used: OTP 25.2 crashes on it
};

} // namespace sedge::dist
