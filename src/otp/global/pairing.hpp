// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/conflicts.hpp"
#include "otp/global/state.hpp"

namespace sedge::otp::registry {

// Events of the connection.
void peer_up(state& s, const atom& node);
/// Forgets the peer as a member; what its processes held goes with their DOWN.
void forget(state& s, const atom& node);

// Messages of the peer `node`. `tag` is our own tag as the peer sends it back.
void on_greeting(state& s, const atom& node, greeting his);
void on_greeting_ack(state& s, const atom& node, const term_view& my_tag, const term& his_tag);
void on_cancel(state& s, const atom& node, const term_view& tag);
void on_lock_set(state& s, const atom& node, const term& message);
void on_exchange(state& s, const atom& node, std::vector<named> names, const term_view& tag, time_point now);
void on_resolved(state& s, const atom& node, pairing::resolution his, const term_view& tag);
void on_new_nodes(state& s, const operations& changes, const std::vector<member>& nodes, const term_view& extra);
void on_in_sync(state& s, const atom& node, bool is_sedge, time_point now);

// What was asked for by effects.
void lock_is_set(state& s, const atom& node, std::int64_t tag, term requester, time_point now);
void conflicts_resolved(state& s, const atom& node, std::int64_t tag, const std::vector<verdict>& each, time_point now);
/// The other locker did not answer in time.
void lock_not_answered(state& s, const atom& node, std::int64_t tag, time_point now);
void introduced(state& s, const atom& node, bool connected, time_point now);

/// Whether a member is not known to be of our kind.
[[nodiscard]] bool is_mixed(const state& s);

/// Pairings whose time is up are given up and begun anew; introductions whose time is up are ended.
void give_up_overdue(state& s, time_point now);
[[nodiscard]] std::optional<time_point> next_deadline(const state& s);

/// What our locker may set a lock for.
struct candidate {
    atom node;
    pid locker;
    std::int64_t my_tag = 0;
    term his_tag;
    int version = 0;
};
/// All that are not known and not paused.
[[nodiscard]] std::vector<candidate> candidates(const state& s, time_point now);
/// Whether there is one.
[[nodiscard]] bool has_candidate(const state& s, time_point now);
/// The peer's present pairing, paused or not.
[[nodiscard]] std::optional<candidate> candidate_of(const state& s, const atom& node);
/// When the first pause of a candidate ends.
[[nodiscard]] std::optional<time_point> next_pause_end(const state& s, time_point now);
[[nodiscard]] bool is_paused(const state& s, const atom& node, time_point now);

} // namespace sedge::otp::registry
