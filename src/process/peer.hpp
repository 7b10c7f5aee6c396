// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/node_impl.hpp"
#include "process/peers.hpp"

namespace sedge {

/// One name that the set knows of: its connection if it is up, the attempt to make one, and what waits for it.
struct peer_set::peer final : dist::connection_events {
    peer(peer_set& s, atom n, environment& env) : set(s), name(std::move(n)), changed(env) {}

    peer_set& set;
    atom name;
    std::unique_ptr<dist::connection> connection; // null: not up
    dist::name_arbiter::attempt number = 0;       // of the connection
    time_point up_since{};
    std::optional<node_standing> standing; // unset: was never up
    bool leaving = false;                  // it has begun to stop in order
    std::size_t relations_in = 0; // links and monitors that the peer holds here; see limits::signals_per_peer_max
    event changed;                // set whenever an attempt ends, a link comes up or goes down
    std::optional<time_point> dialled_at; // when the last dial began
    std::optional<error> last_failure;
    time_point failed_at{};
    std::optional<error> last_reason; // of the last attempt that failed by what counts at the peer's gate
    time_point last_reason_at{};
    std::deque<std::function<void()>> waiting; // to be done when it is up
    std::size_t waiting_bytes = 0;
    nursery dial; // last: it goes first

    void note_change() {
        changed.set();
        changed.reset();
    }

    void on_message(dist::connection& from, dist::incoming&& message) override;
    void on_message_again(dist::connection& from, const dist::control::send& again, term&& payload) override;
    void on_suspect(dist::connection&, bool is_suspect, const std::string& why) override;
    void on_leaving(dist::connection&) override;
    void on_down(dist::connection&, const error& reason) override { set.link_down(*this, reason); }

    /// What is told of a failed attempt; remembers it.
    error told_reason(error why, time_point now);

    void count(int added) {
        if (added > 0) ++relations_in;
        if (added < 0 && relations_in > 0) --relations_in;
    }
};

} // namespace sedge
