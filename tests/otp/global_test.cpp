// SPDX-License-Identifier: Apache-2.0
//
// Global names between several nodes of sedge, in virtual time.
#include "otp/globals.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/rpc.hpp>

#include <algorithm>
#include <map>

namespace sedge::test {
namespace {

using otp::conflict_method;
using otp::loss_reports;

TEST_F(Globals, NameIsSeenOnTheOtherNode) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    auto who = spawn_at(a);
    EXPECT_TRUE(is_registered(a, "x"_atom, who));
    EXPECT_EQ(b.names().whereis_name("x"_atom), who);
    EXPECT_EQ(b.names().registered_names(), std::vector{term{"x"_atom}});
}

TEST_F(Globals, NamesOfBothAreExchangedWhenTheyMeet) {
    auto& a = start('a');
    auto& b = start('b');
    auto at_a = spawn_at(a);
    auto at_b = spawn_at(b);
    EXPECT_TRUE(is_registered(a, "x"_atom, at_a));
    EXPECT_TRUE(is_registered(b, term{std::tuple{"y"_atom, 1}}, at_b));
    meet(a, 'b');
    EXPECT_EQ(b.names().whereis_name("x"_atom), at_a);
    EXPECT_EQ(a.names().whereis_name(term{std::tuple{"y"_atom, 1}}), at_b);
}

TEST_F(Globals, TakenNameIsRefusedOnEveryNode) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    EXPECT_FALSE(is_registered(b, "x"_atom, spawn_at(b)));
    EXPECT_FALSE(is_registered(a, "x"_atom, spawn_at(a)));
}

TEST_F(Globals, ProcessHasOneNameOnly) {
    auto& a = start('a');
    auto who = spawn_at(a);
    EXPECT_TRUE(is_registered(a, "x"_atom, who));
    EXPECT_FALSE(is_registered(a, "y"_atom, who));
}

TEST_F(Globals, NameGoesWithItsProcess) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    auto who = spawn_at(a);
    EXPECT_TRUE(is_registered(a, "x"_atom, who));
    a->exit(who, term{"kill"_atom});
    sim.run_for(1s);
    EXPECT_EQ(a.names().whereis_name("x"_atom), std::nullopt);
    EXPECT_EQ(b.names().whereis_name("x"_atom), std::nullopt);
    EXPECT_TRUE(is_registered(b, "x"_atom, spawn_at(b)));
}

TEST_F(Globals, NameIsTakenBackAndTakenOver) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    auto other = spawn_at(b);
    EXPECT_TRUE(sim.block_on(b.names().re_register_name("x"_atom, other, in(60s))));
    EXPECT_EQ(a.names().whereis_name("x"_atom), other);
    EXPECT_TRUE(sim.block_on(a.names().unregister_name("x"_atom, in(60s))));
    EXPECT_EQ(b.names().whereis_name("x"_atom), std::nullopt);
}

TEST_F(Globals, MessageGoesToWhoeverHasTheName) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    auto got = make_inbox();
    EXPECT_TRUE(is_registered(b, "x"_atom, spawn_at(b, got)));
    on(a, [&](process& self) -> task<> {
        EXPECT_TRUE(a.names().send(self, "x"_atom, term{"hello"_atom}));
        EXPECT_FALSE(a.names().send(self, "y"_atom, term{"hello"_atom}));
        co_return;
    });
    sim.run_for(1s);
    EXPECT_EQ(*got, std::vector<std::string>{"hello"});
}

TEST_F(Globals, NewcomerMeetsTheWholeCluster) {
    auto& a = start('a');
    auto& b = start('b');
    auto& c = start('c');
    meet(a, 'b');
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    meet(c, 'b');
    sim.run_for(5s);
    EXPECT_EQ(known(a) + " " + known(b) + " " + known(c), "bc ac ab");
    EXPECT_TRUE(c->is_connected(name_of('a')));
    EXPECT_TRUE(c.names().whereis_name("x"_atom));
    for (auto* each : {&a, &b, &c}) EXPECT_TRUE(sim.block_on(each->names().sync(in(1s))));
}

