// SPDX-License-Identifier: Apache-2.0
//
// The strategies that ask port mappers: LocalEpmd and ErlangHosts. The mappers are ours, one on each machine.
#include "cluster/clusters.hpp"

#include <sedge/epmd/client.hpp>
#include <sedge/epmd/server.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace sedge;
using namespace sedge::test;
using cluster::erlang_hosts_strategy;
using cluster::local_epmd_strategy;

namespace {

constexpr std::uint16_t port = 4369;

class Mappers : public Clusters {
protected:
    struct mapper {
        environment* env = nullptr;
        std::unique_ptr<epmd::server> serving;
        std::vector<epmd::registration> names;
    };
    std::map<char, mapper> mappers; ///< By machine.
    std::string hosts_path = "/tmp/sedge-hosts-" + std::to_string(getpid());

    ~Mappers() override {
        std::remove(hosts_path.c_str());
        running.clear();
        mappers.clear();
    }
    void start_mapper(char alive, const std::vector<std::string>& names, epmd::audience who = epmd::audience::anyone) {
        stop_mapper(alive);
        auto& m = mappers[alive];
        m.env = &sim.program(address_of(alive), "epmd");
        epmd::server_options options;
        options.port = port;
        options.addresses = {wire::ip_address::parse(address_of(alive)).value()};
        options.access.names = who;
        m.serving = epmd::server::start(*m.env, options).value();
        for (const auto& name : names) add_name(alive, name);
    }
    void stop_mapper(char alive) { mappers.erase(alive); }
    void add_name(char alive, const std::string& name) {
        auto& m = mappers[alive];
        epmd::node_entry entry;
        entry.name = name;
        entry.port = 5000;
        auto job = epmd::register_node(*m.env, {wire::ip_address::loopback_v4(), port}, entry, sim.now() + 5s);
        m.names.push_back(sim.block_on(std::move(job)).value());
    }
    void hosts_file(const std::string& text) { std::ofstream{hosts_path} << text; }
    erlang_hosts_strategy by_file() { return {.timeout = {}, .file = hosts_path, .epmd_port = port}; }
    static local_epmd_strategy here(milliseconds interval = 5s, std::uint16_t mapper_port = port) {
        local_epmd_strategy out;
        out.polling_interval = interval;
        out.epmd_port = mapper_port;
        return out;
    }
    std::vector<std::string> wanted(char alive) {
        std::vector<std::string> out;
        for (const auto& n : running[alive]->nodes()) out.push_back(n.name.str());
        return out;
    }
    using list = std::vector<std::string>;
};

} // namespace

TEST_F(Mappers, AllNodesOfThisMachineAreWantedButNotItself) {
    start_mapper('a', {"a", "x", "y"});
    join('a', here());
    sim.run_for(1s);
    EXPECT_EQ(wanted('a'), (list{"x@10.0.0.1", "y@10.0.0.1"}));
    add_name('a', "z");
    sim.run_for(6s);
    EXPECT_EQ(wanted('a'), (list{"x@10.0.0.1", "y@10.0.0.1", "z@10.0.0.1"})) << "who starts later, libcluster misses";
}

TEST_F(Mappers, MapperOfThisMachineThatIsGoneTakesNobodyAlong) {
    start_mapper('a', {"x"});
    auto& a = join('a', here());
    sim.run_for(1s);
    stop_mapper('a');
    sim.run_for(30s);
    EXPECT_EQ(wanted('a'), list{"x@10.0.0.1"});
    EXPECT_EQ(said(a, "no names from 10.0.0.1").size(), 1u);
    start_mapper('a', {"y"});
    sim.run_for(6s);
    EXPECT_EQ(wanted('a'), list{"y@10.0.0.1"}) << "x is not registered: it does not run";
    EXPECT_EQ(said(a, "the port mapper of 10.0.0.1 answers again").size(), 1u);
}

TEST_F(Mappers, LocalIntervalIsAnOption) {
    start_mapper('a', {});
    join('a', here(1s));
    sim.run_for(30s);
    EXPECT_NEAR(static_cast<double>(running['a']->counters("clusters1")["mappers_asked"]), 30, 3);
}

TEST_F(Mappers, PortOfTheMappersIsAnOption) {
    start_mapper('a', {"x"});
    join('a', here(5s, 4999));
    sim.run_for(10s);
    EXPECT_EQ(wanted('a'), list{});
}

