// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;

namespace {

std::string complaint(std::string_view text) {
    auto config = parse_config_exs(text, "config.exs");
    if (!config) return config.error().message();
    for (const auto& settings : config->topologies) {
        auto made = strategies{}.make(settings, config->file);
        if (!made) return made.error().message();
    }
    return {};
}

std::string topology(const std::string& inside) {
    return "import Config\nconfig :libcluster, topologies: [\n  t: [" + inside + "]]\n";
}

std::string known_strategies() {
    std::string out;
    const strategies built_in;
    for (const auto& known : built_in.all()) out += (out.empty() ? "" : ", ") + known.name;
    return out;
}

} // namespace

TEST(ConfigExs, BlockOfTheArticleIsReadAsIs) {
    auto config = parse_config_exs(R"(
import Config

config :logger, level: :info

config :libcluster,
  topologies: [
    clusters1: [
      strategy: Cluster.Strategy.Epmd,
      config: [hosts: [:"node1@172.24.176.1", :"node2@172.24.176.2"]]
    ]
  ]

import_config "#{config_env()}.exs"
)",
                                   "config.exs");
    ASSERT_TRUE(config) << config.error().message();
    ASSERT_EQ(config->topologies.size(), 1u);
    const auto& t = config->topologies[0];
    EXPECT_EQ(t.name, "clusters1");
    EXPECT_EQ(t.strategy, "Cluster.Strategy.Epmd");
    ASSERT_EQ(t.config.find("hosts")->items.size(), 2u);
    EXPECT_EQ(t.config.find("hosts")->items[1].text, "node2@172.24.176.2");
    EXPECT_TRUE(t.trust.is_absent());
    EXPECT_TRUE(config->advice.empty());
    auto made = strategies{}.make(t, "config.exs");
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->name(), "epmd");
}

TEST(ConfigExs, OtherFormsOfTheBlockAreReadToo) {
    const char* forms[] = {
        "config :libcluster, :topologies, [a: [strategy: Cluster.Strategy.Gossip]]",
        "topologies = [a: [strategy: Cluster.Strategy.Gossip]]",
        "config(:libcluster, [{:topologies, [{:a, [{:strategy, Cluster.Strategy.Gossip}]}]}])",
        "config :libcluster, debug: true, topologies: [a: [strategy: Cluster.Strategy.Gossip, config: []]]",
    };
    for (const auto* form : forms) {
        auto config = parse_config_exs(form, "config.exs");
        ASSERT_TRUE(config) << form << ": " << config.error().message();
        ASSERT_EQ(config->topologies.size(), 1u) << form;
        EXPECT_TRUE(strategies{}.make(config->topologies[0], "config.exs")) << form;
    }
}

TEST(ConfigExs, EveryOptionOfGossipIsTaken) {
    auto config = parse_config_exs(topology(R"(
        strategy: Cluster.Strategy.Gossip,
        config: [port: 45893, if_addr: {0, 0, 0, 0}, multicast_addr: "233.252.1.40", multicast_if: nil,
                 multicast_ttl: 2, broadcast_only: false, secret: "thirty-two bytes would be better"])"),
                                   "config.exs");
    ASSERT_TRUE(config) << config.error().message();
    const auto& options = config->topologies[0].config;
    EXPECT_EQ(options.find("port")->number, 45893);
    EXPECT_EQ(options.find("if_addr")->text, "0.0.0.0");
    EXPECT_TRUE(options.find("multicast_if")->is_absent());
    EXPECT_TRUE(strategies{}.make(config->topologies[0], "config.exs"));
    EXPECT_TRUE(config->advice.empty()) << "with a secret there is nothing to warn of";
}

TEST(ConfigExs, GossipWithoutSecretDialsAsLibclusterDoesAndWarnsOnce) {
    auto config = parse_config_exs(topology("strategy: Cluster.Strategy.Gossip"), "config.exs");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->topologies[0].trust.text, "lan");
    ASSERT_EQ(config->advice.size(), 1u);
    EXPECT_NE(config->advice[0].find("set a secret"), std::string::npos);
}

TEST(ConfigExs, HooksInElixirAreLeftOutWithALine) {
    auto config = parse_config_exs(
        topology("strategy: Cluster.Strategy.Epmd, connect: {:net_kernel, :connect_node, []}"), "config.exs");
    ASSERT_TRUE(config) << config.error().message();
    ASSERT_EQ(config->advice.size(), 1u);
}

TEST(ConfigExs, MistakesAreNamedWithTheLine) {
    EXPECT_EQ(complaint(topology("strategy: Cluster.Strategy.Nowhere")),
              "config.exs:3: no strategy \"Cluster.Strategy.Nowhere\" for topologies.t (there are: " +
                  known_strategies() + ")");
    EXPECT_EQ(complaint(topology("strategy: Cluster.Strategy.Gossip,\n config: [secret: System.get_env(\"S\")]")),
              "config.exs:4: the call of get_env cannot be evaluated here; write the value");
    EXPECT_EQ(complaint(topology("strategy: Cluster.Strategy.Gossip,\n config: [sceret: \"s\"]")),
              "config.exs:4: unknown key \"sceret\" in topologies.t.config; did you mean \"secret\"?");
    EXPECT_EQ(complaint("config :logger, level: :info\n"),
              "config.exs: there is no `config :libcluster, topologies: [...]` in it");
    EXPECT_EQ(complaint("config :libcluster, topologies: :none\n"),
              "config.exs:1: topologies must be a keyword list: [name: [strategy: ..., config: [...]]]");
    EXPECT_EQ(complaint("config :libcluster, topologies: [").find("config.exs: line 1"), 0u);
}

TEST(ConfigExs, EmptyListIsNoTopology) {
    auto config = parse_config_exs("config :libcluster, topologies: []", "config.exs");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_TRUE(config->topologies.empty());
}