TEST_F(Globals, TwoClustersBecomeOne) {
    auto& a = start('a');
    start('b');
    auto& c = start('c');
    auto& d = start('d');
    meet(a, 'b');
    meet(c, 'd');
    auto at_d = spawn_at(d);
    EXPECT_TRUE(is_registered(d, "x"_atom, at_d));
    ASSERT_TRUE(connect(a.node, 'c'));
    sim.run_for(10s);
    for (auto& each : members) {
        EXPECT_EQ(known(*each).size(), 3u);
        EXPECT_EQ(each->names().whereis_name("x"_atom), at_d);
    }
}

TEST_F(Globals, ConflictIsSettledByTheMethodOfTheName) {
    auto& a = start('a');
    auto& b = start('b');
    std::vector<inbox> got;
    std::vector<pid> who;
    for (auto* each : {&a, &b}) {
        for (auto how : {conflict_method::random_exit, conflict_method::random_notify, conflict_method::notify_all}) {
            who.push_back(spawn_at(*each, got.emplace_back(make_inbox())));
            EXPECT_TRUE(is_registered(*each, static_cast<int>(how), who.back(), how));
        }
    }
    std::map<member*, std::vector<std::string>> told;
    std::vector<otp::global::subscription> watching;
    for (auto* each : {&a, &b})
        watching.push_back(each->names().watch_conflicts([&told, each](const otp::name_conflict& c) {
            told[each].push_back(to_erlang(c.name) + " " + to_string(c.lost) + " " +
                                 (c.kept ? to_string(*c.kept) : "nobody"));
        }));
    meet(b, 'a');
    sim.run_for(5s);
    EXPECT_EQ(told[&a], std::vector{"2 " + to_string(who[2]) + " nobody"});
    std::ranges::sort(told[&b]);
    EXPECT_EQ(told[&b],
              (std::vector{"0 " + to_string(who[3]) + " " + to_string(who[0]),
                           "1 " + to_string(who[4]) + " " + to_string(who[1]), "2 " + to_string(who[5]) + " nobody"}));
    for (auto* each : {&a, &b}) {
        EXPECT_EQ(each->names().whereis_name(0), who[0]);
        EXPECT_EQ(each->names().whereis_name(1), who[1]);
        EXPECT_EQ(each->names().whereis_name(2), std::nullopt);
    }
    EXPECT_FALSE(b->is_alive(who[3]));
    EXPECT_TRUE(b->is_alive(who[4]));
    EXPECT_EQ(*got[4], std::vector<std::string>{"{global_name_conflict,1}"});
    EXPECT_EQ(*got[2], std::vector<std::string>{"{global_name_conflict,2," + to_erlang(term{who[5]}) + "}"});
    EXPECT_EQ(*got[5], std::vector<std::string>{"{global_name_conflict,2," + to_erlang(term{who[2]}) + "}"});
}

