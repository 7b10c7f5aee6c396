// SPDX-License-Identifier: Apache-2.0
//
// Connections that others open.
#include "process/peer.hpp"

namespace sedge {

namespace {

constexpr duration refusal_window = seconds{60}; // in which refusals are counted
constexpr std::size_t refusals_logged_max = 10;  // per window

} // namespace

struct peer_set::accepting final : dist::accept_decisions {
    accepting(peer_set& s, dist::handshake_gate::ticket t) : set(s), ticket(t) {}
    ~accepting() override {
        set.gate_.leave(ticket, dist::handshake_gate::outcome::failed, set.owner_.env.now()); // if it has not left
        if (claimed.empty() || taken) return;
        set.arbiter_->link_down(claimed, number);
        auto p = set.find(claimed);
        if (!p) return;
        if (dial_gave_way && !set.stopping_) set.begin_dial(p); // for those who wait for it
        set.attempt_failed(p, error{dist::errc::refused, "the handshake was not finished"});
    }

    dist::status_answer on_claim(const dist::peer_identity& who) override {
        const atom& name = who.name.full;
        bool known = set.peers_.count(name) != 0;
        if (name == set.owner_.name || set.stopping_) return {dist::accept_status::not_allowed, {}};
        if (!known && set.peers_.size() >= limits::peers_max) return {dist::accept_status::not_allowed, {}};
        auto answer = set.arbiter_->status_for(name);
        number = answer.number;
        return {answer.status, set.cookie_for(name)};
    }

    task<result<void>> admit(dist::peer_identity who) override {
        set.gate_.leave(ticket, dist::handshake_gate::outcome::passed, set.owner_.env.now());
        const atom name = who.name.full;
        auto p = set.find_or_add(name);
        for (;;) {
            using verdict = dist::name_arbiter::verdict;
            auto decided = set.arbiter_->claim(name, number);
            if (decided == verdict::refuse)
                co_return error{dist::errc::already_connected,
                                "another connection to " + printable(name.text()) + " has won"};
            if (decided == verdict::wait) {
                auto change = p->changed.wait();
                co_await std::move(change);
                continue;
            }
            claimed = name;
            if (decided == verdict::accept && !p->dial.empty()) { // our own attempt has lost
                p->dial.cancel();
                dial_gave_way = true;
            }
            break;
        }
        while (p->connection) { // replace: the old link goes down first, and everybody is told
            p->connection->close(error{errc::stopped, "connection_replaced"});
            auto change = p->changed.wait();
            co_await std::move(change);
        }
        co_return result<void>{};
    }

    peer_set& set;
    dist::handshake_gate::ticket ticket;
    dist::name_arbiter::attempt number = 0;
    bool dial_gave_way = false;
    atom claimed;       // proved and promised the link; empty: not yet
    bool taken = false; // the link is up
};

task<> peer_set::accept_connections() {
    for (;;) {
        auto next = listener_->accept();
        auto stream = co_await std::move(next);
        if (!stream) {
            if (stream.error() == make_error_code(wire::errc::closed)) co_return;
            note_refusal(stream.error().within("accept"));
            auto pause = sleep_for(owner_.env, milliseconds{100});
            co_await std::move(pause);
            continue;
        }
        auto admission = gate_.enter((*stream)->remote().address, owner_.env.now());
        if (admission.evicted) handshakes_.erase(*admission.evicted);
        if (!admission.admitted) {
            note_refusal(error{dist::errc::refused, "too many failed attempts from there"}.within(
                "connection from " + to_string((*stream)->remote())));
            continue;
        }
        auto ticket = *admission.admitted;
        auto& slot = handshakes_[ticket] = std::make_unique<nursery>();
        slot->start(run_accept(ticket, std::move(*stream)), [this, ticket, alive = std::weak_ptr<int>(alive_)](auto) {
            owner_.env.post([this, ticket, alive] {
                if (alive.lock()) handshakes_.erase(ticket);
            });
        });
    }
}

task<> peer_set::run_accept(dist::handshake_gate::ticket ticket, std::unique_ptr<wire::stream> stream) {
    accepting decisions{*this, ticket};
    dist::accept_options options;
    options.self = {*owner_.parsed, owner_.creation, dist::announced(owner_.options.hidden)};
    auto tls = tls_now();
    if (!tls) co_return note_refusal(tls.error().within("connection from " + to_string(stream->remote())));
    options.tls = *std::move(tls);
    auto accepted = dist::accept(owner_.env, guard_, decisions, std::move(stream), std::move(options));
    auto outcome = co_await std::move(accepted);
    if (outcome) {
        decisions.taken = true;
        link_up(std::move(*outcome), decisions.number);
    } else {
        gate_.leave(ticket, dist::outcome_of(outcome.error().code()), owner_.env.now());
        note_refusal(outcome.error());
    }
}

/// For counting, so few different ones.
static std::string_view kind_of_refusal(const std::error_code& code) {
    if (code == errc::timed_out) return "timed_out";
    if (code.category() == wire::tls_category() || code.category() == wire::tls_alert_category()) return "tls";
    if (code.category() != dist::dist_category()) return "other";
    switch (static_cast<dist::errc>(code.value())) {
    case dist::errc::refused: return "refused";
    case dist::errc::wrong_cookie: return "wrong_cookie";
    case dist::errc::not_allowed: return "not_allowed";
    case dist::errc::name_mismatch: return "name_mismatch";
    case dist::errc::name_kind: return "name_kind";
    case dist::errc::name_invalid: return "name_invalid";
    case dist::errc::flags_missing: return "flags_missing";
    case dist::errc::bad_handshake: return "bad_handshake";
    default: return "other";
    }
}

void peer_set::note_refusal(const error& why) {
    if (why == make_error_code(dist::errc::already_connected) || why == make_error_code(wire::errc::closed)) return;
    const auto kind = kind_of_refusal(why.code());
    ++refused_[kind];
    owner_.announce(refused_connection{kind, why.message()});
    auto now = owner_.env.now();
    if (now >= refusals_since_ + refusal_window) {
        if (refusals_ > refusals_logged_max)
            owner_.env.log(log_level::warning, "[sedge] " + std::to_string(refusals_ - refusals_logged_max) +
                                                   " more connection attempts failed in the last minute");
        refusals_since_ = now;
        refusals_ = 0;
    }
    if (++refusals_ <= refusals_logged_max) owner_.env.log(log_level::warning, "[sedge] " + printable(why.message()));
}

} // namespace sedge
