// SPDX-License-Identifier: Apache-2.0
#include "cluster/clusters.hpp"

#include <sedge/base/nursery.hpp>

#include <map>
#include <optional>
#include <set>

using namespace sedge;
using namespace sedge::test;
using cluster::epmd_strategy;
using lines = std::vector<std::string>;

namespace {

const std::vector<std::string> three{"a@10.0.0.1", "b@10.0.0.2", "c@10.0.0.3"};

/// Wants what the test says, when it says so.
class scripted final : public cluster::strategy {
public:
    struct script {
        std::vector<std::vector<atom>> wanted; ///< One entry a second.
        int runs = 0;
        bool fails = false;
    };
    explicit scripted(std::shared_ptr<script> s) : script_(std::move(s)) {}
    std::string_view name() const noexcept override { return "scripted"; }
    cluster::strategy_rules rules() const override { return {.owns_removal = true}; }
    task<> run(cluster::strategy_context& topology) override {
        ++script_->runs;
        topology.count("runs");
        for (const auto& nodes : script_->wanted) {
            topology.want(nodes);
            co_await sleep_for(topology.env(), 1s);
        }
        if (script_->fails) throw std::runtime_error("the source is on fire");
    }

private:
    std::shared_ptr<script> script_;
};

class Topologies : public Clusters {};

} // namespace

TEST_F(Topologies, StaticHostsBecomeOneCluster) {
    std::vector nodes{&join('a', epmd_strategy{three, {}}), &join('b', epmd_strategy{three, {}}),
                      &join('c', epmd_strategy{three, {}})};
    EXPECT_TRUE(meet(nodes, 3s));
    auto connected = said(*nodes[0], "connected to");
    std::ranges::sort(connected); // both dial at the same moment
    EXPECT_EQ(connected, (lines{"[sedge:clusters1] connected to :\"b@10.0.0.2\"",
                                "[sedge:clusters1] connected to :\"c@10.0.0.3\""}));
}

TEST_F(Topologies, HostThatStartsLaterIsPickedUp) {
    std::vector nodes{&join('a', epmd_strategy{three, {}})};
    sim.run_for(10min);
    EXPECT_TRUE((*nodes[0])->peers().empty());
    auto failures = said(*nodes[0], "[sedge:clusters1] unable to connect to :\"b@10.0.0.2\": ");
    ASSERT_EQ(failures.size(), 1u) << "the first line is the one to grep for";
    nodes.push_back(&boot('b')); // which has no topology of its own, as machine 2 of the article
    EXPECT_TRUE(meet(nodes, 6s));
}

TEST_F(Topologies, NodeThatComesBackRejoins) {
    auto& a = join('a', epmd_strategy{three, {}});
    auto& b = join('b', epmd_strategy{three, {}});
    ASSERT_TRUE(meet({&a, &b}, 3s));
    lose('b', b);
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty());
    auto& again = join('b', epmd_strategy{three, {}});
    EXPECT_TRUE(meet({&a, &again}, 1500ms));
    EXPECT_EQ(events['a'].back(), "connected clusters1 b@10.0.0.2");
}

TEST_F(Topologies, CutThatHealsIsMended) {
    auto& a = join('a', epmd_strategy{three, {}});
    auto& b = join('b', epmd_strategy{three, {}});
    ASSERT_TRUE(meet({&a, &b}, 3s));
    sim.cut("10.0.0.1", "10.0.0.2");
    ASSERT_TRUE(sim.run_until([&] { return a->peers().empty() && b->peers().empty(); }, 3min));
    sim.run_for(5min);
    sim.heal("10.0.0.1", "10.0.0.2");
    EXPECT_TRUE(meet({&a, &b}, 15s)) << "a dial under way may take its 7 s to fail";
}

TEST_F(Topologies, DeadHostDelaysNobody) {
    std::vector<std::string> hosts{"b@10.0.0.2"};
    for (int i = 100; i < 110; ++i) {
        hosts.push_back("a@10.0.0." + std::to_string(i));
        sim.machine("10.0.0." + std::to_string(i));
        sim.power_off("10.0.0." + std::to_string(i));
    }
    auto& b = boot('b');
    auto& a = join('a', epmd_strategy{hosts, {}});
    EXPECT_TRUE(meet({&a, &b}, 1s));
}

TEST_F(Topologies, WrongCookieIsSaid) {
    auto& a = join('a', epmd_strategy{three, {}});
    boot('b', "another cookie entirely");
    sim.run_for(10s);
    EXPECT_TRUE(a->peers().empty());
    EXPECT_FALSE(said(a, "[sedge:clusters1] unable to connect to :\"b@10.0.0.2\": wrong cookie: ").empty())
        << sim.story();
}

