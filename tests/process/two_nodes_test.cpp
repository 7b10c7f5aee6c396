// SPDX-License-Identifier: Apache-2.0
#include "process/node_impl.hpp"
#include "process/nodes.hpp"

#include <sedge/process/remote_signal.hpp>

using namespace sedge;
using namespace sedge::test;
using lines = std::vector<std::string>;

/// Every test with one worker a node, and with processes spread over two.
class TwoNodes : public Nodes, public ::testing::WithParamInterface<unsigned> {
protected:
    TwoNodes() : Nodes(1, GetParam()) {}
    machine_node& a = boot('a');
    machine_node& b = boot('b');
    void settle() { sim.run_for(2s); }
};

INSTANTIATE_TEST_SUITE_P(WithWorkers, TwoNodes, ::testing::Values(1u, 2u), ::testing::PrintToStringParamName());

TEST_P(TwoNodes, ConnectBringsBothUp) {
    ASSERT_TRUE(connect(a, 'b').has_value());
    settle();
    EXPECT_EQ(a.events, (lines{"up b@10.0.0.2"}));
    EXPECT_EQ(b.events, (lines{"up a@10.0.0.1"}));
    EXPECT_EQ(a->peers(), std::vector{name_of('b')});
    EXPECT_TRUE(connect(a, 'b').has_value());
}

TEST_P(TwoNodes, DisconnectBringsBothDownOnce) {
    ASSERT_TRUE(connect(a, 'b').has_value());
    settle();
    EXPECT_TRUE(a->disconnect(name_of('b')));
    settle();
    EXPECT_FALSE(a->disconnect(name_of('b')));
    EXPECT_EQ(a.events, (lines{"up b@10.0.0.2", "down b@10.0.0.2 disconnect"}));
    EXPECT_EQ(b.events, (lines{"up a@10.0.0.1", "down a@10.0.0.1 connection_closed"}));
}

/// Two nodes that dial as often as they are asked to.
class Races : public Nodes {
protected:
    Races() {
        adjust = [](node_options& o) { o.dial_pause = {}; };
    }

    /// One race, in which `later` dials some time after `sooner`; how long it took until both had their connection.
    duration race(machine_node& sooner, machine_node& later, duration after) {
        std::optional<result<void>> one, other;
        nursery dials;
        const auto begun = sim.now();
        dials.start(detail::store(sooner->connect(later->name()), one));
        sim.run_for(after);
        dials.start(detail::store(later->connect(sooner->name()), other));
        EXPECT_TRUE(sim.run_until([&] { return one && other; }, 30s));
        EXPECT_TRUE(one && *one) << one->error().message();
        EXPECT_TRUE(other && *other) << other->error().message();
        return sim.now() - begun;
    }
};

