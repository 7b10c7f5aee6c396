// SPDX-License-Identifier: Apache-2.0
//
// Process groups between whole nodes, in virtual time.
#include "otp/kernels.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/pg.hpp>

#include <gmock/gmock.h>

#include <algorithm>

namespace sedge::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using pids = std::vector<pid>;

class Groups : public Kernels {
protected:
    otp::pg& of_a() { return at_a->pg(); }
    otp::pg& of_b() { return at_b->pg(); }
    otp::pg_scope scope(otp::kernel& k, const char* name) { return k.pg().start(atom{name}).value(); }

    static pid sleeper(machine_node& at) {
        return at->spawn([](process& self) -> task<> { co_await self.sleep(1h * 1000); });
    }
    void end(machine_node& at, const pid& who) { at->exit(who, term{"done"_atom}); }
    static pids sorted(pids all) {
        std::sort(all.begin(), all.end());
        return all;
    }
    /// True if all nodes have the same members, these.
    void expect_everywhere(const term& group, const pids& members) {
        EXPECT_EQ(sorted(of_a().members(group)), sorted(members)) << "at a";
        EXPECT_EQ(sorted(of_b().members(group)), sorted(members)) << "at b";
    }
};

TEST_F(Groups, MembersAreSeenOnEveryNode) {
    pid p = sleeper(a);
    pid q = sleeper(b);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    EXPECT_THAT(of_a().members("g"_atom), ElementsAre(p)) << "at once here";
    ASSERT_TRUE(of_b().join("g"_atom, q));
    settle();
    expect_everywhere("g"_atom, {p, q});
    EXPECT_THAT(of_b().local_members("g"_atom), ElementsAre(q));
    EXPECT_THAT(scope(*at_a, "pg").nodes(), ElementsAre(name_of('b')));
    EXPECT_TRUE(of_a().leave("g"_atom, p));
    EXPECT_FALSE(of_a().leave("g"_atom, p));
    settle();
    expect_everywhere("g"_atom, {q});
}

TEST_F(Groups, OnlyProcessesOfThisNodeJoin) {
    pid q = sleeper(b);
    auto joined = of_a().join("g"_atom, q);
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error(), errc::invalid_argument);
    EXPECT_THAT(of_a().members("g"_atom), IsEmpty());
}

TEST_F(Groups, ProcessThatEndsIsGoneEverywhereAtOnce) {
    pid p = sleeper(a);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    ASSERT_TRUE(of_a().join("g"_atom, p));
    ASSERT_TRUE(of_a().join("h"_atom, p));
    settle();
    expect_everywhere("g"_atom, {p, p});
    end(a, p);
    sim.run_for(1s);
    expect_everywhere("g"_atom, {});
    expect_everywhere("h"_atom, {});
    EXPECT_THAT(scope(*at_b, "pg").groups(), IsEmpty());
}

TEST_F(Groups, DeadProcessIsAMemberForNoLongerThanAMoment) {
    pid p = sleeper(a);
    end(a, p);
    settle();
    ASSERT_TRUE(of_a().join("g"_atom, p));
    settle();
    expect_everywhere("g"_atom, {});
}

TEST_F(Groups, NodesThatWereApartAgreeAgain) {
    pid p = sleeper(a);
    pid q = sleeper(b);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    ASSERT_TRUE(of_b().join("g"_atom, q));
    settle();
    sim.cut(a.address, b.address);
    sim.run_for(3min);
    EXPECT_THAT(of_a().members("g"_atom), ElementsAre(p)) << "b cannot be reached";
    EXPECT_THAT(of_b().members("g"_atom), ElementsAre(q));
    pid later = sleeper(b);
    ASSERT_TRUE(of_b().join("g"_atom, later));
    ASSERT_TRUE(of_b().leave("g"_atom, q));
    sim.heal_all();
    ASSERT_TRUE(connect(a, 'b'));
    sim.run_for(2s);
    expect_everywhere("g"_atom, {p, later});
}

