// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/process/node.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// A node in numbers, for metrics. They are read when somebody asks; until then they cost no more than a counter.
// Threads: only on the node's thread.

namespace sedge {

/// What `peer_info` does not have: how well a peer takes what it is sent, and how silent it is.
struct peer_counts {
    atom name;
    std::size_t queued_bytes = 0;   ///< Sent, and not yet taken by the stream.
    std::uint64_t ticks_missed = 0; ///< Quarters of the tick time in which nothing came.
};
/// Of all connected peers, hidden ones too, sorted by name.
[[nodiscard]] std::vector<peer_counts> counts_of_peers(node& of);

/// What all processes together hold at this moment.
struct process_load {
    std::size_t processes = 0;
    std::size_t messages = 0;     ///< In all mailboxes.
    std::size_t messages_max = 0; ///< In the longest.
};
[[nodiscard]] process_load load_of(node& of);

/// Sums over the processes that live now.
struct process_totals {
    std::size_t count = 0;
    std::size_t runnable = 0; ///< That wait for their turn.
    std::vector<std::size_t> runnable_by_worker;
    std::size_t memory_bytes = 0;
    std::uint64_t messages_handled = 0;
};
/// Of a worker that does not answer within 50 ms only how many there are.
[[nodiscard]] process_totals totals_of(node& of);

/// As `node::info` of every process, without messages. For many processes: each worker is asked once, while one that
/// computes makes a question for each process wait. Of the processes of one that does not answer within 50 ms only what
/// is known without it.
[[nodiscard]] std::vector<process_info> info_of_all(node& of);

/// A connection of somebody else that came to nothing: it was not let in, or its handshake was not finished.
struct refused_connection {
    std::string_view kind; ///< `wrong_cookie`, `timed_out`, `tls`, ...: few different ones, for counting.
    std::string sentence;  ///< From where, at which step, and why.
};
/// How many since the start, by kind.
[[nodiscard]] const std::map<std::string_view, std::uint64_t>& refusals_of(node& of);
/// Calls `on_refusal` for each, also where a flood of them is one line of the log, until the subscription is destroyed,
/// which must not outlive the node.
[[nodiscard]] node::subscription watch_refusals(node& of, std::function<void(const refused_connection&)> on_refusal);

} // namespace sedge
