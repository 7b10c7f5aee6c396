// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/dist/challenge_guard.hpp>
#include <sedge/dist/connection.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/dist/establish.hpp>
#include <sedge/dist/handshake_gate.hpp>
#include <sedge/dist/name_arbiter.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>
#include <sedge/wire/environment.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sedge {

/// The connections of a node: listens, dials, and holds one link per peer (a driver in four sources: peers.cpp opens
/// and closes the set, dialling.cpp, accepting.cpp and links.cpp do what their names say; who wins which race is
/// decided by dist::name_arbiter, who may begin a handshake by dist::handshake_gate).
///
/// For one peer: up is announced before the first message of a connection, down after the last one, and the down of
/// an old connection before the up of the one that replaces it.
class peer_set {
public:
    explicit peer_set(node::impl& owner);
    ~peer_set();

    /// Reads the files of TLS, if it is wanted, and checks that the certificate is for the name. Errors:
    /// wire::tls_errc.
    result<void> check_certificate(const node_name& name);
    /// Opens the listener. Errors: system codes; the context names address and port.
    result<void> listen();
    [[nodiscard]] wire::endpoint listening_at() const;
    /// Takes connections from now on; the node's name and creation are known.
    void start();
    /// In place of the two above, for a node without a name (naming.cpp).
    [[nodiscard]] task<result<void>> ask_for_name(node_name us);
    /// Refuses new connections, gives what was sent a moment to leave, closes everything.
    [[nodiscard]] task<> stop();

    [[nodiscard]] task<result<void>> connect(atom peer);
    bool disconnect(const atom& peer);
    [[nodiscard]] bool is_up(const atom& peer) const;
    [[nodiscard]] std::vector<atom> names(bool hidden_too) const; ///< Of those that are up, sorted.
    [[nodiscard]] std::vector<peer_info> details() const;
    [[nodiscard]] std::vector<node_standing> standings() const;
    [[nodiscard]] node_traffic traffic() const;
    [[nodiscard]] std::vector<peer_counts> counts() const;
    [[nodiscard]] const std::map<std::string_view, std::uint64_t>& refusals() const noexcept { return refused_; }
    [[nodiscard]] std::string certificate_of(const atom& peer) const;

    /// Sends if the peer is up. Otherwise drops the message; see `when_up`. False if the peer is one that cannot
    /// receive such a message: then it is dropped, too.
    bool send(const atom& to, dist::control_message message, std::optional<term> payload, const pid* sender = nullptr);
    /// The same for a message from process to process. False, and nothing is done, if the peer is not up or `to` is of
    /// another incarnation.
    bool send_message(const pid& from, const pid& to, const term& message);
    /// Runs `retry` when the peer is up, after dialling it if nobody does; never if that fails: then all that have
    /// relations to that node are told it is lost. `bytes` is what waiting costs. Where too much waits already,
    /// messages are dropped; what somebody waits to hear of (`is_awaited`) has more room, and then counts as a failed
    /// attempt.
    void when_up(const atom& peer, std::size_t bytes, std::function<void()> retry, bool is_awaited = false);
    /// See dist::connection::room; at once if there is no connection.
    [[nodiscard]] task<> room(atom name);
    /// True if `room` would complete at once.
    [[nodiscard]] bool has_room(const atom& name) const;
    result<void> set_cookie(const atom& name, dist::cookie secret);
    /// True unless that peer is up and lacks it.
    [[nodiscard]] bool knows(const atom& peer, dist::capability what) const;
    /// True if that peer is up in another incarnation than this pid's.
    [[nodiscard]] bool is_stale(const pid& who) const;

private:
    struct peer;      // one name: its link, or the attempt to make one
    struct dialling;  // answers of the node to a dial
    struct accepting; // answers of the node to a handshake as acceptor
    using peer_ptr = std::shared_ptr<peer>;

    peer_ptr find(const atom& name) const;
    /// Null if it is not up.
    peer* linked(const atom& name) const;
    peer_ptr find_or_add(const atom& name);
    void begin_dial(const peer_ptr& p);
    task<> run_dial(peer_ptr p, dist::name_arbiter::attempt number);
    task<result<dist::established>> dial(peer_ptr p, dist::name_arbiter::attempt number);
    task<> wait_for_link(peer_ptr p);
    void attempt_failed(const peer_ptr& p, error why);
    void forget_if_idle(const atom& name);
    void link_up(dist::established link, dist::name_arbiter::attempt number);
    void link_down(peer& p, const error& why);
    /// Notes the state of a peer and tells everybody.
    void announce(peer& p, node_event::kind what, node_state state, std::string reason);
    task<> accept_connections();
    task<> run_accept(dist::handshake_gate::ticket ticket, std::unique_ptr<wire::stream> stream);
    /// The secret shared with that peer.
    [[nodiscard]] const dist::cookie& cookie_for(const atom& name) const;
    /// What a new connection uses; null without TLS.
    [[nodiscard]] result<std::shared_ptr<const wire::tls_context>> tls_now();
    void note_refusal(const error& why);
    void lose_name();

    node::impl& owner_;
    std::unique_ptr<wire::listener> listener_;
    std::optional<wire::tls_credentials> credentials_; // set if connections are TLS
    dist::challenge_guard guard_;
    dist::handshake_gate gate_;
    std::optional<dist::name_arbiter> arbiter_; // from `start` on: it needs our name
    std::unordered_map<atom, peer_ptr> peers_;
    mutable peer* recent_ = nullptr; // in `peers_`, which `linked` asked for last: mostly the next one, too
    mutable atom recent_name_;       // of it, the very atom that was asked for: found equal without a look at its text
    std::unordered_map<atom, dist::cookie> cookies_;        // of single peers
    std::shared_ptr<int> alive_ = std::make_shared<int>(0); // for posted jobs: expires with this
    node_traffic closed_;                                   // of connections that are no more
    const std::shared_ptr<dist::watched_links> watched_links_ = std::make_shared<dist::watched_links>();
    bool stopping_ = false;
    atom named_by_; // who gave this node its name; empty: it has one of its own
    bool name_lost_ = false;
    time_point refusals_since_{}; // of the window in which refusals are counted, so that a flood is one line
    std::size_t refusals_ = 0;
    std::map<std::string_view, std::uint64_t> refused_; // since the start, by kind
    std::map<dist::handshake_gate::ticket, std::unique_ptr<nursery>> handshakes_;
    nursery acceptor_; // last: it goes first
};

} // namespace sedge
