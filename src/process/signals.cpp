// SPDX-License-Identifier: Apache-2.0
//
// Links and monitors between two processes, wherever they live (Distribution Protocol 13.4, "Link protocol").
//
//   link    A -> B  LINK            B keeps the link, or answers EXIT noproc if it does not exist
//   unlink  A -> B  UNLINK_ID id    B drops the link and answers UNLINK_ID_ACK id, always
//   exit    A -> B  EXIT reason     once, to every process linked
//   monitor A -> B  MONITOR_P ref   B keeps the watcher, or answers DOWN noproc if it does not exist
//           B -> A  DOWN ref reason once, at B's end; a DEMONITOR_P that crosses it is ignored
//
// Between UNLINK_ID and its acknowledgement A's side is "unlinking": an EXIT or LINK of B that was under way already
// has no effect, because B will see our UNLINK_ID after it. Linking again in that state forgets the id, so that the
// late acknowledgement finds nothing to remove.
//
// A lost connection ends every relation to that node: `noconnection` for what this process holds, silence for what
// the other side held here. Each monitor is erased when it fires, which makes its DOWN come exactly once: a DOWN that
// arrives for an unknown reference crossed a demonitor, or a lost connection, and is dropped.
#include "process/signals.hpp"

namespace sedge {

namespace {

const atom& noconnection() {
    static const atom a{"noconnection"};
    return a;
}

void exit_through_link(const pid& from, const term& reason, bool trap_exit, std::optional<term>& message,
                       std::optional<term>& exit_reason) {
    if (trap_exit)
        message = term{std::tuple{atom{"EXIT"}, from, reason}};
    else if (!reason.is_atom("normal"))
        exit_reason = reason;
}

} // namespace

const atom& node_of(const destination& d, const atom& local) noexcept {
    if (auto* p = std::get_if<pid>(&d)) return p->node;
    if (auto* r = std::get_if<registered>(&d)) return r->node;
    return local;
}

term down_message(const reference& ref, const destination& target, const atom& local_node, const term& reason) {
    term what;
    if (auto* p = std::get_if<pid>(&target)) what = term{*p};
    if (auto* r = std::get_if<registered>(&target)) what = term{std::tuple{r->name, r->node}};
    if (auto* a = std::get_if<atom>(&target)) what = term{std::tuple{*a, local_node}};
    return term{std::tuple{atom{"DOWN"}, ref, atom{"process"}, what, reason}};
}

void relations::link(const pid& other, reaction& r) {
    if (other == self_) return;
    auto [position, added] = links_.try_emplace(other);
    position->second.by_us = true;
    if (!added && position->second.unlinking == 0) return;
    position->second.unlinking = 0;
    r.out.push_back({other, signal::link{self_}});
}

void relations::unlink(const pid& other, reaction& r) {
    auto position = links_.find(other);
    if (position == links_.end() || position->second.unlinking != 0) return;
    position->second.unlinking = ++last_unlink_;
    r.out.push_back({other, signal::unlink{self_, last_unlink_}});
}

void relations::monitor(const reference& ref, const destination& target, reaction& r) {
    monitors_.insert_or_assign(ref, watch{target});
    r.out.push_back({target, signal::monitor{self_, ref, target}});
}

void relations::demonitor(const reference& ref, reaction& r) {
    if (auto open = requests_.find(ref); open != requests_.end()) open->second.abandoned = true;
    auto position = monitors_.find(ref);
    if (position == monitors_.end()) return;
    r.out.push_back({position->second.target, signal::demonitor{self_, ref}});
    monitors_.erase(position);
}

void relations::request_spawn(const reference& ref, const atom& on, remote_spawn_options with) {
    requests_.insert_or_assign(ref, request{on, with, false});
}

void relations::watch_node(const atom& node, bool on) {
    if (on) {
        ++nodes_[node];
    } else if (auto position = nodes_.find(node); position != nodes_.end() && --position->second == 0) {
        nodes_.erase(position);
    }
}

void relations::born_monitored(const pid& parent, const reference& ref) {
    watchers_.insert_or_assign(ref, watcher{parent, destination{self_}});
}

void relations::on(const signal::link& s, reaction&) {
    links_.try_emplace(s.from); // an active link stays; one that is being unlinked is not activated
}

void relations::on(const signal::unlink& s, reaction& r) {
    if (auto position = links_.find(s.from); position != links_.end() && position->second.unlinking == 0)
        links_.erase(position);
    r.out.push_back({s.from, signal::unlink_ack{self_, s.id}});
}

void relations::on(const signal::unlink_ack& s) {
    if (auto position = links_.find(s.from); position != links_.end() && position->second.unlinking == s.id)
        links_.erase(position);
}

void relations::on(const signal::exit& s, bool trap_exit, reaction& r) {
    if (s.through_link) {
        auto position = links_.find(s.from);
        if (position == links_.end()) return; // crossed our unlink's acknowledgement, or a forged one
        bool unlinking = position->second.unlinking != 0;
        links_.erase(position);
        if (!unlinking) exit_through_link(s.from, s.reason, trap_exit, r.message, r.exit_reason);
        return;
    }
    if (s.reason.is_atom("kill"))
        r.exit_reason = term{atom{"killed"}};
    else
        exit_through_link(s.from, s.reason, trap_exit, r.message, r.exit_reason);
}

void relations::on(const signal::monitor& s, reaction&) {
    watchers_.insert_or_assign(s.ref, watcher{s.from, s.target});
}

void relations::on(const signal::demonitor& s) {
    if (auto position = watchers_.find(s.ref); position != watchers_.end() && position->second.from == s.from)
        watchers_.erase(position);
}

void relations::on(const signal::down& s, reaction& r) {
    auto position = monitors_.find(s.ref);
    if (position == monitors_.end()) return;
    r.message = down_message(s.ref, position->second.target, self_.node, s.reason);
    monitors_.erase(position);
}

void relations::on(const signal::spawned& s, reaction& r) {
    auto position = requests_.find(s.request);
    if (position == requests_.end()) return;
    request open = position->second;
    requests_.erase(position);
    // A link that was asked for is there from the first moment; an exit that follows it finds it.
    if (s.child && s.linked && open.with.link) links_.try_emplace(*s.child, link_state{0, true});
    if (open.abandoned) {
        if (s.child && s.monitored) r.out.push_back({*s.child, signal::demonitor{self_, s.request}});
        return;
    }
    if (s.child) {
        if (s.monitored && open.with.monitor) monitors_.insert_or_assign(s.request, watch{*s.child});
        r.message = term{std::tuple{atom{"spawn_reply"}, s.request, atom{"ok"}, *s.child}};
    } else {
        r.message = term{std::tuple{atom{"spawn_reply"}, s.request, atom{"error"}, s.failure}};
    }
}

void relations::on(const signal::node_lost& s, bool trap_exit, std::vector<term>& messages, reaction& r) {
    for (auto i = requests_.begin(); i != requests_.end();) {
        if (i->second.on != s.node) {
            ++i;
            continue;
        }
        if (!i->second.abandoned)
            messages.push_back(term{std::tuple{atom{"spawn_reply"}, i->first, atom{"error"}, noconnection()}});
        i = requests_.erase(i);
    }
    for (auto i = monitors_.begin(); i != monitors_.end();) {
        if (node_of(i->second.target, self_.node) != s.node) {
            ++i;
            continue;
        }
        messages.push_back(down_message(i->first, i->second.target, self_.node, term{noconnection()}));
        i = monitors_.erase(i);
    }
    if (auto watched = nodes_.find(s.node); watched != nodes_.end()) {
        for (std::size_t i = 0; i < watched->second; ++i)
            messages.push_back(term{std::tuple{atom{"nodedown"}, s.node}});
        nodes_.erase(watched);
    }
    std::erase_if(watchers_, [&](const auto& w) { return w.second.from.node == s.node; });
    for (auto i = links_.begin(); i != links_.end();) {
        if (i->first.node != s.node) {
            ++i;
            continue;
        }
        std::optional<term> message;
        std::optional<term> exit_reason;
        if (i->second.unlinking == 0)
            exit_through_link(i->first, term{noconnection()}, trap_exit, message, exit_reason);
        if (message) messages.push_back(std::move(*message));
        if (exit_reason && !r.exit_reason) r.exit_reason = std::move(exit_reason);
        i = links_.erase(i);
    }
}

std::vector<std::pair<reference, atom>> relations::links_to_come() const {
    std::vector<std::pair<reference, atom>> all;
    for (const auto& [ref, q] : requests_)
        if (q.with.link) all.emplace_back(ref, q.on);
    return all;
}

void relations::end(const term& reason, reaction& r) {
    for (const auto& [other, state] : links_)
        if (state.unlinking == 0) r.out.push_back({other, signal::exit{self_, reason, true}});
    for (const auto& [ref, w] : watchers_) r.out.push_back({w.from, signal::down{w.from, ref, w.target, reason}});
    for (const auto& [ref, w] : monitors_) r.out.push_back({w.target, signal::demonitor{self_, ref}});
    links_.clear();
    watchers_.clear();
    monitors_.clear();
    requests_.clear();
}

bool relations::has_linked_itself_to(const pid& other) const {
    auto position = links_.find(other);
    return position != links_.end() && position->second.by_us && position->second.unlinking == 0;
}

std::vector<pid> relations::links() const {
    std::vector<pid> all;
    for (const auto& [other, state] : links_)
        if (state.unlinking == 0) all.push_back(other);
    return all;
}

std::vector<destination> relations::monitors() const {
    std::vector<destination> all;
    for (const auto& [ref, w] : monitors_) all.push_back(w.target);
    return all;
}

std::vector<pid> relations::monitored_by() const {
    std::vector<pid> all;
    for (const auto& [ref, w] : watchers_) all.push_back(w.from);
    return all;
}

bool relations::touches(const atom& node) const {
    for (const auto& [other, state] : links_)
        if (other.node == node) return true;
    for (const auto& [ref, w] : monitors_)
        if (node_of(w.target, self_.node) == node) return true;
    for (const auto& [ref, w] : watchers_)
        if (w.from.node == node) return true;
    for (const auto& [ref, q] : requests_)
        if (q.on == node) return true;
    return nodes_.count(node) != 0;
}

} // namespace sedge
