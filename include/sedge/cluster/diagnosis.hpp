// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/error.hpp>
#include <sedge/cluster/cause.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/address.hpp>
#include <sedge/wire/certificate.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What `sedge doctor` and `sedge why` know and say (core): facts go in, findings come out. Nothing here asks anybody;
/// `cluster/examination.hpp` gathers the facts.
namespace sedge::cluster {

enum class verdict {
    ok,
    warning, ///< It works, and will not for long, or not from everywhere.
    problem, ///< Nodes do not meet because of it.
    unknown, ///< Not examined: a step before it has failed, or the other side does not tell.
};
/// `ok`, `warning`, ...
std::string_view to_string(verdict what) noexcept;

/// What was found at one step.
struct finding {
    std::string step; ///< `port mapper`
    verdict what = verdict::ok;
    std::optional<cause> why; ///< Of a warning or a problem.
    std::string evidence;     ///< What was seen: "answers in 0.4 ms, node2 is at port 41234".

    /// What to do; empty where there is nothing.
    [[nodiscard]] std::string_view advice() const noexcept;
};

/// The first problem, which is the one to mend first; null if there is none.
const finding* first_problem(const std::vector<finding>& all) noexcept;

/// One thing that was tried.
struct attempt {
    std::optional<error> failure; ///< Unset: it succeeded.
    duration took{};
};

// -- between two nodes ---------------------------------------------------------------------------------------------

/// One address behind the `@`.
struct address_facts {
    wire::ip_address address;
    bool is_ours = false;        ///< An address of this machine.
    std::string interface;       ///< On whose network segment it is; empty: behind a router.
    attempt mapper;              ///< Asking the port mapper there for the name.
    std::uint16_t port = 0;      ///< Where the name is registered; 0: it is not.
    std::optional<attempt> node; ///< Connecting to that port, where that was tried apart from the handshake.
};

/// What a node said about itself after the handshake; what it does not tell is unset.
struct answers {
    std::string release; ///< `OTP 25`, `sedge`
    std::optional<std::chrono::seconds> tick_time;
    std::optional<std::chrono::milliseconds> clock_ahead; ///< Its clock minus ours.
    std::optional<std::chrono::milliseconds> clock_doubt; ///< How wrong that can be: the time the question took.
    std::optional<attempt> large; ///< A message of `limits::diagnosis_large_bytes` there and back.
};

struct peer_facts {
    std::string name;              ///< As given.
    std::optional<error> form;     ///< Why it is no name, or none that this side can talk to.
    bool resolved_by_name = false; ///< The host is no address.
    std::optional<attempt> resolving;
    std::vector<address_facts> addresses;
    bool tls = false;                    ///< This side has TLS.
    std::optional<attempt> connecting;   ///< `node::connect`; unset: not tried.
    std::optional<error> cannot_connect; ///< Why it was not tried: no cookie, say.
    std::optional<wire::endpoint> connected_to;
    std::string certificate;            ///< The name that the peer's certificate proves.
    std::chrono::seconds tick_time{60}; ///< Of this side.
    std::optional<answers> said;
};

/// A finding for each step from the name to the running connection, in that order.
std::vector<finding> diagnose(const peer_facts& facts);

// -- this machine --------------------------------------------------------------------------------------------------

struct interface_facts {
    std::string name;
    std::vector<wire::ip_address> addresses;
    std::uint32_t mtu = 0; ///< 0: unknown.
    /// Sending to a group on it and hearing that; unset: it carries no multicast.
    std::optional<attempt> multicast;
};

/// What was heard while listening for gossip of one topology.
struct gossip_facts {
    std::string topology;
    std::optional<error> failure;   ///< The socket could not be opened.
    std::vector<std::string> names; ///< Nodes that announced themselves, this one left out.
    std::size_t unreadable = 0;     ///< Packets with another secret, or without one.
    std::chrono::milliseconds listened{};
};

struct machine_facts {
    std::optional<error> configuration; ///< Nothing else was examined then.
    std::string host_name;
    std::optional<node_name> name; ///< Of the node that this configuration would start.
    std::optional<error> name_failure;
    std::optional<attempt> resolving; ///< Of the host in it.
    std::vector<wire::ip_address> own_host_addresses;
    std::vector<wire::ip_address> own_host_foreign; ///< Those of them that are not this machine's.

    std::string cookie_from; ///< A file, or "the configuration".
    std::optional<error> cookie_failure;
    bool cookie_file_is_open = false; ///< Others than the owner may read it.
    bool cookie_is_absent = false;
    std::optional<std::string> cookie_advice;

    bool tls = false;
    std::optional<error> tls_failure;
    std::optional<wire::certificate> certificate;
    std::optional<error> certificate_name; ///< It is not for `name`.

    std::chrono::system_clock::time_point now{};
    attempt mapper;                         ///< Asking this machine's port mapper for its names.
    bool mapper_embedded = true;            ///< A node would be the mapper where none is.
    std::uint16_t registered_port = 0;      ///< Where `name` is registered on this machine; 0: nowhere.
    std::optional<attempt> registered_node; ///< Connecting to that port.
    std::optional<error> listening;         ///< Why no port of the range can be had; unset: one can.
    std::uint64_t descriptors_max = 0;      ///< 0: unknown.
    std::vector<interface_facts> interfaces;
    std::vector<gossip_facts> gossip;
};

/// A finding for each thing that a node needs of its machine, in the order in which to mend them.
std::vector<finding> diagnose(const machine_facts& facts);

} // namespace sedge::cluster
