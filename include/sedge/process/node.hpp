// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/dist/cookie.hpp>
#include <sedge/dist/detector.hpp>
#include <sedge/process/node_state.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/wire/address.hpp>
#include <sedge/wire/directory.hpp>
#include <sedge/wire/tls.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge {

class environment;
struct remote_signal; // process/remote_signal.hpp

/// How a node presents itself and how long it waits for others.
struct node_options {
    std::string name;       ///< `edge1@10.0.0.5`, or `edge1@box` with short names. `undefined@HOST`: see `named_by`.
    std::string named_by;   ///< The node that `start` asks for a name. This one is hidden then and accepts nobody.
    bool long_names = true; ///< Long names need a dot or an address behind the `@`; short ones none.
    dist::cookie cookie;    ///< Must equal the peers'; never logged.
    bool hidden = false;    ///< Left out of the peers' list of visible nodes.
    std::optional<wire::ip_address> listen_on; ///< Unset: all addresses, both families.
    std::uint16_t port_min = 0;                ///< Range for the listener; 0: any free port.
    std::uint16_t port_max = 0;
    milliseconds setup_time{7000}; ///< One whole connection attempt. OTP's default.
    milliseconds dial_pause{1000}; ///< From one dial of a peer to the next of the same, whoever asks for it.
    seconds tick_time{60};         ///< A silent peer is down after 0.75 to 1.25 of it, at the latest.
    /// How soon a silent peer is `suspect`, and `down`. Unset: after `tick_time` alone, and nobody is ever suspect.
    std::optional<dist::detector_options> detection = dist::detector_options{};
    /// Per peer; the largest message that goes in parts does not count. Above it the connection closes.
    std::size_t send_queue_bytes_max = limits::send_queue_bytes_max;
    std::size_t send_wait_bytes = limits::send_wait_bytes; ///< Per peer: above it `process::send_wait` waits.
    seconds send_stall_time{30}; ///< A peer that takes nothing of what waits for it is down after this: `slow_peer`.
    std::size_t message_bytes_max = limits::message_bytes_max; ///< Of one message that comes in.
    /// Of all messages of one peer of which parts have come and not yet the last; `message_bytes_max` at least. As many
    /// as its processes send at the same time. Takes memory only when they come.
    std::size_t unfinished_bytes_max = limits::fragment_bytes_max;
    /// Threads that run processes, up to `limits::workers_max`. Worker 0 is the thread that runs the environment, with
    /// connections, names and services; the others run the processes that `spawn_options::worker` puts there.
    unsigned workers = 1;
    std::map<std::string, dist::cookie> peer_cookies{}; ///< Other cookies for some peers, by node name.
    /// Set: all connections are TLS, both sides show certificates, and those are for the nodes' names
    /// (`dist::certified_name`). Peers without TLS are refused. Unset: plain TCP.
    std::optional<wire::tls_options> tls{};
    bool auto_connect = true; ///< Dial a node when something is sent to it.
};

/// A connected peer, for lists and tools.
struct peer_info {
    atom name;
    bool hidden = false;
    std::uint32_t creation = 0;
    wire::endpoint address;
    bool initiated_here = false;
    time_point up_since{};
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t connection = 0;      ///< Its number, which no other connection of this node start has.
    std::string certificate;           ///< The name that its certificate proves; empty without TLS.
    node_state state = node_state::up; ///< `up`, `suspect` or `draining`.
    std::string state_reason;          ///< Why it is not `up`; empty otherwise.
};

/// Bytes of all connections since the node has started, those that are closed included; without handshakes.
struct node_traffic {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
};

/// A call for a new process from another node: `spawn` there, `rpc` and `erpc`.
struct spawn_call {
    pid from;
    pid group_leader;
    atom module;
    atom function;
    std::vector<term> arguments;
};

/// This program's place in a cluster: a name, a creation, processes, and connections to peers.
///
/// Life:    construct, `start`, `stop`, destroy. A node that was started must be stopped before it is destroyed.
/// Threads: only on the thread of its environment; from another one, also from processes of other workers than 0, use
///          `environment::post`.
/// Spec:    Distribution Protocol 13.2 (handshake), 13.3 (connected nodes).
/// See:     `cluster/topology.hpp` to be connected without asking for it.
class node {
public:
    /// `env` and `where` must outlive the node.
    node(node_options options, environment& env, wire::directory& where);
    ~node();
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    /// Listens, publishes the name, and accepts connections.
    ///
    /// A node `undefined@HOST` does none of it, as with `erl -name undefined`: it connects to `named_by` and has the
    /// name that it is given there. When that connection is lost the other node may give the name to somebody else, so
    /// all connections end, and there are no new ones.
    /// Errors: those of `connect` for `named_by`; errc::invalid_argument for the name and for `detection`, those of
    /// `wire::directory::publish`, system codes,
    /// wire::tls_errc::unusable_file, wire::tls_errc::wrong_name if the own certificate is for another node.
    [[nodiscard]] task<result<void>> start();
    /// Ends all processes with `shutdown`, closes all connections, withdraws the name.
    [[nodiscard]] task<> stop();