TEST_F(Globals, ConflictIsDecidedByAFunctionOfTheProgram) {
    auto& a = start('a'); // the node with the smaller name has it decided, where its own process is
    auto& b = start('b');
    std::vector<std::string> asked;
    auto serve = [&](std::string_view function, otp::handler run) {
        a.kernel->functions().add_raw("arbiter", function, 3, [&asked, run](otp::call_context& c, auto arguments) {
            asked.push_back(c.function.str());
            return run(c, arguments);
        });
    };
    serve("keep_his", [](auto&, auto arguments) { return otp::outcome::value(arguments[1]); });
    serve("keep_mine", [](auto&, auto arguments) { return otp::outcome::value(arguments[2]); });
    serve("keep_none", [](auto&, auto) { return otp::outcome::value(term{"none"_atom}); });
    serve("odd", [](auto&, auto) { return otp::outcome::value(term{42}); });
    serve("fail", [](auto&, auto) -> otp::outcome { throw std::runtime_error{"no idea"}; });
    std::vector<std::string> functions{"keep_his", "keep_mine", "keep_none", "odd", "fail", "missing"};
    std::map<std::string, std::pair<pid, pid>> who;
    for (const auto& f : functions) {
        who[f] = {spawn_at(a), spawn_at(b)};
        EXPECT_TRUE(is_registered(a, atom{f}, who[f].first, otp::conflict_resolver::function("arbiter", f)));
        EXPECT_TRUE(is_registered(b, atom{f}, who[f].second));
    }
    meet(b, 'a');
    sim.run_for(5s);
    std::ranges::sort(asked);
    EXPECT_EQ(asked, (std::vector<std::string>{"fail", "keep_his", "keep_mine", "keep_none", "odd"}));
    for (auto* each : {&a, &b}) {
        EXPECT_EQ(each->names().whereis_name("keep_his"_atom), who["keep_his"].second);
        EXPECT_EQ(each->names().whereis_name("keep_mine"_atom), who["keep_mine"].first);
        EXPECT_EQ(each->names().whereis_name("keep_none"_atom), std::nullopt);
        EXPECT_EQ(each->names().whereis_name("odd"_atom), std::nullopt);
        for (const char* f : {"fail", "missing"}) // as if nobody could be asked
            EXPECT_EQ(each->names().whereis_name(atom{f}), who[f].second) << f;
    }
    for (const auto& [f, both] : who) // nobody was killed
        EXPECT_TRUE(a->is_alive(both.first) && b->is_alive(both.second)) << f;
}

TEST_F(Globals, FunctionForConflictsIsRunForNoOtherPurpose) {
    otp::role guest{"guest", {"b@*"}};
    guest.may = {otp::right::global};
    otp::kernel_options options;
    options.roles = otp::role_table{{guest}};
    auto& a = start('a', options);
    auto& b = start('b');
    int asked = 0;
    a.kernel->functions().add_raw("arbiter", "decide", 3, [&asked](otp::call_context&, auto arguments) {
        ++asked;
        return otp::outcome::value(arguments[1]);
    });
    const auto at_a = spawn_at(a);
    const auto at_b = spawn_at(b);
    const auto arbiter = otp::conflict_resolver::function("arbiter", "decide");
    EXPECT_TRUE(is_registered(a, "x"_atom, at_a, arbiter));
    meet(b, 'a');
    auto ask = [&](const char* name) {
        std::vector<term> arguments{arbiter.fun(), term{atom{name}}, term{at_b}, term{at_a}};
        return otp::rpc_value(sim.block_on(
            otp::erpc_call(*b.node.node, name_of('a'), "global"_atom, "resolve_it"_atom, arguments, in(5s))));
    };
    EXPECT_EQ(ask("x"), term{at_b});
    EXPECT_EQ(to_erlang(ask("y")).substr(0, 23), "{badrpc,{'EXIT',{badarg");
    EXPECT_EQ(asked, 1);
}

TEST_F(Globals, LockIsHeldByOneRequesterOnAllNodes) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    otp::global_lock first{"door"_atom, "first"_atom};
    otp::global_lock second{"door"_atom, "second"_atom};
    on(a, [&](process& self) -> task<> {
        auto locking = a.names().set_lock(self, first, in(10s));
        EXPECT_TRUE(co_await std::move(locking));
        auto again = a.names().set_lock(self, first, in(10s));
        EXPECT_TRUE(co_await std::move(again));
        auto other = a.names().set_lock(self, second, in(3s));
        EXPECT_FALSE(co_await std::move(other));
    });
    // The process that held it is gone.
    on(b, [&](process& self) -> task<> {
        bool ran = false;
        std::function<task<>()> job = [&ran]() -> task<> {
            ran = true;
            co_return;
        };
        auto running = b.names().trans(self, second, job, in(10s));
        EXPECT_TRUE(co_await std::move(running));
        EXPECT_TRUE(ran);
        auto locking = b.names().set_lock(self, first, in(1s));
        EXPECT_TRUE(co_await std::move(locking));
        auto freeing = b.names().del_lock(self, first);
        co_await std::move(freeing);
        auto taken = b.names().set_lock(self, second, in(1s));
        EXPECT_TRUE(co_await std::move(taken));
    });
}

