// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/event.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sedge {
class node;
}

namespace sedge::cluster {

/// A name for log lines and events, and the strategy that finds its nodes.
struct topology_spec {
    std::string name;
    std::unique_ptr<strategy> how;
};

/// When a node counts as part of its cluster.
struct readiness {
    std::size_t at_least = 0; ///< Visible peers connected.
    std::vector<atom> nodes;  ///< These among them.
    duration within = seconds{30};
};

/// The topologies of a node: what they want, one reconciler connects. A node that is wanted and away is dialled
/// until it is back or no longer wanted; a node wanted by two topologies is dropped only when neither wants it.
///
/// Life:    after `node.start()`; `stop()` before `node.stop()`. Destroying it stops too.
/// Threads: only on the node's thread.
/// See:     `cluster/reconciler.hpp` for the rules.
class topologies {
public:
    explicit topologies(node& self);
    ~topologies();
    topologies(const topologies&) = delete;
    topologies& operator=(const topologies&) = delete;

    /// Starts a topology. Errors: errc::invalid_argument if the name is empty or taken, or there is no strategy.
    result<void> add(topology_spec spec);
    /// Puts another strategy, or the same with other options, in the place of the one of that topology. What stays
    /// wanted stays connected; what the new strategy's first list lacks is disconnected, unless another topology
    /// wants it. Counters begin anew. Errors: errc::invalid_argument if there is no such topology, or no strategy.
    result<void> change(topology_spec spec);
    /// Stops one and disconnects what only it wanted. False if there is none.
    bool remove(std::string_view name);
    /// Stops all strategies and dials; connections stay. Nothing is dialled afterwards.
    void stop();

    /// Completes as soon as that many peers, and these, are connected, whoever dialled. Nothing else waits for it.
    ///
    /// The task must not outlive the topologies.
    /// Errors: errc::timed_out after `within`; the context says who is missing, and why as far as it is known.
    [[nodiscard]] task<result<void>> wait_ready(readiness what);

    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] std::vector<known_node> nodes() const;
    /// How many dials have ended, for each topology that wanted the node; those of topologies that are gone included.
    struct dial_counts {
        std::uint64_t ok = 0;
        std::uint64_t failed = 0;
    };
    [[nodiscard]] const std::map<std::string, dial_counts>& dials() const noexcept;
    /// What the strategy of a topology counted: `gossip_sent`, `gossip_malformed`, ...
    [[nodiscard]] std::map<std::string, std::uint64_t> counters(std::string_view topology) const;

    /// Calls `on_event` for each event from now on, until the returned token is destroyed. The call is made after
    /// the state has changed and may add or remove topologies.
    using subscription = std::shared_ptr<void>;
    [[nodiscard]] subscription watch(std::function<void(const event&)> on_event);

private:
    class impl; // src/cluster/topology.cpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::cluster
