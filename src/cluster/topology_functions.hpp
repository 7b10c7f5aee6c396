// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/configured_topologies.hpp"

#include <sedge/otp/function_table.hpp>
#include <sedge/otp/role.hpp>

#include <functional>
#include <string>

namespace sedge {
class node;
}

namespace sedge::cluster {

/// What `sedge topology` asks a running node for: the functions of the module `sedge_topology`.
///
///     list()                          a list of maps: name, strategy, counters, and nodes with state and last reason
///     node_states()                   a list of {Name, State, Reason}: node::node_states without the hidden ones
///     add(Name, Strategy, Options)    Options is a list of {Key, Text} as in the configuration; `trust` among them
///     change(Name, Strategy, Options)
///     remove(Name)
///     reload()                        reads the configuration file again; {ok, What}
///
/// All but `list` and `node_states` give `ok` or `{error, Sentence}`, and need `may_change_topologies`.
void add_topology_functions(otp::function_table& table, node& here, configured_topologies& configured,
                            topologies& running, std::function<result<std::string>()> reload);

/// Whether a node may have such a function run here: whoever has the right `control`, and programs of this machine,
/// which had to read the cookie of this user and could end the node just as well.
bool may_change_topologies(node& here, const otp::role_table& roles, const atom& who);

/// Whether that is one of the functions that change something.
bool changes_topologies(const otp::function_entry& wanted);

} // namespace sedge::cluster
