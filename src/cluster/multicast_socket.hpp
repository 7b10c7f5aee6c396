// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/transport.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Where strategies that speak to everybody on the network segment send and listen.
struct multicast_settings {
    std::string purpose; ///< Begins log lines: `gossip`.
    std::uint16_t port = 0;
    wire::ip_address group; ///< With `broadcast_only` the broadcast address. Its family is the socket's.
    wire::ip_address bind;  ///< Unspecified, or the group.
    /// An address of the interface to use, of either family; unset: the kernel's choice, and where it has no route the
    /// interface of the node's own address, any other that carries multicast, or loopback.
    std::optional<wire::ip_address> interface;
    int ttl = 1;
    bool broadcast_only = false;
};

using multicast_socket = std::unique_ptr<wire::datagram_socket>;

/// Opens a socket that shares its port. Which interface was taken in place of the kernel's is logged.
/// Errors: wire::errc::no_such_interface, errc::invalid_argument for one without multicast, system codes.
result<multicast_socket> open_multicast(strategy_context& topology, const multicast_settings& how);

/// Whether interfaces are still as they were; a membership does not follow a change.
bool same_addresses(const std::vector<wire::interface_address>& a, const std::vector<wire::interface_address>& b);

/// Whether they are the same address, whatever their scopes.
bool same_address(const wire::ip_address& a, const wire::ip_address& b);

} // namespace sedge::cluster
