// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/reconciler.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;

namespace {

const std::error_code no_answer = std::make_error_code(std::errc::connection_refused);

/// A reconciler in words: what it wants done becomes lines like `dial b@h` and `warning t: unable to ...`.
class Reconciler : public ::testing::Test {
protected:
    reconciler core{atom{"m@10.0.0.13"}, 1};
    time_point now{1000s};
    lines dials, said, events;
    int heard_without_news = 0;

    void SetUp() override { core.add_topology("t", {}); }

    void work() {
        core.advance(now);
        for (auto& each : core.take_effects()) {
            if (auto* d = std::get_if<reconciler::dial>(&each)) dials.push_back(d->node.str());
            if (auto* h = std::get_if<reconciler::hang_up>(&each)) dials.push_back("hang up " + h->node.str());
            if (auto* s = std::get_if<reconciler::say>(&each)) {
                auto line = std::string{to_string(s->level)} + " " + s->topology + ": " + s->text;
                said.push_back(line);
            }
            if (auto* e = std::get_if<event>(&each))
                events.push_back(std::string{to_string(e->what)} + " " + e->topology + " " + e->node.str());
        }
    }
    lines take(lines& from) { return std::exchange(from, {}); }

    void want(std::vector<std::string> names, const std::string& topology = "t") {
        std::vector<atom> nodes;
        for (const auto& name : names) nodes.emplace_back(name);
        core.want(topology, nodes, now);
        work();
    }
    void heard(const std::string& name, trust how = trust::may_dial) {
        const auto wake = core.next_wake();
        const bool is_news = core.heard("t", atom{name}, how, "why", now);
        if (!is_news) { // the driver does nothing then, so there must be nothing
            EXPECT_EQ(core.next_wake(), wake);
            EXPECT_TRUE(core.take_effects().empty());
            ++heard_without_news;
            return;
        }
        work();
    }
    void up(const std::string& name) {
        core.node_up(atom{name}, now);
        work();
    }
    void down(const std::string& name, std::string_view reason = "connection_closed") {
        core.node_down(atom{name}, reason, now);
        work();
    }
    void fails(const std::string& name, std::string_view reason = "nothing listens there") {
        core.dialled(atom{name}, no_answer, reason, now);
        work();
    }
    void succeeds(const std::string& name) {
        core.node_up(atom{name}, now);
        core.dialled(atom{name}, {}, {}, now);
        work();
    }
    // Lets time pass as a driver would: from wake to wake.
    void pass(duration d) {
        auto end = now + d;
        for (auto next = core.next_wake(); next && *next <= end; next = core.next_wake()) {
            now = std::max(now, *next);
            auto before = dials.size() + said.size();
            work();
            if (before == dials.size() + said.size() && core.next_wake() == next) break;
        }
        now = end;
        work();
    }
};

} // namespace

TEST_F(Reconciler, WantedNodesAreDialledInParallelAtOnce) {
    want({"a@10.0.0.1", "b@10.0.0.2", "m@10.0.0.13"});
    EXPECT_EQ(take(dials), (lines{"a@10.0.0.1", "b@10.0.0.2"})) << "but never the own name";
}

TEST_F(Reconciler, LogsReadAsLibclustersDo) {
    want({"node2@172.24.176.2"});
    pass(1s);
    fails("node2@172.24.176.2", "no EPMD answers on 172.24.176.2:4369");
    EXPECT_EQ(take(said), lines{"warning t: unable to connect to :\"node2@172.24.176.2\": "
                                "no EPMD answers on 172.24.176.2:4369"});
    pass(5s);
    succeeds("node2@172.24.176.2");
    EXPECT_EQ(take(said), lines{"info t: connected to :\"node2@172.24.176.2\""});
    down("node2@172.24.176.2");
    EXPECT_EQ(take(said), lines{"info t: disconnected from :\"node2@172.24.176.2\": connection_closed"});
    EXPECT_EQ(take(events), (lines{"unable_to_connect t node2@172.24.176.2", "connected t node2@172.24.176.2",
                                   "disconnected t node2@172.24.176.2"}));
}

TEST_F(Reconciler, DialsUntilTheNodeIsThereHoweverLongItTakes) {
    want({"a@10.0.0.1"});
    std::size_t attempts = 0;
    for (int i = 0; i < 3600; ++i) {
        for (auto& dialled : take(dials)) {
            ++attempts;
            fails(dialled);
        }
        pass(1s);
    }
    EXPECT_GT(attempts, 3600u / 6) << "at least one in 5 s, and its own second";
    EXPECT_LT(attempts, 3600u / 2);
    take(dials);
    pass(5s);
    EXPECT_EQ(take(dials), lines{"a@10.0.0.1"});
}

