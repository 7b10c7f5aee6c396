// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/dist/atom_cache.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/dist/fragments.hpp>

#include <optional>

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
    explicit packet_decoder(flags chosen, reassembly::limits_of bounds = {}) noexcept
        : chosen_(chosen), fragments_(bounds) {}

    /// One packet without its length; an empty one is a tick. Nothing for ticks and unfinished messages.
    /// Errors: errc::bad_packet, errc::limit_exceeded; the connection is of no further use then.
    result<std::optional<incoming>> feed(byte_view packet, time_point now);

    /// Errors: errc::limit_exceeded if a fragmented message has been under way for too long.
    [[nodiscard]] result<void> check(time_point now) const { return fragments_.check(now); }

private:
    result<std::optional<incoming>> pass_through(byte_view packet);
    result<std::optional<incoming>> headed(byte_view packet, time_point now);

    flags chosen_;
    atom_cache cache_;
    reassembly fragments_;
    std::vector<atom> atoms_; // of the packet at hand; kept for its capacity
};

} // namespace sedge::dist
