// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/diagnosis.hpp>
#include <sedge/term/atom.hpp>

namespace sedge {
class environment;
}

namespace sedge::cluster {

/// The interfaces of this machine that are up, loopback left out; on each that carries multicast one packet is sent to
/// gossip's group, to a port that nobody else has, and listened for.
[[nodiscard]] task<std::vector<interface_facts>> examine_interfaces(environment& env);

/// Listens for what others announce, for `limits::gossip_listening_time`. Says nothing itself.
[[nodiscard]] task<gossip_facts> listen_for_gossip(environment& env, topology_settings settings, atom self);

} // namespace sedge::cluster
