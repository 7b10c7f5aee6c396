// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/large_cluster.hpp"

#include <sedge/cluster/strategy.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sedge::test {

/// What all scripted strategies of a cluster draw on; the test says what it holds. Outlives them.
struct scripted_source {
    std::vector<atom> everybody;                       ///< Who belongs to the cluster, running or not.
    std::vector<atom> nobody;                          ///< Names that every list has and nobody bears.
    std::set<atom> running;                            ///< Who has started.
    std::set<std::pair<std::string, std::string>> cut; ///< From, to: announcements do not pass.
    bool is_silent = false;                            ///< Polls have no answer, announcements are lost.
    std::size_t left_out = 0;                          ///< So many running nodes are missing in each poll.

    std::map<atom, cluster::strategy_context*> ears; ///< Who hears announcements now.
};

/// A strategy that does what `how` says, which is not `mixed`.
std::unique_ptr<cluster::strategy> scripted(scripted_source& source, script how);

} // namespace sedge::test
