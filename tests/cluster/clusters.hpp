// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/nodes.hpp"

#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>

#include <algorithm>
#include <map>

namespace sedge::test {

/// Nodes with topologies, on machines in virtual time.
class Clusters : public Nodes {
protected:
    std::map<char, std::unique_ptr<cluster::topologies>> running;
    std::map<char, cluster::topologies::subscription> watching;
    std::map<char, std::vector<std::string>> events; ///< `connected clusters1 b@10.0.0.2`

    /// A node with a topology `clusters1`.
    machine_node& join(char alive, std::unique_ptr<cluster::strategy> how,
                       std::string cookie = "a secret of the tests") {
        auto& made = boot(alive, std::move(cookie));
        auto topologies = std::make_unique<cluster::topologies>(*made);
        watching[alive] = topologies->watch([this, alive](const cluster::event& e) {
            if (e.node.text().empty()) return; // of a topology
            events[alive].push_back(std::string{to_string(e.what)} + " " + e.topology + " " + e.node.str());
        });
        auto added = topologies->add({"clusters1", std::move(how)});
        EXPECT_TRUE(added.has_value()) << added.error().message();
        running[alive] = std::move(topologies);
        return made;
    }
    template <class Options>
    requires requires(Options options) { make_strategy(std::move(options)); }
    machine_node& join(char alive, Options options) { return join(alive, make_strategy(std::move(options))); }

    void lose(char alive, machine_node& n) {
        sim.crash(n.address);
        watching.erase(alive);
        running.erase(alive);
        kill(n);
    }

    /// Runs until each of these nodes sees all the others, and nobody else.
    bool meet(const std::vector<machine_node*>& nodes, duration within) {
        return sim.run_until(
            [&] {
                return std::all_of(nodes.begin(), nodes.end(),
                                   [&](machine_node* n) { return (*n)->peers().size() == nodes.size() - 1; });
            },
            within);
    }

    /// Log lines of a machine's program that hold `part`.
    std::vector<std::string> said(machine_node& n, std::string_view part) {
        std::vector<std::string> out;
        for (const auto& line : sim.log((*n).env()))
            if (line.text.find(part) != std::string::npos) out.push_back(line.text);
        return out;
    }
};

} // namespace sedge::test
