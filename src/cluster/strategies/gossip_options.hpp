// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/multicast_socket.hpp"

#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies/gossip.hpp>

namespace sedge::cluster {

/// What a topology with the strategy gossip says. Precondition: its options have their types (`strategies::make`).
/// Errors: config_errc::bad_value.
result<gossip_strategy> gossip_options(const topology_settings& settings);

/// The socket that it listens and sends on.
multicast_settings socket_of(const gossip_strategy& options);

} // namespace sedge::cluster
