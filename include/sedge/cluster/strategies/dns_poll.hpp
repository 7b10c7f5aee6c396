// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/address.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Asks DNS for the addresses (IPv4 and IPv6) of one name, again and again; each address is a node
/// `node_basename@ADDRESS`. libcluster's `Cluster.Strategy.DNSPoll`.
///
/// Unlike there, a failed question changes nothing, and a list that lost half of its nodes or more is believed only
/// when the next one says the same.
struct dns_poll_strategy {
    std::string query;         ///< `app.internal`
    std::string node_basename; ///< `node`
    milliseconds polling_interval{5000};
    std::vector<wire::endpoint> servers; ///< Name servers; empty: those of /etc/resolv.conf.
    milliseconds resolver_timeout{5000}; ///< For one round.
};

std::unique_ptr<strategy> make_strategy(dns_poll_strategy options);

} // namespace sedge::cluster
