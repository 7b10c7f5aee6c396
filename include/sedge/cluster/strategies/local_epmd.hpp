// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <memory>

namespace sedge::cluster {

/// All nodes of this machine: the names that its port mapper knows, with the host of the own name. libcluster's
/// `Cluster.Strategy.LocalEpmd`, which looks only once.
///
/// Nodes of other clusters on this machine are dialled as well and fail by their cookie.
struct local_epmd_strategy {
    milliseconds polling_interval{5000};
    std::uint16_t epmd_port = 0; ///< 0: `epmd::usual_port()`.
};

std::unique_ptr<strategy> make_strategy(local_epmd_strategy options);

} // namespace sedge::cluster