TEST_F(Races, TenThousandTimesBothDialAtOnceAndOneConnectionIsLeft) {
    auto& a = boot('a');
    auto& b = boot('b');
    duration slowest{};
    std::uint64_t chance = 1;
    for (int round = 0; round < 10'000 && !HasFailure(); ++round) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        const bool a_first = (chance >> 33) % 2 == 0;
        // A handshake takes some link delays of up to 50 ms, so the second dial begins in any stage of the first.
        const duration after = std::chrono::microseconds{(chance >> 34) % 100'000};
        slowest = std::max(slowest, race(a_first ? a : b, a_first ? b : a, after));
        sim.run_for(200ms); // whatever lost has been closed
        ASSERT_EQ(sim.open_streams(), 1u) << "round " << round;
        ASSERT_TRUE(a->is_connected(name_of('b')) && b->is_connected(name_of('a'))) << "round " << round;
        a->disconnect(name_of('b'));
        sim.run_for(200ms);
    }
    EXPECT_LT(slowest, 1s);
    std::printf("the slowest race was over after %.0f ms\n",
                std::chrono::duration<double, std::milli>(slowest).count());
    // Up and down alternate, whichever connection won.
    for (auto* n : {&a, &b})
        for (std::size_t i = 0; i < n->events.size(); ++i)
            ASSERT_EQ(n->events[i].substr(0, 2), i % 2 == 0 ? "up" : "do") << i;
}

TEST_P(TwoNodes, APeerIsDialledOnceASecondWhoeverAsks) {
    const auto begun = sim.now();
    EXPECT_FALSE(connect(a, 'z')); // nobody is there
    EXPECT_LT(sim.now() - begun, 100ms);
    EXPECT_FALSE(connect(a, 'z'));
    EXPECT_GE(sim.now() - begun, 1s);
    EXPECT_FALSE(connect(a, 'z'));
    EXPECT_GE(sim.now() - begun, 2s);
    EXPECT_LT(sim.now() - begun, 2100ms);

    // Who waits has the connection as soon as the peer makes it.
    ASSERT_TRUE(connect(a, 'b'));
    a->disconnect(name_of('b'));
    sim.run_for(100ms);
    std::optional<result<void>> asked;
    nursery asking;
    asking.start([](node& from, std::optional<result<void>>& out) -> task<> {
        auto connecting = from.connect(name_of('b'));
        out = co_await std::move(connecting);
    }(*a, asked));
    sim.run_for(100ms);
    EXPECT_FALSE(asked);
    ASSERT_TRUE(connect(b, 'a'));
    sim.run_for(200ms);
    ASSERT_TRUE(asked);
    EXPECT_TRUE(*asked);
    EXPECT_EQ(a.events.size(), 3u);
}

TEST_P(TwoNodes, MessagesReachAPidAndANameOnTheOtherNode) {
    auto seen = make_inbox();
    auto to = b->spawn(recorder(seen), {.label = "r", .name = "sink"_atom});
    a->spawn([to](process& self) -> task<> {
        self.send(to, term{std::tuple{self.self(), 1}}); // dials first
        self.send(registered{"sink"_atom, to.node}, term{2});
        self.send(to, term{3});
        co_return;
    });
    settle();
    ASSERT_EQ(seen->size(), 3u);
    EXPECT_EQ((*seen)[1], "2");
    EXPECT_EQ((*seen)[2], "3");
}

TEST_P(TwoNodes, AMonitorAcrossNodesFiresOnceWithTheReason) {
    auto target = b->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"done"_atom});
    });
    auto seen = make_inbox();
    a->spawn([seen, target](process& self) -> task<> {
        self.monitor(target);
        for (;;) {
            auto m = co_await self.receive();
            seen->push_back(to_erlang(m.element(4)));
        }
    });
    settle();
    a->send(target, term{1});
    settle();
    EXPECT_EQ(*seen, (lines{"done"}));
    a->disconnect(name_of('b'));
    settle();
    EXPECT_EQ(*seen, (lines{"done"}));
}

TEST_P(TwoNodes, AMonitorByNameNamesItInItsDown) {
    auto seen = make_inbox();
    auto where = name_of('b');
    a->spawn([seen, where](process& self) -> task<> {
        self.monitor(registered{"nobody"_atom, where});
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(3)) + to_erlang(m.element(4)));
    });
    settle();
    EXPECT_EQ(*seen, (lines{"{nobody,'b@10.0.0.2'}noproc"}));
}

TEST_P(TwoNodes, ALinkAcrossNodesEndsTheOther) {
    auto target = b->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"boom"_atom});
    });
    auto linked = a->spawn([target](process& self) -> task<> {
        self.link(target);
        (void)co_await self.receive();
    });
    settle();
    a->send(target, term{1});
    settle();
    EXPECT_FALSE(a->is_alive(linked));
}

TEST_P(TwoNodes, ALinkToNobodyComesBackAsNoproc) {
    auto nobody = pid{name_of('b'), 4711, 0, b->creation()};
    auto seen = make_inbox();
    a->spawn([nobody, seen](process& self) -> task<> {
        self.trap_exit(true);
        self.link(nobody);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(2)));
    });
    settle();
    EXPECT_EQ(*seen, (lines{"noproc"}));
}

TEST_P(TwoNodes, ExitAcrossNodesEndsAProcess) {
    auto target = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    a->spawn([target](process& self) -> task<> {
        self.exit(target, term{"kill"_atom});
        co_return;
    });
    settle();
    EXPECT_FALSE(b->is_alive(target));
}

