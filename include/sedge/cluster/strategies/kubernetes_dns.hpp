// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/address.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Asks the cluster's DNS for the addresses of a headless service, again and again; each is a node
/// `application_name@ADDRESS`. libcluster's `Cluster.Strategy.Kubernetes.DNS`; IPv6 addresses count as well.
///
/// A failed round changes nothing (there, a single timeout disconnects all nodes); an answer in which half of the nodes
/// or more are missing counts only when the next one says the same.
struct kubernetes_dns_strategy {
    std::string service;          ///< `app-nodes`; search domains of /etc/resolv.conf are tried.
    std::string application_name; ///< `app`
    milliseconds polling_interval{5000};
    std::vector<wire::endpoint> servers; ///< Name servers; empty: those of /etc/resolv.conf.
};

std::unique_ptr<strategy> make_strategy(kubernetes_dns_strategy options);

} // namespace sedge::cluster
