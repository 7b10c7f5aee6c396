// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/timeline.hpp>

namespace sedge::cluster {

const std::vector<event_definition>& event_definitions() {
    static const std::vector<event_definition> all{
        {"libcluster.connect_node.ok", "node topology took",
         "A topology has connected a node; `took`: how long the dial took."},
        {"libcluster.connect_node.error", "node topology took reason",
         "A dial failed; `took`: how long. Told for each attempt, kept when the reason is news."},
        {"libcluster.disconnect_node.ok", "node topology took reason",
         "A topology has disconnected a node, which is no longer wanted; `took`: how long it was connected."},
        {"libcluster.disconnect_node.error", "node topology reason",
         "A topology was to disconnect a node that was gone already."},
        {"sedge.node.up", "node", "A node is connected, whoever dialled; or it was suspect and is well."},
        {"sedge.node.suspect", "node reason", "Nothing is heard of a connected node; it is being asked."},
        {"sedge.node.draining", "node reason", "A connected node has said that it stops."},
        {"sedge.node.down", "node took reason", "A node is lost or was disconnected; `took`: how long it was up."},
        {"sedge.node.left", "node took reason", "A node has stopped in order; `took`: how long it was up."},
        {"sedge.connection.refused", "reason",
         "Somebody's connection came to nothing: it was not let in, or its handshake was not finished."},
        {"sedge.node.discovered", "node topology reason",
         "A topology has heard of a node that it does not trust, and so does not dial."},
        {"sedge.global.conflict", "node reason",
         "A global name meant another process in a part of the cluster that this node's part has met, and means that "
         "one now; `node`: where that is; `reason`: the name, who lost it, who has it."},
        {"sedge.topology.added", "topology reason", "A topology has begun; `reason`: its strategy."},
        {"sedge.topology.changed", "topology reason", "A topology has another strategy or other options."},
        {"sedge.topology.removed", "topology", "A topology has ended."},
        {"sedge.strategy.failed", "topology reason", "A strategy ended with an exception, and is started again."},
        {"sedge.started", "node reason", "This node is up; `reason`: the version of sedge."},
        {"sedge.ready", "", "The nodes that `[ready]` asks for are connected."},
        {"sedge.configuration.read", "reason", "The configuration file was read again; `reason`: what has changed."},
        {"sedge.configuration.refused", "reason",
         "The same, and nothing has changed since something is wrong with it."},
        {"sedge.stopping", "", "This node leaves the cluster."},
    };
    return all;
}

} // namespace sedge::cluster
