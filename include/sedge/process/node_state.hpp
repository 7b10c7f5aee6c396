// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/term/atom.hpp>

#include <string>
#include <string_view>

namespace sedge {

/// How another node stands, as this one sees it.
enum class node_state {
    up,       ///< Connected.
    suspect,  ///< Connected, but nothing is heard or acknowledged; it is being asked. It becomes `up` again or `down`.
    draining, ///< Connected, and stopping in order: it has said so. `left` is next.
    down,     ///< Lost: killed, cut off, hung, or disconnected by one of the two.
    left,     ///< It has stopped in order.
};

/// `up`, `suspect`, ...
std::string_view to_string(node_state s) noexcept;

/// What happened to a connection. For one peer, up and down alternate; changes of its state come between them.
struct node_event {
    enum class kind {
        up,      ///< Connected; `state` is up.
        down,    ///< No longer; `state` is down or left.
        changed, ///< Still connected; `state` is suspect, draining, or up again after suspect.
    };
    kind what = kind::up;
    atom node;
    bool hidden = false;
    /// For down: `connection_closed`, `net_tick_timeout`, `slow_peer`, `disconnect`, ... For suspect: what is missing.
    std::string reason;
    node_state state = node_state::up;
};

/// One node that is or was connected.
struct node_standing {
    atom name;
    node_state state = node_state::up;
    time_point since{};
    std::string reason; ///< As in the event that brought it there.
    bool hidden = false;
};

} // namespace sedge