TEST_F(Reconciler, OneNodeIsDialledAtMostOnceASecond) {
    want({"a@10.0.0.1"});
    std::vector<time_point> times;
    for (int i = 0; i < 1000; ++i) {
        for (auto& dialled : take(dials)) {
            times.push_back(now);
            if (i % 3 == 0) {
                succeeds(dialled);
                down(dialled);
            } else {
                fails(dialled);
            }
        }
        pass(50ms);
    }
    ASSERT_GT(times.size(), 10u);
    for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], 1s);
}

TEST_F(Reconciler, SmallerNameWaitsAMoment) {
    want({"z@10.0.0.26"});
    EXPECT_TRUE(dials.empty()) << "z will dial us, and would win";
    pass(99ms);
    EXPECT_TRUE(dials.empty());
    pass(1ms);
    EXPECT_EQ(take(dials), lines{"z@10.0.0.26"}) << "unless it does not know us";
}

TEST_F(Reconciler, DialsUnderWayAreBounded) {
    std::vector<std::string> many;
    for (int i = 10; i < 50; ++i) many.push_back("a" + std::to_string(i) + "@10.0.0.1");
    want(many);
    EXPECT_EQ(dials.size(), limits::dials_max);
    fails("a10@10.0.0.1");
    EXPECT_EQ(dials.size(), limits::dials_max + 1);
}

TEST_F(Reconciler, SameReasonIsSaidAgainOnlyAfterAWhile) {
    want({"a@10.0.0.1"});
    for (int i = 0; i < 100; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(500ms);
    }
    ASSERT_EQ(said.size(), 2u);
    EXPECT_EQ(said[0], "warning t: unable to connect to :\"a@10.0.0.1\": nothing listens there");
    EXPECT_EQ(said[1].find("warning t: still unable to connect to :\"a@10.0.0.1\": nothing listens there ("), 0u);
    pass(5s);
    take(dials);
    fails("a@10.0.0.1", "wrong cookie");
    EXPECT_EQ(said.back(), "warning t: unable to connect to :\"a@10.0.0.1\": wrong cookie");
}

TEST_F(Reconciler, PeerThatDialledUsIsReportedToo) {
    up("a@10.0.0.1");
    EXPECT_TRUE(said.empty()) << "nobody wants it";
    want({"a@10.0.0.1"});
    EXPECT_EQ(take(said), lines{"info t: connected to :\"a@10.0.0.1\""});
    EXPECT_TRUE(dials.empty());
}

TEST_F(Reconciler, FailedDialDoesNotMatterIfThePeersOwnConnectionWon) {
    want({"a@10.0.0.1"});
    take(dials);
    up("a@10.0.0.1");
    fails("a@10.0.0.1");
    EXPECT_EQ(take(said), lines{"info t: connected to :\"a@10.0.0.1\""});
    pass(1min);
    EXPECT_TRUE(dials.empty());
}

TEST_F(Reconciler, LostPeerIsDialledSoon) {
    want({"a@10.0.0.1"});
    succeeds("a@10.0.0.1");
    take(dials);
    pass(1h);
    down("a@10.0.0.1");
    pass(500ms);
    EXPECT_EQ(take(dials), lines{"a@10.0.0.1"});
}

TEST_F(Reconciler, NodeNoLongerWantedIsLeftAloneUnlessTheStrategyOwnsRemoval) {
    core.add_topology("owner", {.owns_removal = true});
    want({"a@10.0.0.1"});
    want({"b@10.0.0.2"}, "owner");
    succeeds("a@10.0.0.1");
    succeeds("b@10.0.0.2");
    take(dials);
    want({});
    want({}, "owner");
    EXPECT_EQ(take(dials), lines{"hang up b@10.0.0.2"});
    take(said);
    down("b@10.0.0.2", "disconnect");
    EXPECT_EQ(take(said), lines{"info owner: disconnected from :\"b@10.0.0.2\": no longer wanted"});
    down("a@10.0.0.1");
    pass(1min);
    EXPECT_TRUE(dials.empty()) << "neither is dialled again";
    EXPECT_TRUE(core.nodes().empty());
}