TEST_F(Groups, ConnectionLostForAMomentDoublesNothing) {
    pid p = sleeper(a);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    settle();
    for (int i = 0; i < 5; ++i) {
        a->disconnect(name_of('b'));
        sim.run_for(10ms);
        ASSERT_TRUE(connect(i % 2 ? a : b, i % 2 ? 'b' : 'a'));
        ASSERT_TRUE(of_a().join("g"_atom, p));
        ASSERT_TRUE(of_a().leave("g"_atom, p));
    }
    settle();
    expect_everywhere("g"_atom, {p});
}

TEST_F(Groups, KilledNodeTakesItsMembersAlong) {
    pid p = sleeper(a);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    ASSERT_TRUE(of_b().join("g"_atom, sleeper(b)));
    settle();
    at_b->stop();
    at_b.reset();
    kill(b);
    sim.run_for(1s);
    EXPECT_THAT(of_a().members("g"_atom), ElementsAre(p));
}

TEST_F(Groups, ScopeThatIsKilledComesBackWithTheMembersOfItsNode) {
    pid p = sleeper(a);
    pid q = sleeper(b);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    ASSERT_TRUE(of_b().join("g"_atom, q));
    settle();
    const pid before = *a->whereis("pg"_atom);
    a->exit(before, term{"kill"_atom});
    settle();
    EXPECT_NE(*a->whereis("pg"_atom), before);
    expect_everywhere("g"_atom, {p, q});
    end(a, p);
    settle();
    expect_everywhere("g"_atom, {q});
}

TEST_F(Groups, ScopeThatStopsHasNoMembersAnywhere) {
    auto at = scope(*at_a, "other");
    scope(*at_b, "other");
    ASSERT_TRUE(at.join("g"_atom, sleeper(a)));
    settle();
    EXPECT_EQ(scope(*at_b, "other").members("g"_atom).size(), 1u);
    EXPECT_THAT(of_b().members("g"_atom), IsEmpty()) << "scopes have nothing to do with each other";
    EXPECT_TRUE(of_a().stop("other"_atom));
    EXPECT_FALSE(of_a().stop("other"_atom));
    settle();
    EXPECT_THAT(scope(*at_b, "other").members("g"_atom), IsEmpty());
    EXPECT_THAT(at.members("g"_atom), IsEmpty());
    EXPECT_FALSE(a->whereis("other"_atom));
    EXPECT_EQ(at.join("g"_atom, sleeper(a)).error(), make_error_code(errc::stopped))
        << "nobody would ever let it leave";
    EXPECT_EQ(at.monitor(sleeper(a), "g"_atom).error(), make_error_code(errc::stopped));
    EXPECT_THAT(at.members("g"_atom), IsEmpty());
    scope(*at_a, "other");
    settle();
    EXPECT_THAT(scope(*at_b, "other").nodes(), ElementsAre(name_of('a')));
}

TEST_F(Groups, ScopesMeetInAnyOrder) {
    auto first = scope(*at_a, "late");
    pid p = sleeper(a);
    ASSERT_TRUE(first.join("g"_atom, p));
    settle();
    EXPECT_THAT(scope(*at_b, "late").members("g"_atom), IsEmpty());
    settle();
    EXPECT_THAT(scope(*at_b, "late").members("g"_atom), ElementsAre(p));
}

TEST_F(Groups, NameThatIsTakenIsNoScope) {
    auto refused = of_a().start("rex"_atom);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), errc::invalid_argument);
}

