// SPDX-License-Identifier: Apache-2.0
//
// One for all topologies of a node. For each peer it keeps which topologies claim it (listed: in the set a strategy
// gave; heard: it announced itself), whether it is up, and when it may be dialled next.
//
//   wanted, away    dialled, whatever happened before, until it is up or no longer wanted. Pauses grow from 0.5 to 5 s
//                   and start anew when the peer was up, or is heard again after a silence; whoever is heard while
//                   away is dialled without waiting for the pause. Never more than one dial per `dial_gap`, and
//                   `dials_max` in all, so a dead host delays nobody else.
//   first dial      at once by the greater name, `yield_time` later by the smaller: of two nodes that dial each other
//                   at the same moment the greater wins anyway, so the smaller's attempt would be wasted. If the
//                   greater does not know us, the smaller just dials. Who announced itself is dialled at once.
//   no longer       the claim goes; with the last one the dials end. A connection ends only if no other topology wants
//   wanted          the node, and the topology's strategy owns removal or somebody removed or changed the topology.
//   changed         claims of the strategy before are kept until the new one gives its first list, so that nothing that
//   topology        stays wanted is dropped in between. See docs/decisions/0017-topologies-that-change.md.
//   heard only      dialled more seldom while it is silent; expires `forget_time` after the last sign of life, since
//   whoever spoofs names must not make us
//                   dial them for ever; libcluster dials at each heartbeat and keeps nothing.
//   untrusted       told once as discovered, never dialled.
//
// What strategies say, and what follows from it for claims, stands in claims.cpp.
//
// Log: the first failure at once, then again when the reason changes, else every `quiet_time` with the number of
// attempts. libcluster logs each attempt, without a reason.
#include "cluster/quoted_node.hpp"

#include <sedge/cluster/reconciler.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

std::string_view host_of(const atom& node) {
    auto text = node.text();
    auto at = text.find('@');
    return at == std::string_view::npos ? text : text.substr(at + 1);
}

bool is_this_machine(std::string_view host, const atom& self) {
    return host == host_of(self) || host == "localhost" || host.starts_with("127.") || host == "::1";
}

} // namespace

std::string_view to_string(event::kind what) noexcept {
    switch (what) {
    case event::kind::connected: return "connected";
    case event::kind::unable_to_connect: return "unable_to_connect";
    case event::kind::disconnected: return "disconnected";
    case event::kind::discovered: return "discovered";
    case event::kind::unable_to_disconnect: return "unable_to_disconnect";
    case event::kind::topology_added: return "topology_added";
    case event::kind::topology_changed: return "topology_changed";
    case event::kind::topology_removed: return "topology_removed";
    case event::kind::strategy_failed: return "strategy_failed";
    }
    return "";
}

std::string_view to_string(known_node::state now) noexcept {
    switch (now) {
    case known_node::state::up: return "up";
    case known_node::state::dialling: return "dialling";
    case known_node::state::waiting: return "waiting";
    case known_node::state::discovered: return "discovered";
    }
    return "";
}

reconciler::reconciler(atom self, std::uint64_t seed, reconciler_options options)
    : self_(std::move(self)), random_state_(seed), options_(options) {}

