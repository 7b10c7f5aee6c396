// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/address.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Nodes announce themselves by multicast DNS as services `_sedge._tcp.local`, and look for such: zero configuration
/// in one network segment, and visible to Avahi, Bonjour and everybody's network browser. Not in libcluster.
///
/// It speaks for itself and shares the port with a responder that runs already (Avahi). Anybody on the segment can
/// announce any name: as with gossip without a secret, only names that `trust` allows are dialled, others are shown as
/// discovered. Who leaves says so, and is no longer dialled.
struct mdns_strategy {
    std::optional<wire::ip_address> multicast_if; ///< An address of the interface to use; unset: the kernel's choice.
    std::uint16_t port = 5353;
    bool ipv4 = true;                    ///< Speak in 224.0.0.251.
    bool ipv6 = true;                    ///< Speak in ff02::fb.
    milliseconds query_interval{60'000}; ///< Between two questions who is there, of all nodes together.
    std::vector<std::string> trust;      ///< Patterns of node names that may be dialled; `{"*"}` is "lan".
    std::uint16_t epmd_port = 0;         ///< Announced as the service's port; 0: `epmd::usual_port()`.
};

std::unique_ptr<strategy> make_strategy(mdns_strategy options);

} // namespace sedge::cluster