TEST_P(TwoNodes, KilledNodeGivesExactlyOneDownPerMonitorAndLink) {
    auto target = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    auto seen = make_inbox();
    a->spawn([seen, target](process& self) -> task<> {
        self.trap_exit(true);
        self.monitor_nodes(true);
        self.monitor(target);
        self.link(target);
        for (;;) {
            auto m = co_await self.receive();
            seen->push_back(to_erlang(m.element(0)) + " " + to_erlang(m.element(m.arity() - 1)));
        }
    });
    settle();
    kill(b);
    settle();
    std::sort(seen->begin(), seen->end());
    EXPECT_EQ(*seen,
              (lines{"'DOWN' noconnection", "'EXIT' noconnection", "nodedown 'b@10.0.0.2'", "nodeup 'b@10.0.0.2'"}));
    EXPECT_EQ(a.events.back(), "down b@10.0.0.2 connection_closed");
}

TEST_P(TwoNodes, PeerThatFallsSilentIsReportedDownOnce) {
    ASSERT_TRUE(connect(a, 'b').has_value());
    settle();
    sim.cut("10.0.0.1", "10.0.0.2");
    sim.run_for(80s);
    EXPECT_EQ(a.events, (lines{"up b@10.0.0.2", "down b@10.0.0.2 net_tick_timeout"}));
    EXPECT_EQ(b.events, (lines{"up a@10.0.0.1", "down a@10.0.0.1 net_tick_timeout"}));
}

TEST_P(TwoNodes, IdleConnectionStaysUpByTicks) {
    ASSERT_TRUE(connect(a, 'b').has_value());
    sim.run_for(1h);
    EXPECT_EQ(a.events.size(), 1u);
    EXPECT_EQ(b.events.size(), 1u);
}

TEST_P(TwoNodes, ARestartedNodeIsAnotherIncarnation) {
    auto old = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    ASSERT_TRUE(connect(a, 'b').has_value());
    settle();
    kill(b);
    settle();
    auto& again = boot('b');
    auto fresh = again->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    ASSERT_EQ(fresh.id, old.id);
    auto seen = make_inbox();
    ASSERT_TRUE(connect(a, 'b').has_value());
    a->spawn([seen, old](process& self) -> task<> {
        self.send(old, term{"for the dead"_atom});
        self.monitor(old);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(4)));
    });
    settle();
    EXPECT_EQ(*seen, (lines{"noproc"}));
    EXPECT_TRUE(again->is_alive(fresh));
}

TEST_P(TwoNodes, ANodeThatComesBackReplacesItsSilentSelf) {
    // Bytes that are on their way to a machine that is new would end the old link before it is replaced.
    for (auto* n : {&a, &b}) (*n)->internals().options.detection.reset();
    ASSERT_TRUE(connect(a, 'b').has_value());
    settle();
    sim.power_off(b.address); // nobody is told
    b.watching = {};
    b.node.reset();
    auto& again = boot('b');
    ASSERT_TRUE(connect(again, 'a').has_value());
    sim.run_for(1s);
    EXPECT_EQ(a.events, (lines{"up b@10.0.0.2", "down b@10.0.0.2 connection_replaced", "up b@10.0.0.2"}));
}

TEST_P(TwoNodes, MonitoringAnUnreachableNodeGivesNoconnection) {
    auto nobody = pid{atom{"z@10.0.0.26"}, 1, 0, 1};
    auto seen = make_inbox();
    a->spawn([nobody, seen](process& self) -> task<> {
        self.monitor(nobody);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(4)));
        self.monitor(nobody); // within the pause between dials
        auto n = co_await self.receive();
        seen->push_back(to_erlang(n.element(4)));
    });
    sim.run_for(20s);
    EXPECT_EQ(*seen, (lines{"noconnection", "noconnection"}));
}

TEST_P(TwoNodes, ASpawnRequestToANodeWithoutFunctionsEndsWithUndef) {
    auto seen = make_inbox();
    auto where = name_of('b');
    a->spawn([seen, where](process& self) -> task<> {
        std::vector<term> arguments{term{1}};
        auto ref = self.spawn_request(where, "camera"_atom, "shoot"_atom, arguments);
        auto reply = co_await self.receive();
        seen->push_back(to_erlang(reply.element(0)) + to_erlang(reply.element(2)));
        auto down = co_await self.receive();
        seen->push_back(to_erlang(down.element(4)) + (down.element(1).as<reference>() == ref ? " same" : " other"));
    });
    settle();
    EXPECT_EQ(*seen, (lines{"spawn_replyok", "{undef,[{camera,shoot,[1],[]}]} same"}));
}

