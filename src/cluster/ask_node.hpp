// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>
#include <sedge/cluster/diagnosis.hpp>
#include <sedge/term/atom.hpp>

namespace sedge {
class node;
}

namespace sedge::cluster {

/// Asks a connected node, of sedge or OTP, what it is, its tick time and clock, and sends it a large message.
[[nodiscard]] task<answers> ask_node(node& here, atom peer);

} // namespace sedge::cluster
