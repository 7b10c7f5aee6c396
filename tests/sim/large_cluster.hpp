// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sedge::test {

struct large_cluster_options {
    std::uint64_t seed = 0;
    int nodes = 64;
    int rounds = 1; ///< Each: 40 s of faults, then all is healed at once.
};

/// How nodes of a large cluster learn of each other. All of it is scripted: no strategy asks anything.
enum class script {
    listed,    ///< Each has the whole list from the start, as with Epmd.
    polled,    ///< Each asks every 2 s a source that follows who runs, that is silent at times, and lists too few at
               ///< times.
    announced, ///< Each is heard by those it can reach, every 1 to 3 s, as with Gossip.
    mixed,     ///< A third of the nodes each.
};
std::string_view to_string(script s) noexcept;

struct large_cluster_report {
    std::vector<std::string> violations; ///< Broken promises, each a sentence with its time.
    std::vector<double> seconds_to_mesh; ///< Of the first meeting, then after each heal.
    std::uint64_t dials = 0;             ///< Of nodes that exist.
    double dials_for_each_link = 0; ///< From a heal until the full mesh, for each link that was missing; the worst.
    double shortest_gap = 1e9;      ///< Seconds between two dials of one node by one other.
    int faults = 0;
    std::uint64_t trace_hash = 0;
    std::string story; ///< The log of all programs, if something was violated.
};

/// One seeded life of a cluster of many nodes: they meet; in each round nodes die and come back, parts are split off,
/// single links are cut, machines pause, strategies list nodes that do not exist or leave out some that do; then all is
/// healed and everybody has to meet again.
large_cluster_report run_large_cluster(const large_cluster_options& options, script how);

} // namespace sedge::test
