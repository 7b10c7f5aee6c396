// SPDX-License-Identifier: Apache-2.0
//
// Two nodes prove to each other that they know the same cookie, and agree on what they may use.
//
//   initiator                         acceptor
//     name, flags, creation    ->
//                              <-     status: ok | ok_simultaneous | nok | not_allowed | alive | named: name, creation
//     status: true | false     ->     only after alive
//                              <-     challenge, name, flags, creation
//     complement               ->     only where the name came in the form of OTP 22 ('n')
//     challenge, proof         ->     proof: MD5 of cookie and the acceptor's challenge
//                              <-     proof for the initiator's challenge; from here on packets
//
// An initiator that has no name (NAME_ME) says its host in place of one, and with creation 0. The acceptor makes a name
// up, which the initiator has from then on for all its connections. Such a connection is hidden.
//
// Every message has its length in front: 16 bits over TCP, 32 bits over TLS. A failure has no message, the stream is
// closed; so a peer that closes after our proof has most likely another cookie, and the errors here say so.
//
// Differences from OTP: a name is not stored, reserved or turned into anything before its proof is right. A challenge
// that is one of our own is never answered, in either role (see challenge_guard). The initiator always sends 'N'. The
// acceptor takes 'n' as OTP 25.3 and later do; 25.0 to 25.2 close. A name that was given and is free again is not given
// anew with the next creation, as OTP does to save atoms; each is random.
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/dist/handshake.hpp>
#include <sedge/wire/transport.hpp>

#include "dist/handshake_messages.hpp"

