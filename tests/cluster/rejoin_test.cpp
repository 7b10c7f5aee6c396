// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to machines, addresses and port mappers: nodes that want each other meet again. With real port
// mappers (ours), in virtual time.
#include <sedge/cluster/member_memory.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/simulation.hpp>

#include <algorithm>
#include <cstdio>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

using namespace sedge;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t mapper_port = 4369;

/// One program: port mapper client (or mapper), node, topologies, memory.
struct resident {
    std::string address;
    std::unique_ptr<epmd::directory> where;
    std::unique_ptr<node> self;
    std::unique_ptr<cluster::topologies> topologies;
    std::unique_ptr<cluster::member_memory> memory;
};

class Rejoin : public ::testing::Test {
protected:
    wire::simulation sim{1};
    std::map<std::string, resident> nodes; ///< By node name.

    ~Rejoin() override {
        for (auto& [name, r] : nodes) {
            r.memory.reset();
            r.topologies.reset();
            if (r.self) sim.block_on(r.self->stop());
            end(r);
        }
        for (int i = 1; i <= 9; ++i) std::remove(path(i).c_str());
    }
    static std::string path(int number) {
        return "/tmp/sedge-rejoin-" + std::to_string(getpid()) + "-" + std::to_string(number);
    }
    static void end(resident& r) {
        r.memory.reset();
        r.topologies.reset();
        r.self.reset();
        r.where.reset();
    }
    template <class Options>
    resident& start(const std::string& name, const std::string& address, Options how, const std::string& members = {}) {
        auto& r = nodes[name];
        r.address = address;
        auto& env = sim.machine(address);
        epmd::directory_options names;
        names.port = mapper_port;
        names.own_host = name.substr(name.find('@') + 1);
        r.where = std::make_unique<epmd::directory>(env, names);
        node_options options;
        options.name = name;
        options.cookie = *dist::cookie::from_text("a secret of the tests");
        options.tick_time = 4s;
        r.self = std::make_unique<node>(options, env, *r.where);
        auto started = sim.block_on(r.self->start());
        EXPECT_TRUE(started) << started.error().message();
        r.topologies = std::make_unique<cluster::topologies>(*r.self);
        EXPECT_TRUE(r.topologies->add({"plant", make_strategy(std::move(how))}));
        if (!members.empty()) r.memory = std::make_unique<cluster::member_memory>(*r.topologies, env, members);
        return r;
    }
    void lose_power(const std::string& name) {
        auto& r = nodes.at(name);
        sim.power_off(r.address);
        end(r);
        nodes.erase(name);
    }
    bool everybody_meets(duration within) {
        return sim.run_until(
            [&] {
                return std::ranges::all_of(
                    nodes, [&](const auto& n) { return n.second.self->peers().size() == nodes.size() - 1; });
            },
            within);
    }
    static cluster::epmd_strategy list(std::vector<std::string> hosts) { return {.hosts = std::move(hosts)}; }
};

} // namespace

TEST_F(Rejoin, MachineThatCameBackUnderAnotherAddressIsFollowed) {
    sim.name("one.plant", "10.0.0.1");
    sim.name("two.plant", "10.0.0.2");
    start("a@one.plant", "10.0.0.1", list({"b@two.plant"}));
    start("b@two.plant", "10.0.0.2", list({}));
    ASSERT_TRUE(everybody_meets(5s)) << sim.story();
    lose_power("b@two.plant");
    sim.run_for(1min);
    EXPECT_TRUE(nodes.at("a@one.plant").self->peers().empty());
    sim.name("two.plant", "10.0.0.22"); // its lease had run out
    start("b@two.plant", "10.0.0.22", list({}));
    EXPECT_TRUE(everybody_meets(8s)) << sim.story();
}

TEST_F(Rejoin, PortMapperThatIsLostIsSurvived) {
    auto& mapper = sim.program("10.0.0.2", "epmd");
    epmd::server_options options;
    options.port = mapper_port;
    options.addresses = {wire::ip_address::parse("10.0.0.2").value()};
    auto serving = epmd::server::start(mapper, options).value();
    start("a@10.0.0.1", "10.0.0.1", list({"b@10.0.0.2"}));
    start("b@10.0.0.2", "10.0.0.2", list({}));
    ASSERT_TRUE(everybody_meets(5s)) << sim.story();
    EXPECT_FALSE(nodes.at("b@10.0.0.2").where->is_mapper());
    sim.crash(mapper);
    serving.reset();
    sim.run_for(5s);
    EXPECT_EQ(nodes.at("a@10.0.0.1").self->peers().size(), 1u) << "a connection needs no mapper";
    EXPECT_TRUE(nodes.at("b@10.0.0.2").where->is_mapper()) << "the node has taken its place";
    sim.cut("10.0.0.1", "10.0.0.2");
    sim.run_for(30s);
    EXPECT_TRUE(nodes.at("a@10.0.0.1").self->peers().empty());
    sim.heal("10.0.0.1", "10.0.0.2");
    EXPECT_TRUE(everybody_meets(8s)) << sim.story();
}

TEST_F(Rejoin, AfterABlackoutTheClusterFormsFromTheDiskInAnyOrder) {
    std::vector<int> order{1, 2, 3, 4, 5, 6, 7, 8};
    std::vector<std::string> all;
    const auto name = [](int i) { return "n@10.0.0." + std::to_string(i); };
    const auto address = [](int i) { return "10.0.0." + std::to_string(i); };
    for (int i : order) all.push_back(name(i));
    for (int i : order) start(name(i), address(i), list(all), path(i));
    ASSERT_TRUE(everybody_meets(10s)) << sim.story();
    sim.run_for(10s); // the disks have it
    std::uint64_t chance = 1;
    for (int blackout = 0; blackout < 3; ++blackout) {
        for (int i : order) {
            sim.power_off(address(i));
        }
        for (auto& [unused, r] : nodes) end(r);
        nodes.clear();
        sim.run_for(1h);
        for (std::size_t i = order.size(); i > 1; --i) {
            chance = chance * 6364136223846793005 + 1442695040888963407;
            std::swap(order[i - 1], order[(chance >> 33) % i]);
        }
        for (int i : order) {
            start(name(i), address(i), list({}), path(i)); // no source names anybody
            chance = chance * 6364136223846793005 + 1442695040888963407;
            sim.run_for(milliseconds{(chance >> 33) % 4000});
        }
        EXPECT_TRUE(everybody_meets(8s)) << "blackout " << blackout << "\n" << sim.story();
        sim.run_for(10s);
    }
}