// SplitMix64: enough for jitter, and the same everywhere for one seed.
std::uint64_t reconciler::chance() noexcept {
    std::uint64_t z = random_state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void reconciler::add_topology(std::string name, strategy_rules rules) { topologies_[std::move(name)].rules = rules; }

void reconciler::remove_topology(const std::string& name) {
    std::vector<atom> claimed;
    for (const auto& [node, p] : peers_)
        if (p.claims.contains(name)) claimed.push_back(node);
    for (const auto& node : claimed) drop_claim(node, peers_.at(node), name, true);
    topologies_.erase(name);
}

void reconciler::change_topology(const std::string& name, strategy_rules rules, time_point now) {
    auto known = topologies_.find(name);
    if (known == topologies_.end()) return;
    known->second = topology{.rules = rules, .discovered = {}};
    for (auto& [node, p] : peers_) {
        auto claimed = p.claims.find(name);
        if (claimed != p.claims.end()) claimed->second = claim{.listed = false, .heard_at = now, .inherited = true};
    }
}

// -- what happens to connections -----------------------------------------------------------------------------------

void reconciler::node_up(const atom& node, time_point now) {
    auto& p = peer_of(node);
    if (p.up) return;
    p.up = true;
    p.up_since = now;
    if (p.dial_started && needs_token(node, p)) give_token_back(node);
    duration took{};
    if (p.dial_took)
        took = *p.dial_took;
    else if (p.dial_started)
        took = now - *p.dial_started;
    p.dial_started.reset();
    p.dial_took.reset();
    p.retry.reset();
    p.failures = 0;
    p.last_reason.clear();
    p.quiet_until = {};
    tell(p, event::kind::connected, node, took, {});
    say_to_all(p, log_level::info, "connected to " + quoted(node));
    if (p.claims.empty() && !p.dropped_by.empty()) effects_.push_back(hang_up{node});
}

void reconciler::node_down(const atom& node, std::string_view reason, time_point now) {
    auto at = peers_.find(node);
    if (at == peers_.end() || !at->second.up) return;
    auto& p = at->second;
    p.up = false;
    p.away_since = now;
    tell(p, event::kind::disconnected, node, now - p.up_since, reason);
    std::string text = "disconnected from " + quoted(node);
    if (!reason.empty()) text.append(": ").append(printable(reason));
    say_to_all(p, log_level::info, text);
    for (const auto& name : std::exchange(p.dropped_by, {})) { // those no longer have a claim
        if (p.claims.contains(name)) continue;
        effects_.push_back(say{name, log_level::info, "disconnected from " + quoted(node) + ": no longer wanted"});
        effects_.push_back(event{event::kind::disconnected, name, node, now - p.up_since, "no longer wanted", {}});
    }
    std::erase_if(p.claims, [](const auto& entry) { return entry.second.leaving && !entry.second.listed; });
    if (p.claims.empty()) return erase_if_nobodys(node);
    schedule(p, now + p.retry.next(chance()));
}

void reconciler::was_gone(const atom& node) {
    auto at = peers_.find(node);
    if (at == peers_.end()) return;
    for (const auto& name : std::exchange(at->second.dropped_by, {})) {
        effects_.push_back(say{name, log_level::warning,
                               "disconnect from " + quoted(node) + " failed because we're already disconnected"});
        effects_.push_back(event{event::kind::unable_to_disconnect, name, node, {}, "already_disconnected", {}});
    }
}

void reconciler::dialled(const atom& node, std::error_code code, std::string_view reason, time_point now) {
    auto at = peers_.find(node);
    if (at == peers_.end() || !at->second.dialling) return;
    auto& p = at->second;
    p.dialling = false;
    --dials_;
    auto took = p.dial_started ? now - *p.dial_started : duration{};
    if (p.up) return; // also if it failed: then the peer's own connection has won
    if (p.claims.empty()) return erase_if_nobodys(node);
    auto pause = p.retry.next(chance());
    // Who announces itself will tell when it is back; seldom dials leave a token for that moment.
    if (needs_token(node, p) && is_silent(p, now)) pause = std::max(pause, 2 * options_.host_dial_gap);
    schedule(p, now + pause);
    if (!code) { // `node_up` follows; should it not, the next dial finds out
        p.dial_took = took;
        return;
    }
    p.dial_started.reset();
    ++p.failures;
    tell(p, event::kind::unable_to_connect, node, took, reason, code);
    bool is_news = p.last_reason != reason || now >= p.quiet_until;
    p.quiet_until = is_news ? now + options_.quiet_time : p.quiet_until;
    bool same = p.last_reason == reason && p.failures > 1;
    p.last_reason = reason;
    if (!is_news) return;
    std::string text = same ? "still unable to connect to " : "unable to connect to ";
    text += quoted(node);
    if (!reason.empty()) text.append(": ").append(printable(reason));
    if (same) text += " (" + std::to_string(p.failures) + " attempts)";
    say_to_all(p, log_level::warning, text);
}

void reconciler::tell(const peer& p, event::kind what, const atom& node, duration took, std::string_view reason,
                      std::error_code code) {
    for (const auto& [name, unused] : p.claims)
        effects_.push_back(event{what, name, node, took, std::string{reason}, code});
}

void reconciler::say_to_all(const peer& p, log_level level, const std::string& text) {
    const auto is_quiet = [this](const auto& entry) {
        auto known = topologies_.find(entry.first);
        return known != topologies_.end() && known->second.rules.quiet;
    };
    const bool all_quiet = std::ranges::all_of(p.claims, is_quiet);
    for (const auto& entry : p.claims)
        if (all_quiet || !is_quiet(entry)) effects_.push_back(say{entry.first, level, text});
}

// -- time ----------------------------------------------------------------------------------------------------------

duration reconciler::redial_gap(const peer& p) const {
    // The topology in the greatest hurry decides.
    duration gap = duration::max();
    for (const auto& [name, unused] : p.claims) {
        auto known = topologies_.find(name);
        if (known != topologies_.end()) gap = std::min<duration>(gap, known->second.rules.redial_least);
    }
    return std::max(options_.dial_gap, gap == duration::max() ? duration{} : gap);
}

void reconciler::schedule(peer& p, time_point at) const {
    p.next_dial = p.last_dial ? std::max(at, *p.last_dial + redial_gap(p)) : at;
}

std::optional<time_point> reconciler::expiry(const peer& p, const claim& c) const {
    if (c.listed || !c.heard_at || p.up || p.dialling) return std::nullopt;
    return std::max(*c.heard_at, p.away_since) + options_.forget_time;
}

void reconciler::advance(time_point now) {
    std::vector<std::pair<atom, std::string>> forgotten;
    std::vector<std::pair<time_point, atom>> due;
    for (auto& [node, p] : peers_) {
        for (const auto& [name, c] : p.claims) {
            auto end = expiry(p, c);
            if (end && *end <= now) forgotten.emplace_back(node, name);
        }
        if (!p.claims.empty() && !p.up && !p.dialling && p.next_dial <= now) due.emplace_back(p.next_dial, node);
    }
    for (const auto& [node, name] : forgotten) {
        effects_.push_back(say{name, log_level::debug, "forgot " + quoted(node) + ": not heard for long"});
        drop_claim(node, peers_.at(node), name);
    }
    std::ranges::sort(due);
    for (const auto& [at, node] : due) {
        if (dials_ >= options_.dials_max) break;
        auto still_there = peers_.find(node);
        if (still_there == peers_.end() || still_there->second.claims.empty()) continue;
        auto& p = still_there->second;
        if (needs_token(node, p) && !take_token(node, p, now)) continue;
        p.dialling = true;
        p.dial_started = p.last_dial = now;
        p.dial_took.reset();
        ++dials_;
        effects_.push_back(dial{node});
    }
}

std::optional<time_point> reconciler::next_wake() const {
    std::optional<time_point> next;
    auto sooner = [&next](time_point at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [node, p] : peers_) {
        if (p.claims.empty() || p.up || p.dialling) continue;
        if (dials_ < options_.dials_max) sooner(p.next_dial);
        for (const auto& [name, c] : p.claims)
            if (auto end = expiry(p, c)) sooner(*end);
    }
    return next;
}

// -- dials per host ------------------------------------------------------------------------------------------------

bool reconciler::needs_token(const atom& node, const peer& p) const {
    if (is_this_machine(host_of(node), self_)) return false;
    return std::ranges::none_of(p.claims, [](const auto& entry) { return entry.second.listed; });
}

bool reconciler::is_silent(const peer& p, time_point now) const {
    return std::ranges::all_of(p.claims, [&](const auto& entry) {
        const auto& heard_at = entry.second.heard_at;
        return !heard_at || now - *heard_at > options_.silence_time;
    });
}

bool reconciler::take_token(const atom& node, peer& p, time_point now) {
    auto most = static_cast<double>(options_.host_dials);
    auto gap = static_cast<double>(options_.host_dial_gap.count());
    std::erase_if(buckets_, [&](const auto& entry) {
        auto since = static_cast<double>((now - entry.second.at).count());
        return entry.second.tokens + since / gap >= most;
    });
    auto [at, is_new] = buckets_.try_emplace(std::string{host_of(node)}, bucket{most, now});
    auto& b = at->second;
    b.tokens = std::min(most, b.tokens + static_cast<double>((now - b.at).count()) / gap);
    b.at = now;
    if (b.tokens < 1) {
        auto missing = static_cast<duration::rep>((1 - b.tokens) * gap);
        p.next_dial = now + duration{missing + 1};
        return false;
    }
    b.tokens -= 1;
    return true;
}

void reconciler::give_token_back(const atom& node) {
    auto at = buckets_.find(host_of(node));
    if (at != buckets_.end()) at->second.tokens += 1; // cut to `host_dials` when it is next used
}

std::vector<known_node> reconciler::nodes() const {
    std::map<atom, known_node> all;
    for (const auto& [node, p] : peers_) {
        if (p.claims.empty()) continue;
        auto state = p.up         ? known_node::state::up
                     : p.dialling ? known_node::state::dialling
                                  : known_node::state::waiting;
        known_node known{node, state, {}, p.failures, p.last_reason};
        for (const auto& [name, unused] : p.claims) known.topologies.push_back(name);
        all.emplace(node, std::move(known));
    }
    for (const auto& [name, t] : topologies_)
        for (const auto& node : t.discovered) {
            auto [at, is_new] = all.try_emplace(node, known_node{node, known_node::state::discovered, {}, 0, {}});
            if (at->second.now == known_node::state::discovered) at->second.topologies.push_back(name);
        }
    std::vector<known_node> out;
    for (auto& [node, known] : all) out.push_back(std::move(known));
    return out;
}

} // namespace sedge::cluster