TEST_F(Groups, WatcherHearsOfEveryChange) {
    auto heard = make_inbox();
    pid watcher = a->spawn(recorder(heard));
    auto at = scope(*at_a, "pg");
    auto of_group = at.monitor(watcher, "g"_atom);
    ASSERT_TRUE(of_group);
    EXPECT_THAT(of_group->second, IsEmpty());
    pid q = sleeper(b);
    ASSERT_TRUE(of_b().join("g"_atom, q));
    ASSERT_TRUE(of_b().join("h"_atom, q));
    settle();
    auto message = [](const reference& ref, const char* what, const char* group, const pids& members) {
        return to_erlang(term{std::tuple{ref, atom{what}, atom{group}, members}});
    };
    EXPECT_THAT(*heard, ElementsAre(message(of_group->first, "join", "g", {q})));
    heard->clear();
    auto of_all = at.monitor_scope(watcher);
    ASSERT_TRUE(of_all);
    EXPECT_EQ(of_all->second.size(), 2u);
    EXPECT_TRUE(at.demonitor(of_group->first));
    EXPECT_FALSE(at.demonitor(of_group->first));
    end(b, q);
    settle();
    EXPECT_THAT(*heard, UnorderedElementsAre(message(of_all->first, "leave", "g", {q}),
                                             message(of_all->first, "leave", "h", {q})));
    heard->clear();
    end(a, watcher);
    settle();
    EXPECT_FALSE(at.demonitor(of_all->first)) << "the watcher has ended";
}

TEST_F(Groups, WatcherSurvivesTheEndOfTheScopesProcess) {
    auto heard = make_inbox();
    pid watcher = a->spawn(recorder(heard));
    pid p = sleeper(a);
    auto made = scope(*at_a, "pg").monitor(watcher, "g"_atom);
    a->exit(*a->whereis("pg"_atom), term{"kill"_atom});
    settle();
    ASSERT_TRUE(of_a().join("g"_atom, p));
    settle();
    EXPECT_EQ(heard->size(), 1u);
    end(a, watcher);
    settle();
    EXPECT_FALSE(scope(*at_a, "pg").demonitor(made->first));
}

TEST_F(Groups, DemonitorTakesWhatHasComeAlready) {
    on_a([&](process& self) -> task<> {
        auto at = scope(*at_a, "pg");
        auto made = at.monitor(self.self(), "g"_atom);
        (void)at.join("g"_atom, self.self());
        auto ending = at.demonitor(self, made->first);
        EXPECT_TRUE(co_await std::move(ending));
        auto looking = self.receive_if({}, self.env().now());
        auto left = co_await std::move(looking);
        EXPECT_FALSE(left);
    });
}

TEST_F(Groups, OtherNodesAskByRpc) {
    pid p = sleeper(b);
    ASSERT_TRUE(of_b().join("g"_atom, p));
    EXPECT_EQ(ask("pg", "get_members", "g"_atom).body, term{pids{p}});
    EXPECT_EQ(ask("pg", "get_members", "pg"_atom, "g"_atom).body, term{pids{p}});
    EXPECT_EQ(ask("pg", "get_local_members", "g"_atom).body, term{pids{p}});
    EXPECT_EQ(rpc("pg", "which_groups"), "[g]");
    EXPECT_EQ(rpc("pg", "which_local_groups", "pg"_atom), "[g]");
    EXPECT_EQ(rpc("pg", "get_members", "no_scope"_atom, "g"_atom), "[]");
    EXPECT_THAT(rpc("pg", "which_groups", "no_scope"_atom), testing::HasSubstr("{'EXIT',{badarg,"));
    EXPECT_EQ(rpc("pg", "join", "g"_atom, p), "ok");
    EXPECT_EQ(rpc("pg", "leave", "g"_atom, pids{p, p}), "ok");
    EXPECT_EQ(rpc("pg", "leave", "g"_atom, p), "not_joined");
    EXPECT_THAT(rpc("pg", "join", "g"_atom, sleeper(a)), testing::HasSubstr("{'EXIT',{{nolocal,<"));
    EXPECT_THAT(rpc("pg", "join", "no_scope"_atom, "g"_atom, p),
                testing::HasSubstr("{'EXIT',{noproc,{gen_server,call,[no_scope,{join_local,g,<"));
    EXPECT_THAT(rpc("pg", "start", "mine"_atom), testing::HasSubstr("{ok,<"));
    EXPECT_THAT(rpc("pg", "start", "mine"_atom), testing::HasSubstr("{error,{already_started,<"));
    EXPECT_THAT(of_b().scopes(), ElementsAre("mine"_atom, "pg"_atom));
}

