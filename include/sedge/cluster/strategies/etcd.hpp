// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Nodes announce themselves in etcd (version 3.4 or later, by its JSON gateway): each keeps the key `prefix + name`
/// alive with a lease, and watches the others' keys. libcluster has nothing like it.
///
/// A node that ends is gone from etcd `lease_ttl` later; it is then no longer dialled. A connection that is up stays:
/// a lease that ran out says that a node lost etcd, not that it lost us. While etcd is down, what was known stays.
struct etcd_strategy {
    std::vector<std::string> endpoints{"http://127.0.0.1:2379"}; ///< URLs; the next one is tried when one fails.
    std::string prefix = "/sedge/nodes/";
    seconds lease_ttl{10}; ///< Refreshed three times in it. 2 at least, which is etcd's own least.
    std::string ca_file; ///< For https: authorities that the servers' certificates may come from; empty: the system's.
    std::string certificate_file; ///< For https with certificates of clients.
    std::string key_file;
    std::string user_name;     ///< Where etcd's authentication is on.
    std::string password_file; ///< Read anew for each login.
};

std::unique_ptr<strategy> make_strategy(etcd_strategy options);

} // namespace sedge::cluster