    [[nodiscard]] const atom& name() const noexcept;
    [[nodiscard]] std::uint32_t creation() const noexcept;
    [[nodiscard]] const node_options& options() const noexcept;
    [[nodiscard]] environment& env() noexcept;
    /// Where the distribution listener is.
    [[nodiscard]] wire::endpoint listening_at() const;

    // -- peers -----------------------------------------------------------------------------------------------------

    /// Connects to `peer`, or waits for an attempt already under way.
    ///
    /// Completes at once if the peer is up. If both nodes dial each other, one of the two connections survives and
    /// both calls succeed. Does not retry; a topology does. Waits for the rest of `dial_pause`.
    ///
    /// Errors: those of `wire::directory::locate`, dist::errc (refused, wrong_cookie, flags_missing, ...),
    ///         errc::timed_out after `setup_time`, errc::stopped, system codes. The context names peer and step.
    [[nodiscard]] task<result<void>> connect(atom peer);
    /// Closes the connection; its down event says `disconnect`. False if there was none.
    bool disconnect(const atom& peer);
    [[nodiscard]] bool is_connected(const atom& peer) const;

    /// Peers up at this moment, sorted by name; hidden ones only if asked for.
    [[nodiscard]] std::vector<atom> peers(bool hidden_too = false) const;
    [[nodiscard]] std::vector<peer_info> peer_details() const;
    /// All nodes that are or have been connected since the start, sorted by name; of those that are not the newest
    /// `limits::peers_max` at least.
    [[nodiscard]] std::vector<node_standing> node_states() const;
    [[nodiscard]] node_traffic traffic() const;
    /// The name that a connected peer's certificate proves; empty without TLS.
    [[nodiscard]] std::string certificate_of(const atom& peer) const;

    /// Another cookie than the node's own for connections with `peer` from now on, whoever begins them
    /// (`erlang:set_cookie(Node, Cookie)`); for this node's own name, the one for all that have no other. A connection
    /// that is up stays.
    /// Errors: errc::invalid_argument for a cookie that is not set, errc::limit_exceeded.
    result<void> set_cookie(const atom& peer, dist::cookie secret);

    /// Calls `on_event` for every up, down and change between them from now on, until the subscription is destroyed.
    /// The call is made from the run loop, after the state has changed; up before the first message of that
    /// connection, down after the last one. The subscription must not outlive the node.
    class subscription;
    [[nodiscard]] subscription watch(std::function<void(const node_event&)> on_event);

    // -- processes -------------------------------------------------------------------------------------------------

    pid spawn(process_body body, spawn_options options = {});
    /// A message from outside of any process.
    void send(const destination& to, term message);
    void exit(const pid& target, term reason);

    /// Errors: errc::invalid_argument if the name is taken, empty, `undefined`, or no such process lives here.
    result<void> register_name(const atom& name, const pid& who);
    bool unregister(const atom& name);
    [[nodiscard]] std::optional<pid> whereis(const atom& name) const;
    [[nodiscard]] std::vector<atom> registered_names() const;

    [[nodiscard]] std::vector<pid> processes() const;
    [[nodiscard]] bool is_alive(const pid& who) const;
    /// Nothing if no such process lives here. Messages only if asked for: they may be many.
    [[nodiscard]] std::optional<process_info> info(const pid& who, bool messages_too = true) const;
    [[nodiscard]] reference make_reference();

    /// Sets what serves spawn calls from other nodes: gives the body to run, or nothing for an undefined function
    /// (the caller then sees `undef`). Without it all are undefined.
    void serve_spawns(std::function<process_body(const spawn_call&)> resolve);
    /// Sets who is asked about signals of other nodes before they take effect; `false` drops them. Without it all are
    /// accepted. `otp::kernel` sets it by the roles of nodes.
    void guard(std::function<bool(const remote_signal&)> accepts);
    /// The group leader of processes here that have no other, by themselves or from those that spawned them.
    void set_group_leader(const pid& leader);
    [[nodiscard]] pid group_leader() const;

    class impl; // src/process/node_impl.hpp
    [[nodiscard]] impl& internals() noexcept { return *impl_; }

private:
    std::unique_ptr<impl> impl_;
};

/// Ends with its destruction. Movable.
class node::subscription {
public:
    subscription() = default;
    explicit subscription(std::shared_ptr<void> token) : token_(std::move(token)) {}

private:
    std::shared_ptr<void> token_;
};

} // namespace sedge