TEST_F(Groups, CallOfAScopeOnAnotherNodeIsAnswered) {
    on_a([&](process& self) -> task<> {
        auto asking = otp::call(self, registered{"pg"_atom, name_of('b')}, term{"monitor"_atom}, in(5s));
        auto answer = co_await std::move(asking);
        EXPECT_TRUE(answer) << answer.error().message();
    });
}

TEST_F(Groups, NobodySpeaksForAnotherNode) {
    pid p = sleeper(a);
    ASSERT_TRUE(of_a().join("g"_atom, p));
    settle();
    const pid scope_a = *a->whereis("pg"_atom);
    auto& c = boot('c');
    ASSERT_TRUE(connect(c, 'b'));
    c->spawn([&](process& self) -> task<> {
        self.send(registered{"pg"_atom, name_of('b')}, std::tuple{"leave"_atom, scope_a, p, std::vector{"g"_atom}});
        self.send(registered{"pg"_atom, name_of('b')}, std::tuple{"discover"_atom, pid{"d@10.0.0.4"_atom, 1, 0, 1}});
        co_return;
    });
    settle();
    EXPECT_THAT(of_b().members("g"_atom), ElementsAre(p));
    EXPECT_FALSE(b->is_connected("d@10.0.0.4"_atom));
}

TEST_F(Groups, RoleSaysWhichScopesANodeHasAPartIn) {
    otp::role guests;
    guests.name = "default";
    guests.scopes = {"open*"};
    options_of_b.roles = otp::role_table{{guests}};
    at_b.reset();
    settle();
    at_b.emplace(*b, options_of_b);
    ASSERT_TRUE(at_b->start());
    auto opened = scope(*at_b, "open_to_all");
    auto same = scope(*at_a, "open_to_all");
    pid p = sleeper(a);
    ASSERT_TRUE(same.join("g"_atom, p));
    ASSERT_TRUE(of_a().join("g"_atom, p));
    settle();
    EXPECT_THAT(opened.members("g"_atom), ElementsAre(p));
    EXPECT_THAT(of_b().members("g"_atom), IsEmpty());
    EXPECT_THAT(scope(*at_b, "pg").nodes(), IsEmpty());
    ASSERT_TRUE(of_b().join("secret"_atom, sleeper(b)));
    settle();
    EXPECT_THAT(of_a().members("secret"_atom), IsEmpty());
    EXPECT_THAT(sim.story(), testing::HasSubstr("refused: a@10.0.0.1 (role default) to scope pg"));
}

TEST_F(Groups, ScopesOfTheOptionsRunFromTheStart) {
    EXPECT_THAT(of_a().scopes(), ElementsAre("pg"_atom));
    options_of_b.scopes = {"one"_atom, "two"_atom};
    at_b.reset();
    settle();
    at_b.emplace(*b, options_of_b);
    ASSERT_TRUE(at_b->start());
    EXPECT_THAT(of_b().scopes(), ElementsAre("one"_atom, "two"_atom));
}

TEST_F(Groups, TenThousandMembersInOneGroup) {
    pids crowd;
    for (int i = 0; i < 10'000; ++i) crowd.push_back(sleeper(a));
    auto at = scope(*at_a, "pg");
    for (const auto& who : crowd) ASSERT_TRUE(at.join("g"_atom, who));
    settle();
    EXPECT_EQ(of_b().members("g"_atom).size(), 10'000u);
    a->disconnect(name_of('b'));
    settle();
    EXPECT_THAT(of_b().members("g"_atom), IsEmpty());
    ASSERT_TRUE(connect(b, 'a'));
    settle(); // one sync
    EXPECT_EQ(sorted(of_b().members("g"_atom)), sorted(crowd));
    for (const auto& who : crowd) end(a, who);
    settle();
    expect_everywhere("g"_atom, {});
}

} // namespace
} // namespace sedge::test
