// SPDX-License-Identifier: Apache-2.0
//
// The process of a scope: feeds the core (membership.cpp tells the protocol) and does what it decides. Whoever joins
// or leaves on this node calls the core at once, without a message; sends and monitors are the process's all the same,
// so that peers see one sender whose messages keep their order.
#include "otp/pg/scope.hpp"

#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::otp {

void pg_scope::state::on_start(process& process) {
    if (stopped) return;
    apply([&](pg_effects& out) { core.stop(out); }); // if it ran before
    running = &process;
    for (auto& [ref, each] : watchers) {
        each.monitor = process.monitor(each.who);
        watcher_monitors[each.monitor] = ref;
    }
    apply([&](pg_effects& out) { core.start(process.self(), here.peers(), out); });
}

/// The node itself may be at its end, so nothing is told here.
void pg_scope::state::on_end() {
    running = nullptr;
    watched.clear();
    watcher_monitors.clear();
}

void pg_scope::state::close() {
    stopped = true;
    running = nullptr; // peers see the end of the process
    apply([&](pg_effects& out) { core.stop(out); });
    for (const auto& group : core.local_groups()) {
        const auto members = core.local_members(group);
        apply([&](pg_effects& out) { core.leave(group, members, out); });
    }
    watchers.clear();
    watchers_of.clear();
}

void pg_scope::state::on_message(const term& message) {
    if (apply([&](pg_effects& out) { return core.on_message(message, out); })) return;
    if (is_tagged(message, "DOWN", 5)) {
        if (auto ref = message.element(1).as<reference>()) on_down(*ref, message.element(3));
    } else if (is_tagged(message, "nodeup", 2)) {
        if (auto up = message.element(1).as<atom>()) apply([&](pg_effects& out) { core.node_up(*up, out); });
    } else if (auto call = as_call(message)) {
        // OTP's functions never call the scope of another node; whoever does so by hand shall not wait for ever.
        reply(*running, call->from, tuple(atom{"error"}, atom{"unknown_request"}));
    }
}

void pg_scope::state::on_down(const reference& ref, const term_view& who) {
    if (auto watching = watcher_monitors.find(ref); watching != watcher_monitors.end()) {
        unwatch(reference{watching->second});
        return;
    }
    const auto ended = who.as<pid>();
    if (!ended) return;
    auto entry = watched.find(*ended);
    if (entry == watched.end() || entry->second != ref) return;
    watched.erase(entry);
    apply([&](pg_effects& out) { core.down(*ended, out); });
}

void pg_scope::state::carry_out(pg_effects& effects) {
    for (auto& effect : effects) {
        if (auto* change = std::get_if<pg_effect::changed>(&effect)) {
            tell_watchers(*change);
        } else if (auto* above = std::get_if<pg_effect::left_out>(&effect)) {
            here.env().log(log_level::warning, printable("[sedge:pg] members of " + above->peer.str() + " in scope " +
                                                         name.str() + " are left out: it has too many"));
        } else if (!running) {
            continue; // the core tells everything again when it runs
        } else if (auto* out = std::get_if<pg_effect::send>(&effect)) {
            const auto* to = std::get_if<registered>(&out->to);
            const atom& on = to ? to->node : std::get<pid>(out->to).node;
            if (here.is_connected(on)) running->send(out->to, std::move(out->message));
        } else if (auto* begun = std::get_if<pg_effect::watch>(&effect)) {
            watched[begun->who] = running->monitor(begun->who);
        } else if (auto* over = std::get_if<pg_effect::unwatch>(&effect)) {
            auto entry = watched.find(over->who);
            if (entry == watched.end()) continue;
            running->demonitor(entry->second);
            watched.erase(entry);
        }
    }
}

// -- watchers -----------------------------------------------------------------------------------------------------

result<reference> pg_scope::state::watch(const pid& who, std::optional<term> group) {
    if (stopped) return error{sedge::errc::stopped, "watch groups: scope " + name.str()};
    if (who.node != here.name())
        return error{sedge::errc::invalid_argument, "watch groups: " + to_string(who) + " is not of this node"};
    if (watchers.size() >= limits::pg_monitors_max)
        return error{sedge::errc::limit_exceeded, "watch groups: pg_monitors_max"};
    const reference ref = here.make_reference();
    auto& made = watchers[ref];
    made.who = who;
    if (running) {
        made.monitor = running->monitor(who);
        watcher_monitors[made.monitor] = ref;
    }
    if (group) watchers_of[*group].push_back(ref);
    made.group = std::move(group);
    return ref;
}

bool pg_scope::state::unwatch(const reference& ref) {
    auto gone = watchers.extract(ref);
    if (!gone) return false;
    if (running) running->demonitor(gone.mapped().monitor);
    watcher_monitors.erase(gone.mapped().monitor);
    if (const auto& group = gone.mapped().group) {
        auto others = watchers_of.find(*group);
        std::erase(others->second, ref);
        if (others->second.empty()) watchers_of.erase(others);
    }
    return true;
}

void pg_scope::state::tell_watchers(const pg_effect::changed& change) {
    if (watchers.empty()) return;
    const atom what{change.joined ? "join" : "leave"};
    auto tell = [&](const reference& ref, const pid& who) {
        here.send(who, tuple(ref, what, change.group, change.members));
    };
    for (const auto& [ref, each] : watchers)
        if (!each.group) tell(ref, each.who);
    auto of_group = watchers_of.find(change.group);
    if (of_group == watchers_of.end()) return;
    for (const auto& ref : of_group->second) tell(ref, watchers.at(ref).who);
}

// -- processes ----------------------------------------------------------------------------------------------------

namespace {

/// Lives in the body's frame: however the process ends, the scope knows.
struct run_mark {
    pg_scope::state& scope;
    run_mark(pg_scope::state& s, process& self) : scope(s) { scope.on_start(self); }
    ~run_mark() { scope.on_end(); }
    run_mark(const run_mark&) = delete;
};

} // namespace

task<> run_scope(process& self, std::shared_ptr<pg_scope::state> scope) {
    self.monitor_nodes(true);
    run_mark mark{*scope, self};
    for (;;) {
        term message = co_await self.receive();
        if (!scope->stopped) scope->on_message(message);
    }
}

} // namespace sedge::otp
