// SPDX-License-Identifier: Apache-2.0
//
// Connections that this node opens, and what is sent before they are up.
//
// A peer is dialled at most once in `node_options::dial_pause`, whoever asks: topologies, `global` that was told of it,
// and senders do not know of each other, and after a split each of them wants what the others want. Who asks sooner
// waits; if the peer's own dial arrives meanwhile, that is the connection.
#include "process/peer.hpp"

#include <sedge/dist/error.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

namespace sedge {

namespace {

/// A peer shuts out who has failed several times in `handshake_failure_window`, for `handshake_block_time`.
constexpr duration reason_kept = limits::handshake_failure_window + limits::handshake_block_time;

/// The stream was closed before a word came. With TLS that is before the handshake, which has a word of its own for it.
bool is_wordless(const error& why) {
    return why == make_error_code(wire::errc::closed) || why == make_error_code(wire::tls_errc::closed) ||
           why.code() == std::errc::connection_reset;
}

} // namespace

struct peer_set::dialling final : dist::dial_decisions {
    dialling(dist::name_arbiter& a, atom p, dist::name_arbiter::attempt n)
        : arbiter(a), peer(std::move(p)), number(n) {}
    ~dialling() override { arbiter.dial_ended(peer, number); } // harmless if it has won or lost
    bool may_send_name() override { return arbiter.dial_connected(peer, number); }
    bool is_still_wanted() override { return arbiter.dial_still_wanted(peer, number); }

