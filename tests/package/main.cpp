// SPDX-License-Identifier: Apache-2.0
// Two nodes on two simulated machines find each other: goes through every layer of the library, and needs no network.

#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/sedge.hpp>
#include <sedge/wire/simulation.hpp>

#include <chrono>
#include <iostream>

namespace {

sedge::node_options named(const char* name) {
    sedge::node_options options;
    options.name = name;
    options.cookie = sedge::dist::cookie::from_text("only for this test").value();
    return options;
}

sedge::epmd::directory_options on(const char* address) {
    sedge::epmd::directory_options options;
    options.own_host = address;
    return options;
}

} // namespace

int main() {
    std::cout << "sedge " << sedge::version_text << '\n';
    sedge::wire::simulation world{1};
    auto& first = world.machine("172.24.176.1");
    auto& second = world.machine("172.24.176.2");

    sedge::epmd::directory names1{first, on("172.24.176.1")};
    sedge::epmd::directory names2{second, on("172.24.176.2")};
    sedge::node node1{named("node1@172.24.176.1"), first, names1};
    sedge::node node2{named("node2@172.24.176.2"), second, names2};
    world.block_on(node1.start()).value();
    world.block_on(node2.start()).value();

    sedge::cluster::topologies topologies{node1};
    sedge::cluster::epmd_strategy hosts{.hosts = {"node1@172.24.176.1", "node2@172.24.176.2"}, .timeout = {}};
    topologies.add({.name = "clusters1", .how = sedge::cluster::make_strategy(std::move(hosts))}).value();
    const bool met = world.run_until([&] { return !node1.peers().empty() && !node2.peers().empty(); },
                                     std::chrono::minutes{1});
    std::cout << (met ? "two nodes met\n" : "they did not meet\n" + world.story());

    topologies.stop();
    world.block_on(node1.stop());
    world.block_on(node2.stop());
    return met ? 0 : 1;
}