TEST_F(Globals, RegistrationsRaceAndOneWins) {
    auto& a = start('a');
    start('b');
    start('c');
    meet(a, 'b');
    meet(a, 'c');
    sim.run_for(5s);
    std::vector<std::optional<bool>> won(30);
    nursery jobs;
    auto compete = [](otp::global names, term name, pid who, time_point due, std::optional<bool>& into) -> task<> {
        auto registering = names.register_name(name, who, due);
        auto outcome = co_await std::move(registering);
        into = outcome && *outcome;
    };
    for (std::size_t i = 0; i < won.size(); ++i) {
        auto& at = *members[i % 3];
        jobs.start(compete(at.names(), term{static_cast<int>(i / 3)}, spawn_at(at), in(120s), won[i]));
    }
    EXPECT_TRUE(sim.run_until([&] { return jobs.empty(); }, 2min));
    for (std::size_t name = 0; name < 10; ++name) {
        EXPECT_EQ(*won[3 * name] + *won[3 * name + 1] + *won[3 * name + 2], 1) << name;
        auto who = a.names().whereis_name(static_cast<int>(name));
        for (auto& each : members) EXPECT_EQ(each->names().whereis_name(static_cast<int>(name)), who);
    }
}

TEST_F(Globals, HiddenNodeTakesNoPart) {
    auto& a = start('a');
    auto& b = start('b', {}, true);
    ASSERT_TRUE(connect(a.node, 'b'));
    sim.run_for(5s);
    EXPECT_EQ(known(a), "");
    auto done = sim.block_on(b.names().register_name("x"_atom, spawn_at(b), in(1s)));
    EXPECT_EQ(done.error(), make_error_code(otp::errc::no_process));
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
}

TEST_F(Globals, PeerWithoutTheRightIsNoMember) {
    otp::role stranger;
    stranger.name = "default";
    stranger.may.erase(otp::right::global);
    otp::kernel_options options;
    options.roles = otp::role_table{{stranger}};
    auto& a = start('a', std::move(options));
    auto& b = start('b');
    ASSERT_TRUE(connect(b.node, 'a'));
    sim.run_for(30s);
    EXPECT_EQ(known(a) + known(b), "");
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    EXPECT_TRUE(is_registered(b, "x"_atom, spawn_at(b)));
}

TEST_F(Globals, NamesOfALostNodeGoAndComeBackWithIt) {
    auto& a = start('a');
    auto& b = start('b');
    meet(a, 'b');
    EXPECT_TRUE(is_registered(b, "x"_atom, spawn_at(b)));
    cut('a', 'b');
    ASSERT_TRUE(sim.run_until([&] { return known(a).empty() && known(b).empty(); }, 3min));
    EXPECT_EQ(a.names().whereis_name("x"_atom), std::nullopt);
    EXPECT_TRUE(is_registered(a, "y"_atom, spawn_at(a)));
    sim.heal_all();
    meet(a, 'b');
    EXPECT_TRUE(a.names().whereis_name("x"_atom));
    EXPECT_TRUE(b.names().whereis_name("y"_atom));
}

// -- a link that is cut between two of four -----------------------------------------------------------------------

class CutLink : public Globals {
protected:
    /// Who is left with whom some time after the link a-b was cut: what each knows.
    std::string after_cut(loss_reports which) {
        for (char alive : {'a', 'b', 'c', 'd'}) start(alive, reporting(which));
        for (char other : {'b', 'c', 'd'}) meet(*members[0], other);
        sim.run_for(10s);
        EXPECT_EQ(seen(), "bcd acd abd abc");
        cut('a', 'b');
        sim.reset(address_of('a'), address_of('b'));
        sim.run_for(3min);
        return seen();
    }
    std::string seen() {
        std::string text;
        for (auto& each : members) text += (text.empty() ? "" : " ") + (known(*each).empty() ? "-" : known(*each));
        return text;
    }
};