TEST_F(Reconciler, NodeWantedByTwoIsDroppedOnlyWhenNeitherWantsIt) {
    core.add_topology("one", {.owns_removal = true});
    core.add_topology("two", {.owns_removal = true});
    want({"a@10.0.0.1"}, "one");
    want({"a@10.0.0.1"}, "two");
    succeeds("a@10.0.0.1");
    EXPECT_EQ(said.size(), 2u);
    take(dials);
    want({}, "one");
    EXPECT_TRUE(dials.empty());
    core.remove_topology("two");
    work();
    EXPECT_EQ(take(dials), lines{"hang up a@10.0.0.1"});
}

TEST_F(Reconciler, NodeWantedAgainBeforeItWasDroppedStays) {
    core.add_topology("owner", {.owns_removal = true});
    want({"a@10.0.0.1"}, "owner");
    want({}, "owner"); // while its dial is under way
    want({"a@10.0.0.1"}, "owner");
    take(dials);
    succeeds("a@10.0.0.1");
    EXPECT_TRUE(dials.empty());
    EXPECT_EQ(core.nodes().size(), 1u);
}

TEST_F(Reconciler, DialThatEndsAfterTheNodeWasDroppedIsHungUp) {
    core.add_topology("owner", {.owns_removal = true});
    want({"a@10.0.0.1"}, "owner");
    take(dials);
    want({}, "owner");
    succeeds("a@10.0.0.1");
    EXPECT_EQ(take(dials), lines{"hang up a@10.0.0.1"});
}

TEST_F(Reconciler, UntrustedNameIsShownOnceAndNeverDialled) {
    for (int i = 0; i < 10; ++i) heard("evil@10.0.0.66", trust::discovered_only);
    pass(1h);
    EXPECT_TRUE(dials.empty());
    EXPECT_EQ(take(said), lines{"info t: discovered :\"evil@10.0.0.66\", not dialled: why"});
    EXPECT_EQ(take(events), lines{"discovered t evil@10.0.0.66"});
    ASSERT_EQ(core.nodes().size(), 1u);
    EXPECT_EQ(core.nodes()[0].now, known_node::state::discovered);
}

TEST_F(Reconciler, UntrustedNamesAreBounded) {
    for (std::size_t i = 0; i < 2 * limits::topology_discovered_max; ++i)
        heard("x" + std::to_string(i) + "@10.0.0.66", trust::discovered_only);
    EXPECT_EQ(core.nodes().size(), limits::topology_discovered_max);
    EXPECT_EQ(said.size(), limits::topology_discovered_max + 1) << "and one line says so";
}

TEST_F(Reconciler, TrustedNameThatFallsSilentIsForgotten) {
    heard("a@10.0.0.1");
    for (int i = 0; i < 595; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(1s);
    }
    EXPECT_EQ(core.nodes().size(), 1u);
    for (int i = 0; i < 20; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(1s);
    }
    EXPECT_TRUE(core.nodes().empty());
    EXPECT_FALSE(core.next_wake());
}

TEST_F(Reconciler, NodeThatWasUpIsWantedSoLongAfterItsLossAsOneThatWasHeard) {
    heard("a@10.0.0.1");
    succeeds("a@10.0.0.1");
    pass(5h); // multicast stopped, the connection held
    take(dials);
    down("a@10.0.0.1", "net_tick_timeout");
    for (int i = 0; i < 500; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(1s);
    }
    EXPECT_EQ(core.nodes().size(), 1u);
}

TEST_F(Reconciler, NodeHeardAgainAfterSilenceIsDialledAtOnce) {
    heard("a@10.0.0.1");
    for (int i = 0; i < 60; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(1s);
    }
    take(dials);
    for (auto& known : core.nodes())
        if (known.now == known_node::state::dialling) fails("a@10.0.0.1");
    now += 1s; // past the least gap, inside of the long pause
    heard("a@10.0.0.1");
    EXPECT_EQ(take(dials), lines{"a@10.0.0.1"});
}

TEST_F(Reconciler, FirstHeartbeatAfterALossIsAnsweredAtOnce) {
    heard("a@10.0.0.1");
    succeeds("a@10.0.0.1");
    pass(3s);
    heard("a@10.0.0.1");
    down("a@10.0.0.1");
    for (int i = 0; i < 60; ++i) {
        for (auto& dialled : take(dials)) fails(dialled);
        pass(50ms);
    }
    take(dials);
    now += 1s;
    heard("a@10.0.0.1");
    EXPECT_EQ(take(dials), lines{"a@10.0.0.1"}) << "it was restarted within 6 s";
}

