// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <memory>
#include <string>

namespace sedge::cluster {

/// Asks Rancher's metadata service for the containers of the own service, again and again; each is a node
/// `node_basename@ADDRESS`. libcluster's `Cluster.Strategy.Rancher`.
///
/// A failed round changes nothing; an answer in which half of the nodes or more are missing counts only when the next
/// one says the same.
struct rancher_strategy {
    std::string node_basename;                   ///< `app`
    std::string url = "http://rancher-metadata"; ///< Of the metadata service.
    milliseconds polling_interval{5000};
};

std::unique_ptr<strategy> make_strategy(rancher_strategy options);

} // namespace sedge::cluster
