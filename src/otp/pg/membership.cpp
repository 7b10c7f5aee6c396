// SPDX-License-Identifier: Apache-2.0
//
// pg: groups of processes that all nodes with the same scope agree on after a while. The scope is a registered process
// on each node; S is its pid. Each node tells the others about its own processes only:
//
//   {discover, S}                           to the name, on nodeup and to all nodes at the start: who are you?
//   {'$gen_cast', {sync, S, [{G, [Pid]}]}}  the answer: all that S has. Replaces what was known of S
//   {discover, S}                           to the pid, with the answer, if the one who asked was unknown
//   {join, S, G, Pid | [Pid]}               to the known peers, when processes join
//   {leave, S, Pid | [Pid], [G]}            when they leave or end; a group once for each time they had joined
//
// A peer that ends, or whose node is lost, is gone with all its members; a sync after the next nodeup brings them back.
// join and leave of a scope that is not known are dropped: its sync will tell. Two nodes that come up discover each
// other at once, so that each sync comes twice.
//
// The scope of OTP 25 crashes, and forgets the members of its own node, at a message that it does not know and at a
// leave of a group that it does not have from that peer. It knows a peer from its first message on, but its groups only
// from the sync; OTP sends leaves already before that, and has this race with itself. Here join and leave go only to
// those who were sent a sync.
//
// Other differences: messages that make no sense are dropped; what one peer may have is bounded, and as soon as a peer
// above the bound has shrunk to half of it, it is asked for everything again; a node counts for its own pids only; a
// later scope process of a node replaces the one before; a sync tells watchers of groups what it has changed.
#include "otp/pg/membership.hpp"

#include "otp/terms.hpp"

