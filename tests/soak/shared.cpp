// SPDX-License-Identifier: Apache-2.0
//
// What the nodes of scripts/soak have in common: groups of `pg` and names of `global`. The same as soak_shared.erl.
#include "soak/world.hpp"

#include <sedge/cluster/application.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/term/match.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::soak {
namespace {

using namespace std::chrono_literals;

const std::vector<atom>& groups() {
    static const std::vector<atom> all{atom{"soak_1"}, atom{"soak_2"}, atom{"soak_3"}, atom{"soak_4"}};
    return all;
}

constexpr auto patience = 30s; // a silent peer, which holds up a registration, is down well before

task<> member(process& self) {
    for (;;) {
        auto waiting = self.receive();
        (void)co_await std::move(waiting);
    }
}

// Twice a second one process joins a group, or leaves it if it is in already.
task<> join_and_leave(process& self, application& app, world& all) {
    std::vector<pid> members;
    for (int i = 0; i < 4; ++i) members.push_back(self.spawn(member, {.label = "member"}));
    for (;;) {
        auto sleeping = self.sleep(500ms);
        co_await std::move(sleeping);
        if (all.quiet) continue;
        term group{groups()[self.env().random_below(groups().size())]};
        const auto& who = members[self.env().random_below(members.size())];
        auto inside = app.kernel().pg().local_members(group);
        if (std::ranges::find(inside, who) != inside.end())
            app.kernel().pg().leave(group, who);
        else
            (void)app.kernel().pg().join(group, who);
    }
}

// Holds a name that nobody else wants, and answers by it.
task<> keep_name(process& self, application& app) {
    auto names = app.kernel().global();
    term own{atom{"soak_name_" + self.node().name().str()}};
    for (;;) {
        if (names.whereis_name(own) != self.self()) {
            auto registering = names.register_name(own, self.self(), self.env().now() + patience);
            (void)co_await std::move(registering);
        }
        auto due = self.env().now() + 1s;
        for (;;) {
            auto waiting = self.receive_if({}, due);
            auto message = co_await std::move(waiting);
            if (!message) break;
            pid from;
            std::int64_t number = 0;
            if (match(*message, tuple_of(atom{"greet"}, var(from), var(number))))
                self.send(from, term{std::tuple{atom{"greeted"}, number}});
        }
    }
}

// Has a name held that every node wants: a conflict after each split. Its loser is killed, as is OTP's default.
task<> contend(process& self, application& app, world& all, term name) {
    auto names = app.kernel().global();
    for (;;) {
        auto sleeping = self.sleep(1s);
        co_await std::move(sleeping);
        if (all.quiet || names.whereis_name(name)) continue;
        auto holder = self.spawn(member, {.label = "holder"});
        auto registering = names.register_name(name, holder, self.env().now() + patience);
        auto registered = co_await std::move(registering);
        if (!registered || !*registered) self.exit(holder, term{atom{"kill"}});
    }
}

bool is_own_name(const term& name) {
    auto text = name.as<atom>();
    return text && text->text().starts_with("soak_name_");
}

// Sends to each name that is found; a name whose process does not answer is no fault while nodes die.
task<> greet_by_name(process& self, application& app, world& all) {
    auto names = app.kernel().global();
    for (std::int64_t number = 1;; ++number) {
        for (const auto& name : names.registered_names())
            if (is_own_name(name)) names.send(self, name, term{std::tuple{atom{"greet"}, self.self(), number}});
        auto due = self.env().now() + 1s;
        for (;;) {
            auto waiting = self.receive_if({}, due);
            auto message = co_await std::move(waiting);
            if (!message) break;
            ++all.counts["greeted"];
        }
    }
}

std::string shown(const std::optional<pid>& who) {
    if (!who) return "null";
    auto part = [](std::uint32_t n) { return '/' + std::to_string(n); };
    return '"' + who->node.str() + part(who->id) + part(who->serial) + part(who->creation) + '"';
}

} // namespace

void start_shared(application& app, world& all) {
    auto& node = app.node();
    node.spawn([&](process& self) { return join_and_leave(self, app, all); }, {.label = "join and leave"});
    node.spawn([&](process& self) { return keep_name(self, app); }, {.label = "keep name"});
    for (const char* name : {"soak_contested_1", "soak_contested_2"})
        node.spawn([&app, &all, name](process& self) { return contend(self, app, all, term{atom{name}}); },
                   {.label = "contend"});
    node.spawn([&](process& self) { return greet_by_name(self, app, all); }, {.label = "greet by name"});
}

std::string shared_report(application& app) {
    std::string out = ",\"names\":{";
    auto names = app.kernel().global();
    for (const auto& name : names.registered_names()) {
        auto text = name.as<atom>();
        if (!text) continue;
        if (out.back() != '{') out += ',';
        out += '"' + text->str() + "\":" + shown(names.whereis_name(name));
    }
    out += "},\"groups\":{";
    for (const auto& group : groups()) {
        std::vector<std::string> members;
        for (const auto& who : app.kernel().pg().members(term{group})) members.push_back(shown(who));
        std::ranges::sort(members);
        if (out.back() != '{') out += ',';
        out += '"' + group.str() + "\":[";
        for (const auto& each : members) out += (out.back() == '[' ? "" : ",") + each;
        out += ']';
    }
    return out + '}';
}

} // namespace sedge::soak
