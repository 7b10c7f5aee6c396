// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/peers.hpp"
#include "process/processes.hpp"
#include "process/signals.hpp"

#include <sedge/dist/control.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/remote_signal.hpp>
#include <sedge/wire/environment.hpp>

#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace sedge {

/// What a node consists of: processes, peers, and the router between them (router.cpp).
class node::impl {
public:
    impl(node& face_of, node_options o, environment& e, wire::directory& w);

    node& face;
    environment& env;
    wire::directory& where;
    node_options options;
    std::optional<node_name> parsed; ///< Unset until `start` has accepted the name.
    atom name;
    std::uint32_t creation = 0;
    process_table processes{*this};
    std::optional<pid> leader;
    time_point slice_ends; ///< Of the process that runs; process_block.hpp.
    std::function<process_body(const spawn_call&)> resolve_spawn;
    std::function<bool(const remote_signal&)> accepts; ///< Empty: all signals of peers.

    // -- router: from a local process outwards -----------------------------------------------------------------
    void send_message(const pid& from, const destination& to, term message);
    void send_signal(const pid& from, const destination& to, any_signal s);
    /// Who it leads to; null if it is nobody, or on another node.
    [[nodiscard]] process::block* local_target(const destination& to) const;
    /// For `send_wait` to nobody who lives here: sends unless it should wait. May say no where it would not take long;
    /// `message` is kept then.
    [[nodiscard]] bool send_out_if_room(const pid& from, const destination& to, term& message);
    void send_to_alias(const pid& from, const reference& alias, term message);
    void request_spawn(const pid& from, const reference& ref, const atom& on, const atom& module, const atom& function,
                       const std::vector<term>& arguments, remote_spawn_options with);

    // -- router: from a peer inwards ---------------------------------------------------------------------------
    /// Something that was to go to `to` could not: answers as a dead process (or a lost node) would.
    void bounce(const destination& to, any_signal s, const atom& reason);
    void on_message(const atom& peer, const pid& to, term&& message);
    void on_control(const atom& peer, dist::control_message&& message, std::optional<term>&& payload);

    // -- node events -------------------------------------------------------------------------------------------
    void announce(node_event event);
    void announce(const refused_connection& refused);

    reference make_reference();
    pid no_process() const { return pid{name, 0, 0, creation}; } ///< "From" for what no process sends.

    struct watcher {
        std::function<void(const node_event&)> on_event;
    };
    std::vector<std::weak_ptr<watcher>> watchers;
    std::vector<std::weak_ptr<std::function<void(const refused_connection&)>>> refusal_watchers;
    peer_set peers{*this}; // last: it goes first

private:
    void deliver_local(const destination& to, any_signal s);
    bool is_accepted(remote_signal::kind what, const atom& peer, const destination& to, const term* payload) const;
    bool may_end(const atom& peer, const pid& from, const pid& target, const term& reason) const;
    void serve_spawn(const dist::control::spawn_request& request, const std::optional<term>& payload);
    std::variant<pid, atom> spawn_for(const spawn_call& call, const reference* monitor, bool linked);

    std::uint64_t references_made_ = 0;
};

} // namespace sedge
