// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/global.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/otp/server.hpp>

namespace sedge::test {
namespace {

using otp::right;

/// What a, a member of the cluster, can do on b. Node b's roles are set by the test before `SetUp` of the kernels.
class Access : public Kernels {
protected:
    inbox heard = make_inbox();

    pid ear(bool trap_exit = false) {
        return b->spawn(recorder(heard, trap_exit), {.label = "ear", .name = atom{"ear"}});
    }
    void give_b(std::vector<otp::role> roles) {
        at_b.reset();
        settle();
        options_of_b.roles = otp::role_table{std::move(roles)};
        at_b.emplace(*b, options_of_b);
        ASSERT_TRUE(at_b->start());
    }
    otp::role only(std::set<right> may) {
        otp::role r;
        r.name = "default";
        r.may = std::move(may);
        return r;
    }
    void from_a(std::function<void(process&)> act) {
        on_a([&act](process& self) -> task<> {
            act(self);
            co_await self.sleep(1s);
        });
    }
    void send(const destination& to, const term& message) {
        from_a([&](process& self) { self.send(to, message); });
    }
    destination at(const char* name) { return registered{atom{name}, name_of('b')}; }
};

TEST_F(Access, ExitSignalsOfStrangersEndNothing) {
    pid target = ear();
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    from_a([target](process& self) { self.exit(target, term{atom{"stop"}}); });
    EXPECT_TRUE(b->is_alive(target));
}

TEST_F(Access, ExitSignalIsAMessageForWhoTrapsExits) {
    pid target = ear(true);
    from_a([target](process& self) { self.exit(target, term{atom{"stop"}}); });
    EXPECT_EQ(heard->size(), 1u);
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_TRUE(b->is_alive(target));
}

TEST_F(Access, LinkingDoesNotHelpAStrangerToKill) {
    pid target = ear(true);
    from_a([target](process& self) {
        self.link(target);
        self.exit(target, term{atom{"kill"}});
        self.unlink(target);
    });
    EXPECT_TRUE(b->is_alive(target));
}

TEST_F(Access, AGlobalNameThatOthersGiveDoesNotExposeAProcess) {
    pid target = ear();
    const term name{atom{"target"}};
    ASSERT_TRUE(sim.block_on(at_a->global().register_name(name, target, in(30s))).value());
    settle();
    ASSERT_EQ(at_b->global().whereis_name(name), target);
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_TRUE(b->is_alive(target));
    // The same by way of a function that is served.
    EXPECT_EQ(rpc("global", "re_register_name", name, target), "yes");
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_TRUE(b->is_alive(target));
    // What its own program has named may lose a conflict, and is ended then.
    ASSERT_TRUE(sim.block_on(at_b->global().re_register_name(name, target, in(30s))));
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_FALSE(b->is_alive(target));
}

TEST_F(Access, ConflictsThatAreMadeUpEndNobody) {
    pid target = ear();
    const pid mine{a->name(), 77, 0, a->creation()}; // on the lesser node, so that it would stay
    const term random_exit = otp::conflict_resolver{otp::conflict_method::random_exit}.fun();
    const auto resolve = [&](const char* name, const pid& one, const pid& other) {
        return rpc("global", "resolve_it", random_exit, atom{name}, one, other);
    };
    const std::string nobody = "{badrpc,{'EXIT',{badarg,";
    for (const auto& victim : {target, *b->whereis(atom{"rex"}), *b->whereis(atom{"net_kernel"})}) {
        EXPECT_EQ(resolve("x", mine, victim).substr(0, nobody.size()), nobody);
        EXPECT_EQ(resolve("x", victim, mine).substr(0, nobody.size()), nobody);
        EXPECT_TRUE(b->is_alive(victim));
    }
    ASSERT_TRUE(sim.block_on(at_a->global().register_name(term{atom{"x"}}, target, in(30s))).value());
    settle();
    EXPECT_EQ(resolve("x", mine, target), "<a@10.0.0.1.77.0>") << "the name goes, the process stays";
    EXPECT_TRUE(b->is_alive(target));
}

/// All that comes to mind; each with the rights of the role that tries it.
TEST_F(Access, NothingEndsAProcessForWhoMayNotControl) {
    otp::role r = only({right::info, right::call, right::spawn, right::send, right::global});
    give_b({r});
    at_b->functions().add(
        "m", "job", [] {}, otp::access::spawn);
    otp::server_handlers handlers;
    handlers.call = [](process&, otp::gen_request) -> task<std::optional<term>> { co_return term{atom{"here"}}; };
    const pid server = b->spawn([handlers](process& self) { return otp::run_server(self, handlers); },
                                {.label = "server", .name = "server"_atom});
    settle();
    const term kill{atom{"kill"}};
    const pid parent = b->group_leader();
    const std::tuple terminate{atom{"terminate"}, kill};
    from_a([&](process& self) { self.exit(server, kill); });
    from_a([&](process& self) { self.exit(server, term{atom{"stop"}}); });
    a->spawn([server](process& self) -> task<> {
        self.link(server);
        co_await self.sleep(1s);
        self.exit(term{atom{"crash"}});
    });
    from_a([&](process& self) { self.set_group_leader(server, self.self()); });
    const std::vector<term> messages{
        term{std::tuple{atom{"EXIT"}, parent, kill}},
        term{std::tuple{atom{"EXIT"}, server, kill}},
        term{std::tuple{atom{"DOWN"}, a->make_reference(), atom{"process"}, parent, kill}},
        term{std::tuple{atom{"system"}, std::tuple{pid{a->name(), 1, 0, a->creation()}, 1}, terminate}},
        term{std::tuple{atom{"$gen_call"}, std::tuple{pid{a->name(), 1, 0, a->creation()}, 1}, terminate}},
        term{std::tuple{atom{"$gen_cast"}, atom{"stop"}}},
        term{std::tuple{atom{"global_name_conflict"}, atom{"server"}}},
    };
    for (const auto& m : messages)
        for (const auto& to : {destination{server}, at("server")}) send(to, m);
    for (const auto& m : messages) // by rex, in whose name it would come
        send(at("rex"),
             term{std::tuple{pid{a->name(), 1, 0, a->creation()}, std::tuple{atom{"sbcast"}, atom{"server"}, m}}});
    for (const auto& m : messages)
        for (const char* service : {"net_kernel", "rex", "user", "logger_proxy", "global_name_server", "pg"})
            send(at(service), m);
    const auto undef = [this](const char* module, const char* function, const auto&... arguments) {
        return rpc(module, function, arguments...).find("undef") != std::string::npos;
    };
    EXPECT_TRUE(undef("erlang", "exit", server, kill));
    EXPECT_TRUE(undef("erlang", "halt"));
    EXPECT_TRUE(undef("init", "stop"));
    EXPECT_TRUE(undef("erlang", "unregister", "server"_atom));
    EXPECT_TRUE(undef("erlang", "register", "other"_atom, server));
    EXPECT_TRUE(undef("gen_server", "stop", server));
    EXPECT_TRUE(undef("sys", "terminate", server, kill));
    EXPECT_TRUE(undef("Elixir.Process", "exit", server, kill));
    settle();
    ASSERT_TRUE(b->is_alive(server));
    EXPECT_EQ(to_erlang(sim.block_on(otp::call(*a, at("server"), term{1}, in(10s))).value()), "here");
    for (const char* service : {"net_kernel", "rex", "user", "logger_proxy", "global_name_server", "pg"})
        EXPECT_TRUE(b->whereis(atom{service}) && b->is_alive(*b->whereis(atom{service}))) << service;
    EXPECT_EQ(b->info(server)->group_leader, b->group_leader());
}

TEST_F(Access, CallingLendsNoRightsThatMessagesWouldNeed) {
    const auto is_refused = [this](const char* module, const char* function, const auto&... arguments) {
        return rpc(module, function, arguments...).find("not_permitted") != std::string::npos;
    };
    const term name{atom{"x"}};
    const std::tuple terminate{atom{"system"}, std::tuple{pid{a->name(), 1, 0, a->creation()}, 1},
                               std::tuple{atom{"terminate"}, atom{"kill"}}};

    otp::role r = only({right::info, right::call});
    r.scopes = {"pg", "open*"};
    give_b({r});
    pid target = ear();
    for (const char* function : {"register_name", "re_register_name"})
        EXPECT_TRUE(is_refused("global", function, name, target)) << function;
    EXPECT_TRUE(is_refused("global", "unregister_name", name));
    EXPECT_TRUE(is_refused("global", "send", name, 1));
    EXPECT_EQ(rpc("global", "whereis_name", name), "undefined");

    const atom secret{"secret"};
    ASSERT_TRUE(at_b->pg().start(secret));
    (void)at_b->pg().find(secret)->join(term{1}, {target});
    for (const char* function : {"get_members", "get_local_members", "monitor"})
        EXPECT_TRUE(is_refused("pg", function, secret, 1)) << function;
    for (const char* function : {"which_groups", "which_local_groups", "monitor_scope", "start"})
        EXPECT_TRUE(is_refused("pg", function, secret)) << function;
    for (const char* function : {"join", "leave"}) EXPECT_TRUE(is_refused("pg", function, secret, 1, target));
    EXPECT_EQ(rpc("pg", "join", atom{"group"}, target), "ok");
    EXPECT_EQ(rpc("pg", "get_members", atom{"pg"}, atom{"group"}),
              "[<b@10.0.0.2." + std::to_string(target.id) + ".0>]");
    EXPECT_EQ(rpc("pg", "start", atom{"open1"}).substr(0, 4), "{ok,");

    give_b({only({right::call, right::global, right::send})});
    ASSERT_TRUE(sim.block_on(at_b->global().register_name(name, target, in(30s))).value());
    heard->clear();
    EXPECT_FALSE(is_refused("global", "send", name, 7));
    EXPECT_EQ(heard->size(), 1u);
    EXPECT_TRUE(is_refused("global", "send", name, terminate));
    give_b({only({right::call, right::global})});
    EXPECT_TRUE(is_refused("global", "send", name, 7));
}

TEST_F(Access, ProcessThatLinkedItselfCanBeEnded) {
    on_a([&](process& self) -> task<> {
        auto linked = [&] {
            return b->spawn([parent = self.self()](process& child) -> task<> {
                child.trap_exit(true);
                child.link(parent);
                co_await child.sleep(1h);
            });
        };
        pid first = linked();
        pid second = linked();
        self.trap_exit(true);
        co_await self.sleep(1s);
        self.exit(first, term{atom{"kill"}});
        self.unlink(second);
        self.link(second); // now by us alone
        co_await self.sleep(1s);
        self.exit(second, term{atom{"kill"}});
        co_await self.sleep(1s);
        EXPECT_FALSE(b->is_alive(first));
        EXPECT_TRUE(b->is_alive(second));
        self.unlink(second);
    });
}

TEST_F(Access, ProcessMadeForANodeCanBeKilledByIt) {
    at_b->functions().add(
        "m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.sleep(1h); }, otp::access::spawn);
    auto before = b->processes().size();
    on_a([&](process& self) -> task<> {
        self.spawn_request(name_of('b'), atom{"m"}, atom{"wait"}, {}, {.monitor = false});
        auto waiting = self.receive();
        term reply = co_await std::move(waiting);
        auto child = reply.element(3).as<pid>();
        EXPECT_EQ(b->processes().size(), before + 1);
        self.exit(*child, term{atom{"kill"}});
        co_await self.sleep(1s);
    });
    EXPECT_EQ(b->processes().size(), before);
}

TEST_F(Access, ControlMayKill) {
    give_b({only({right::control})});
    pid target = ear();
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_FALSE(b->is_alive(target));
}

TEST_F(Access, ANewGroupLeaderNeedsControl) {
    pid target = ear();
    pid old = b->info(target)->group_leader;
    pid leader{a->name(), 77, 0, a->creation()};
    from_a([&](process& self) { self.set_group_leader(target, leader); });
    EXPECT_EQ(b->info(target)->group_leader, old);
    EXPECT_NE(sim.story().find("may not control) new group leader of "), std::string::npos) << sim.story();
    give_b({only({right::control})});
    from_a([&](process& self) { self.set_group_leader(target, leader); });
    EXPECT_EQ(b->info(target)->group_leader, leader);
}

TEST_F(Access, LinksToServicesDoNotEndThem) {
    for (const char* name : {"net_kernel", "rex", "user", "logger_proxy", "global_name_server"}) {
        pid service = *b->whereis(atom{name});
        a->spawn([service](process& self) -> task<> {
            self.link(service);
            co_await self.sleep(1s);
            self.exit(term{atom{"crash"}});
        });
        sim.run_for(5s);
        EXPECT_TRUE(b->is_alive(service)) << name;
    }
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
}

TEST_F(Access, NamesAreReachedByThoseWhoMaySend) {
    ear();
    send(at("ear"), term{1});
    EXPECT_EQ(heard->size(), 1u);

    otp::role r = only({right::send});
    r.names = {"nose", "e*"};
    give_b({r});
    send(at("ear"), term{2});
    EXPECT_EQ(heard->size(), 2u);

    r.names = {"nose"};
    give_b({r});
    send(at("ear"), term{3});
    EXPECT_EQ(heard->size(), 2u);
    send(destination{*b->whereis(atom{"ear"})}, term{4}); // a pid it was shown
    EXPECT_EQ(heard->size(), 3u);
    EXPECT_TRUE(sim.block_on(otp::ping(*a, b->name(), in(10s)))); // services stay reachable
    auto answer = sim.block_on(otp::call(*a, at("ear"), term{5}, in(10s)));
    EXPECT_EQ(answer.error(), make_error_code(otp::errc::no_process));
}

TEST_F(Access, RexPassesNothingToNamesThatAreClosed) {
    ear();
    give_b({only({right::info})});
    send(at("rex"),
         term{std::tuple{pid{name_of('a'), 1, 0, a->creation()}, std::tuple{atom{"sbcast"}, atom{"ear"}, 1}}});
    EXPECT_TRUE(heard->empty());
}

TEST_F(Access, FunctionsRunForThoseWhoMayCall) {
    give_b({only({right::info})});
    at_b->functions().add("m", "f", [] { return 1; });
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
    EXPECT_EQ(rpc("m", "f"), "{badrpc,{'EXIT',{not_permitted,[{m,f,[],[]}]}}}");

    otp::role r = only({right::call});
    r.functions = {"m:f/0", "erlang:*"};
    give_b({r});
    at_b->functions().add("m", "f", [] { return 1; });
    at_b->functions().add("m", "g", [] { return 2; });
    EXPECT_EQ(rpc("m", "f"), "1");
    EXPECT_EQ(rpc("m", "g"), "{badrpc,{'EXIT',{not_permitted,[{m,g,[],[]}]}}}");
    EXPECT_EQ(rpc("erlang", "node"), "{badrpc,{'EXIT',{not_permitted,[{erlang,node,[],[]}]}}}"); // has no `info`
}

TEST_F(Access, WhoMayOnlyReadMakesThisNodeDialNobody) {
    give_b({only({right::info})});
    const atom stranger{"x@10.0.0.99"};
    for (const char* module : {"net_adm", "Elixir.Node"})
        EXPECT_NE(rpc(module, "ping", stranger).find("not_permitted"), std::string::npos) << module;
}

TEST_F(Access, SpawnNeedsItsOwnRight) {
    give_b({only({right::call})});
    int ran = 0;
    at_b->functions().add(
        "m", "job", [&ran] { ++ran; }, otp::access::spawn);
    from_a([&](process& self) { self.spawn_request(name_of('b'), atom{"m"}, atom{"job"}, {}); });
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(rpc("m", "job"), "ok");
    EXPECT_EQ(ran, 1);
}

TEST_F(Access, PidOfAnotherNodeInARequestLendsNoRights) {
    otp::role admin = only({right::call});
    admin.name = "admin";
    admin.nodes = {"b@*", "c@*"};
    give_b({admin, only({right::info})});
    int ran = 0;
    at_b->functions().add("m", "f", [&ran] { ++ran; });
    std::vector<term> none;
    std::tuple call{atom{"call"}, atom{"m"}, atom{"f"}, none, atom{"user"}};
    for (const auto& forged : {pid{name_of('b'), 1, 0, b->creation()}, pid{name_of('c'), 1, 0, 1}}) {
        send(at("rex"), term{std::tuple{forged, call}});
        send(destination{*b->whereis(atom{"rex"})}, term{std::tuple{forged, call}});
        send(at("rex"), term{std::tuple{atom{"$gen_call"}, std::tuple{forged, 1}, call}});
    }
    send(at("rex"), term{std::tuple{atom{"$gen_cast"}, std::tuple{atom{"cast"}, atom{"m"}, atom{"f"}, none, 1}}});
    EXPECT_EQ(ran, 0);
}

TEST_F(Access, RefusalIsLoggedOncePerKind) {
    ear();
    give_b({only({right::info})});
    for (int i = 0; i < 3; ++i) send(at("ear"), term{i});
    const std::string story = sim.story();
    const std::string line = "refused: a@10.0.0.1 (role default, may not send) message to ear";
    auto first = story.find(line);
    ASSERT_NE(first, std::string::npos) << story;
    EXPECT_EQ(story.find(line, first + 1), std::string::npos);
}

TEST_F(Access, WhoeverFillsTheLogWithRefusalsHidesNothing) {
    give_b({only({right::info})});
    on_a([&](process& self) -> task<> {
        for (int i = 0; i < 1100; ++i) self.send(registered{atom{"name" + std::to_string(i)}, name_of('b')}, term{i});
        co_await self.sleep(1s);
    });
    const std::string story = sim.story();
    EXPECT_NE(story.find("message to name998\n"), std::string::npos);
    EXPECT_EQ(story.find("message to name1050\n"), std::string::npos);
    EXPECT_NE(story.find("[sedge:roles] further refusals are not told"), std::string::npos);
}

TEST_F(Access, ExitSignalToAProcessThatIsGoneIsNoRefusal) {
    pid target = ear();
    b->exit(target, term{atom{"kill"}});
    settle();
    ASSERT_FALSE(b->is_alive(target));
    from_a([target](process& self) { self.exit(target, term{atom{"kill"}}); });
    EXPECT_EQ(sim.story().find("refused"), std::string::npos) << sim.story();
}

TEST_F(Access, CallsUnderWayAreCountedPerNode) {
    otp::role r = only({right::call});
    r.calls_max = 2;
    give_b({r});
    at_b->functions().add("m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.sleep(60s); });
    at_b->functions().add("m", "f", [] { return 1; });
    nursery jobs;
    auto forget = [](auto job) -> task<> { co_await std::move(job); };
    for (int i = 0; i < 2; ++i)
        jobs.start(forget(otp::erpc_call(*a, b->name(), atom{"m"}, atom{"wait"}, {}, in(600s))));
    settle();
    EXPECT_EQ(rpc("m", "f"), "{badrpc,{'EXIT',{system_limit,[{m,f,[],[]}]}}}");
    sim.run_for(60s);
    EXPECT_EQ(rpc("m", "f"), "1");
}

} // namespace
} // namespace sedge::test
