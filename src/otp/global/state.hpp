// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/effects.hpp"
#include "otp/global/locks.hpp"
#include "otp/global/messages.hpp"
#include "otp/global/names.hpp"

#include <sedge/base/clock.hpp>
#include <sedge/otp/global.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sedge::otp::registry {

/// How long this node waits where OTP waits for ever. A lock that is held stops all registrations of the cluster, so
/// none is held longer than this for somebody who does not answer.
struct timing {
    duration lock_answer = seconds{10}; ///< For the other locker's `lock_set`; it may be busy with a third node.
    duration exchange = seconds{60}; ///< From the lock to the end of a pairing; the peer may have conflicts to solve.
    duration acquaintance = seconds{5}; ///< From a node's in_sync until we hear of it from a member of our part.
    duration introduction = seconds{2}; ///< For a member of OTP to say in_sync before we do.
    duration removal = seconds{5};      ///< For a node that was put out to close its connection.
    duration report = milliseconds{20}; ///< From a loss until the others are told.
    duration ask = seconds{10};         ///< For one answer of a node that is up.
    duration pause_least = seconds{5};  ///< After a pairing that stood still; doubled each time up to the next.
    duration pause_most = std::chrono::minutes{5};
};

inline constexpr std::size_t sedge_peers_max = 10'000; ///< Names remembered; of others we report nothing.

/// One pairing: from a peer's nodeup until both sides have the same names.
struct pairing {
    std::int64_t my_tag = 0;
    std::optional<greeting> his;   ///< His init_connect has come: the pairing is pending.
    std::optional<term> requester; ///< Our locker holds the lock in the name of both lockers.
    std::optional<std::vector<named>> his_names;
    std::vector<conflict> conflicts;
    std::optional<operations> here; ///< Our part of the resolution is ready, and he has his.
    struct resolution {
        operations part;
        std::vector<member> known;
    };
    std::optional<resolution> his_resolution;
    bool compared = false;
    std::optional<time_point> give_up_at; ///< From the lock on.

    [[nodiscard]] int version() const { return his ? std::min(his->version, protocol_version) : 0; }
};

/// A peer with which pairings have stood still.
struct setback {
    int count = 0;
    time_point not_before{}; ///< No lock is set for it until then.
};

/// Everything that a global_name_server knows. Functions of pairing.hpp, partitions.hpp and requests.hpp work on it and
/// leave in `out` what is to be done.
struct state {
    state(atom own_name, pid own_locker, loss_reports r, std::int64_t first_tag, std::uint64_t extended_creation)
        : me(std::move(own_name)), locker(own_locker), reports(r), next_tag(first_tag), creation(extended_creation) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    const atom me;
    const pid locker;
    const loss_reports reports;
    const registry::timing timing{};
    effects out;

    watch_list watched;
    name_table names{watched};
    lock_table locks{watched};

    std::map<atom, int> known;        ///< Nodes of our part of the cluster, with protocol versions.
    std::set<atom> synced;            ///< Those that have the same names.
    std::map<atom, pairing> pairings; ///< Peers that are up and not known yet.
    std::map<atom, greeting> early;   ///< Greetings of peers that have no pairing here.
    std::map<atom, setback> setbacks;
    std::map<atom, time_point> waiting_to_know; ///< In sync with us, not known yet: until when.
    /// Members of OTP that we are introduced to and that have not said in_sync yet: when we stop waiting for it.
    std::map<atom, time_point> owed_in_sync;
    /// Put out by us; their nodedown is no news. When they are disconnected from here, if they do not do it.
    std::map<atom, time_point> removing;
    std::set<atom> sedge_peers;   ///< Those that have ever said they are of our kind; see `note_kind`.
    std::int64_t next_tag;        ///< Never used twice, so that late messages are known as such.
    const std::uint64_t creation; ///< Tells the instances of a node apart, in reports of losses.
    std::int64_t next_report = 1;
    struct report {
        term creation;
        std::int64_t number = 0;
        time_point forget_at{};
    };
    std::map<std::pair<atom, atom>, report> reported; ///< The last one of (reporter, lost node).
    std::map<atom, time_point> to_report;             ///< Lost nodes of which we are going to tell everybody; when.
    std::map<atom, time_point> told_of;               ///< Lost nodes of which we have told everybody; until when.

    [[nodiscard]] bool is_pending(const atom& node) const {
        auto found = pairings.find(node);
        return found != pairings.end() && found->second.his;
    }
    /// OTP's "potentially known": a member, or about to become one.
    [[nodiscard]] bool concerns(const atom& node) const { return known.contains(node) || is_pending(node); }
    [[nodiscard]] std::vector<atom> known_nodes() const {
        std::vector<atom> nodes;
        for (const auto& [node, version] : known) nodes.push_back(node);
        return nodes;
    }
    /// Remembered beyond the connection: a node that cannot be reached when it is introduced was met before, mostly.
    void note_kind(const atom& node, bool is_sedge) {
        if (node == me) return;
        if (!is_sedge)
            sedge_peers.erase(node);
        else if (sedge_peers.size() < sedge_peers_max)
            sedge_peers.insert(node);
    }
    void note(log_level level, std::string text) { out.push_back(effect::note{level, std::move(text)}); }
};

/// Applies operations that came under the lock of `requester`. If that lock is gone by now, the names are not taken:
/// nobody could take them back.
void apply(state& s, const operations& changes, const term& requester);

} // namespace sedge::otp::registry