TEST_F(CutLink, LeavesOutOneEndByDefault) { EXPECT_EQ(after_cut(loss_reports::one_end), "cd - ad ac"); }

TEST_F(CutLink, LeavesOutBothEndsAsOtpDoes) { EXPECT_EQ(after_cut(loss_reports::always), "- - d c"); }

TEST_F(CutLink, OverlapsIfNobodyReports) { EXPECT_EQ(after_cut(loss_reports::never), "cd cd abd abc"); }

TEST_F(CutLink, ToANodeThatWasNeverMetLeavesOutOneEndToo) {
    // What a does not know of its own of d, the others tell it: it has only just started.
    for (char alive : {'b', 'c', 'd'}) start(alive);
    for (char other : {'c', 'd'}) meet(*members[0], other);
    sim.run_for(10s);
    start('a');
    cut('a', 'd');
    meet(*members[3], 'c');
    sim.run_for(30s);
    EXPECT_EQ(seen(), "ac ab - bc");
}

// -- peers that stop in the middle ----------------------------------------------------------------------------------

/// A peer that plays global by hand: node p.
class HalfPeer : public Globals {
protected:
    member& a = start('a');
    machine_node& p = boot('p');
    std::vector<term> heard; ///< By the name global_name_server at p.
    pid his_locker;

    void SetUp() override {
        auto listen = [this](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive();
                term message = co_await std::move(waiting);
                heard.push_back(message);
                if (is_lost_on_lock && otp::as_call(message)) {
                    is_lost_on_lock = false;
                    p->disconnect(name_of('a'));
                } else if (answers_locks) {
                    answer_lock(self, message);
                }
            }
        };
        p->spawn(listen, {.label = "half", .name = "global_name_server"_atom});
        his_locker = p->spawn(recorder(make_inbox()));
        ASSERT_TRUE(connect(a.node, 'p'));
        sim.run_for(100ms);
    }
    static void answer_lock(process& self, const term& message) {
        if (auto call = otp::as_call(message)) otp::reply(self, call->from, term{true});
    }
    std::optional<term_view> cast_named(std::string_view tag) {
        for (auto at = heard.rbegin(); at != heard.rend(); ++at) {
            if (!at->element(0).is_atom("$gen_cast")) continue;
            if (at->element(1).element(0).is_atom(tag)) return at->element(1);
        }
        return std::nullopt;
    }
    template <class... T>
    void cast_to_a(const T&... message) {
        p->send(registered{"global_name_server"_atom, name_of('a')},
                term{std::tuple{"$gen_cast"_atom, std::tuple{message...}}});
    }
    void greet() {
        cast_to_a("init_connect"_atom, std::pair{8, 17}, name_of('p'),
                  std::tuple{"locker"_atom, "no_longer_a_pid"_atom, term{std::map<int, int>{}}, his_locker});
    }
    /// The whole pairing, with nothing to exchange.
    void pair_with_a() {
        greet();
        sim.run_for(3s);
        const auto tag = cast_named("init_connect")->element(1).element(1).as<std::int64_t>().value();
        const std::vector<int> none;
        cast_to_a("lock_set"_atom, his_locker, true, std::vector<atom>{}, tag);
        cast_to_a("exchange"_atom, name_of('p'), none, none, tag);
        cast_to_a("resolved"_atom, name_of('p'), none, none, "unused"_atom, none, tag);
        sim.run_for(1s);
    }
    bool answers_locks = true;
    bool is_lost_on_lock = false; ///< The next call of a is not answered: the connection is closed.
};

TEST_F(HalfPeer, ThatNeverAnswersTheGreetingDisturbsNobody) {
    EXPECT_TRUE(cast_named("init_connect"));
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
}

