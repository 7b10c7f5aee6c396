// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/cause.hpp>

#include <sedge/base/assert.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

constexpr explanation table[] = {
    {cause::bad_name, "bad_name", "bad name",
     "Write the name as alive@host: letters, digits, _ and - before the @, a host name or an address behind it."},
    {cause::name_forms, "name_forms", "short and long names",
     "Start both nodes with --name (a host with a dot, or an address) or both with --sname."},
    {cause::unknown_host, "unknown_host", "unknown host",
     "Add the host to DNS or to /etc/hosts, or use an address behind the @ of the name."},
    {cause::resolver_silent, "resolver_silent", "resolver silent",
     "See whether the name server in /etc/resolv.conf answers, or use an address behind the @ of the name."},
    {cause::no_route, "no_route", "no route",
     "See whether the machine is on and has this address; `ip route get ADDRESS` tells which way packets go."},
    {cause::firewall, "firewall", "rejected by a firewall",
     "Let TCP port 4369 and the nodes' ports through the firewall of that machine, or of a router between."},
    {cause::no_port_mapper, "no_port_mapper", "no port mapper",
     "Start the node there; if it runs, a firewall rejects the port mapper's port (4369 unless changed)."},
    {cause::port_mapper_silent, "port_mapper_silent", "port mapper silent",
     "See whether the machine is on, and let TCP port 4369 through its firewall, which drops packets."},
    {cause::not_a_port_mapper, "not_a_port_mapper", "not a port mapper",
     "Another program has the port mapper's port there: stop it, or use another port on all machines (--epmd-port)."},
    {cause::port_mapper_closes, "port_mapper_closes", "port mapper closes",
     "It is busy, just ending, or may not answer this machine: try again, then look at its log."},
    {cause::name_not_registered, "name_not_registered", "name not registered",
     "Start the node there, or correct the part before the @: `sedge epmd names` on that machine lists the names."},
    {cause::port_refused, "port_refused", "port refused",
     "Nothing listens at the port that the port mapper names: the node has just ended, listens on another address, or "
     "a firewall rejects its port; open the range port_min to port_max."},
    {cause::stale_registration, "stale_registration", "stale registration",
     "A name is registered whose node does not listen: end the program that holds the name, or start the node again."},
    {cause::port_silent, "port_silent", "port silent",
     "A firewall drops packets to the node's own port: open the range port_min to port_max there, 4369 is not enough."},
    {cause::one_address_family, "one_address_family", "one address family only",
     "Have the node listen on both families (no --listen), or keep addresses of the other family out of DNS."},
    {cause::handshake_silent, "handshake_silent", "handshake silent",
     "The program there takes connections and says nothing: it hangs or is stopped, or one side has TLS and the other "
     "has not."},
    {cause::not_a_node, "not_a_node", "not a node",
     "Another program has the port: the registration is old, or a proxy stands between. Start the node again."},
    {cause::another_node, "another_node", "another node",
     "Another node answers there: dial it by its own name, or correct what the host name stands for."},
    {cause::capabilities_missing, "capabilities_missing", "capabilities missing",
     "The node there is too old: OTP 23 or later is needed."},
    {cause::wrong_cookie, "wrong_cookie", "wrong cookie",
     "Give both nodes the same cookie; compare the files with `sha256sum`, a line end at the end does not matter."},
    {cause::not_allowed, "not_allowed", "not allowed",
     "The node there has a list of nodes that may connect (net_kernel:allow), or its certificate rules refuse ours."},
    {cause::closed, "closed", "closed without a reason",
     "The log of the node there says why. It may not take this name, be busy with other connections, or shut this "
     "address out "
     "for a minute after five failed attempts, with a wrong cookie say: mend that, and wait."},
    {cause::dialled_from_both_ends, "dialled_from_both_ends", "dialled from both ends",
     "Nothing: the other attempt counts."},
    {cause::tls_on_one_side, "tls_on_one_side", "TLS on one side only",
     "Give both nodes TLS, or neither: `[tls]` in sedge.toml, -proto_dist inet_tls in Erlang."},
    {cause::certificate_untrusted, "certificate_untrusted", "untrusted certificate",
     "Sign both certificates with the same authority, and give its ca.crt to both nodes."},
    {cause::certificate_expired, "certificate_expired", "expired certificate",
     "Issue a new one with `sedge cert issue`, and see whether this machine's clock is right."},
    {cause::certificate_not_yet_valid, "certificate_not_yet_valid", "certificate not yet valid",
     "Set the clocks: that of this machine, or of the one that signed the certificate, is wrong."},
    {cause::certificate_name, "certificate_name", "certificate for another name",
     "Issue a certificate for the part behind the @ of the node's name, or dial the node by a name that it has."},
    {cause::certificate_purpose, "certificate_purpose", "certificate for another purpose",
     "The certificate must be good for both ends of a connection; `sedge cert issue` makes such."},
    {cause::certificate_missing, "certificate_missing", "no certificate",
     "Both sides have to show one: set `certificate` and `key` in [tls], with Erlang `verify_peer` on both sides."},
    {cause::certificate_refused, "certificate_refused", "own certificate refused",
     "The other side does not take this node's certificate: compare authorities, dates and clocks of both machines."},
    {cause::tls_versions, "tls_versions", "no common TLS version",
     "Compare `version_min` and `ciphers` in [tls] with the ssl_dist options of the other side."},
    {cause::tls_broken, "tls_broken", "broken TLS",
     "Something between the machines changes what they send, or a program that is no node answers there."},
    {cause::tls_files, "tls_files", "unusable TLS files",
     "Correct the file named: it must be PEM, belong to its key, and the key must be closed to others."},
    {cause::tick_times_differ, "tick_times_differ", "tick times differ",
     "Give all nodes the same tick time (tick_time here, net_ticktime in Erlang): the impatient one drops the other."},
    {cause::clocks_differ, "clocks_differ", "clocks differ",
     "Set both clocks, by NTP for instance: certificates and time stamps go by them."},
    {cause::large_packets_lost, "large_packets_lost", "large packets lost",
     "The path loses packets of full size: lower the MTU of the interface to what tunnels between leave room for, or "
     "let ICMP \"fragmentation needed\" pass."},
    {cause::one_way, "one_way", "one way only",
     "That node cannot reach this one, so connections come up from here only: open the way back."},
    {cause::configuration, "configuration", "wrong configuration", "Correct the line named."},
    {cause::no_cookie, "no_cookie", "no cookie",
     "Copy the cluster's cookie to this machine (mode 0400) and name it with --cookie-file."},
    {cause::cookie_open, "cookie_open", "cookie file open to others",
     "Whoever can read the cookie can run what nodes offer: chmod 400 FILE, and change the cookie if others saw it."},
    {cause::cookie_unusable, "cookie_unusable", "unusable cookie", "Do what the sentence about the cookie says."},
    {cause::cookie_weak, "cookie_weak", "weak cookie",
     "Make a long random one: remove the file and let `sedge start` write one, then copy it to all nodes."},
    {cause::another_machine, "another_machine", "name of another machine",
     "The part behind the @ must lead to this machine: correct the name, DNS or /etc/hosts."},
    {cause::loopback_name, "loopback_name", "name leads to loopback",
     "Other machines would look for the node on themselves: put an address of the network behind the @, or into "
     "/etc/hosts."},
    {cause::name_in_use, "name_in_use", "name in use",
     "Nothing, if that is the node you mean; otherwise choose another name for the second one."},
    {cause::port_taken, "port_taken", "port taken",
     "Another program has the port: stop it, or choose other ports (port_min and port_max, --epmd-port)."},
    {cause::clock_wrong, "clock_wrong", "clock wrong",
     "Set the clock, by NTP for instance: no certificate is valid at that time."},
    {cause::few_descriptors, "few_descriptors", "few file descriptors",
     "Each connection needs one: raise the limit (`ulimit -n`, LimitNOFILE= in the unit)."},
    {cause::small_mtu, "small_mtu", "small MTU",
     "Below 1280 bytes IPv6 does not work, and below 576 hardly anything: raise it with `ip link set DEVICE mtu`."},
    {cause::no_multicast, "no_multicast", "no multicast",
     "Gossip and mDNS need an interface that carries multicast: connect one, or list the hosts instead."},
    {cause::multicast_blocked, "multicast_blocked", "multicast blocked",
     "A firewall of this machine drops what it sends to a group: let UDP to the group's port through, both ways."},
    {cause::gossip_unheard, "gossip_unheard", "gossip not heard",
     "See whether nodes run with the same group and port, whether the switch passes multicast (IGMP snooping without a "
     "querier drops it), and whether multicast_if is this network's interface."},
    {cause::gossip_secrets_differ, "gossip_secrets_differ", "gossip secrets differ",
     "Give all nodes the same gossip `secret`, or none of them one."},
    {cause::timed_out, "timed_out", "no answer in time", "Try again; if it stays so, `sedge why NODE` tells the step."},
    {cause::other, "other", "failed", "Do what the sentence says."},
};

