// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <memory>
#include <string>

namespace sedge::cluster {

/// Asks the API server of Kubernetes for the endpoints or pods with a label, again and again. libcluster's
/// `Cluster.Strategy.Kubernetes`, with its options.
///
/// The server's certificate is always verified, by `ca.crt` of the service account; token and CA are read anew for
/// each round. A failed round changes nothing; an answer in which half of the nodes or more are missing counts only
/// when the next one says the same. The service account needs the right to list `endpoints` or `pods`.
struct kubernetes_strategy {
    enum class lookup { endpoints, pods };
    enum class naming {
        ip,       ///< `app@10.0.0.5`
        hostname, ///< `app@app-0.SERVICE.NAMESPACE.svc.cluster.local`, for stateful sets
        dns,      ///< `app@10-0-0-5.NAMESPACE.pod.cluster.local`
    };
    std::string node_basename;                     ///< `app`
    std::string selector;                          ///< `app=myapp,tier in (web)`
    std::string name_space;                        ///< Empty: as the service account's file `namespace` says.
    std::string service_name;                      ///< Needed by naming::hostname.
    std::string cluster_name = "cluster";          ///< Names end with `CLUSTER_NAME.local`.
    std::string master = "kubernetes.default.svc"; ///< See `kubernetes_server` in the .cpp for what is added.
    std::string service_account_path = "/var/run/secrets/kubernetes.io/serviceaccount";
    lookup ip_lookup_mode = lookup::endpoints;
    naming mode = naming::ip;
    bool use_cached_resources = false; ///< The server may answer from its cache (`resourceVersion=0`).
    milliseconds polling_interval{5000};
};

std::unique_ptr<strategy> make_strategy(kubernetes_strategy options);

} // namespace sedge::cluster
