// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/wire/address.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace sedge::dist {

/// Which fresh connections may begin a handshake. A core; one per listener.
///
/// There is a bound over all and one per source address. Where a bound is hit the newcomer is let in and the oldest
/// connection of those sources that have most has to go, so that idle connections cannot lock others out. A source
/// with several failures in a minute is shut out for another. Loopback knows neither the bound per source nor that.
class handshake_gate {
public:
    struct bounds {
        std::size_t total_max = limits::handshake_connections_max;
        std::size_t per_source_max = limits::handshake_connections_per_source_max;
        std::size_t failures_max = limits::handshake_failures_max;
        duration failure_window = limits::handshake_failure_window;
        duration block_time = limits::handshake_block_time;
        std::size_t sources_remembered_max = limits::handshake_sources_remembered_max;
    };
    using ticket = std::uint64_t;

    handshake_gate() = default;
    explicit handshake_gate(bounds b) : bounds_(b) {}

    struct admission {
        std::optional<ticket> admitted; ///< Unset: close the new connection.
        std::optional<ticket> evicted;  ///< Close this one; it has left already.
    };
    admission enter(const wire::ip_address& source, time_point now);

    enum class outcome {
        passed, ///< Authenticated, or ended for a harmless reason.
        failed, ///< Wrong cookie, garbage, or silence.
    };
    /// A ticket that was evicted may leave again; nothing happens then.
    void leave(ticket t, outcome how, time_point now);

    [[nodiscard]] std::size_t inside() const noexcept { return inside_.size(); }
    [[nodiscard]] bool is_blocked(const wire::ip_address& source, time_point now) const;

private:
    struct record {
        std::deque<time_point> failures; // the latest, at most failures_max
        time_point blocked_until{};
    };
    void note_failure(const wire::ip_address& source, time_point now);
    std::optional<ticket> oldest_of(const wire::ip_address& source) const;
    ticket oldest_of_greediest() const; // precondition: somebody is inside

    bounds bounds_;
    ticket last_ = 0;
    std::map<ticket, wire::ip_address> inside_; // in order of arrival
    std::map<wire::ip_address, std::size_t> per_source_;
    std::map<wire::ip_address, record> records_;
};

/// How an error at the end of a handshake counts at the gate.
handshake_gate::outcome outcome_of(const std::error_code& code) noexcept;

} // namespace sedge::dist