cause cause_of_dist(int code) noexcept {
    switch (static_cast<dist::errc>(code)) {
    case dist::errc::refused: return cause::closed;
    case dist::errc::wrong_cookie: return cause::wrong_cookie;
    case dist::errc::not_allowed: return cause::not_allowed;
    case dist::errc::name_mismatch: return cause::another_node;
    case dist::errc::name_kind: return cause::name_forms;
    case dist::errc::name_invalid: return cause::bad_name;
    case dist::errc::flags_missing: return cause::capabilities_missing;
    case dist::errc::bad_handshake: return cause::not_a_node;
    case dist::errc::already_connected: return cause::dialled_from_both_ends;
    case dist::errc::cookie_unusable: return cause::cookie_unusable;
    case dist::errc::tls_there: return cause::tls_on_one_side;
    case dist::errc::unreachable: return cause::port_silent;
    case dist::errc::silent: return cause::handshake_silent;
    case dist::errc::bad_packet:
    case dist::errc::tick_timeout:
    case dist::errc::queue_full:
    case dist::errc::slow_peer:
    case dist::errc::not_supported: break; // not while connecting
    }
    return cause::other;
}

cause cause_of_epmd(int code) noexcept {
    switch (static_cast<epmd::errc>(code)) {
    case epmd::errc::name_taken: return cause::name_in_use;
    case epmd::errc::name_refused: return cause::bad_name;
    case epmd::errc::not_found: return cause::name_not_registered;
    case epmd::errc::no_answer: return cause::no_port_mapper;
    case epmd::errc::not_a_mapper: return cause::not_a_port_mapper;
    case epmd::errc::closed_unanswered: return cause::port_mapper_closes;
    case epmd::errc::version_mismatch: return cause::capabilities_missing;
    case epmd::errc::port_taken: return cause::port_taken;
    case epmd::errc::silent: return cause::port_mapper_silent;
    case epmd::errc::resolver_silent: return cause::resolver_silent;
    }
    return cause::other;
}

