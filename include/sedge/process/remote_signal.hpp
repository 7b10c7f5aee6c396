// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/process/process.hpp>

namespace sedge {

/// What a process of another node is about to do to a process here. `node::guard` is asked before it is done.
///
/// Not asked about: monitors of pids, which only tell; the ends of links and monitors, and answers to our own requests;
/// exit signals that the process has agreed to, because it was spawned for that node, has linked itself to the
/// sender, or traps exits and gets a message only (`kill` cannot be trapped); and new group leaders of processes that
/// were spawned for that node.
struct remote_signal {
    enum class kind {
        message, ///< A send, to a pid or a name, also of nobody; one to an alias comes as one to the pid behind it.
        monitor, ///< Of a name. Refused, it is answered as if nobody had the name.
        link,    ///< Refused, it is answered as if the process did not exist.
        exit,    ///< `exit/2` that would end the process.
        group_leader, ///< `group_leader/2`, which sends the output of the process elsewhere.
    };

    kind what = kind::message;
    atom peer;                     ///< The node that it came from, which has proved that it knows the cookie.
    destination target = pid{};    ///< As it was addressed: a pid or a name of this node.
    const term* payload = nullptr; ///< The message, or the exit reason; null for others.
};

} // namespace sedge
