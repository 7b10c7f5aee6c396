// SPDX-License-Identifier: Apache-2.0
//
// After a blackout: the machines come back in any order, and nobody is there who could name the nodes.
#include "cluster/clusters.hpp"
#include "cluster/member_snapshot.hpp"

#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/member_memory.hpp>

#include <cstdio>
#include <fstream>
#include <unistd.h>

#include <sedge/wire/simulated_dns.hpp>

using namespace sedge;
using namespace sedge::test;
using cluster::dns_poll_strategy;
using cluster::epmd_strategy;

namespace {

class Memory : public Clusters {
protected:
    wire::simulated_dns dns{sim.machine("10.0.0.100")};
    std::map<char, std::unique_ptr<cluster::member_memory>> memories;

    ~Memory() override {
        memories.clear();
        for (char c = 'a'; c <= 'h'; ++c) std::remove(path(c).c_str());
    }
    static std::string path(char alive) {
        return "/tmp/sedge-memory-" + std::to_string(getpid()) + "-" + std::string{alive};
    }
    /// A node that is told its members, and remembers them.
    machine_node& join_with_memory(char alive) {
        auto& made = join(alive, epmd_strategy{.hosts = wanted});
        memories[alive] =
            std::make_unique<cluster::member_memory>(*running[alive], sim.machine(address_of(alive)), path(alive));
        return made;
    }
    void lose_with_memory(char alive, machine_node& n) {
        sim.crash(n.address);
        memories.erase(alive);
        lose(alive, n);
    }
    std::vector<std::string> wanted; ///< What the source of all nodes says.
};

} // namespace

TEST_F(Memory, ClusterFormsAgainAfterABlackoutWithoutAnySource) {
    wanted = {"a@10.0.0.1", "b@10.0.0.2", "c@10.0.0.3", "d@10.0.0.4", "e@10.0.0.5"};
    std::map<char, machine_node*> nodes;
    for (char c : {'a', 'b', 'c', 'd', 'e'}) nodes[c] = &join_with_memory(c);
    auto everybody = [&] {
        std::vector<machine_node*> out;
        for (auto& [c, n] : nodes) out.push_back(n);
        return out;
    };
    ASSERT_TRUE(meet(everybody(), 10s)) << sim.story();
    sim.run_for(1min);
    for (char c : {'a', 'b', 'c', 'd', 'e'}) lose_with_memory(c, *nodes[c]);
    sim.run_for(8h);
    wanted = {}; // whoever named the nodes is not there
    for (char c : {'d', 'a', 'e', 'c', 'b'}) {
        nodes[c] = &join_with_memory(c);
        sim.run_for(1s);
    }
    EXPECT_TRUE(meet(everybody(), 8s)) << sim.story();
}

TEST_F(Memory, WithoutTheFileNobodyIsFound) {
    auto& a = join('a', epmd_strategy{});
    auto& b = join('b', epmd_strategy{});
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty() && b->peers().empty());
}

TEST_F(Memory, FileThatIsBentIsIgnoredWithASentenceAndMended) {
    std::ofstream{path('a')} << "sedge members 1\nb@10.0.0.2 1764115200\nend 1 0000000000000000\n";
    auto& b = boot('b');
    auto& a = join_with_memory('a');
    sim.run_for(10s);
    EXPECT_TRUE(a->peers().empty());
    EXPECT_EQ(
        said(a, "[sedge:remembered] the members on disk are ignored: " + path('a') + ": its digest is wrong").size(),
        1u)
        << sim.story();
    wanted = {"b@10.0.0.2"};
    auto added = running['a']->add({"more", cluster::make_strategy(epmd_strategy{.hosts = wanted})});
    ASSERT_TRUE(added);
    ASSERT_TRUE(meet({&a, &b}, 5s));
    sim.run_for(5s);
    EXPECT_TRUE(cluster::load_snapshot(path('a')).value().contains(name_of('b')));
}

TEST_F(Memory, MembersThatNobodyHasSeenForLongAreIgnoredWithASentence) {
    const auto now = std::chrono::floor<std::chrono::seconds>(sim.machine("10.0.0.1").wall_clock());
    ASSERT_TRUE(cluster::save_snapshot(
        path('a'), {{name_of('b'), now - limits::snapshot_age_max - 1h}, {name_of('c'), now - 24h}}));
    boot('b');
    auto& c = boot('c');
    auto& a = join_with_memory('a');
    EXPECT_TRUE(meet({&a, &c}, 5s));
    sim.run_for(1min);
    EXPECT_EQ(a->peers(), std::vector{name_of('c')});
    EXPECT_EQ(said(a, "1 of 2 members on disk are ignored: nobody has seen them for 30 days").size(), 1u);
}

TEST_F(Memory, NodeThatItsSourceNoLongerNamesIsDisconnectedAndForgotten) {
    auto& b = boot('b');
    wanted = {"b@10.0.0.2"};
    ASSERT_TRUE(cluster::save_snapshot(
        path('a'), {{name_of('b'), std::chrono::floor<std::chrono::seconds>(sim.machine("10.0.0.1").wall_clock())}}));
    dns_poll_strategy how;
    how.query = "plant.internal";
    how.node_basename = "b";
    how.polling_interval = 1s;
    wire::dns_record record;
    record.address = wire::ip_address::parse("10.0.0.2").value();
    dns.answer("plant.internal", wire::dns_type::a, {record});
    auto& a = join('a', how);
    memories['a'] = std::make_unique<cluster::member_memory>(*running['a'], sim.machine("10.0.0.1"), path('a'));
    ASSERT_TRUE(meet({&a, &b}, 5s));
    sim.run_for(10s);
    EXPECT_EQ(said(a, "connected to").size(), 1u) << "the memory is quiet where a topology speaks\n" << sim.story();
    dns.answer("plant.internal", wire::dns_type::a, {});
    sim.run_for(10s);
    EXPECT_TRUE(a->peers().empty()) << "the memory keeps no connection\n" << sim.story();
    EXPECT_TRUE(cluster::load_snapshot(path('a')).value().empty());
}

TEST_F(Memory, DiskThatCannotBeWrittenIsSaidOnce) {
    auto& b = boot('b');
    wanted = {"b@10.0.0.2"};
    auto& a = join('a', epmd_strategy{.hosts = wanted});
    memories['a'] =
        std::make_unique<cluster::member_memory>(*running['a'], sim.machine("10.0.0.1"), "/nowhere/members");
    ASSERT_TRUE(meet({&a, &b}, 5s));
    sim.run_for(5h);
    EXPECT_EQ(said(a, "members cannot be written to disk: /nowhere/members.new").size(), 1u) << sim.story();
}
