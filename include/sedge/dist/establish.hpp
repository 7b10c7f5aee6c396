// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/task.hpp>
#include <sedge/dist/handshake.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

#include <memory>
#include <vector>

namespace sedge {
class environment;
}

namespace sedge::dist {

/// A stream on which the handshake is done, ready to become a `connection`.
struct established {
    std::unique_ptr<wire::stream> stream;
    byte_buffer leftover; ///< What came behind the handshake in the same read: the first packets.
    atom self;            ///< The name this node has on this connection.
    peer_identity peer;
    bool initiated_here = false;
    std::uint32_t self_creation = 0; ///< Of the name, if it was given to this node in this handshake.
    std::string certificate; ///< The name that the peer's certificate proves, see `certified_name`; empty without TLS.
};

/// What the driver of the initiator asks the node. Called on the environment's thread, between two messages.
class dial_decisions {
public:
    virtual ~dial_decisions() = default;
    /// The stream is up and our name would go out now. False ends the attempt with errc::already_connected.
    virtual bool may_send_name() = 0;
    /// The peer says that we are connected already. True makes it drop that connection: only if this attempt is
    /// still the one wanted.
    virtual bool is_still_wanted() = 0;
};

struct dial_options {
    identity self;
    node_name peer;
    bool long_names = true;
    cookie secret;
    std::vector<wire::endpoint> candidates;          ///< Tried in order until one accepts the connection.
    time_point deadline{};                           ///< For all of it: connecting and handshake.
    handshake_length length = handshake_length::u16; ///< Without TLS.
    /// Set: TLS first, and the peer's certificate must be for `peer`. A peer without TLS is refused.
    std::shared_ptr<const wire::tls_context> tls{};
};

/// Connects to a peer and does the handshake as initiator.
///
/// `env`, `guard` and `node` must outlive the task.
/// Errors: dist::errc, system codes of the last candidate, wire::tls_errc, codes of
/// wire::tls_alert_category; the context names peer, address and step.
task<result<established>> dial(environment& env, challenge_guard& guard, dial_decisions& node, dial_options options);

/// The same on a stream that is connected already, or has TLS already. Does not ask `may_send_name`.
task<result<established>> initiate(environment& env, challenge_guard& guard, dial_decisions& node,
                                   std::unique_ptr<wire::stream> stream, dial_options options);

struct status_answer {
    accept_status status = accept_status::drop;
    cookie secret; ///< The one for this peer's name.
};

/// What the driver of the acceptor asks the node.
class accept_decisions {
public:
    virtual ~accept_decisions() = default;
    /// Somebody claims to be `claimed`. Nothing may be stored about it: it is not proved.
    virtual status_answer on_claim(const peer_identity& claimed) = 0;
    /// The claim is proved. Completes when the name's place is free: an older connection is down and everybody here
    /// has been told. An error refuses the peer.
    virtual task<result<void>> admit(peer_identity peer) = 0;
};

struct accept_options {
    identity self;
    duration time_max = limits::handshake_time_max;  ///< Up to the proof, all steps together.
    handshake_length length = handshake_length::u16; ///< Without TLS.
    /// Set: TLS first, and the peer's certificate must be for the name it claims. A peer without TLS is refused.
    std::shared_ptr<const wire::tls_context> tls{};
};

/// Does the handshake as acceptor on a fresh stream.
///
/// Reads at most `limits::handshake_bytes_max`, with TLS `limits::tls_handshake_bytes_max` before them. `env`, `guard`
/// and `node` must outlive the task. Errors: dist::errc, errc::timed_out, errc::limit_exceeded, system codes,
/// wire::tls_errc, codes of wire::tls_alert_category; the context names address and step. An error may still come after
/// `admit`: the place is free again then.
task<result<established>> accept(environment& env, challenge_guard& guard, accept_decisions& node,
                                 std::unique_ptr<wire::stream> stream, accept_options options);

} // namespace sedge::dist
