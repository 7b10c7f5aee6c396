// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/dist/atom_cache.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/dist/fragments.hpp>

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sedge::dist {

/// One complete thing that a peer said.
struct incoming {
    control_message control;
    std::optional<term> payload; ///< Set exactly if has_payload(control).
};

/// Turns the packets of one connection, in their order, into what the peer said. A core.
///
/// Spec: Distribution Protocol 13.3 (pass-through), External Term Format 12.2 to 12.5 (headers, fragments);
/// docs/protocol/distribution.md.
class packet_decoder {
public:
    /// `known`: see `atom_cache`.
    explicit packet_decoder(flags chosen, reassembly::limits_of bounds = {}, std::vector<atom> known = {}) noexcept
        : chosen_(chosen), cache_(std::move(known)), fragments_(bounds) {}

    /// One packet without its length; an empty one is a tick. Nothing for ticks and unfinished messages.
    /// Errors: errc::bad_packet, errc::limit_exceeded; the connection is of no further use then.
    result<std::optional<incoming>> feed(byte_view packet, time_point now);

    /// The short way for what is most frequent: a message from the same process to the same process as the last one
    /// of that kind. Its header and control message are the same bytes, so that only the payload is left to be read.
    /// Null if it is anything else, or wrong; then `feed` has to be asked. Valid until the next call of a member.
    [[nodiscard]] const control::send* feed_again(byte_view packet, term& payload);
    /// For a packet of `whole` bytes of which only these have come: where the bytes behind the first `part_head_bytes`
    /// go, if it is a part that is wholly of one binary. They are to be written there, then `close_part` stands for
    /// `feed`, and nothing else may be called in between. Empty if the packet has to be fed.
    [[nodiscard]] std::span<std::uint8_t> open_part(byte_view beginning, std::size_t whole);
    result<std::optional<incoming>> close_part();
    static constexpr std::size_t part_head_bytes = 18;
    /// Some message in parts has not come to its end.
    [[nodiscard]] bool expects_parts() const noexcept { return fragments_.open_sequences() > 0; }

    /// The last message does not take the short way again.
    void forget_last() noexcept { last_.size = 0; }

    /// To be called now and then. Errors: errc::limit_exceeded if nothing more comes of a message in parts.
    [[nodiscard]] result<void> check(time_point now) { return fragments_.check(now); }

private:
    result<std::optional<incoming>> pass_through(byte_view packet);
    result<std::optional<incoming>> headed(byte_view packet, time_point now);
    void remember(const control::send& message, byte_view beginning);

    flags chosen_;
    atom_cache cache_;
    reassembly fragments_;
    std::vector<atom> atoms_; // of the last packet that had a header
    struct {
        std::array<std::uint8_t, 128> bytes; // in front of the payload; they refer to `atoms_` and bring no new ones
        std::size_t size = 0;                // 0: nothing is remembered
        control::send control;
    } last_;
};

} // namespace sedge::dist
