// SPDX-License-Identifier: Apache-2.0
//
// Pairing: two nodes A and B that see each other make the names of their partitions one.
//
//   cast {init_connect, {8, MyTag}, A, {locker, _, _, LockerA}}     both, at nodeup
//   {init_connect_ack, A, HisTag, MyTag}                            both, on init_connect
//        the lockers of A and B lock `global` in both partitions (locker.cpp)
//   cast {exchange, A, Names, [], HisTag}                           both, when the lock is set
//   cast {resolved, A, Operations, Known, Sedge, [], HisTag}        both, when the conflicts are decided
//   cast {new_nodes, A, Operations, [], Nodes, Extra}               to the rest of each partition, before the unlock
//   cast {in_sync, A, _}                                            between all that did not know each other
//
// Each message carries the receiver's tag; one with another tag belongs to a pairing that is over. Then what our locker
// may still hold for that tag is given back. A peer that finds the tags crossed sends {cancel_connect, A, HisTag}, and
// both begin anew with new tags.
//
// Loss: a connection that goes down ends the pairing. A node that learns of others by `new_nodes` connects to them and
// says in_sync; whatever pairing these two had begun is then dropped. Nodes below version 7 are left alone.
//
// Other than OTP, a pairing that stands still while it holds the lock is given up after timing::exchange, and the peer
// is left alone for a while that doubles: in OTP one node that falls silent there stops all registrations of the
// cluster until its connection is gone. And whoever says in_sync must become known: if the member that was to tell us
// of it has put us out just then, that node counts us in while we know nothing of it, and neither greets again. So it
// is asked to forget us, and the two can meet anew.
//
// OTP has no such way out, so to a node of OTP we say in_sync second. It may have heard of us by a member while it
// still held a dead connection to us; when that ended it forgot us and our names, and it begins to pair on the new one.
// Our in_sync would end that pairing, and we would stay strangers. A node that counts us in says in_sync by itself; one
// that greets and does not say it within timing::introduction gets its pairing.

#include "otp/global/pairing.hpp"

#include "otp/global/partitions.hpp"

#include <sedge/base/limits.hpp>

#include <algorithm>

