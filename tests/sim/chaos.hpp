// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sedge::test {

struct chaos_options {
    std::uint64_t seed = 0;
    int nodes = 5;
    int virtual_minutes = 10;
};

struct chaos_report {
    std::vector<std::string> violations; ///< Broken invariants, each a sentence with its time.
    std::uint64_t trace_hash = 0;
    double seconds_to_mesh = 0;   ///< From the end of all faults until each node sees every other.
    double seconds_to_groups = 0; ///< From then until all agree on the members of groups.
    std::uint64_t messages = 0;   ///< Received by the workers.
    std::uint64_t downs = 0;      ///< DOWN messages of the workers' monitors.
    std::uint64_t names_won = 0;  ///< Global names registered.
    std::uint64_t names_lost = 0; ///< Holders that ended, or lost the name to another part of the cluster.
    int faults = 0;
    std::string story; ///< The log of all programs, if something was violated.
};

/// One seeded life of a cluster: nodes that find each other by Gossip (even seeds) or by EPMD alone (odd seeds), send
/// to and monitor each other, while links are cut and reset, machines pause, programs die and come back; then all is
/// healed, looked at, and taken down.
chaos_report run_chaos(const chaos_options& options);

} // namespace sedge::test
