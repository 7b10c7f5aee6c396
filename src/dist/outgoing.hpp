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
    /// Bytes of control message and payload in one packet where fragments were chosen: OTP's own figure.
    static constexpr std::size_t part_bytes = 64 * 1024;

    explicit outgoing(flags chosen) noexcept : chosen_(chosen) {}

    /// Precondition: is_expressible(message, chosen), payload given exactly if has_payload(message).
    void push(const control_message& message, const term* payload, const pid* sender);
    /// The same for `control::send`. What is sent again and again from one process to another takes a short way.
    void push_send(const pid& from, const pid& to, const term& payload);
    /// A packet without content; only where nothing else waits.
    void push_tick();

    /// What to write next, in one piece; empty if nothing waits. Valid until the next call of a member.
    [[nodiscard]] byte_view front();
    /// Precondition: that many bytes of `front` were written.
    void consume(std::size_t count);

    /// Bytes waiting, without the headers of parts still to be made.
    [[nodiscard]] std::size_t size() const noexcept { return ready_.size() - ready_at_ + parked_bytes_; }
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

    [[nodiscard]] bool has_headers() const noexcept;
    void write_whole(byte_view control, const term* payload);
    std::list<sequence>::iterator sequence_of(const std::optional<pid>& sender);
    void begin(waiting message, std::optional<pid> sender, std::deque<waiting> behind);
    void write_part();
    void finish(sequence done);

    flags chosen_;
    outgoing_atoms atoms_;
    byte_buffer control_; // of the message at hand; kept for its capacity
    encode_buffer ready_;
    struct pair {
        pid from;
        pid to;
        std::optional<outgoing_atoms::template_of_terms> control; // as it stands in a packet; from the second time on
    };
    std::optional<pair> last_send_;
    std::size_t ready_at_ = 0;
    std::size_t since_part_ = 0;      // bytes written since the last part
    std::list<sequence> under_way_;   // the first one's turn is next
    std::size_t parked_bytes_ = 0;    // of `under_way_`, with all that waits behind
    std::uint64_t last_sequence_ = 0; // 0 is never used: OTP 25.2 crashes on it
};

} // namespace sedge::dist
