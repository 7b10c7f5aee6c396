// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/certified_name.hpp>
#include <sedge/dist/establish.hpp>
#include <sedge/wire/environment.hpp>

#include "dist/handshake_stream.hpp"
#include "dist/secure_stream.hpp"

namespace sedge::dist {

namespace {

/// A connection reset in the middle of a handshake is how some peers close; the core knows what it means there.
bool is_end(const error& e) {
    return e == make_error_code(wire::errc::closed) || e.code() == std::errc::connection_reset ||
           e.code() == std::errc::broken_pipe;
}

/// Carries out one step and gives the next: sends, then waits for a message. Nothing if the peer has closed.
template <class Role>
task<result<std::optional<handshake_step>>> carry_out(handshake_stream& peer, Role& role, handshake_step step) {
    auto sending = peer.send(std::move(step.send));
    const auto sent = co_await std::move(sending);
    if (!sent) {
        if (is_end(sent.error())) co_return std::optional<handshake_step>{};
        co_return sent.error();
    }
    auto reading = peer.next_message();
    const auto message = co_await std::move(reading);
    if (!message) {
        if (is_end(message.error())) co_return std::optional<handshake_step>{};
        co_return message.error();
    }
    if (!message->has_value()) co_return std::optional<handshake_step>{};
    co_return std::optional<handshake_step>{role.feed(**message)};
}

/// A name for whoever asks, as OTP makes them: 64 random bits in base 36.
spare_name make_spare_name(environment& env) {
    constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    constexpr std::uint32_t creation_min = 4; // below are those of old nodes
    spare_name made;
    auto bits = env.random_u64(); // drawn at once: each draw is a system call, and hardly anybody asks for a name
    for (int i = 0; i < 13; ++i, bits /= digits.size()) made.alive.push_back(digits[bits % digits.size()]);
    made.creation = static_cast<std::uint32_t>(creation_min + env.random_below(0xffffffff - creation_min));
    return made;
}

/// Sends the last words of a handshake that has failed; whether they arrive makes no difference any more.
task<> send_last_words(handshake_stream& peer, byte_buffer words) {
    auto sending = peer.send(std::move(words));
    const auto ignored = co_await std::move(sending);
    static_cast<void>(ignored);
}

task<result<peer_identity>> run_initiator(handshake_stream& peer, initiator& role, dial_decisions& node) {
    handshake_step step = role.start();
    for (;;) {
        if (const auto* done = std::get_if<next::done>(&step.then)) co_return done->peer;
        if (const auto* failed = std::get_if<next::failed>(&step.then)) {
            const error why = failed->why;
            auto last = send_last_words(peer, std::move(step.send));
            co_await std::move(last);
            co_return why;
        }
        if (std::holds_alternative<next::confirmation>(step.then)) {
            step = role.confirm(node.is_still_wanted());
            continue;
        }
        auto going = carry_out(peer, role, std::move(step));
        auto next_step = co_await std::move(going);
        if (!next_step) co_return next_step.error();
        if (!next_step->has_value()) co_return role.closed();
        step = std::move(**next_step);
    }
}

/// How far an acceptor has come, also for whoever cancels it at its deadline.
struct acceptance {
    std::unique_ptr<wire::stream> fresh; // before TLS, or without
    std::optional<wire::certificate> shown;
    std::optional<handshake_stream> peer;
    std::string certified; // the name that `shown` proves
};

/// Refuses a name that the certificate is not for, so that the peer learns it.
task<error> refuse_name(handshake_stream& peer, acceptor& role, const peer_identity& claimed, const error& wrong) {
    auto step = role.answer(accept_status::not_allowed, {});
    const error why{wrong.code(), claimed.name.full.str() + " was refused: its certificate " + wrong.context()};
    auto last = send_last_words(peer, std::move(step.send));
    co_await std::move(last);
    co_return why;
}

/// Up to the proof of the peer.
task<result<peer_identity>> run_acceptor(acceptance& so_far, acceptor& role, accept_decisions& node) {
    handshake_stream& peer = *so_far.peer;
    auto reading = peer.next_message();
    const auto first = co_await std::move(reading);
    if (!first) co_return first.error();
    if (!first->has_value()) co_return role.closed();
    handshake_step step = role.feed(**first);
    for (;;) {
        if (const auto* proved = std::get_if<next::admission>(&step.then)) co_return proved->peer;
        if (const auto* failed = std::get_if<next::failed>(&step.then)) {
            const error why = failed->why;
            auto last = send_last_words(peer, std::move(step.send));
            co_await std::move(last);
            co_return why;
        }
        if (const auto* asks = std::get_if<next::status>(&step.then)) {
            const peer_identity claimed = asks->claimed;
            if (so_far.shown) {
                auto proved = certified_name(*so_far.shown, claimed.name);
                if (!proved) {
                    auto refusing = refuse_name(peer, role, claimed, proved.error());
                    co_return co_await std::move(refusing);
                }
                so_far.certified = std::move(*proved);
            }
            status_answer answer = node.on_claim(claimed);
            step = role.answer(answer.status, std::move(answer.secret));
            continue;
        }
        auto going = carry_out(peer, role, std::move(step));
        auto next_step = co_await std::move(going);
        if (!next_step) co_return next_step.error();
        if (!next_step->has_value()) co_return role.closed();
        step = std::move(**next_step);
    }
}

/// TLS if it is asked for, then the handshake.
task<result<peer_identity>> secure_and_run(environment& env, acceptance& so_far, acceptor& role, accept_decisions& node,
                                           std::shared_ptr<const wire::tls_context> tls, handshake_length length) {
    if (tls) {
        auto securing = secure_accepted(env, std::move(so_far.fresh), std::move(tls));
        auto link = co_await std::move(securing);
        if (!link) co_return link.error();
        so_far.fresh = std::move(link->stream);
        so_far.shown = std::move(link->peer);
    }
    so_far.peer.emplace(std::move(so_far.fresh), length);
    auto running = run_acceptor(so_far, role, node);
    co_return co_await std::move(running);
}

/// The first candidate that accepts a connection; the time left is shared among those not tried yet.
task<result<std::unique_ptr<wire::stream>>> connect_any(environment& env, std::string peer,
                                                        std::vector<wire::endpoint> candidates, time_point deadline) {
    error last{errc::refused, peer + " has no address"};
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const duration left = deadline - env.now();
        const time_point due = env.now() + left / static_cast<duration::rep>(candidates.size() - i);
        auto connecting = env.net().connect(candidates[i]);
        auto bounded = with_deadline(env, due, std::move(connecting));
        auto stream = co_await std::move(bounded);
        if (stream) co_return std::move(*stream);
        const bool late = stream.error() == make_error_code(sedge::errc::timed_out);
        last = error{late ? make_error_code(errc::unreachable) : stream.error().code(),
                     peer + " cannot be reached at " + wire::to_string(candidates[i])};
    }
    co_return last;
}

} // namespace