TEST_F(Reconciler, NodeThatWasDialledInVainMustWaitThoughItIsHeard) {
    const atom a{"a@10.0.0.1"};
    EXPECT_FALSE(core.must_wait(a, now)) << "nobody wants it";
    heard("a@10.0.0.1");
    EXPECT_FALSE(core.must_wait(a, now)) << "it is dialled";
    fails("a@10.0.0.1");
    pass(300ms);
    heard("a@10.0.0.1");
    EXPECT_TRUE(core.must_wait(a, now));
    up("a@10.0.0.1");
    EXPECT_FALSE(core.must_wait(a, now));
}

TEST_F(Reconciler, ManyNamesOfOneHostDoNotMakeUsHammerIt) {
    std::size_t attempts = 0;
    for (int second = 0; second < 60; ++second) {
        for (int i = 0; i < 20; ++i) heard("x" + std::to_string(20 * second + i) + "@10.0.0.99");
        for (auto& dialled : take(dials)) {
            ++attempts;
            fails(dialled);
        }
        pass(1s);
    }
    EXPECT_LE(attempts, 4u + 60 / 5 + 1);
    EXPECT_GE(attempts, 10u);
    EXPECT_LE(core.nodes().size(), limits::topology_nodes_max);
}

TEST_F(Reconciler, NodesThatAnswerDoNotCountAgainstTheirHost) {
    for (int i = 0; i < 20; ++i) {
        auto name = "a" + std::to_string(10 + i) + "@10.0.0.1";
        heard(name);
        EXPECT_EQ(take(dials), lines{name});
        succeeds(name);
    }
}

TEST_F(Reconciler, NodesOfThisMachineDoNotCount) {
    for (int i = 0; i < 12; ++i) heard("a" + std::to_string(10 + i) + "@10.0.0.13");
    EXPECT_EQ(dials.size(), 12u);
}

TEST_F(Reconciler, FloodOfNamesIsBoundedAndPushesOutOnlyTheSilent) {
    heard("a@10.0.0.1");
    succeeds("a@10.0.0.1");
    for (std::size_t i = 0; i < 2 * limits::topology_nodes_max; ++i) {
        heard("x" + std::to_string(i) + "@10.0.0.99");
        if (i % 64 == 0) pass(1s);
    }
    auto nodes = core.nodes();
    EXPECT_LE(nodes.size(), limits::topology_nodes_max);
    EXPECT_EQ(nodes[0].name, "a@10.0.0.1");
    EXPECT_EQ(nodes[0].now, known_node::state::up);
}