TEST_F(HalfPeer, ThatNeverSetsItsLockHoldsUpRegistrationsForAWhileOnly) {
    greet();
    sim.run_for(3s);
    EXPECT_TRUE(cast_named("lock_set"));
    auto before = sim.now();
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    EXPECT_LT(sim.now() - before, 25s);
    // Later most of the time is left to others.
    sim.run_for(5min);
    before = sim.now();
    EXPECT_TRUE(is_registered(a, "y"_atom, spawn_at(a)));
    EXPECT_LT(sim.now() - before, 25s);
}

TEST_F(HalfPeer, ThatNeverAnswersLockCallsHoldsUpNothing) {
    answers_locks = false;
    greet();
    sim.run_for(3s);
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
}

TEST_F(HalfPeer, ThatNeverExchangesNamesIsGivenUp) {
    greet();
    sim.run_for(3s);
    auto offer = cast_named("lock_set");
    ASSERT_TRUE(offer);
    auto tag = cast_named("init_connect")->element(1).element(1).as<std::int64_t>().value();
    cast_to_a("lock_set"_atom, his_locker, true, std::vector<atom>{}, tag);
    sim.run_for(1s);
    EXPECT_TRUE(cast_named("exchange"));
    auto done = sim.block_on(a.names().register_name("x"_atom, spawn_at(a), in(100s)));
    EXPECT_TRUE(done);
    bool cancelled = false;
    for (const auto& m : heard) cancelled = cancelled || m.element(0).is_atom("cancel_connect");
    EXPECT_TRUE(cancelled);
}

TEST_F(HalfPeer, WhomItIntroducesIsDialledAnewIfAnOlderDialFails) {
    // A dial that hangs, as those do that began while a cluster was split.
    sim.machine("10.0.0.9");
    sim.cut(a.node.address, "10.0.0.9");
    table.where[name_of('c').str()] = {*wire::ip_address::parse("10.0.0.9"), 1};
    std::optional<result<void>> older;
    a->spawn([&older](process& self) -> task<> {
        auto dialling = self.node().connect(name_of('c'));
        older = co_await std::move(dialling);
    });
    sim.run_for(1s);

    auto& c = boot('c'); // now it is where it can be reached
    const pid who = c->spawn(recorder(make_inbox()));
    const std::tuple insert{"insert"_atom, std::tuple{"x"_atom, who, "any"_atom}};
    const std::pair lock{"lock"_atom, std::pair{"global"_atom, "p"_atom}};
    cast_to_a("new_nodes"_atom, name_of('p'), std::vector{insert}, std::vector<int>{},
              std::vector{std::pair{name_of('c'), 8}}, std::vector{lock});
    sim.run_for(15s);
    ASSERT_TRUE(older);
    EXPECT_FALSE(*older);
    EXPECT_EQ(known(a), "c") << sim.story();
    EXPECT_EQ(a.names().whereis_name("x"_atom), who);
}

/// Seen in a simulated cluster: a name whose holder was on the member that could not be reached was given away here,
/// and that member kept its own.
TEST_F(HalfPeer, NoNameIsChangedWhileWhomItIntroducesCannotBeReached) {
    pair_with_a();
    sim.machine("10.0.0.9");
    sim.cut(a.node.address, "10.0.0.9");
    table.where[name_of('c').str()] = {*wire::ip_address::parse("10.0.0.9"), 1};
    cast_to_a("new_nodes"_atom, name_of('p'), std::vector<int>{}, std::vector<int>{},
              std::vector{std::pair{name_of('c'), 8}},
              std::vector{std::pair{"lock"_atom, std::pair{"global"_atom, "p"_atom}}});
    sim.run_for(100ms);
    EXPECT_EQ(known(a), "cp");
    std::optional<result<bool>> done;
    const pid who = spawn_at(a);
    a->spawn([&](process&) -> task<> {
        auto registering = a.names().register_name("x"_atom, who, in(60s));
        done = co_await std::move(registering);
    });
    auto told = [&] {
        return std::ranges::any_of(heard, [](const term& message) {
            auto call = otp::as_call(message);
            return call && call->request.element(0).is_atom("register");
        });
    };
    sim.run_for(13s); // longer than one waits for an answer; two dials of 7 s are under way
    EXPECT_EQ(known(a), "cp");
    EXPECT_FALSE(done || told());
    sim.run_for(30s); // and it is lost
    EXPECT_EQ(known(a), "p");
    EXPECT_TRUE(done && *done && **done && told());
}