TEST_F(Topologies, EventsTellWhatHappened) {
    auto& a = join('a', epmd_strategy{{"b@10.0.0.2"}, {}});
    std::vector<cluster::event> seen;
    auto watch = running['a']->watch([&seen](const cluster::event& e) { seen.push_back(e); });
    sim.run_for(10s);
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen[0].what, cluster::event::kind::unable_to_connect);
    EXPECT_TRUE(seen[0].code);
    EXPECT_FALSE(seen[0].reason.empty());
    auto& b = boot('b');
    ASSERT_TRUE(meet({&a, &b}, 6s));
    EXPECT_EQ(seen.back().what, cluster::event::kind::connected);
    EXPECT_GT(seen.back().took, duration{});
    sim.run_for(1min);
    kill(b);
    sim.run_for(1s);
    auto gone = std::find_if(seen.begin(), seen.end(),
                             [](const auto& e) { return e.what == cluster::event::kind::disconnected; });
    ASSERT_NE(gone, seen.end());
    EXPECT_GE(gone->took, 1min);
    EXPECT_EQ(gone->reason, "connection_closed");
    watch.reset();
    auto count = seen.size();
    sim.run_for(1min);
    EXPECT_EQ(seen.size(), count) << "the token is the subscription";
}

TEST_F(Topologies, StrategyThatOwnsRemovalDropsWhatItNoLongerWants) {
    auto& b = boot('b');
    auto& c = boot('c');
    auto s = std::make_shared<scripted::script>();
    s->wanted = {{name_of('b'), name_of('c')}, {name_of('b'), name_of('c')}, {name_of('c')}};
    auto& a = join('a', std::make_unique<scripted>(s));
    sim.run_for(1500ms);
    EXPECT_EQ(a->peers().size(), 2u);
    sim.run_for(10s);
    EXPECT_EQ(a->peers(), std::vector{name_of('c')});
    EXPECT_TRUE(b->peers().empty());
    EXPECT_FALSE(c->peers().empty());
    EXPECT_EQ(said(a, "disconnected").size(), 1u);
}

TEST_F(Topologies, NodeOfTwoTopologiesStaysUntilNeitherWantsIt) {
    auto& b = boot('b');
    auto first = std::make_shared<scripted::script>();
    auto second = std::make_shared<scripted::script>();
    first->wanted = second->wanted = {{name_of('b')}};
    auto& a = join('a', std::make_unique<scripted>(first));
    ASSERT_TRUE(running['a']->add({"clusters2", std::make_unique<scripted>(second)}));
    EXPECT_EQ(running['a']->names(), (lines{"clusters1", "clusters2"}));
    ASSERT_TRUE(meet({&a, &b}, 3s));
    EXPECT_TRUE(running['a']->remove("clusters1"));
    sim.run_for(5s);
    EXPECT_EQ(a->peers().size(), 1u);
    EXPECT_TRUE(running['a']->remove("clusters2"));
    EXPECT_FALSE(running['a']->remove("clusters2"));
    sim.run_for(5s);
    EXPECT_TRUE(a->peers().empty());
}

TEST_F(Topologies, StrategyThatThrowsIsStartedAgain) {
    auto s = std::make_shared<scripted::script>();
    s->wanted = {{name_of('b')}};
    s->fails = true;
    auto& a = join('a', std::make_unique<scripted>(s));
    auto& b = boot('b');
    sim.run_for(1min);
    EXPECT_GT(s->runs, 2);
    EXPECT_EQ(running['a']->counters("clusters1").at("runs"), static_cast<std::uint64_t>(s->runs));
    EXPECT_NE(said(a, "the source is on fire").at(0).find("[sedge:clusters1] strategy scripted failed"),
              std::string::npos);
    EXPECT_TRUE(meet({&a, &b}, 1s)) << "and what it wanted stays wanted";
}

TEST_F(Topologies, NamesAreUniqueAndStrategiesAreGiven) {
    join('a', epmd_strategy{});
    EXPECT_FALSE(running['a']->add({"clusters1", cluster::make_strategy(epmd_strategy{})}));
    EXPECT_FALSE(running['a']->add({"", cluster::make_strategy(epmd_strategy{})}));
    EXPECT_FALSE(running['a']->add({"b", nullptr}));
}

TEST_F(Topologies, NothingIsDialledAfterStop) {
    auto& a = join('a', epmd_strategy{three, {}});
    running['a']->stop();
    boot('b');
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty());
}

TEST_F(Topologies, TopologyCanBeRemovedFromInsideAnEvent) {
    auto& a = join('a', epmd_strategy{{"b@10.0.0.2"}, {}});
    auto watch = running['a']->watch([&](const cluster::event&) { running['a']->remove("clusters1"); });
    sim.run_for(1min);
    EXPECT_TRUE(running['a']->names().empty());
    boot('b');
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty());
}

// -- changed while they run ----------------------------------------------------------------------------------------

TEST_F(Topologies, ChangeKeepsWhatStaysWanted) {
    auto& a = join('a', epmd_strategy{three, {}});
    auto& b = boot('b');
    auto& c = boot('c');
    ASSERT_TRUE(sim.run_until([&] { return a->peers().size() == 2; }, 3s));
    b.events.clear();
    auto next = cluster::make_strategy(epmd_strategy{{"b@10.0.0.2"}, {}});
    ASSERT_TRUE(running['a']->change({"clusters1", std::move(next)}));
    sim.run_for(10s);
    EXPECT_EQ(a->peers(), std::vector{name_of('b')});
    EXPECT_TRUE(b.events.empty()) << "its connection is the one from before";
    EXPECT_TRUE(c->peers().empty());
    EXPECT_FALSE(running['a']->change({"clusters2", cluster::make_strategy(epmd_strategy{})}));
    EXPECT_FALSE(running['a']->change({"clusters1", nullptr}));
}

