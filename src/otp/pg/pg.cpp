// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/pg.hpp>

#include "otp/first_worker.hpp"
#include "otp/keeper.hpp"
#include "otp/pg/scope.hpp"
#include "otp/terms.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::otp {

const atom& pg_scope::name() const noexcept { return state_->name; }

result<void> pg_scope::join(const term& group, const pid& member) { return join(group, std::span{&member, 1}); }

result<void> pg_scope::join(const term& group, std::span<const pid> members) {
    expect_first_worker();
    for (const auto& who : members)
        if (who.node != state_->here.name())
            return error{sedge::errc::invalid_argument, "join a group: " + to_string(who) + " is not of this node"};
    if (state_->stopped) return error{sedge::errc::stopped, "join a group: scope " + name().str()};
    state_->apply([&](pg_effects& out) { state_->core.join(group, members, out); });
    return {};
}

bool pg_scope::leave(const term& group, const pid& member) { return leave(group, std::span{&member, 1}); }

bool pg_scope::leave(const term& group, std::span<const pid> members) {
    expect_first_worker();
    return state_->apply([&](pg_effects& out) { return state_->core.leave(group, members, out); }) > 0;
}

std::vector<pid> pg_scope::members(const term& group) const {
    expect_first_worker();
    return state_->core.members(group);
}
std::vector<pid> pg_scope::local_members(const term& group) const {
    expect_first_worker();
    return state_->core.local_members(group);
}
std::vector<term> pg_scope::groups() const {
    expect_first_worker();
    return state_->core.groups();
}
std::vector<term> pg_scope::local_groups() const {
    expect_first_worker();
    return state_->core.local_groups();
}

std::vector<atom> pg_scope::nodes() const {
    expect_first_worker();
    std::vector<atom> names;
    for (const auto& peer : state_->core.peers()) names.push_back(peer.node);
    return names;
}

result<std::pair<reference, std::vector<pid>>> pg_scope::monitor(const pid& watcher, const term& group) {
    expect_first_worker();
    auto ref = state_->watch(watcher, group);
    if (!ref) return std::move(ref).error();
    return std::pair{*ref, members(group)};
}

result<std::pair<reference, std::vector<std::pair<term, std::vector<pid>>>>>
pg_scope::monitor_scope(const pid& watcher) {
    expect_first_worker();
    auto ref = state_->watch(watcher, std::nullopt);
    if (!ref) return std::move(ref).error();
    std::vector<std::pair<term, std::vector<pid>>> all;
    for (auto& group : groups()) {
        auto now = members(group);
        all.emplace_back(std::move(group), std::move(now));
    }
    return std::pair{*ref, std::move(all)};
}

bool pg_scope::demonitor(const reference& monitor) {
    expect_first_worker();
    return state_->unwatch(monitor);
}

task<bool> pg_scope::demonitor(process& watcher, reference monitor) {
    expect_first_worker();
    const bool was_there = state_->unwatch(monitor);
    // What was sent to the watcher before stands in its mailbox already, or comes before anything sent from now on.
    auto others = yield(watcher.env());
    co_await std::move(others);
    for (;;) {
        std::function<bool(const term_view&)> fits = [monitor](const term_view& message) {
            return is_tuple(message, 4) && message.element(0).as<reference>() == monitor;
        };
        auto looking = watcher.receive_if(std::move(fits), watcher.env().now());
        auto found = co_await std::move(looking);
        if (!found) co_return was_there;
    }
}

// -- all scopes ---------------------------------------------------------------------------------------------------

pg::pg(node& on) : node_(on) {}
pg::~pg() { stop_all(); }

result<pg_scope> pg::start(const atom& name) {
    if (auto running = find(name)) return *running;
    if (node_.whereis(name))
        return error{sedge::errc::invalid_argument, "start scope " + name.str() + ": the name is taken"};
    if (scopes_.size() >= limits::pg_scopes_max)
        return error{sedge::errc::limit_exceeded, "start scope " + name.str() + ": pg_scopes_max"};
    auto state = std::make_shared<pg_scope::state>(node_, name);
    auto run = [state] {
        process_body body = [state](process& self) { return run_scope(self, state); };
        return state->self =
                   state->here.spawn(std::move(body), {.label = "pg", .name = state->name, .trap_exit = true});
    };
    keeper_job job;
    job.is_over = [state] { return state->stopped; };
    job.start = run;
    state->keeper = start_keeper(node_, run(), std::move(job));
    return scopes_.emplace_back(pg_scope{std::move(state)});
}

std::optional<pg_scope> pg::find(const atom& name) const {
    expect_first_worker();
    for (const auto& each : scopes_)
        if (each.name() == name) return each;
    return std::nullopt;
}

bool pg::stop(const atom& name) {
    expect_first_worker();
    auto gone = std::find_if(scopes_.begin(), scopes_.end(), [&](const auto& each) { return each.name() == name; });
    if (gone == scopes_.end()) return false;
    auto state = gone->state_;
    scopes_.erase(gone);
    state->close();
    node_.exit(state->keeper, term{atom{"kill"}});
    node_.exit(state->self, term{atom{"kill"}});
    return true;
}

void pg::stop_all() {
    while (!scopes_.empty()) stop(atom{scopes_.back().name()});
}

std::vector<atom> pg::scopes() const {
    expect_first_worker();
    std::vector<atom> names;
    for (const auto& each : scopes_) names.push_back(each.name());
    std::sort(names.begin(), names.end());
    return names;
}

atom pg::scope_of(const destination& to) const {
    const auto* who = std::get_if<pid>(&to);
    const auto* name = std::get_if<atom>(&to);
    for (const auto& each : scopes_)
        if (who ? each.state_->self == *who : name && each.name() == *name) return each.name();
    return {};
}

result<void> pg::join(const term& group, const pid& member) {
    auto scope = start(atom{"pg"});
    if (!scope) return std::move(scope).error();
    return scope->join(group, member);
}

bool pg::leave(const term& group, const pid& member) {
    auto scope = find(atom{"pg"});
    return scope && scope->leave(group, member);
}

std::vector<pid> pg::members(const term& group) const {
    auto scope = find(atom{"pg"});
    return scope ? scope->members(group) : std::vector<pid>{};
}

std::vector<pid> pg::local_members(const term& group) const {
    auto scope = find(atom{"pg"});
    return scope ? scope->local_members(group) : std::vector<pid>{};
}

} // namespace sedge::otp
