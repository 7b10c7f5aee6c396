// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/result.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/term/incoming_term.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace sedge::dist {

/// Puts the messages together again that a peer sends in parts. A core.
///
/// The control message comes whole in the first part. The payload is validated part by part, into the memory that its
/// term will keep. Memory follows the bytes that have come, never a count that was announced.
class reassembly {
public:
    struct limits_of {
        std::size_t sequences_max = limits::fragment_sequences_max;
        std::size_t message_bytes_max = limits::message_bytes_max; ///< Of one sequence.
        std::size_t bytes_max = limits::fragment_bytes_max;        ///< Over all sequences.
        /// A peer sends parts of all its open messages in turn. So each may go without a part for this long, multiplied
        /// by how many are open.
        duration time_max = limits::fragment_time_max;
    };
    struct message {
        control_message control;
        term payload;
    };

    reassembly() = default;
    explicit reassembly(limits_of bounds) : bounds_(bounds) {}

    /// The first of `count` parts (count > 1: a single part needs no reassembly). `atoms` are those of its header.
    /// Errors: errc::bad_packet (sequence 0 or already running, count 0, no term), errc::limit_exceeded.
    result<void> begin(std::uint64_t sequence, std::uint64_t count, control_message control, std::vector<atom> atoms,
                       byte_view part, time_point now);

    /// Part `number`, counting down to 1; the message with part 1.
    /// Errors: errc::bad_packet (unknown sequence, wrong number, no term), errc::limit_exceeded.
    result<std::optional<message>> add(std::uint64_t sequence, std::uint64_t number, byte_view part);

    /// In place of `add`, for a part of `size` bytes that are all of one binary: they are to be written there, and
    /// `close` says that they are. Empty if `add` has to take it, also for what is wrong.
    [[nodiscard]] std::span<std::uint8_t> open(std::uint64_t sequence, std::uint64_t number, std::size_t size);
    result<std::optional<message>> close();

    /// To be called now and then. Errors: errc::limit_exceeded if nothing has come of a message for longer than
    /// allowed, as seen by these calls.
    [[nodiscard]] result<void> check(time_point now);

    [[nodiscard]] std::size_t open_sequences() const noexcept { return open_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    struct sequence_state {
        control_message control;
        incoming_term payload;
        std::uint64_t left = 0; // parts still to come; the next one has this number
        time_point since{};     // the first part came, or `check` saw that another one had
        std::uint64_t left_then = 0;
    };
    result<void> reserve(std::size_t held, std::size_t more) const;
    result<std::optional<message>> note_part(std::uint64_t sequence, std::size_t size);

    limits_of bounds_;
    std::unordered_map<std::uint64_t, sequence_state> open_;
    std::size_t bytes_ = 0;
    std::uint64_t opened_ = 0; // sequence of `open`, and the size of its part
    std::size_t opened_size_ = 0;
};

} // namespace sedge::dist