namespace sedge::otp {
namespace {

term discover_message(const pid& self) { return tuple(atom{"discover"}, self); }

/// A pid, or the first pids in a list; what else stands there is left out.
std::vector<pid> pids_in(const term_view& one_or_more, std::size_t most) {
    std::vector<pid> pids;
    if (auto one = one_or_more.as<pid>()) return {*std::move(one)};
    if (!one_or_more.is_list()) return pids;
    for (auto each : one_or_more.elements()) {
        if (pids.size() == most) break;
        if (auto one = each.as<pid>()) pids.push_back(*std::move(one));
    }
    return pids;
}

/// As OTP writes it: one process alone, several as a list.
term one_or_more(std::span<const pid> pids) {
    if (pids.size() == 1) return term{pids.front()};
    return term{std::vector<pid>{pids.begin(), pids.end()}};
}

} // namespace

// -- this node ----------------------------------------------------------------------------------------------------

void membership::start(const pid& self, const std::vector<atom>& nodes, pg_effects& out) {
    self_ = self;
    for (const auto& [who, joined] : local_) out.push_back(pg_effect::watch{who});
    for (const auto& node : nodes) node_up(node, out);
}

void membership::stop(pg_effects& out) {
    while (!peers_.empty()) forget(atom{peers_.begin()->first}, out);
    self_.reset();
}

void membership::join(const term& name, std::span<const pid> members, pg_effects& out) {
    if (members.empty()) return;
    auto& into = groups_[name].local;
    // Backwards: in a list of OTP the first stands first.
    for (auto who = members.rbegin(); who != members.rend(); ++who) {
        into.add(*who);
        auto [entry, is_new] = local_.try_emplace(*who);
        ++entry->second[name];
        if (is_new) out.push_back(pg_effect::watch{*who});
    }
    out.push_back(pg_effect::changed{true, name, {members.begin(), members.end()}});
    if (self_) tell_peers(tuple(atom{"join"}, *self_, name, one_or_more(members)), out);
}

bool membership::remove_local(const term& name, const pid& who) {
    auto group = groups_.find(name);
    if (group == groups_.end() || !group->second.local.remove(who)) return false;
    if (group->second.empty()) groups_.erase(group);
    return true;
}

std::size_t membership::leave(const term& name, std::span<const pid> members, pg_effects& out) {
    std::vector<pid> left;
    for (const auto& who : members) {
        if (!remove_local(name, who)) continue;
        left.push_back(who);
        auto entry = local_.find(who);
        auto count = entry->second.find(name);
        if (--count->second == 0) entry->second.erase(count);
        if (!entry->second.empty()) continue;
        local_.erase(entry);
        out.push_back(pg_effect::unwatch{who});
    }
    if (left.empty()) return 0;
    if (self_) tell_peers(tuple(atom{"leave"}, *self_, one_or_more(left), std::vector{name}), out);
    const std::size_t count = left.size();
    out.push_back(pg_effect::changed{false, name, std::move(left)});
    return count;
}

void membership::down(const pid& who, pg_effects& out) {
    if (known(who)) return forget(who.node, out);
    auto entry = local_.find(who);
    if (entry == local_.end()) return;
    const counts joined = std::move(entry->second);
    local_.erase(entry);
    std::vector<term> names;
    for (const auto& [name, count] : joined) {
        for (std::size_t i = 0; i < count; ++i) {
            remove_local(name, who);
            names.push_back(name);
            out.push_back(pg_effect::changed{false, name, {who}});
        }
    }
    if (self_) tell_peers(tuple(atom{"leave"}, *self_, who, names), out);
}

void membership::tell_peers(const term& message, pg_effects& out) const {
    for (const auto& [node, p] : peers_)
        if (p.has_all_of_ours) out.push_back(pg_effect::send{p.scope, message});
}

term membership::everything_local() const {
    std::vector<std::pair<term, std::vector<pid>>> all;
    for (const auto& [name, group] : groups_) {
        if (group.local.empty()) continue;
        all.emplace_back(name, std::vector<pid>{});
        group.local.append_to(all.back().second);
    }
    return term{all};
}

// -- peers --------------------------------------------------------------------------------------------------------

void membership::node_up(const atom& node, pg_effects& out) {
    if (self_) out.push_back(pg_effect::send{registered{scope_, node}, discover_message(*self_)});
}

std::optional<pid> membership::sender_of(const term_view& message) {
    if (is_tagged(message, "$gen_cast", 2)) {
        const auto sync = message.element(1);
        return is_tagged(sync, "sync", 3) ? sync.element(1).as<pid>() : std::nullopt;
    }
    // OTP announces a third element for releases to come.
    bool is_known = is_tagged(message, "discover", 2) || is_tagged(message, "discover", 3) ||
                    is_tagged(message, "join", 4) || is_tagged(message, "leave", 4);
    return is_known ? message.element(1).as<pid>() : std::nullopt;
}

bool membership::on_message(const term_view& message, pg_effects& out) {
    auto sender = sender_of(message);
    if (!sender || !self_ || sender->node == self_->node) return false;
    const auto tag = message.element(0);
    if (tag.is_atom("discover"))
        on_discover(*sender, out);
    else if (tag.is_atom("join"))
        on_join(*sender, term{message.element(2)}, message.element(3), out);
    else if (tag.is_atom("leave"))
        on_leave(*sender, message.element(2), message.element(3), out);
    else
        on_sync(*sender, message.element(1).element(2), out);
    return true;
}

membership::peer* membership::known(const pid& scope) {
    auto found = peers_.find(scope.node);
    return found != peers_.end() && found->second.scope == scope ? &found->second : nullptr;
}

std::pair<membership::peer*, bool> membership::meet(const pid& scope, pg_effects& out) {
    if (auto* p = known(scope)) return {p, false};
    if (auto before = peers_.find(scope.node); before != peers_.end()) {
        out.push_back(pg_effect::unwatch{before->second.scope});
        forget(scope.node, out);
    }
    out.push_back(pg_effect::watch{scope});
    auto& made = peers_[scope.node];
    made.scope = scope;
    return {&made, true};
}

void membership::forget(const atom& node, pg_effects& out) {
    auto gone = peers_.extract(node);
    for (const auto& name : gone.mapped().groups) {
        auto group = groups_.find(name);
        auto theirs = group->second.remote.find(gone.key());
        std::vector<pid> members;
        theirs->second.append_to(members);
        out.push_back(pg_effect::changed{false, name, std::move(members)});
        group->second.remote.erase(theirs);
        if (group->second.empty()) groups_.erase(group);
    }
}

void membership::on_discover(const pid& scope, pg_effects& out) {
    auto [p, is_new] = meet(scope, out);
    const std::tuple sync{atom{"sync"}, *self_, everything_local()};
    out.push_back(pg_effect::send{scope, tuple(atom{"$gen_cast"}, sync)});
    p->has_all_of_ours = true;
    if (is_new) out.push_back(pg_effect::send{scope, discover_message(*self_)});
}

/// Reads no more than a peer may have, and a little more, so that it is noticed.
membership::told_groups membership::read_groups(const term_view& groups) const {
    told_groups told;
    if (!groups.is_list()) return told;
    std::size_t memberships = 0;
    std::size_t bytes = 0;
    for (auto each : groups.elements()) {
        if (memberships > most_.memberships_max || bytes > most_.group_bytes_sum_max) break;
        if (!is_tuple(each, 2)) continue;
        auto members = pids_in(each.element(1), most_.memberships_max + 1);
        memberships += members.size();
        bytes += each.element(0).bytes().size();
        auto& into = told[term{each.element(0)}];
        into.insert(into.end(), members.begin(), members.end());
    }
    return told;
}

void membership::on_sync(const pid& scope, const term_view& groups, pg_effects& out) {
    peer& p = *meet(scope, out).first;
    p.is_incomplete = false;
    const auto told = read_groups(groups);
    const auto before = p.groups; // `replace` changes it
    for (const auto& name : before)
        if (!told.contains(name)) replace(p, name, {}, out);
    for (const auto& [name, members] : told) replace(p, name, members, out);
}

void membership::on_join(const pid& scope, const term& name, const term_view& who, pg_effects& out) {
    auto* p = known(scope);
    if (!p) return;
    auto joined = add(*p, name, pids_in(who, most_.memberships_max + 1), out);
    if (!joined.empty()) out.push_back(pg_effect::changed{true, name, std::move(joined)});
}

void membership::on_leave(const pid& scope, const term_view& who, const term_view& groups, pg_effects& out) {
    auto* p = known(scope);
    if (!p || !groups.is_list()) return;
    const auto members = pids_in(who, most_.memberships_max);
    // OTP names several processes or several groups, never both; so a message costs no more than it could take away.
    std::size_t looked_at = 0;
    for (auto each : groups.elements()) {
        if ((looked_at += members.size()) > 2 * most_.memberships_max) break;
        const term name{each};
        auto left = remove(*p, name, members);
        if (!left.empty()) out.push_back(pg_effect::changed{false, name, std::move(left)});
    }
    ask_again_if_it_fits(*p, out);
}

// -- the members of a peer ----------------------------------------------------------------------------------------

bool membership::has_room(const peer& p, const term& name, const group_entry* existing) const {
    if (p.memberships >= most_.memberships_max) return false;
    const std::size_t bytes = name.bytes().size();
    if (bytes > most_.group_bytes_max) return false;
    bool counts_already = existing && existing->remote.contains(p.scope.node);
    return counts_already || p.group_bytes + bytes <= most_.group_bytes_sum_max;
}

void membership::leave_out(peer& p, const term& name, pg_effects& out) const {
    if (name.bytes().size() <= most_.group_bytes_max) p.is_incomplete = true; // else there will never be room
    if (!std::exchange(p.was_told_of, true)) out.push_back(pg_effect::left_out{p.scope.node});
}

std::vector<pid> membership::add(peer& p, const term& name, std::span<const pid> members, pg_effects& out) {
    std::vector<pid> added;
    auto group = groups_.find(name);
    for (auto who = members.rbegin(); who != members.rend(); ++who) {
        if (who->node != p.scope.node || who->creation != p.scope.creation) continue;
        if (!has_room(p, name, group == groups_.end() ? nullptr : &group->second)) {
            leave_out(p, name, out);
            break;
        }
        if (group == groups_.end()) group = groups_.try_emplace(name).first;
        auto [theirs, is_first] = group->second.remote.try_emplace(p.scope.node);
        if (is_first) {
            p.groups.insert(group->first); // the same buffer
            p.group_bytes += name.bytes().size();
        }
        theirs->second.add(*who);
        ++p.memberships;
        added.push_back(*who);
    }
    return added;
}

std::vector<pid> membership::remove(peer& p, const term& name, std::span<const pid> members) {
    auto group = groups_.find(name);
    if (group == groups_.end()) return {};
    auto theirs = group->second.remote.find(p.scope.node);
    if (theirs == group->second.remote.end()) return {};
    std::vector<pid> removed;
    for (const auto& who : members) {
        if (!theirs->second.remove(who)) continue;
        --p.memberships;
        removed.push_back(who);
    }
    if (!theirs->second.empty()) return removed;
    group->second.remote.erase(theirs);
    p.groups.erase(name);
    p.group_bytes -= name.bytes().size();
    if (group->second.empty()) groups_.erase(group);
    return removed;
}

/// Leaves what stays where it is: watchers are told of the difference.
void membership::replace(peer& p, const term& name, const std::vector<pid>& members, pg_effects& out) {
    std::map<pid, std::ptrdiff_t> surplus; // in the new list
    for (const auto& who : members) ++surplus[who];
    if (auto group = groups_.find(name); group != groups_.end()) {
        if (auto theirs = group->second.remote.find(p.scope.node); theirs != group->second.remote.end()) {
            std::vector<pid> now;
            theirs->second.append_to(now);
            for (const auto& who : now) --surplus[who];
        }
    }
    std::vector<pid> gone;
    std::vector<pid> come;
    for (const auto& who : members)
        if (auto& n = surplus[who]; n > 0) --n, come.push_back(who);
    for (auto& [who, n] : surplus)
        for (; n < 0; ++n) gone.push_back(who);
    auto left = remove(p, name, gone);
    if (!left.empty()) out.push_back(pg_effect::changed{false, name, std::move(left)});
    auto joined = add(p, name, come, out);
    if (!joined.empty()) out.push_back(pg_effect::changed{true, name, std::move(joined)});
}

void membership::ask_again_if_it_fits(peer& p, pg_effects& out) {
    if (!p.is_incomplete || p.memberships > most_.memberships_max / 2) return;
    if (p.group_bytes > most_.group_bytes_sum_max / 2) return;
    p.is_incomplete = false;
    out.push_back(pg_effect::send{p.scope, discover_message(*self_)});
}

// -- what is known ------------------------------------------------------------------------------------------------

std::vector<pid> membership::members(const term& name) const {
    std::vector<pid> all;
    auto group = groups_.find(name);
    if (group == groups_.end()) return all;
    group->second.local.append_to(all);
    for (const auto& [node, theirs] : group->second.remote) theirs.append_to(all);
    return all;
}

std::vector<pid> membership::local_members(const term& name) const {
    std::vector<pid> all;
    if (auto group = groups_.find(name); group != groups_.end()) group->second.local.append_to(all);
    return all;
}

std::vector<term> membership::groups() const {
    std::vector<term> names;
    names.reserve(groups_.size());
    for (const auto& [name, group] : groups_) names.push_back(name);
    return names;
}

std::vector<term> membership::local_groups() const {
    std::vector<term> names;
    for (const auto& [name, group] : groups_)
        if (!group.local.empty()) names.push_back(name);
    return names;
}

std::vector<pid> membership::peers() const {
    std::vector<pid> all;
    for (const auto& [node, p] : peers_) all.push_back(p.scope);
    return all;
}

std::size_t membership::memberships_of(const atom& node) const {
    auto found = peers_.find(node);
    return found == peers_.end() ? 0 : found->second.memberships;
}

} // namespace sedge::otp