TEST_F(Reconciler, MoreWantedThanThereCanBePeersIsCut) {
    std::vector<std::string> many;
    for (std::size_t i = 0; i < 10'000; ++i) many.push_back("a" + std::to_string(i) + "@10.0.0.1");
    want(many);
    want(many);
    EXPECT_EQ(core.nodes().size(), limits::topology_nodes_max);
    EXPECT_EQ(said.size(), 1u);
}

TEST_F(Reconciler, LeastTimeBetweenDialsIsAnOption) {
    core.add_topology("slow", {.redial_least = 20s});
    want({"a@10.0.0.1"}, "slow");
    std::size_t attempts = 0;
    for (int i = 0; i < 100; ++i) {
        for (auto& dialled : take(dials)) {
            ++attempts;
            fails(dialled);
        }
        pass(1s);
    }
    EXPECT_EQ(attempts, 5u);
}

TEST_F(Reconciler, UnknownTopologyChangesNothing) {
    want({"a@10.0.0.1"}, "no such");
    core.heard("no such", atom{"a@10.0.0.1"}, trust::may_dial, {}, now);
    core.dialled(atom{"b@10.0.0.2"}, {}, {}, now);
    core.node_down(atom{"b@10.0.0.2"}, "", now);
    core.remove_topology("no such");
    work();
    EXPECT_TRUE(dials.empty());
    EXPECT_TRUE(said.empty());
    EXPECT_TRUE(core.nodes().empty());
}

// -- topologies that change ----------------------------------------------------------------------------------------

TEST_F(Reconciler, RemovedTopologyDisconnectsWhatOnlyItWanted) {
    core.add_topology("other", {});
    want({"a@10.0.0.1", "b@10.0.0.2"});
    want({"b@10.0.0.2"}, "other");
    take(dials);
    succeeds("a@10.0.0.1");
    succeeds("b@10.0.0.2");
    core.remove_topology("t");
    work();
    EXPECT_EQ(take(dials), (lines{"hang up a@10.0.0.1"})) << "although its strategy does not own removal";
    down("a@10.0.0.1", "disconnect");
    EXPECT_EQ(events.back(), "disconnected t a@10.0.0.1");
    core.remove_topology("other");
    work();
    EXPECT_EQ(take(dials), (lines{"hang up b@10.0.0.2"}));
}

TEST_F(Reconciler, ChangedTopologyKeepsWhatStaysWanted) {
    want({"a@10.0.0.1", "b@10.0.0.2"});
    succeeds("a@10.0.0.1");
    succeeds("b@10.0.0.2");
    take(dials);
    take(events);
    core.change_topology("t", {}, now);
    work();
    pass(1min);
    EXPECT_EQ(take(dials), lines{}) << "nothing is dropped while the new strategy has not spoken";
    want({"b@10.0.0.2", "c@10.0.0.3"});
    EXPECT_EQ(take(dials), (lines{"hang up a@10.0.0.1", "c@10.0.0.3"}));
    EXPECT_EQ(take(events), lines{}) << "b has never been away";
    down("a@10.0.0.1", "disconnect");
    pass(1h);
    EXPECT_EQ(core.nodes().size(), 2u);
}

TEST_F(Reconciler, ChangedTopologyThatOnlyHearsKeepsNodesAsIfHeard) {
    want({"a@10.0.0.1", "b@10.0.0.2"});
    succeeds("a@10.0.0.1");
    core.change_topology("t", {}, now);
    auto fail_for = [this](std::chrono::minutes d) {
        for (auto end = now + d; now < end; fails("b@10.0.0.2")) pass(10s);
    };
    fail_for(5min);
    EXPECT_EQ(core.nodes().size(), 2u);
    fail_for(6min);
    ASSERT_EQ(core.nodes().size(), 1u) << "b was never heard of";
    EXPECT_EQ(core.nodes()[0].now, known_node::state::up);
    down("a@10.0.0.1");
    heard("a@10.0.0.1");
    pass(1s);
    succeeds("a@10.0.0.1");
    want({"c@10.0.0.3"});
    EXPECT_EQ(core.nodes().size(), 2u) << "heard by the new strategy, so no longer inherited";
}

TEST_F(Reconciler, ChangeOfATopologyThatDoesNotExistDoesNothing) {
    core.change_topology("none", {}, now);
    work();
    want({"a@10.0.0.1"}, "none");
    EXPECT_TRUE(core.nodes().empty());
}

TEST_F(Reconciler, NodeThatIsGoneBeforeItIsDisconnectedIsToldAsLibclusterDoes) {
    core.add_topology("u", {.owns_removal = true});
    want({"b@10.0.0.2"}, "u");
    succeeds("b@10.0.0.2");
    want({}, "u");
    EXPECT_EQ(take(dials).back(), "hang up b@10.0.0.2");
    take(events);
    core.was_gone(atom{"b@10.0.0.2"});
    work();
    EXPECT_EQ(take(events), (lines{"unable_to_disconnect u b@10.0.0.2"}));
    EXPECT_EQ(said.back(), "warning u: disconnect from :\"b@10.0.0.2\" failed because we're already disconnected");
    down("b@10.0.0.2");
    EXPECT_EQ(take(events), lines{}) << "told once";
    core.was_gone(atom{"nobody@10.0.0.9"});
    work();
    EXPECT_EQ(take(events), lines{});
}

TEST_F(Reconciler, HeartbeatOfOneThatIsUpIsNothingToDo) {
    heard("a@10.0.0.1");
    EXPECT_FALSE(core.is_complete("t")) << "a is dialled";
    succeeds("a@10.0.0.1");
    EXPECT_TRUE(core.is_complete("t"));
    for (int i = 0; i < 10; ++i) heard("a@10.0.0.1");
    EXPECT_EQ(heard_without_news, 10);
    heard("b@10.0.0.2");
    EXPECT_EQ(heard_without_news, 10) << "somebody new";
    EXPECT_FALSE(core.is_complete("t"));
    succeeds("b@10.0.0.2");
    down("a@10.0.0.1");
    EXPECT_FALSE(core.is_complete("t"));
    heard("a@10.0.0.1");
    EXPECT_EQ(heard_without_news, 10) << "somebody who may be dialled at once";
}
