// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sedge::cluster {

/// Why two nodes do not meet, or will not for long. Log lines, events, `sedge why` and `sedge doctor` all use these
/// words. What each means and what to do about it: `explanation_of`, from which docs/guide/doctor.md is held right.
enum class cause : std::uint8_t {
    // -- the name
    bad_name,
    name_forms,
    // -- the machine
    unknown_host,
    resolver_silent,
    no_route,
    firewall,
    // -- the port mapper there
    no_port_mapper,
    port_mapper_silent,
    not_a_port_mapper,
    port_mapper_closes,
    name_not_registered,
    // -- the node's port
    port_refused,
    stale_registration,
    port_silent,
    one_address_family,
    // -- handshake
    handshake_silent,
    not_a_node,
    another_node,
    capabilities_missing,
    wrong_cookie,
    not_allowed,
    closed,
    dialled_from_both_ends,
    // -- TLS
    tls_on_one_side,
    certificate_untrusted,
    certificate_expired,
    certificate_not_yet_valid,
    certificate_name,
    certificate_purpose,
    certificate_missing,
    certificate_refused,
    tls_versions,
    tls_broken,
    tls_files,
    // -- a connection that is up
    tick_times_differ,
    clocks_differ,
    large_packets_lost,
    one_way,
    // -- this machine
    configuration,
    no_cookie,
    cookie_open,
    cookie_unusable,
    cookie_weak,
    another_machine,
    loopback_name,
    name_in_use,
    port_taken,
    clock_wrong,
    few_descriptors,
    small_mtu,
    no_multicast,
    multicast_blocked,
    gossip_unheard,
    gossip_secrets_differ,
    // -- what has no word of its own
    timed_out,
    other,
};

struct explanation {
    cause what = cause::other;
    std::string_view id;     ///< `wrong_cookie`: for programs; never changes.
    std::string_view words;  ///< `wrong cookie`: for people.
    std::string_view advice; ///< What to do, a sentence.
};

/// All of them, in order.
std::span<const explanation> explanations() noexcept;
const explanation& explanation_of(cause what) noexcept;
/// `wrong cookie`
std::string_view to_string(cause what) noexcept;

/// What an error of `node::connect`, or of a step of it, stands for.
cause cause_of(const std::error_code& code) noexcept;

/// An error of `node::connect` to `peer` in one line that does not name the peer again:
/// `wrong cookie: n@h closed the connection after our proof, ...`.
std::string told(const error& failure, std::string_view peer);

} // namespace sedge::cluster