TEST_F(Topologies, NodeThatMovesToAnotherTopologyIsNotDropped) {
    auto& a = join('a', epmd_strategy{{"b@10.0.0.2"}, {}});
    auto& b = boot('b');
    ASSERT_TRUE(meet({&a, &b}, 3s));
    b.events.clear();
    ASSERT_TRUE(running['a']->add({"clusters2", cluster::make_strategy(epmd_strategy{{"b@10.0.0.2"}, {}})}));
    EXPECT_TRUE(running['a']->remove("clusters1"));
    sim.run_for(10s);
    EXPECT_TRUE(b.events.empty());
    EXPECT_TRUE(running['a']->remove("clusters2"));
    sim.run_for(10s);
    EXPECT_EQ(b.events.size(), 1u) << "now nobody wants it";
    EXPECT_TRUE(a->peers().empty());
}

TEST_F(Topologies, ChangeIsSafeFromInsideAnEvent) {
    auto& a = join('a', epmd_strategy{{"b@10.0.0.2"}, {}});
    bool done = false;
    auto watch = running['a']->watch([&](const cluster::event&) {
        if (std::exchange(done, true)) return;
        ASSERT_TRUE(running['a']->change({"clusters1", cluster::make_strategy(epmd_strategy{{"c@10.0.0.3"}, {}})}));
    });
    auto& c = boot('c');
    sim.run_for(1min);
    EXPECT_TRUE(done);
    EXPECT_EQ(c->peers(), std::vector{name_of('a')});
    EXPECT_EQ(a->peers(), std::vector{name_of('c')});
}

// -- readiness -----------------------------------------------------------------------------------------------------

TEST_F(Topologies, ReadinessComesWithTheLastNodeAndNoLater) {
    auto& a = join('a', epmd_strategy{three, {}});
    boot('b');
    nursery waiting;
    std::optional<result<void>> ready;
    auto wait = running['a']->wait_ready({.at_least = 2, .nodes = {name_of('c')}, .within = 1min});
    waiting.start(detail::store(std::move(wait), ready));
    sim.run_for(10s);
    EXPECT_FALSE(ready);
    boot('c');
    ASSERT_TRUE(sim.run_until([&] { return ready.has_value(); }, 10s));
    EXPECT_TRUE(ready->has_value());
    EXPECT_EQ(a->peers().size(), 2u);
    EXPECT_TRUE(sim.block_on(running['a']->wait_ready({.at_least = 2, .nodes = {}, .within = 1s}))) << "at once now";
}

TEST_F(Topologies, WhoIsMissingIsSaidWhenReadinessIsNotReached) {
    auto& a = join('a', epmd_strategy{three, {}});
    boot('b', "another cookie entirely");
    const auto begin = sim.now();
    auto ready = sim.block_on(running['a']->wait_ready({.at_least = 2, .nodes = {name_of('c')}, .within = 30s}));
    ASSERT_FALSE(ready);
    EXPECT_EQ(sim.now() - begin, 30s);
    EXPECT_EQ(ready.error().code(), make_error_code(errc::timed_out));
    auto text = ready.error().context();
    EXPECT_EQ(text.find("0 of 2 nodes are connected; missing: c@10.0.0.3 (unknown host: "), 0u) << text;
    EXPECT_NE(text.find("b@10.0.0.2 ("), std::string::npos) << text; // after some wrong cookies it does not even ask
    static_cast<void>(a);
}

TEST_F(Topologies, EventsNameTheCauseThatTheLogNames) {
    auto& a = join('a', epmd_strategy{three, {}});
    std::map<std::string, std::set<cluster::cause>> seen;
    const auto listening = running['a']->watch([&seen](const cluster::event& e) {
        if (const auto why = e.why()) seen[e.node.str()].insert(*why);
    });
    boot('b', "another cookie entirely");
    sim.run_for(2s);
    EXPECT_EQ(seen["b@10.0.0.2"], (std::set{cluster::cause::wrong_cookie})) << sim.story();
    EXPECT_EQ(seen["c@10.0.0.3"], (std::set{cluster::cause::unknown_host})) << sim.story();
    EXPECT_FALSE(said(a, "unable to connect to :\"b@10.0.0.2\": wrong cookie: ").empty()) << sim.story();
}

TEST_F(Topologies, DeadHostDoesNotDelayReadiness) {
    std::vector<std::string> hosts{"b@10.0.0.2"};
    for (int i = 100; i < 120; ++i) {
        hosts.push_back("a@10.0.0." + std::to_string(i));
        sim.machine("10.0.0." + std::to_string(i));
        sim.power_off("10.0.0." + std::to_string(i));
    }
    boot('b');
    join('a', epmd_strategy{hosts, {}});
    EXPECT_TRUE(sim.block_on(running['a']->wait_ready({.at_least = 1, .nodes = {}, .within = 1s})));
}