TEST_F(HalfPeer, NamesThatItDoesNotTellOfANodeAreLookedUpThere) {
    pair_with_a();
    auto& c = start('c');
    const pid at_c = spawn_at(c);
    ASSERT_TRUE(is_registered(c, "x"_atom, at_c));
    const std::pair lock{"lock"_atom, std::pair{"global"_atom, "p"_atom}};
    cast_to_a("new_nodes"_atom, name_of('p'), std::vector<int>{}, std::vector<int>{},
              std::vector{std::pair{name_of('c'), 8}}, std::vector{lock});
    sim.run_for(500ms);
    ASSERT_EQ(known(a), "cp");
    ASSERT_EQ(a.names().whereis_name("x"_atom), std::nullopt);
    sim.run_for(3s);
    EXPECT_EQ(a.names().whereis_name("x"_atom), at_c) << sim.story();
}

TEST_F(HalfPeer, NamesOfOursThatANodeDoesNotKnowAreToldAgain) {
    pair_with_a();
    const pid at_a = spawn_at(a);
    ASSERT_TRUE(is_registered(a, "x"_atom, at_a));
    auto& c = start('c');
    const std::pair lock{"lock"_atom, std::pair{"global"_atom, "p"_atom}};
    cast_to_a("new_nodes"_atom, name_of('p'), std::vector<int>{}, std::vector<int>{},
              std::vector{std::pair{name_of('c'), 8}}, std::vector{lock});
    sim.run_for(500ms);
    ASSERT_EQ(c.names().whereis_name("x"_atom), std::nullopt);
    sim.run_for(3s);
    EXPECT_EQ(c.names().whereis_name("x"_atom), at_a) << sim.story();
}

TEST_F(HalfPeer, ThatIsLostWhileItIsLockedGetsNoChange) {
    pair_with_a();
    ASSERT_EQ(known(a), "p");
    is_lost_on_lock = true;
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
    EXPECT_FALSE(is_lost_on_lock);
    sim.run_for(1s);
    for (const auto& message : heard) {
        auto call = otp::as_call(message);
        EXPECT_FALSE(call && call->request.element(0).is_atom("register")) << to_erlang(message);
    }
}

TEST_F(HalfPeer, StaleTagsAreIgnored) {
    greet();
    sim.run_for(3s);
    cast_to_a("exchange"_atom, name_of('p'), std::vector<int>{}, std::vector<int>{}, 4711);
    cast_to_a("resolved"_atom, name_of('p'), std::vector<int>{}, std::vector<int>{}, 0, std::vector<int>{}, 4711);
    cast_to_a("lock_set"_atom, his_locker, true, std::vector<int>{}, 4711);
    sim.run_for(3s);
    EXPECT_EQ(known(a), "");
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
}

TEST_F(HalfPeer, MessagesInTheNameOfOthersAreIgnored) {
    cast_to_a("in_sync"_atom, name_of('q'), true);
    cast_to_a("exchange"_atom, name_of('q'), std::vector<int>{}, std::vector<int>{}, 1);
    p->send(registered{"global_name_server"_atom, name_of('a')},
            term{std::pair{"remove_connection"_atom, name_of('q')}});
    sim.run_for(1s);
    EXPECT_TRUE(a->is_connected(name_of('p')));
    EXPECT_TRUE(is_registered(a, "x"_atom, spawn_at(a)));
}

} // namespace
} // namespace sedge::test
