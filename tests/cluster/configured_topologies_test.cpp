// SPDX-License-Identifier: Apache-2.0
#include "cluster/clusters.hpp"
#include "cluster/configured_topologies.hpp"

using namespace sedge;
using namespace sedge::test;
using cluster::configured_topologies;
using names = std::vector<std::string>;

namespace {

class ConfiguredTopologies : public Clusters {
protected:
    cluster::strategies known;
    std::unique_ptr<configured_topologies> configured;

    void SetUp() override { begin(boot('a')); }
    void TearDown() override { configured.reset(); }

    void begin(machine_node& n) {
        running['a'] = std::make_unique<cluster::topologies>(*n);
        configured = std::make_unique<configured_topologies>(known, *running['a']);
    }
    result<configured_topologies::changes> follow(const std::string& text) {
        auto config = cluster::parse_toml(text, "sedge.toml");
        if (!config) return config.error();
        return configured->follow(config->topologies, "sedge.toml");
    }
    std::string said_of(const std::string& text) {
        auto followed = follow(text);
        return followed ? to_string(*followed) : followed.error().message();
    }
    node& a() { return **all.front(); }
};

const std::string hosts_b = "[topologies.t]\nstrategy = \"epmd\"\nconfig = { hosts = [\"b@10.0.0.2\"] }\n";
const std::string hosts_bc =
    "[topologies.t]\nstrategy = \"epmd\"\nconfig = { hosts = [\"b@10.0.0.2\", \"c@10.0.0.3\"] }\n";
const std::string second = "[topologies.u]\nstrategy = \"epmd\"\nconfig = { hosts = [\"b@10.0.0.2\"] }\n";

} // namespace

TEST_F(ConfiguredTopologies, FollowTheFile) {
    auto& b = boot('b');
    boot('c');
    EXPECT_EQ(said_of(hosts_b), "added: t");
    ASSERT_TRUE(sim.run_until([&] { return a().peers().size() == 1; }, 3s));
    b.events.clear();
    EXPECT_EQ(said_of("\n\n" + hosts_b), "no topology has changed") << "lines do not count";
    EXPECT_EQ(said_of(hosts_bc + second), "added: u; changed: t");
    ASSERT_TRUE(sim.run_until([&] { return a().peers().size() == 2; }, 3s));
    EXPECT_EQ(said_of(second), "removed: t");
    sim.run_for(10s);
    EXPECT_EQ(a().peers(), std::vector{name_of('b')}) << "which u still wants";
    EXPECT_TRUE(b.events.empty()) << "and which was never dropped";
    EXPECT_EQ(said_of(""), "removed: u");
    sim.run_for(10s);
    EXPECT_TRUE(a().peers().empty());
}

TEST_F(ConfiguredTopologies, MistakeChangesNothing) {
    ASSERT_EQ(said_of(hosts_b), "added: t");
    const auto wrong = second + "[topologies.v]\nstrategy = \"gosip\"\n";
    EXPECT_NE(said_of(wrong).find("sedge.toml:5: no strategy \"gosip\""), std::string::npos) << said_of(wrong);
    EXPECT_EQ(running['a']->names(), names{"t"});
}

TEST_F(ConfiguredTopologies, WhatAnOperatorAddedStaysWhenTheFileIsReadAgain) {
    cluster::topology_settings mine;
    mine.name = "mine";
    mine.strategy = "epmd";
    ASSERT_TRUE(configured->add(mine));
    EXPECT_FALSE(configured->add(mine)) << "there is one of that name";
    EXPECT_EQ(configured->strategy_of("mine"), "epmd");
    EXPECT_EQ(said_of(hosts_b), "added: t");
    EXPECT_EQ(running['a']->names(), (names{"mine", "t"}));
    EXPECT_EQ(said_of(""), "removed: t");
    EXPECT_EQ(running['a']->names(), names{"mine"});
    mine.strategy = "gossip";
    EXPECT_TRUE(configured->change(mine));
    EXPECT_EQ(configured->strategy_of("mine"), "gossip");
    EXPECT_TRUE(configured->remove("mine"));
    EXPECT_FALSE(configured->remove("mine"));
    EXPECT_FALSE(configured->change(mine));
    mine.strategy = "nonsense";
    EXPECT_FALSE(configured->add(mine));
}

TEST_F(ConfiguredTopologies, FileTakesBackWhatAnOperatorChangedOrRemoved) {
    ASSERT_EQ(said_of(hosts_b), "added: t");
    cluster::topology_settings other;
    other.name = "t";
    other.strategy = "epmd";
    ASSERT_TRUE(configured->change(other));
    EXPECT_EQ(said_of(hosts_b), "changed: t");
    ASSERT_TRUE(configured->remove("t"));
    EXPECT_EQ(said_of(hosts_b), "added: t");
}

TEST_F(ConfiguredTopologies, TopologyOfTheProgramItselfIsLeftAlone) {
    ASSERT_TRUE(running['a']->add({"t", cluster::make_strategy(cluster::epmd_strategy{})}));
    EXPECT_NE(said_of(hosts_b).find("the program itself has a topology t"), std::string::npos);
    EXPECT_EQ(said_of(second), "added: u");
    EXPECT_EQ(said_of(""), "removed: u");
    EXPECT_EQ(running['a']->names(), names{"t"});
    EXPECT_EQ(configured->strategy_of("t"), "");
}