TEST_F(Mappers, NodesOfTheHostsInTheFileMeet) {
    start_mapper('b', {"b"});
    start_mapper('c', {"c", "other"});
    hosts_file("% the line\n'10.0.0.1'.\n'10.0.0.2'.\n'10.0.0.3'.\n");
    auto& a = join('a', by_file());
    auto& b = boot('b');
    auto& c = boot('c');
    EXPECT_TRUE(sim.run_until([&] { return a->peers().size() == 2; }, 10s)) << sim.story();
    EXPECT_EQ(wanted('a'), (list{"b@10.0.0.2", "c@10.0.0.3", "other@10.0.0.3"}));
    EXPECT_EQ(b->peers().size() + c->peers().size(), 2u);
}

TEST_F(Mappers, DeadHostDelaysNobodyAndTheNodesOfAMapperThatIsAwayStayWanted) {
    start_mapper('b', {"b"});
    hosts_file("'10.0.0.2'. '10.0.0.3'. '10.0.0.4'.");
    for (const char* dead : {"10.0.0.3", "10.0.0.4"}) sim.cut("10.0.0.1", dead);
    auto& a = join('a', by_file());
    sim.run_for(3s);
    EXPECT_EQ(wanted('a'), list{"b@10.0.0.2"}) << "two dead machines cost 2 s, at the same time";
    stop_mapper('b');
    sim.run_for(1min);
    EXPECT_EQ(wanted('a'), list{"b@10.0.0.2"});
    EXPECT_EQ(said(a, "no names from 10.0.0.3").size(), 1u);
    EXPECT_EQ(said(a, "no names from 10.0.0.2").size(), 1u);
}

TEST_F(Mappers, FileThatChangesIsFollowedAndAMistakeChangesNothing) {
    start_mapper('b', {"b"});
    start_mapper('c', {"c"});
    hosts_file("'10.0.0.2'.");
    auto& a = join('a', by_file());
    sim.run_for(1s);
    EXPECT_EQ(wanted('a'), list{"b@10.0.0.2"});
    hosts_file("'10.0.0.2'.\n'10.0.0.3'");
    sim.run_for(20s);
    EXPECT_EQ(wanted('a'), list{"b@10.0.0.2"});
    EXPECT_EQ(said(a, hosts_path + ": line 2: a period must stand behind 10.0.0.3").size(), 1u);
    hosts_file("'10.0.0.3'.");
    sim.run_for(6s);
    EXPECT_EQ(wanted('a'), list{"c@10.0.0.3"});
}

TEST_F(Mappers, FileThatIsMissingIsSaidOnceAndLookedForAgain) {
    start_mapper('b', {"b"});
    auto& a = join('a', by_file());
    sim.run_for(20s);
    EXPECT_EQ(said(a, "no such file; it is looked for again").size(), 1u);
    hosts_file("'10.0.0.2'.");
    sim.run_for(6s);
    EXPECT_EQ(wanted('a'), list{"b@10.0.0.2"});
}

TEST_F(Mappers, TimeoutIsThePauseBetweenRounds) {
    start_mapper('b', {});
    hosts_file("'10.0.0.2'.");
    auto often = by_file();
    often.timeout = 1s;
    join('a', often);
    join('c', by_file());
    sim.run_for(60s);
    EXPECT_NEAR(static_cast<double>(running['a']->counters("clusters1")["mappers_asked"]), 60, 8);
    EXPECT_NEAR(static_cast<double>(running['c']->counters("clusters1")["mappers_asked"]), 12, 2);
}

TEST_F(Mappers, MapperThatLiesIsSurvived) {
    start_mapper('b', {"a", "b", std::string(250, 'x')});
    hosts_file("'10.0.0.2'.");
    auto& a = join('a', by_file());
    sim.run_for(3s);
    EXPECT_EQ(wanted('a'), (list{"a@10.0.0.2", "b@10.0.0.2"}));
    EXPECT_EQ(running['a']->counters("clusters1")["bad_names"], 1u);
    EXPECT_FALSE(said(a, "connected").size());
}

TEST_F(Mappers, MapperThatMayNotTellIsExplained) {
    start_mapper('b', {"b"}, epmd::audience::this_machine);
    hosts_file("'10.0.0.2'.");
    auto& a = join('a', by_file());
    sim.run_for(3s);
    EXPECT_EQ(said(a, "no names from 10.0.0.2: ").size(), 1u) << sim.story();
}