TEST_P(TwoNodes, ServedSpawnsRunWhatTheTableGives) {
    b->serve_spawns([](const spawn_call& call) -> process_body {
        if (!(call.module == "math")) return {};
        return [call](process& self) -> task<> {
            self.exit(term{*call.arguments[0].as<int>() + 1});
            co_return;
        };
    });
    auto seen = make_inbox();
    auto where = name_of('b');
    a->spawn([seen, where](process& self) -> task<> {
        std::vector<term> arguments{term{41}};
        self.spawn_request(where, "math"_atom, "inc"_atom, arguments);
        (void)co_await self.receive();
        auto down = co_await self.receive();
        seen->push_back(to_erlang(down.element(4)));
    });
    settle();
    EXPECT_EQ(*seen, (lines{"42"}));
}

TEST_P(TwoNodes, StopIsSeenAsAnOrderlyEnd) {
    auto target = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    auto seen = make_inbox();
    a->spawn([seen, target](process& self) -> task<> {
        self.monitor(target);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(4)));
    });
    settle();
    sim.block_on(b.node->stop());
    settle();
    EXPECT_EQ(*seen, (lines{"shutdown"}));
    b.watching = {};
    b.node.reset();
}

TEST_P(TwoNodes, ANewGroupLeaderAcrossNodesIsSubjectToTheGuard) {
    bool open = false;
    b->guard([&open](const remote_signal& s) { return open || s.what != remote_signal::kind::group_leader; });
    b->serve_spawns([](const spawn_call&) -> process_body {
        return [](process& self) -> task<> { (void)co_await self.receive(); };
    });
    auto target = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    const pid old = b->info(target)->group_leader;
    pid child;
    auto leader = a->spawn([&child, target](process& self) -> task<> {
        std::vector<term> none;
        self.spawn_request(target.node, "any"_atom, "thing"_atom, none);
        auto reply = co_await self.receive();
        child = *reply.element(3).as<pid>();
        self.set_group_leader(target, self.self());
        self.set_group_leader(child, self.self());
        (void)co_await self.receive();
        self.set_group_leader(target, self.self());
        (void)co_await self.receive();
    });
    settle();
    EXPECT_EQ(b->info(target)->group_leader, old);
    EXPECT_EQ(b->info(child)->group_leader, leader); // the guard is not asked about what was spawned for that node
    EXPECT_EQ(b->info(child)->parent, leader);
    open = true;
    a->send(leader, term{"once more"_atom});
    settle();
    EXPECT_EQ(b->info(target)->group_leader, leader);
}

TEST_P(TwoNodes, TrafficCountsConnectionsThatAreClosedToo) {
    ASSERT_TRUE(connect(a, 'b').has_value());
    a->send(registered{"nobody"_atom, name_of('b')}, term{std::string(1000, 'x')});
    settle();
    auto peer = a->peer_details().front();
    auto once = a->traffic();
    EXPECT_GE(once.bytes_out, 1000u);
    EXPECT_EQ(once.bytes_out, peer.bytes_out);
    EXPECT_EQ(once.bytes_in, peer.bytes_in);
    a->disconnect(name_of('b'));
    settle();
    EXPECT_EQ(a->traffic().bytes_out, once.bytes_out);
    ASSERT_TRUE(connect(a, 'b').has_value());
    a->send(registered{"nobody"_atom, name_of('b')}, term{std::string(1000, 'x')});
    settle();
    EXPECT_GE(a->traffic().bytes_out, once.bytes_out + 1000);
    EXPECT_NE(a->peer_details().front().connection, peer.connection);
}

class Cookies : public Nodes {};

TEST_F(Cookies, ThatDifferAreRefusedWithASentenceOnBothSides) {
    auto& a = boot('a', "one secret of the tests");
    boot('b', "another secret of tests");
    auto outcome = connect(a, 'b');
    ASSERT_FALSE(outcome.has_value());
    EXPECT_NE(outcome.error().message().find("cookie"), std::string::npos) << outcome.error().message();
    EXPECT_NE(sim.story().find("cookie"), std::string::npos) << sim.story();
}

TEST_F(Cookies, HiddenNodesAreConnectedButNotListed) {
    auto& a = boot('a');
    auto& h = boot('h', "a secret of the tests", true);
    ASSERT_TRUE(connect(h, 'a').has_value());
    sim.run_for(1s);
    EXPECT_TRUE(a->peers().empty());
    EXPECT_EQ(a->peers(true), std::vector{name_of('h')});
    EXPECT_TRUE(h->peers().empty());
}