namespace sedge::otp::registry {
namespace {

pairing* find(state& s, const atom& node) {
    auto found = s.pairings.find(node);
    return found == s.pairings.end() ? nullptr : &found->second;
}

/// The peer's pairing if `tag` is its present one. Otherwise our locker gives back what it may hold for that tag.
pairing* find_current(state& s, const atom& node, const term_view& tag) {
    auto number = tag.as<std::int64_t>();
    if (!number) return nullptr;
    pairing* p = find(s, node);
    if (p && p->my_tag == *number && p->his) return p;
    s.out.push_back(effect::release_lock{node, *number, {}, {}});
    return nullptr;
}

term cancel_connect(const state& s, const term& his_tag) {
    return term{std::tuple{atom{"cancel_connect"}, s.me, his_tag}};
}

/// Ends a pairing without a word to the peer.
void drop(state& s, const atom& node) {
    auto found = s.pairings.find(node);
    if (found == s.pairings.end()) return;
    s.out.push_back(effect::release_lock{node, found->second.my_tag, {}, {}});
    s.pairings.erase(found);
}

void restart(state& s, const atom& node) {
    const pairing* p = find(s, node);
    if (!p) return;
    if (p->his && p->version() >= version_with_acks)
        s.out.push_back(effect::plain{node, cancel_connect(s, p->his->tag)});
    drop(s, node);
    s.early.erase(node);
    peer_up(s, node);
}

void pause(state& s, const atom& node, time_point now) {
    setback& last = s.setbacks[node];
    duration wait = s.timing.pause_least;
    for (int i = 0; i < last.count && wait < s.timing.pause_most; ++i) wait *= 2;
    last.not_before = now + std::min(wait, s.timing.pause_most);
    ++last.count;
}

std::vector<member> members(const state& s) {
    std::vector<member> list;
    for (const auto& [node, version] : s.known) list.push_back({node, version});
    return list;
}

/// Those of them that are of our kind.
std::vector<atom> sedge_nodes(const state& s, const std::vector<member>& among) {
    std::vector<atom> list;
    for (const auto& m : among)
        if (m.node == s.me || s.sedge_peers.contains(m.node)) list.push_back(m.node);
    return list;
}

/// Those that were not known before.
std::vector<atom> add_to_known(state& s, const std::vector<member>& nodes) {
    std::vector<atom> added;
    for (const auto& m : nodes) {
        if (m.node == s.me || s.known.size() >= limits::peers_max) continue;
        auto [position, is_new] = s.known.try_emplace(m.node, m.version);
        s.waiting_to_know.erase(m.node);
        if (is_new)
            added.push_back(m.node);
        else if (position->second == 0)
            position->second = m.version;
    }
    return added;
}

void say_in_sync(state& s, const atom& node) {
    s.out.push_back(effect::cast{node, term{std::tuple{atom{"in_sync"}, s.me, atom{"sedge"}}}});
    if (is_mixed(s)) s.out.push_back(effect::compare_names{node}); // missing_names.cpp says why
}

/// It has not said in_sync in time.
void end_introduction(state& s, const atom& node) {
    s.owed_in_sync.erase(node);
    if (!s.early.contains(node)) return say_in_sync(s, node); // it has not greeted either: it knew us before
    s.note(log_level::info, "[sedge:global] " + node.str() + " does not know what a member knows of it: pairing");
    s.known.erase(node);
    peer_up(s, node);
}

void introduce(state& s, const std::vector<atom>& nodes) {
    for (const auto& node : nodes) s.out.push_back(effect::introduce{node});
}

/// Both sides are ready: takes the other's names and tells our partition.
void finish(state& s, const atom& node) {
    const pairing p = std::move(s.pairings.at(node));
    operations changes = p.here.value_or(operations{});
    const operations& his_part = p.his_resolution->part;
    changes.inserted.insert(changes.inserted.end(), his_part.inserted.begin(), his_part.inserted.end());
    changes.erased.insert(changes.erased.end(), his_part.erased.begin(), his_part.erased.end());
    std::vector<member> new_nodes{{node, p.his->version}};
    std::vector<atom> to_meet;
    for (const auto& m : p.his_resolution->known) {
        auto known = s.known.find(m.node);
        new_nodes.push_back({m.node, m.version == 0 && known != s.known.end() ? known->second : m.version});
        if (m.node != s.me) to_meet.push_back(m.node);
    }
    introduce(s, to_meet);
    apply(s, changes, *p.requester);
    for (const auto& other : to_meet) drop(s, other);
    term message = make_new_nodes(s.me, changes, new_nodes, p.version(), *p.requester, sedge_nodes(s, new_nodes));
    s.out.push_back(effect::release_lock{node, p.my_tag, s.known_nodes(), std::move(message)});
    s.pairings.erase(node);
    s.setbacks.erase(node);
    add_to_known(s, new_nodes);
    s.synced.insert(node);
}

void decided(state& s, const atom& node, pairing& p, const std::vector<verdict>& each) {
    auto [here, there] = carry_out(p.conflicts, each);
    auto unknown = compare_names(s.names, *p.his_names).unknown_here;
    here.inserted.insert(here.inserted.end(), unknown.begin(), unknown.end());
    p.here = std::move(here);
    const auto known = members(s);
    s.out.push_back(effect::cast{node, make_resolved(s.me, there, known, sedge_nodes(s, known), p.his->tag)});
    if (p.his_resolution) finish(s, node);
}

void compare_if_ready(state& s, const atom& node, pairing& p, time_point now) {
    if (!p.requester || !p.his_names || p.compared) return;
    p.compared = true;
    if (s.me < node) p.conflicts = compare_names(s.names, *p.his_names).conflicts; // otherwise the peer decides
    if (p.conflicts.empty()) return decided(s, node, p, {});
    p.give_up_at = now + 2 * s.timing.exchange;
    s.out.push_back(effect::resolve{node, p.my_tag, p.conflicts});
}

} // namespace

void apply(state& s, const operations& changes, const term& requester) {
    const term* holder = s.locks.requester_of(global_resource());
    bool is_locked_for_it = holder ? *holder == requester : !s.locks.global_was_lost();
    const auto lost = [&s](const term& name, const std::optional<pid>& kept) {
        const named* before = s.names.find(name);
        if (before && before->who != kept) s.out.push_back(effect::settled{{name, before->who, kept}});
    };
    for (const auto& entry : changes.inserted) {
        lost(entry.name, is_locked_for_it ? std::optional{entry.who} : std::nullopt);
        if (!is_locked_for_it)
            s.names.erase(entry.name);
        else if (!s.names.insert(entry))
            s.note(log_level::error, "[sedge:global] the table of names is full; a name is left out");
    }
    for (const auto& name : changes.erased) {
        lost(name, std::nullopt);
        s.names.erase(name);
    }
}

void peer_up(state& s, const atom& node) {
    // The others have to hear of the loss before they hear of the new connection.
    if (auto pending = s.to_report.find(node); pending != s.to_report.end()) pending->second = {};
    s.removing.erase(node); // that was about a connection before this one, perhaps one that never came up
    if (s.known.contains(node) || s.pairings.contains(node)) return;
    pairing p;
    p.my_tag = s.next_tag++;
    s.out.push_back(effect::cast{node, make_greeting(p.my_tag, s.me, s.locker)});
    s.pairings.emplace(node, std::move(p));
    if (auto early = s.early.extract(node)) on_greeting(s, node, std::move(early.mapped()));
}

void forget(state& s, const atom& node) {
    drop(s, node);
    s.early.erase(node);
    s.setbacks.erase(node);
    s.known.erase(node);
    s.synced.erase(node);
    s.waiting_to_know.erase(node);
    s.owed_in_sync.erase(node);
}

void on_greeting(state& s, const atom& node, greeting his) {
    s.note_kind(node, his.is_sedge);
    if (his.version < version_least)
        return s.note(log_level::info, "[sedge:global] " + node.str() + " speaks a version that is too old");
    pairing* p = find(s, node);
    if (!p) {
        if (s.early.size() < limits::peers_max) s.early.insert_or_assign(node, std::move(his));
        return;
    }
    if (p->his) { // a second one: the peer has begun anew and we have not
        s.out.push_back(effect::plain{node, cancel_connect(s, his.tag)});
        return restart(s, node);
    }
    if (his.version >= version_with_acks)
        s.out.push_back(effect::plain{node, term{std::tuple{atom{"init_connect_ack"}, s.me, his.tag, p->my_tag}}});
    p->his = std::move(his);
    s.out.push_back(effect::wake_locker{});
}

void on_greeting_ack(state& s, const atom& node, const term_view& my_tag, const term& his_tag) {
    const pairing* p = find(s, node);
    bool agrees = p && p->his && my_tag.as<std::int64_t>() == p->my_tag && p->his->tag == his_tag;
    if (agrees) return;
    s.out.push_back(effect::plain{node, cancel_connect(s, his_tag)});
    restart(s, node);
}

void on_cancel(state& s, const atom& node, const term_view& tag) {
    pairing* p = find(s, node);
    if (!p || tag.as<std::int64_t>() != p->my_tag) return;
    p->his.reset(); // he knows
    restart(s, node);
}

void on_lock_set(state& s, const atom& node, const term& message) {
    auto answer = read_lock_set(message);
    if (!answer || answer->locker.node != node) return;
    const pairing* p = find(s, node);
    bool is_current = !answer->tag || (p && answer->tag->as<std::int64_t>() == p->my_tag);
    if (is_current) s.out.push_back(effect::pass_to_locker{message});
}

void lock_is_set(state& s, const atom& node, std::int64_t tag, term requester, time_point now) {
    pairing* p = find_current(s, node, term{tag});
    if (!p) return;
    p->requester = std::move(requester);
    p->give_up_at = now + s.timing.exchange;
    s.out.push_back(effect::cast{node, make_exchange(s.me, s.names.all(), p->his->tag)});
    compare_if_ready(s, node, *p, now);
}

void on_exchange(state& s, const atom& node, std::vector<named> names, const term_view& tag, time_point now) {
    pairing* p = find_current(s, node, tag);
    if (!p || p->his_names) return;
    p->his_names = std::move(names);
    compare_if_ready(s, node, *p, now);
}

void conflicts_resolved(state& s, const atom& node, std::int64_t tag, const std::vector<verdict>& each,
                        time_point now) {
    pairing* p = find_current(s, node, term{tag});
    if (!p || !p->compared || p->here) return;
    p->give_up_at = now + s.timing.exchange;
    decided(s, node, *p, each);
}

void on_resolved(state& s, const atom& node, pairing::resolution his, const term_view& tag) {
    pairing* p = find_current(s, node, tag);
    if (!p || p->his_resolution) return;
    p->his_resolution = std::move(his);
    if (p->here) finish(s, node);
}

void on_new_nodes(state& s, const operations& changes, const std::vector<member>& nodes, const term_view& extra) {
    introduce(s, add_to_known(s, nodes));
    if (auto requester = read_requester(extra)) apply(s, changes, *requester);
}

void on_in_sync(state& s, const atom& node, bool is_sedge, time_point now) {
    s.note_kind(node, is_sedge);
    s.synced.insert(node);
    drop(s, node);
    s.early.erase(node);
    s.setbacks.erase(node);
    if (s.owed_in_sync.erase(node) > 0) say_in_sync(s, node);
    if (!s.known.contains(node)) s.waiting_to_know.emplace(node, now + s.timing.acquaintance);
}

void lock_not_answered(state& s, const atom& node, std::int64_t tag, time_point now) {
    const pairing* p = find(s, node);
    if (!p || p->my_tag != tag) return;
    s.note(log_level::info, "[sedge:global] " + node.str() + " does not answer in a pairing; trying again later");
    pause(s, node, now);
    restart(s, node);
}

void give_up_overdue(state& s, time_point now) {
    std::vector<std::pair<atom, std::int64_t>> overdue;
    for (const auto& [node, p] : s.pairings)
        if (p.give_up_at && *p.give_up_at <= now) overdue.emplace_back(node, p.my_tag);
    for (const auto& [node, tag] : overdue) lock_not_answered(s, node, tag, now);
    std::vector<atom> silent;
    for (const auto& [node, due] : s.owed_in_sync)
        if (due <= now) silent.push_back(node);
    for (const auto& node : silent) end_introduction(s, node);
}

std::optional<time_point> next_deadline(const state& s) {
    std::optional<time_point> first;
    for (const auto& [node, p] : s.pairings)
        if (p.give_up_at && (!first || *p.give_up_at < *first)) first = p.give_up_at;
    for (const auto& [node, due] : s.waiting_to_know)
        if (!first || due < *first) first = due;
    for (const auto& [node, due] : s.owed_in_sync)
        if (!first || due < *first) first = due;
    for (const auto& [node, due] : s.removing)
        if (due != time_point::max() && (!first || due < *first)) first = due;
    for (const auto& [node, due] : s.to_report)
        if (!first || due < *first) first = due;
    return first;
}

bool is_paused(const state& s, const atom& node, time_point now) {
    auto found = s.setbacks.find(node);
    return found != s.setbacks.end() && found->second.not_before > now;
}

std::optional<candidate> candidate_of(const state& s, const atom& node) {
    auto found = s.pairings.find(node);
    if (found == s.pairings.end() || !found->second.his) return std::nullopt;
    const auto& p = found->second;
    return candidate{node, p.his->locker, p.my_tag, p.his->tag, p.version()};
}

namespace {

bool is_candidate(const state& s, const atom& node, const pairing& p, time_point now) {
    return p.his && !p.requester && !s.known.contains(node) && !is_paused(s, node, now);
}

} // namespace

std::vector<candidate> candidates(const state& s, time_point now) {
    std::vector<candidate> all;
    for (const auto& [node, p] : s.pairings)
        if (is_candidate(s, node, p, now)) all.push_back(*candidate_of(s, node));
    return all;
}

bool has_candidate(const state& s, time_point now) {
    return std::ranges::any_of(s.pairings,
                               [&](const auto& entry) { return is_candidate(s, entry.first, entry.second, now); });
}

std::optional<time_point> next_pause_end(const state& s, time_point now) {
    std::optional<time_point> first;
    for (const auto& [node, p] : s.pairings) {
        auto found = s.setbacks.find(node);
        if (!p.his || found == s.setbacks.end() || found->second.not_before <= now) continue;
        if (!first || found->second.not_before < *first) first = found->second.not_before;
    }
    return first;
}

bool is_mixed(const state& s) {
    return std::ranges::any_of(s.known, [&](const auto& m) { return !s.sedge_peers.contains(m.first); });
}

void introduced(state& s, const atom& node, bool connected, time_point now) {
    if (!s.known.contains(node)) return; // it has left meanwhile; if it comes back, it pairs
    if (!connected) {
        s.note(log_level::warning, "[sedge] 'global' at " + s.me.str() + " failed to connect to " + node.str());
        peer_lost(s, node, now - s.timing.report); // nobody else loses it at this moment
        report_losses(s, now);
    } else if (s.sedge_peers.contains(node) || s.synced.contains(node)) {
        say_in_sync(s, node);
    } else {
        s.owed_in_sync.try_emplace(node, now + s.timing.introduction);
    }
}

} // namespace sedge::otp::registry