task<result<established>> dial(environment& env, challenge_guard& guard, dial_decisions& node, dial_options options) {
    if (options.peer == options.self.name)
        co_return error{errc::name_invalid, options.peer.full.str() + " is the name of this node"};
    const auto kind = check_name_kind(options.long_names, options.peer);
    if (!kind) co_return kind.error();
    auto connecting = connect_any(env, options.peer.full.str(), options.candidates, options.deadline);
    auto stream = co_await std::move(connecting);
    if (!stream) co_return stream.error();
    std::string certified;
    if (options.tls) {
        auto securing = secure_dialled(env, *std::move(stream), options.peer, options.tls);
        auto in_time = with_deadline(env, options.deadline, std::move(securing));
        auto link = co_await std::move(in_time);
        if (!link) {
            const bool late = link.error() == make_error_code(sedge::errc::timed_out);
            co_return late ? error{errc::silent, waiting_for_tls(options.peer.full.str())} : link.error();
        }
        certified = certified_name(link->peer, options.peer).value_or(std::string{}); // which was checked
        stream = std::move(link->stream);
        options.length = handshake_length::u32;
    }
    if (!node.may_send_name())
        co_return error{errc::already_connected, options.peer.full.str() + " has connected to this node meanwhile"};
    auto shaking = initiate(env, guard, node, std::move(*stream), std::move(options));
    auto made = co_await std::move(shaking);
    if (made) made->certificate = std::move(certified);
    co_return made;
}

task<result<established>> initiate(environment& env, challenge_guard& guard, dial_decisions& node,
                                   std::unique_ptr<wire::stream> stream, dial_options options) {
    handshake_stream peer{std::move(stream), options.length};
    const std::string name = options.peer.full.str();
    initiator role{std::move(options.self), std::move(options.peer), std::move(options.secret), guard,
                   guard.issue(env),        options.length};
    auto running = run_initiator(peer, role, node);
    auto bounded = with_deadline(env, options.deadline, std::move(running));
    auto proved = co_await std::move(bounded);
    if (!proved) {
        if (proved.error() == make_error_code(sedge::errc::timed_out))
            co_return error{errc::silent, role.waiting_for()};
        // With TLS 1.3 this is where we hear that the peer does not take our certificate.
        if (proved.error().code().category() == wire::tls_alert_category()) co_return proved.error().within(name);
        co_return proved.error();
    }
    established made = peer.finish(role.self().name.full, std::move(*proved), true);
    made.self_creation = role.self().creation;
    co_return made;
}

task<result<established>> accept(environment& env, challenge_guard& guard, accept_decisions& node,
                                 std::unique_ptr<wire::stream> stream, accept_options options) {
    const atom self = options.self.name.full;
    const std::string from = "connection from " + wire::to_string(stream->remote());
    const handshake_length length = options.tls ? handshake_length::u32 : options.length;
    acceptor role{std::move(options.self), guard, guard.issue(env), length, make_spare_name(env)};
    acceptance so_far;
    so_far.fresh = std::move(stream);
    auto running = secure_and_run(env, so_far, role, node, std::move(options.tls), length);
    auto bounded = with_deadline(env, env.now() + options.time_max, std::move(running));
    auto proved = co_await std::move(bounded);
    if (!proved) {
        const bool late = proved.error() == make_error_code(sedge::errc::timed_out);
        const bool in_tls = !so_far.peer;
        const error why =
            late ? proved.error().within(in_tls ? "waiting for the TLS of whoever connected" : role.waiting_for())
                 : proved.error();
        co_return why.within(from);
    }
    auto asking = node.admit(*proved);
    const auto admitted = co_await std::move(asking);
    if (!admitted) co_return admitted.error().within(from);
    auto sending = so_far.peer->send(role.acknowledge().send);
    auto sent_in_time = with_deadline(env, env.now() + options.time_max, std::move(sending));
    const auto sent = co_await std::move(sent_in_time);
    if (!sent) co_return sent.error().within(from);
    auto made = so_far.peer->finish(self, std::move(*proved), false);
    made.certificate = std::move(so_far.certified);
    co_return made;
}

} // namespace sedge::dist
