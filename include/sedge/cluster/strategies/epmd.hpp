// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::cluster {

/// A fixed list of nodes, libcluster's `Cluster.Strategy.Epmd`. Unlike there, a node that is away (not yet started,
/// or gone) is dialled until it is there.
struct epmd_strategy {
    std::vector<std::string> hosts;      ///< Node names; the own one may be among them.
    std::optional<milliseconds> timeout; ///< Least time between two dials of a node; unset: backoff alone, 0.5 to 5 s.
};

std::unique_ptr<strategy> make_strategy(epmd_strategy options);

} // namespace sedge::cluster