cause cause_of_tls(int code) noexcept {
    switch (static_cast<wire::tls_errc>(code)) {
    case wire::tls_errc::not_tls: return cause::tls_on_one_side;
    case wire::tls_errc::untrusted: return cause::certificate_untrusted;
    case wire::tls_errc::expired: return cause::certificate_expired;
    case wire::tls_errc::not_yet_valid: return cause::certificate_not_yet_valid;
    case wire::tls_errc::wrong_name: return cause::certificate_name;
    case wire::tls_errc::wrong_purpose: return cause::certificate_purpose;
    case wire::tls_errc::no_certificate: return cause::certificate_missing;
    case wire::tls_errc::incompatible: return cause::tls_versions;
    case wire::tls_errc::broken: return cause::tls_broken;
    case wire::tls_errc::closed: return cause::tls_on_one_side; // OTP without TLS closes, and has no word for it
    case wire::tls_errc::unusable_file: return cause::tls_files;
    }
    return cause::other;
}

// RFC 8446, 6.2.
cause cause_of_alert(int alert) noexcept {
    switch (alert) {
    case 10: return cause::tls_on_one_side; // unexpected_message
    case 40:                                // handshake_failure
    case 47:                                // illegal_parameter
    case 70:                                // protocol_version
    case 71:                                // insufficient_security
    case 86: return cause::tls_versions;    // inappropriate_fallback
    case 42:                                // bad_certificate and following
    case 43:
    case 44:
    case 45:
    case 46:
    case 48:
    case 49:
    case 116: return cause::certificate_refused; // certificate_required
    default: return cause::tls_broken;
    }
}

} // namespace

std::span<const explanation> explanations() noexcept { return table; }

const explanation& explanation_of(cause what) noexcept {
    const auto at = std::ranges::find(table, what, &explanation::what);
    SEDGE_ASSERT(at != std::end(table));
    return *at;
}

std::string_view to_string(cause what) noexcept { return explanation_of(what).words; }

cause cause_of(const std::error_code& code) noexcept {
    const auto& category = code.category();
    if (category == dist::dist_category()) return cause_of_dist(code.value());
    if (category == epmd::epmd_category()) return cause_of_epmd(code.value());
    if (category == wire::tls_category()) return cause_of_tls(code.value());
    if (category == wire::tls_alert_category()) return cause_of_alert(code.value());
    if (code == wire::errc::name_not_found) return cause::unknown_host;
    if (code == wire::errc::closed || code == std::errc::connection_reset) return cause::closed;
    if (code == errc::timed_out) return cause::timed_out;
    if (code == std::errc::connection_refused) return cause::port_refused;
    if (code == std::errc::host_unreachable || code == std::errc::network_unreachable ||
        code == std::errc::network_down || code == std::errc::address_not_available ||
        code == std::errc::invalid_argument) // a route of kind blackhole
        return cause::no_route;
    if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted) // a rule of our own machine
        return cause::firewall;
    if (code == std::errc::timed_out) return cause::port_silent;
    return cause::other;
}

// Errors come as `connect PEER: STEP: ...`; whoever shows this has named the peer already.
std::string told(const error& failure, std::string_view peer) {
    std::string context = failure.context();
    const std::string opening = "connect " + std::string{peer};
    if (context.starts_with(opening + ": ")) context.erase(0, opening.size() + 2);
    if (context == opening) context.clear();
    const auto what = cause_of(failure.code());
    if (what == cause::other) return error{failure.code(), context}.message();
    const auto words = std::string{to_string(what)};
    return context.empty() ? words : words + ": " + context;
}

} // namespace sedge::cluster