namespace sedge::dist {

namespace msg = handshake_messages;

namespace {

std::string listed(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
}

} // namespace

std::string_view to_string(accept_status status) noexcept {
    switch (status) {
    case accept_status::ok: return "ok";
    case accept_status::ok_simultaneous: return "ok_simultaneous";
    case accept_status::nok: return "nok";
    case accept_status::not_allowed: return "not_allowed";
    case accept_status::alive: return "alive";
    case accept_status::drop: break;
    }
    return "";
}

// -- initiator -------------------------------------------------------------------------------------------------------

initiator::initiator(identity self, node_name peer, cookie secret, challenge_guard& guard, challenge_guard::issued ours,
                     handshake_length length)
    : self_(std::move(self)), peer_(std::move(peer)), secret_(std::move(secret)), guard_(&guard),
      ours_(std::move(ours)), length_(length) {}

handshake_step initiator::start() {
    byte_buffer message;
    msg::write_name(message, self_);
    handshake_step step;
    msg::frame(step.send, length_, message);
    return step;
}

handshake_step initiator::feed(byte_view message) {
    switch (state_) {
    case state::status: return on_status(message);
    case state::challenge: return on_challenge(message);
    case state::ack: return on_ack(message);
    case state::confirmation:
    case state::over: break;
    }
    return fail(errc::bad_handshake, "sent a message that nobody asked for");
}

handshake_step initiator::on_status(byte_view message) {
    const auto status = msg::read_status(message);
    if (!status) return fail(errc::bad_handshake, "did not answer our name with a status");
    const bool asked = self_.announced.has(capability::name_me);
    if (asked && *status != "not_allowed") return on_given_name(message);
    if (*status == "ok" || *status == "ok_simultaneous") {
        state_ = state::challenge;
        return {};
    }
    if (*status == "alive") {
        state_ = state::confirmation;
        return {{}, next::confirmation{}};
    }
    if (*status == "nok")
        return fail(errc::already_connected, "is dialling this node as well, and its attempt is the one that counts");
    if (*status == "not_allowed")
        return fail(errc::not_allowed, "does not allow this node: it has an allow list without " +
                                           self_.name.full.str() +
                                           ", or demands a capability that this node lacks, or knows from the "
                                           "certificate that this node is another one");
    return fail(errc::bad_handshake,
                "answered our name with the unknown status \"" + printable(status->substr(0, 32)) + "\"");
}

/// Other statuses mean nothing here: what has no name is neither known nor dialled.
handshake_step initiator::on_given_name(byte_view message) {
    const auto given = msg::read_given_name(message);
    if (!given) return fail(errc::bad_handshake, "was asked for a name and gave none");
    auto name = node_name::parse(given->text);
    if (!name) return fail(errc::bad_handshake, "gave this node the name " + name.error().context());
    if (name->host != self_.name.host)
        return fail(errc::bad_handshake, "gave this node a name on another host: " + name->full.str());
    self_.name = std::move(*name);
    self_.creation = given->creation;
    state_ = state::challenge;
    return {};
}

handshake_step initiator::confirm(bool still_wanted) {
    SEDGE_ASSERT(state_ == state::confirmation);
    byte_buffer message;
    msg::write_status(message, still_wanted ? "true" : "false");
    byte_buffer framed;
    msg::frame(framed, length_, message);
    if (!still_wanted) return fail(errc::already_connected, "is connected already", std::move(framed));
    state_ = state::challenge;
    return {std::move(framed), next::message{}};
}

handshake_step initiator::on_challenge(byte_view message) {
    if (!message.empty() && message.front() == 'n')
        return fail(errc::flags_missing, "speaks only the handshake of OTP 22 and older");
    const auto challenge = msg::read_challenge(message);
    if (!challenge) return fail(errc::bad_handshake, "sent no proper challenge");
    if (challenge->text != peer_.full.text()) return on_other_name(challenge->text);
    const flags theirs = challenge->sent.expanded();
    if (!theirs.has_all(mandatory_25))
        return fail(errc::flags_missing, "lacks " + listed(mandatory_25.without(theirs).names()));
    if (guard_->is_ours(challenge->value))
        return fail(errc::refused, "sent us one of our own challenges, as somebody would who does not know the cookie");

    found_ = {peer_, challenge->creation, theirs, theirs.common_with(self_.announced)};
    byte_buffer reply;
    msg::write_reply(reply, ours_.value(), secret_.answer(challenge->value));
    handshake_step step;
    msg::frame(step.send, length_, reply);
    state_ = state::ack;
    return step;
}

/// Who has the right name before the `@` and the other kind behind it is most likely the node that was meant.
handshake_step initiator::on_other_name(std::string_view theirs) {
    const auto shown = printable(theirs.substr(0, limits::node_name_characters_max));
    const auto parsed = node_name::parse(theirs);
    if (parsed && parsed->alive == peer_.alive && parsed->is_long() != peer_.is_long())
        return fail(errc::name_kind, "calls itself " + shown + ": it uses " + (parsed->is_long() ? "long" : "short") +
                                         " names, so start both nodes with --name, or both with --sname");
    return fail(errc::name_mismatch,
                "is not there: the node at this address calls itself " + shown + "; dial it by exactly that name");
}

handshake_step initiator::on_ack(byte_view message) {
    const auto proof = msg::read_ack(message);
    if (!proof) return fail(errc::bad_handshake, "sent no proper proof");
    if (!secret_.accepts(*proof, ours_.value()))
        return fail(errc::wrong_cookie, "accepted our cookie but has another one itself; do not trust what runs there");
    state_ = state::over;
    return {{}, next::done{found_}};
}

handshake_step initiator::fail(errc code, const std::string& sentence, byte_buffer send) {
    state_ = state::over;
    return {std::move(send), next::failed{error{code, name() + " " + sentence}}};
}

std::string initiator::name() const { return peer_.full.str(); }

error initiator::closed() const {
    switch (state_) {
    case state::ack:
        return {errc::wrong_cookie, name() + " closed the connection after our proof, so its cookie is another one; "
                                             "set the same cookie on both nodes"};
    case state::challenge:
        return {errc::refused, name() + " closed the connection after it had accepted our name; its log may say why"};
    case state::status:
    case state::confirmation:
    case state::over: break;
    }
    return {wire::errc::closed,
            name() + " closed the connection without an answer to our name " + self_.name.full.str() +
                "; a node does so for a minute after several failed attempts from this address, and "
                "it may be busy with other connections, or no node"};
}

std::string initiator::waiting_for() const {
    switch (state_) {
    case state::status: return "waiting for the answer of " + name() + " to our name";
    case state::challenge: return "waiting for the challenge of " + name();
    case state::ack: return "waiting for the proof of " + name();
    case state::confirmation:
    case state::over: break;
    }
    return "handshake with " + name();
}

// -- acceptor --------------------------------------------------------------------------------------------------------

acceptor::acceptor(identity self, challenge_guard& guard, challenge_guard::issued ours, handshake_length length,
                   spare_name spare)
    : self_(std::move(self)), guard_(&guard), ours_(std::move(ours)), length_(length), spare_(std::move(spare)) {}

handshake_step acceptor::feed(byte_view message) {
    switch (state_) {
    case state::name: return on_name(message);
    case state::alive: return on_alive(message);
    case state::complement: return on_complement(message);
    case state::reply: return on_reply(message);
    case state::status:
    case state::admission:
    case state::over: break;
    }
    return fail(errc::bad_handshake, "sent a message that nobody asked for");
}

handshake_step acceptor::on_name(byte_view message) {
    const auto read = msg::read_name(message);
    if (!read) return fail(errc::bad_handshake, "sent no proper name");
    const flags theirs = read->sent.expanded();
    gives_name_ = theirs.has(capability::name_me);
    if (gives_name_ && (spare_.alive.empty() || read->old_form)) {
        auto status = framed_status(accept_status::not_allowed);
        return fail(errc::not_allowed, "asked to be given a name", std::move(status));
    }
    auto parsed =
        node_name::parse(gives_name_ ? spare_.alive + "@" + std::string{read->text} : std::string{read->text});
    if (!parsed) return fail(errc::name_invalid, "sent the name " + parsed.error().context());
    if (gives_name_) self_.announced = self_.announced.without(capability::published).with(capability::name_me);
    const auto creation = gives_name_ ? spare_.creation : read->creation;
    peer_ = {std::move(*parsed), creation, theirs, theirs.common_with(self_.announced)};
    if (peer_.name == self_.name) {
        auto status = framed_status(accept_status::nok);
        return fail(errc::name_invalid, "has the name of this node", std::move(status));
    }
    if (read->old_form && !theirs.has(capability::handshake_23))
        return fail(errc::flags_missing, "is a node of OTP 22 or older");
    if (!theirs.has_all(mandatory_25)) {
        auto status = framed_status(accept_status::not_allowed);
        return fail(errc::flags_missing, "lacks " + listed(mandatory_25.without(theirs).names()), std::move(status));
    }
    old_form_ = read->old_form;
    state_ = state::status;
    return {{}, next::status{peer_}};
}

byte_buffer acceptor::framed_status(accept_status status) const {
    byte_buffer message;
    msg::write_status(message, to_string(status));
    byte_buffer framed;
    msg::frame(framed, length_, message);
    return framed;
}

handshake_step acceptor::answer(accept_status status, cookie secret) {
    SEDGE_ASSERT(state_ == state::status);
    secret_ = std::move(secret);
    if (gives_name_ && status == accept_status::ok) {
        byte_buffer message;
        msg::write_given_name(message, peer_.name.full.text(), peer_.creation);
        byte_buffer framed;
        msg::frame(framed, length_, message);
        return challenge(std::move(framed));
    }
    // Somebody has the name we made up: the next attempt gets another one.
    if (gives_name_ && status != accept_status::not_allowed) status = accept_status::drop;
    switch (status) {
    case accept_status::ok:
    case accept_status::ok_simultaneous: return challenge(framed_status(status));
    case accept_status::alive: state_ = state::alive; return {framed_status(status), next::message{}};
    case accept_status::nok:
        return fail(errc::already_connected, "is being dialled by this node, and that attempt is the one that counts",
                    framed_status(status));
    case accept_status::not_allowed:
        return fail(errc::not_allowed, "is not on the allow list of this node", framed_status(status));
    case accept_status::drop: break;
    }
    return fail(errc::already_connected, "is about to be connected already");
}

handshake_step acceptor::on_alive(byte_view message) {
    if (msg::read_status(message) != std::string_view{"true"})
        return fail(errc::already_connected, "keeps the connection it has");
    return challenge({});
}

handshake_step acceptor::challenge(byte_buffer before) {
    byte_buffer message;
    msg::write_challenge(message, self_, ours_.value());
    msg::frame(before, length_, message);
    state_ = old_form_ ? state::complement : state::reply;
    return {std::move(before), next::message{}};
}

handshake_step acceptor::on_complement(byte_view message) {
    const auto rest = msg::read_complement(message);
    if (!rest) return fail(errc::bad_handshake, "did not complete its flags");
    peer_.announced = peer_.announced.with(flags{std::uint64_t{rest->flags_high} << 32});
    peer_.chosen = peer_.announced.common_with(self_.announced);
    peer_.creation = rest->creation;
    state_ = state::reply;
    return {};
}

handshake_step acceptor::on_reply(byte_view message) {
    const auto reply = msg::read_reply(message);
    if (!reply) return fail(errc::bad_handshake, "sent no proper answer to the challenge");
    if (!secret_.accepts(reply->proof, ours_.value()))
        return fail(errc::wrong_cookie, "has another cookie; set the same cookie on both nodes");
    if (guard_->is_ours(reply->challenge))
        return fail(errc::refused, "sent us one of our own challenges, as somebody would who does not know the cookie");
    theirs_ = reply->challenge;
    state_ = state::admission;
    return {{}, next::admission{peer_}};
}

handshake_step acceptor::acknowledge() {
    SEDGE_ASSERT(state_ == state::admission);
    byte_buffer message;
    msg::write_ack(message, secret_.answer(theirs_));
    handshake_step step{{}, next::done{peer_}};
    msg::frame(step.send, length_, message);
    state_ = state::over;
    return step;
}

handshake_step acceptor::fail(errc code, const std::string& sentence, byte_buffer send) {
    state_ = state::over;
    return {std::move(send), next::failed{error{code, name() + " " + sentence}}};
}

std::string acceptor::name() const { return peer_.name.full.empty() ? "somebody" : peer_.name.full.str(); }

error acceptor::closed() const {
    if (state_ == state::name) return {errc::refused, "somebody connected and left without saying a name"};
    return {errc::refused, name() + " closed the connection during the handshake"};
}

std::string acceptor::waiting_for() const {
    switch (state_) {
    case state::name: return "waiting for the name of whoever connected";
    case state::alive: return "waiting for " + name() + " to say whether to go on";
    case state::complement:
    case state::reply: return "waiting for the proof of " + name();
    case state::status:
    case state::admission:
    case state::over: break;
    }
    return "handshake with " + name();
}

} // namespace sedge::dist
