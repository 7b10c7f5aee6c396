// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/address.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Asks the cluster's DNS for the SRV records of a headless service, again and again; each target is a node
/// `application_name@TARGET`, as stateful sets have them. libcluster's `Cluster.Strategy.Kubernetes.DNSSRV`.
///
/// A failed round changes nothing; an answer in which half of the nodes or more are missing counts only when the next
/// one says the same.
struct kubernetes_dns_srv_strategy {
    std::string service;                  ///< `app-nodes`
    std::string name_space;               ///< `default`
    std::string application_name;         ///< `app`
    std::string domain = "cluster.local"; ///< Of the cluster; from a file: `CLUSTER_DOMAIN` of the environment.
    milliseconds polling_interval{5000};
    std::vector<wire::endpoint> servers; ///< Name servers; empty: those of /etc/resolv.conf.
};

std::unique_ptr<strategy> make_strategy(kubernetes_dns_srv_strategy options);

} // namespace sedge::cluster
