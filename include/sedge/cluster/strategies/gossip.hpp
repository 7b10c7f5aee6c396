// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/address.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Nodes announce themselves by UDP multicast or broadcast, libcluster's `Cluster.Strategy.Gossip`, byte for byte.
///
/// Without `secret`, anybody on the network segment can announce any name; to dial such a name is to give up the
/// cookie's protection (docs/protocol/gossip.md). So then only names are dialled that `trust` allows; others are
/// shown as discovered.
struct gossip_strategy {
    std::uint16_t port = 45892;
    /// 0.0.0.0 or ::, the group, or an address of this machine. The latter names the interface to use, as
    /// `multicast_if` does: binding to it would stop reception on Linux (docs/decisions/0005-gossip-if-addr.md).
    wire::ip_address if_addr = wire::ip_address::any_v4();
    wire::ip_address multicast_addr = wire::ip_address::v4(233, 252, 1, 32); ///< Or an IPv6 group.
    /// An address, of either family, of the interface to send and join on; unset: the kernel's choice.
    std::optional<wire::ip_address> multicast_if;
    int multicast_ttl = 1;
    bool broadcast_only = false;       ///< `multicast_addr` is a broadcast address.
    std::optional<std::string> secret; ///< Packets are encrypted; others' must be too. 32 random bytes, please.
    /// Patterns of node names to dial without secret: `*` stands for any characters. `{"*"}` is "lan".
    std::vector<std::string> trust;
};

std::unique_ptr<strategy> make_strategy(gossip_strategy options);

} // namespace sedge::cluster