    dist::name_arbiter& arbiter;
    atom peer;
    dist::name_arbiter::attempt number;
};

task<result<void>> peer_set::connect(atom name) {
    if (stopping_ || !arbiter_)
        co_return error{errc::stopped, "connect " + printable(name.text()) + ": this node is not running"};
    if (name_lost_)
        co_return error{errc::stopped, "connect " + printable(name.text()) + ": this node has lost its name"};
    if (name == owner_.name)
        co_return error{errc::invalid_argument, "connect " + printable(name.text()) + ": that is this node itself"};
    if (is_up(name)) co_return result<void>{};
    auto p = find_or_add(name);
    p->last_failure.reset();
    begin_dial(p);
    while (!p->connection && !p->last_failure) {
        auto change = p->changed.wait();
        co_await std::move(change);
    }
    if (p->connection) co_return result<void>{};
    co_return *p->last_failure;
}

void peer_set::begin_dial(const peer_ptr& p) {
    if (!p->dial.empty()) return;
    if (auto number = arbiter_->begin_dial(p->name)) p->dial.start(run_dial(p, *number));
}

task<> peer_set::run_dial(peer_ptr p, dist::name_arbiter::attempt number) {
    auto attempt = dial(p, number);
    auto outcome = co_await std::move(attempt);
    if (outcome) {
        link_up(std::move(*outcome), number);
        co_return;
    }
    if (outcome.error() == make_error_code(dist::errc::already_connected)) {
        // The peer dials us as well and its attempt is the one that counts. It comes, or cannot: then this one failed.
        // When it is proved it cancels this task.
        auto coming = wait_for_link(p);
        auto bounded =
            detail::finishes_before(owner_.env, owner_.env.now() + owner_.options.setup_time, std::move(coming));
        (void)co_await std::move(bounded);
        if (p->connection) co_return;
    }
    attempt_failed(p, std::move(outcome).error());
}

task<> peer_set::wait_for_link(peer_ptr p) {
    while (!p->connection) {
        auto change = p->changed.wait();
        co_await std::move(change);
    }
}

task<result<dist::established>> peer_set::dial(peer_ptr p, dist::name_arbiter::attempt number) {
    const std::string step = "connect " + printable(p->name.text());
    dialling decisions{*arbiter_, p->name, number};
    auto parsed = node_name::parse(p->name.text());
    if (!parsed) co_return std::move(parsed).error().within(step);
    if (auto kind = check_name_kind(owner_.options.long_names, *parsed); !kind) co_return kind.error().within(step);
    if (p->dialled_at) {
        auto pause = sleep_until(owner_.env, *p->dialled_at + owner_.options.dial_pause);
        co_await std::move(pause);
    }
    p->dialled_at = owner_.env.now();
    auto deadline = owner_.env.now() + owner_.options.setup_time;

    auto looking = owner_.where.locate(parsed->alive, parsed->host);
    auto look_up = with_deadline(owner_.env, deadline, std::move(looking));
    auto found = co_await std::move(look_up);
    if (!found) co_return std::move(found).error().within(step);

    dist::dial_options options;
    options.self = {*owner_.parsed, owner_.creation, dist::announced(owner_.options.hidden)};
    options.peer = *parsed;
    options.long_names = owner_.options.long_names;
    options.secret = cookie_for(p->name);
    auto tls = tls_now();
    if (!tls) co_return std::move(tls).error().within(step);
    options.tls = *std::move(tls);
    options.candidates = std::move(*found);
    options.deadline = deadline;
    auto dialled = dist::dial(owner_.env, guard_, decisions, std::move(options));
    auto outcome = co_await std::move(dialled);
    if (outcome && !arbiter_->dial_won(p->name, number))
        co_return error{dist::errc::already_connected, step + ": another connection has won"};
    co_return outcome;
}

void peer_set::attempt_failed(const peer_ptr& p, error why) {
    if (p->connection || arbiter_->is_up(p->name) || arbiter_->is_dialling(p->name)) {
        p->note_change(); // another attempt goes on, or has won
        return;
    }
    p->last_failure = p->told_reason(std::move(why), owner_.env.now());
    p->failed_at = owner_.env.now();
    p->waiting.clear();
    p->waiting_bytes = 0;
    owner_.node_lost(p->name);
    p->note_change();
    if (peers_.size() > limits::peers_max)
        owner_.env.post([this, name = p->name, alive = std::weak_ptr<int>(alive_)] {
            if (alive.lock()) forget_if_idle(name);
        });
}

/// A peer that shuts us out after several failed attempts has no word for it, so what it said before is told on.
error peer_set::peer::told_reason(error why, time_point now) {
    if (last_reason && is_wordless(why) && now - last_reason_at < reason_kept) {
        std::string what = last_reason->context();
        const std::string opening = "connect " + printable(name.text()) + ": ";
        if (what.starts_with(opening)) what.erase(0, opening.size());
        return {last_reason->code(), opening + what + "; after several such attempts it answers none for a minute"};
    }
    if (dist::outcome_of(why.code()) == dist::handshake_gate::outcome::failed && !is_wordless(why)) {
        last_reason = why;
        last_reason_at = now;
    }
    return why;
}

void peer_set::forget_if_idle(const atom& name) {
    auto p = find(name);
    if (!p || p->connection || !p->waiting.empty() || !p->dial.empty() || p.use_count() != 2) return;
    if (recent_ == p.get()) recent_ = nullptr;
    peers_.erase(name);
}

void peer_set::when_up(const atom& name, std::size_t bytes, std::function<void()> retry, bool is_awaited) {
    auto lost = [this, name] { owner_.node_lost(name); };
    if (stopping_ || !arbiter_ || name_lost_) return lost();
    auto p = find(name);
    bool under_way = p && (!p->dial.empty() || arbiter_->is_up(name));
    if (!under_way) {
        if (!owner_.options.auto_connect) return lost();
        if (!p && peers_.size() >= 2 * limits::peers_max) return lost();
        if (p && p->last_failure && owner_.env.now() < p->failed_at + owner_.options.dial_pause) return lost();
        p = find_or_add(name);
    }
    const std::size_t more = is_awaited ? limits::send_control_bytes : 0;
    if (p->waiting_bytes + bytes > owner_.options.send_queue_bytes_max + more) {
        owner_.env.log(log_level::warning, "[sedge] too much is waiting for the connection to " +
                                               printable(name.text()) + ": a message was dropped");
        if (!is_awaited) return;
        p->waiting.clear();
        p->waiting_bytes = 0;
        return lost();
    }
    p->waiting.push_back(std::move(retry));
    p->waiting_bytes += bytes;
    if (!under_way) begin_dial(p);
}

} // namespace sedge
