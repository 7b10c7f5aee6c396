// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/cause.hpp>
#include <sedge/term/atom.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace sedge::cluster {

/// What happened to a node that a topology knows, or to a topology. A node of several topologies has an event for each.
struct event {
    enum class kind {
        connected,            ///< `took`: how long the dial took; 0 if the peer dialled us.
        unable_to_connect,    ///< One attempt failed: `took`, `reason`, `code`, `why()`. It will be tried again.
        disconnected,         ///< `took`: how long it was up; `reason`.
        discovered,           ///< Heard of, but not trusted and so not dialled; told once.
        unable_to_disconnect, ///< It was to be disconnected, and was gone already.
        topology_added,       ///< This and the next three have no node. `reason`: the strategy.
        topology_changed,     ///< The same.
        topology_removed,
        strategy_failed, ///< By an exception: `reason`. It is started again.
    };
    kind what = kind::connected;
    std::string topology;
    atom node;
    duration took{};
    std::string reason;
    std::error_code code;
    /// What `code` stands for; its words begin `reason`.
    [[nodiscard]] std::optional<cause> why() const noexcept {
        return code ? std::optional{cause_of(code)} : std::nullopt;
    }
};

/// `connected`, `unable_to_connect`, ...
std::string_view to_string(event::kind what) noexcept;

/// What is known of one node at this moment.
struct known_node {
    enum class state { up, dialling, waiting, discovered };
    atom name;
    state now = state::waiting;
    std::vector<std::string> topologies; ///< Which want it, or discovered it.
    std::uint64_t attempts_failed = 0;   ///< Since it was last up.
    std::string last_reason;             ///< Of the last failure; empty if none.
};

/// `up`, `dialling`, ...
std::string_view to_string(known_node::state now) noexcept;

} // namespace sedge::cluster
