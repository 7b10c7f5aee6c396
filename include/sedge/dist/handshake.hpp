// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/dist/challenge_guard.hpp>
#include <sedge/dist/cookie.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/dist/flags.hpp>
#include <sedge/dist/node_name.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace sedge::dist {

/// Bytes of the length in front of each handshake message: 2 over TCP, 4 over TLS.
enum class handshake_length : std::uint8_t { u16 = 2, u32 = 4 };

/// What this node tells about itself in a handshake.
struct identity {
    node_name name;
    std::uint32_t creation = 0;
    flags announced;
};

/// A name for somebody who asks for one: what stands before the `@`, and the creation of a node that never had it.
struct spare_name {
    std::string alive;
    std::uint32_t creation = 0;
};

/// What is known about the other side.
struct peer_identity {
    node_name name;
    std::uint32_t creation = 0;
    flags announced; ///< The peer's own flags, expanded.
    flags chosen;    ///< Common to both: what may be used on this connection.

    /// Both sides show themselves to the cluster.
    [[nodiscard]] bool is_visible() const noexcept { return chosen.has(capability::published); }
};

/// What an acceptor answers to a name. `text` on the wire in quotes.
enum class accept_status {
    ok,              ///< "ok"
    ok_simultaneous, ///< "ok_simultaneous": we are dialling it as well, and its attempt is the one that counts.
    nok,             ///< "nok": we are dialling it as well, and our attempt is the one that counts.
    not_allowed,     ///< "not_allowed"
    alive,           ///< "alive": there is a connection already. The initiator says whether to go on.
    drop,            ///< No answer; the connection is closed.
};
std::string_view to_string(accept_status status) noexcept;

/// What a handshake wants next. `send` always goes out first, framed already.
namespace next {
struct message {}; ///< Another message of the peer: `feed`.
struct status {    ///< Acceptor: a status for this claimed, unproven name: `answer`.
    peer_identity claimed;
};
struct confirmation {}; ///< Initiator: the peer says `alive`. Is the connection still wanted? `confirm`.
struct admission {      ///< Acceptor: the peer has proved itself. `acknowledge` when its place is free.
    peer_identity peer;
};
struct done { ///< The link is up; what follows in the stream are packets.
    peer_identity peer;
};
struct failed { ///< Close the stream (after sending `send`).
    error why;
};
} // namespace next

struct handshake_step {
    byte_buffer send;
    std::variant<next::message, next::status, next::confirmation, next::admission, next::done, next::failed> then;
};

/// The side that dials. A core: messages in, steps out.
///
/// Each call must match what the last step asked for.
/// Spec: Distribution Protocol 13.2; docs/protocol/handshake.md.
class initiator {
public:
    /// `ours`: a challenge from `guard`; its value goes to the peer with our answer.
    initiator(identity self, node_name peer, cookie secret, challenge_guard& guard, challenge_guard::issued ours,
              handshake_length length = handshake_length::u16);

    /// The first step: our name.
    handshake_step start();
    /// One message of the peer, without its length.
    handshake_step feed(byte_view message);
    /// After next::confirmation: goes on, or says `false` and fails with errc::already_connected.
    handshake_step confirm(bool still_wanted);

    /// What it means that the peer closed the stream now.
    [[nodiscard]] error closed() const;
    /// What it waits for, for a timeout's context.
    [[nodiscard]] std::string waiting_for() const;
    /// As given to the constructor. With NAME_ME in its flags the peer was asked for a name: after next::done it is
    /// the one that was given, with its creation.
    [[nodiscard]] const identity& self() const noexcept { return self_; }

private:
    enum class state { status, confirmation, challenge, ack, over };
    handshake_step on_status(byte_view message);
    handshake_step on_given_name(byte_view message);
    handshake_step on_challenge(byte_view message);
    handshake_step on_other_name(std::string_view theirs);
    handshake_step on_ack(byte_view message);
    handshake_step fail(errc code, const std::string& sentence, byte_buffer send = {});
    [[nodiscard]] std::string name() const;

    identity self_;
    node_name peer_;
    cookie secret_;
    challenge_guard* guard_;
    challenge_guard::issued ours_;
    handshake_length length_;
    state state_ = state::status;
    peer_identity found_;
};

/// The side that is dialled. A core: messages in, steps out. Keeps nothing outside of itself: whatever a peer claims
/// is known to nobody until it has proved that it knows the cookie.
class acceptor {
public:
    /// `spare`: for a peer that asks for a name (NAME_ME). Without one it is not allowed.
    acceptor(identity self, challenge_guard& guard, challenge_guard::issued ours,
             handshake_length length = handshake_length::u16, spare_name spare = {});

    handshake_step feed(byte_view message);
    /// After next::status. `secret` is the cookie for that peer.
    handshake_step answer(accept_status status, cookie secret);
    /// After next::admission: our proof; the link is up.
    handshake_step acknowledge();

    [[nodiscard]] error closed() const;
    [[nodiscard]] std::string waiting_for() const;

private:
    enum class state { name, status, alive, complement, reply, admission, over };
    handshake_step on_name(byte_view message);
    handshake_step on_alive(byte_view message);
    handshake_step on_complement(byte_view message);
    handshake_step on_reply(byte_view message);
    handshake_step challenge(byte_buffer before);
    [[nodiscard]] byte_buffer framed_status(accept_status status) const;
    handshake_step fail(errc code, const std::string& sentence, byte_buffer send = {});
    [[nodiscard]] std::string name() const;

    identity self_;
    challenge_guard* guard_;
    challenge_guard::issued ours_;
    handshake_length length_;
    cookie secret_;
    state state_ = state::name;
    spare_name spare_;
    bool gives_name_ = false; // the peer has none
    bool old_form_ = false;   // the name came as 'n'; flags and creation are completed by 'c'
    peer_identity peer_;
    std::uint32_t theirs_ = 0; // the initiator's challenge
};

} // namespace sedge::dist
