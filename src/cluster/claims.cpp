// SPDX-License-Identifier: Apache-2.0
//
// The half of the reconciler that hears strategies: who is wanted, by which topology, and why. What becomes of it is in
// reconciler.cpp, whose head tells the rules.
#include "cluster/quoted_node.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/reconciler.hpp>

#include <algorithm>

namespace sedge::cluster {

void reconciler::want(const std::string& name, std::vector<atom> nodes, time_point now) {
    auto known = topologies_.find(name);
    if (known == topologies_.end()) return;
    std::set<atom> wanted{std::make_move_iterator(nodes.begin()), std::make_move_iterator(nodes.end())};
    wanted.erase(self_);
    if (wanted.size() > limits::topology_nodes_max) {
        auto first_left_out = std::next(wanted.begin(), static_cast<std::ptrdiff_t>(limits::topology_nodes_max));
        wanted.erase(first_left_out, wanted.end());
        if (!known->second.wanted_too_many)
            effects_.push_back(say{name, log_level::warning,
                                   "more than " + std::to_string(limits::topology_nodes_max) +
                                       " nodes are wanted; only the first, by name, are connected"});
        known->second.wanted_too_many = true;
    }

    std::vector<atom> gone;
    for (const auto& [node, p] : peers_) {
        auto claimed = p.claims.find(name);
        if (claimed == p.claims.end() || wanted.contains(node)) continue;
        if (claimed->second.listed || claimed->second.inherited) gone.push_back(node);
    }
    for (const auto& node : gone) {
        auto& p = peers_.at(node);
        auto& claimed = p.claims.at(name);
        claimed.listed = false;
        if (claimed.inherited || !claimed.heard_at) drop_claim(node, p, name, claimed.inherited);
    }
    for (const auto& node : wanted) {
        auto& claimed = claim_for(node, name, now);
        if (std::exchange(claimed.inherited, false)) claimed.heard_at.reset();
        claimed.listed = true;
    }
}

bool reconciler::heard(const std::string& name, const atom& node, trust how, std::string_view hint, time_point now) {
    auto known = topologies_.find(name);
    if (known == topologies_.end() || node == self_) return false;
    auto& t = known->second;

    if (how == trust::discovered_only) {
        if (t.discovered.contains(node)) return false;
        if (t.discovered.size() >= limits::topology_discovered_max) {
            if (!std::exchange(t.discovered_too_many, true))
                effects_.push_back(say{name, log_level::warning,
                                       "more than " + std::to_string(limits::topology_discovered_max) +
                                           " untrusted names were heard; further ones are not shown"});
            return true;
        }
        t.discovered.insert(node);
        std::string text = "discovered " + quoted(node) + ", not dialled";
        if (!hint.empty()) text.append(": ").append(hint);
        effects_.push_back(say{name, log_level::info, std::move(text)});
        effects_.push_back(event{event::kind::discovered, name, node, {}, std::string{hint}, {}});
        return true;
    }

    auto present = peers_.find(node);
    const bool is_known = present != peers_.end() && present->second.claims.contains(name);
    if (!is_known) make_room_for_heard(name);
    auto& claimed = claim_for(node, name, now);
    auto& p = peers_.at(node);
    bool was_silent = claimed.heard_at && now - *claimed.heard_at > options_.silence_time;
    claimed.heard_at = now;
    claimed.inherited = false;
    claimed.leaving = false;
    if (p.up || p.dialling) return !is_known;
    if (was_silent) p.retry.reset();
    // It lives, so do not wait for the pause that its absence earned, and not for its own dial either: who announces
    // itself may have heard nobody yet. `dial_gap` still holds.
    schedule(p, std::min(p.next_dial, now));
    return true;
}

bool reconciler::must_wait(const atom& node, time_point now) const {
    const auto at = peers_.find(node);
    if (at == peers_.end()) return false;
    const auto& p = at->second;
    return !p.claims.empty() && !p.up && !p.dialling && p.next_dial > now;
}

bool reconciler::is_complete(const std::string& name) const {
    return std::ranges::all_of(
        peers_, [&](const auto& entry) { return entry.second.up || !entry.second.claims.contains(name); });
}

// Who says goodbye may be lying: so a connection stays, and the next sign of life brings the claim back.
void reconciler::gone(const std::string& name, const atom& node) {
    auto known = topologies_.find(name);
    if (known == topologies_.end()) return;
    known->second.discovered.erase(node);
    auto at = peers_.find(node);
    if (at == peers_.end()) return;
    auto claimed = at->second.claims.find(name);
    if (claimed == at->second.claims.end() || !claimed->second.heard_at) return;
    claimed->second.leaving = at->second.up;
    if (at->second.up) return; // it goes when the connection does
    claimed->second.heard_at.reset();
    if (!claimed->second.listed) drop_claim(node, at->second, name);
}

reconciler::peer& reconciler::peer_of(const atom& node) {
    auto [at, is_new] = peers_.try_emplace(node);
    if (is_new) at->second.retry = backoff{options_.retry};
    return at->second;
}

reconciler::claim& reconciler::claim_for(const atom& node, const std::string& name, time_point now) {
    auto& p = peer_of(node);
    bool was_wanted = !p.claims.empty();
    auto [at, is_new] = p.claims.try_emplace(name);
    if (!is_new) return at->second;
    p.dropped_by.erase(name);
    if (p.up) {
        // It was there before we wanted it, because it dialled us, say.
        effects_.push_back(event{event::kind::connected, name, node, {}, {}, {}});
        effects_.push_back(say{name, log_level::info, "connected to " + quoted(node)});
    } else if (!was_wanted && !p.dialling) {
        p.away_since = now;
        schedule(p, self_ < node ? now + options_.yield_time : now);
    }
    return at->second;
}

void reconciler::drop_claim(const atom& node, peer& p, const std::string& name, bool decided) {
    p.claims.erase(name);
    auto known = topologies_.find(name);
    bool owns_removal = known != topologies_.end() && known->second.rules.owns_removal;
    if ((owns_removal || decided) && (p.up || p.dialling)) p.dropped_by.insert(name);
    if (p.claims.empty() && p.up && !p.dropped_by.empty()) effects_.push_back(hang_up{node});
    erase_if_nobodys(node);
}

void reconciler::erase_if_nobodys(const atom& node) {
    auto at = peers_.find(node);
    if (at == peers_.end()) return;
    const auto& p = at->second;
    if (p.claims.empty() && !p.up && !p.dialling) peers_.erase(at);
}

// Keeps the number of nodes only heard of in bounds: the one silent for longest goes.
void reconciler::make_room_for_heard(const std::string& name) {
    std::size_t count = 0;
    std::optional<std::pair<time_point, atom>> oldest;
    for (const auto& [node, p] : peers_) {
        auto claimed = p.claims.find(name);
        if (claimed == p.claims.end() || !claimed->second.heard_at || claimed->second.listed) continue;
        ++count;
        if (p.up) continue;
        if (!oldest || *claimed->second.heard_at < oldest->first) oldest = {*claimed->second.heard_at, node};
    }
    if (count >= limits::topology_nodes_max && oldest) drop_claim(oldest->second, peers_.at(oldest->second), name);
}

} // namespace sedge::cluster
