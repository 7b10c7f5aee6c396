// SPDX-License-Identifier: Apache-2.0
//
// Options as they stand in a file reach the strategy: each one makes a difference that can be seen.
#include "cluster/clusters.hpp"

#include <sedge/cluster/mdns.hpp>

#include <fstream>
#include <unistd.h>

#include <sedge/wire/simulated_dns.hpp>

using namespace sedge;
using namespace sedge::test;

namespace {

class Configured : public Clusters {
protected:
    wire::simulated_dns dns{sim.machine("10.0.0.100")};
    machine_node& join_by(char alive, const std::string& topology) {
        auto config = cluster::parse_toml("[epmd]\nport = 4999\n[topologies.clusters1]\n" + topology, "sedge.toml");
        EXPECT_TRUE(config) << config.error().message();
        auto made = cluster::strategies{}.make(config->topologies.front(), "sedge.toml");
        EXPECT_TRUE(made) << made.error().message();
        return join(alive, *std::move(made));
    }
    std::uint64_t counted(char alive, const std::string& what) { return running[alive]->counters("clusters1")[what]; }
    std::vector<std::string> wanted(char alive) {
        std::vector<std::string> out;
        for (const auto& n : running[alive]->nodes()) out.push_back(n.name.str());
        return out;
    }
    using list = std::vector<std::string>;
};

} // namespace

TEST_F(Configured, DnsPoll) {
    wire::dns_record record;
    record.address = wire::ip_address::parse("10.0.0.9").value();
    dns.answer("plant.internal", wire::dns_type::a, {record});
    auto& a = join_by('a', R"(strategy = "dns_poll"
config = { query = "plant.internal", node_basename = "box", polling_interval = 1000 })");
    auto& b = join_by('b', R"(strategy = "Cluster.Strategy.DNSPoll"
config = { query = "plant.internal", node_basename = "crate", poll_interval = 2000 })");
    sim.run_for(20s);
    EXPECT_EQ(wanted('a'), list{"box@10.0.0.9"});
    EXPECT_EQ(wanted('b'), list{"crate@10.0.0.9"});
    EXPECT_NEAR(static_cast<double>(counted('a', "polls")), 20, 2);
    EXPECT_NEAR(static_cast<double>(counted('b', "polls")), 10, 2);
    EXPECT_EQ(said(b, "poll_interval is read as polling_interval, which it is called").size(), 1u);
    EXPECT_TRUE(said(a, "poll_interval").empty());
    dns.fall_silent(true);
    join_by('c', R"(strategy = "dns_poll"
config = { query = "plant.internal", node_basename = "box", resolver_timeout = 500, polling_interval = 500 })");
    sim.run_for(10s);
    EXPECT_NEAR(static_cast<double>(counted('c', "polls_failed")), 10, 2);
}

TEST_F(Configured, PortOfTheMappersIsThatOfTheSectionEpmd) {
    const std::string path = "/tmp/sedge-configured-" + std::to_string(getpid());
    std::ofstream{path} << "'10.0.0.2'.";
    auto& a = join_by('a', "strategy = \"erlang_hosts\"\nconfig = { timeout = 1000, file = \"" + path + "\" }");
    auto& b = join_by('b', "strategy = \"local_epmd\"\nconfig = { polling_interval = 2000 }");
    sim.run_for(20s);
    EXPECT_GE(said(a, ":4999").size(), 1u) << sim.story();
    EXPECT_GE(said(b, ":4999").size(), 1u) << sim.story();
    EXPECT_NEAR(static_cast<double>(counted('a', "mappers_failed")), 20, 3);
    EXPECT_NEAR(static_cast<double>(counted('b', "mappers_failed")), 10, 2);
    ::unlink(path.c_str());
}

TEST_F(Configured, Mdns) {
    sim.add_address("10.0.0.1", "fd00::1");
    auto& a = join_by('a', R"(strategy = "mdns"
trust = "lan"
config = { port = 5454, ipv6 = false, query_interval = 2000, multicast_if = "10.0.0.1" })");
    auto& b = join_by('b', R"(strategy = "mdns"
trust = ["a@*"]
config = { port = 5454, ipv6 = false })");
    EXPECT_TRUE(meet({&a, &b}, 5s)) << sim.story();
    sim.run_for(60s);
    EXPECT_NEAR(static_cast<double>(counted('a', "mdns_asked")), 31, 5);
    auto& c = join_by('c', R"(strategy = "mdns"
trust = "lan"
config = { port = 5454, ipv4 = false })");
    sim.run_for(10s);
    EXPECT_TRUE(c->peers().empty()) << "it speaks IPv6 only, and they do not";
}

TEST_F(Configured, GossipInAGroupOfIpv6) {
    for (int i : {1, 2}) sim.add_address("10.0.0." + std::to_string(i), "fd00::" + std::to_string(i));
    const std::string topology = R"(strategy = "gossip"
trust = "lan"
config = { multicast_addr = "ff02::5ed9:e", if_addr = "::", multicast_ttl = 2, port = 45999 })";
    auto& a = join_by('a', topology);
    auto& b = join_by('b', topology);
    EXPECT_TRUE(meet({&a, &b}, 10s)) << sim.story();
}
