// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/pg/member_list.hpp"

#include <sedge/otp/pg_limits.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/order.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <variant>
#include <vector>

namespace sedge::otp {

/// What one peer may make us remember; see otp/pg_limits.hpp.
struct membership_limits {
    std::size_t memberships_max = limits::pg_memberships_per_peer_max;
    std::size_t group_bytes_max = limits::pg_group_bytes_max;
    std::size_t group_bytes_sum_max = limits::pg_group_bytes_per_peer_max;
};

/// What follows from an event, to be done in this order.
namespace pg_effect {
struct send {
    destination to;
    term message;
}; ///< From the scope's process; dropped if that node is not connected.
struct watch {
    pid who;
}; ///< A monitor.
struct unwatch {
    pid who;
}; ///< No `down` for it any more.
struct changed {
    bool joined;
    term group;
    std::vector<pid> members;
}; ///< What watchers of groups are told.
struct left_out {
    atom peer;
}; ///< The peer is above a limit; told once until that has changed.
} // namespace pg_effect
using pg_effects = std::vector<
    std::variant<pg_effect::send, pg_effect::watch, pg_effect::unwatch, pg_effect::changed, pg_effect::left_out>>;

/// Groups of one scope and their members, here and on the nodes that have the same scope (a core). The head of
/// membership.cpp tells the protocol.
class membership {
public:
    explicit membership(atom scope, membership_limits most = {}) : scope_(std::move(scope)), most_(most) {}

    /// The scope's process runs as `self`, for the first time or again: asks `nodes` who has the scope too.
    void start(const pid& self, const std::vector<atom>& nodes, pg_effects& out);
    /// It has ended: forgets all peers. Members of this node stay, for the next start.
    void stop(pg_effects& out);

    // -- what processes of this node do ----------------------------------------------------------------------------

    /// Precondition: the members are processes of this node.
    void join(const term& group, std::span<const pid> members, pg_effects& out);
    /// Each once; how many of them were members.
    std::size_t leave(const term& group, std::span<const pid> members, pg_effects& out);

    // -- what comes in ---------------------------------------------------------------------------------------------

    void node_up(const atom& node, pg_effects& out);
    /// A process that was to be watched has ended, or its node is lost.
    void down(const pid& who, pg_effects& out);
    /// A message from the scope's process on another node; false if it is none.
    bool on_message(const term_view& message, pg_effects& out);
    /// The process that such a message says it comes from.
    static std::optional<pid> sender_of(const term_view& message);

    // -- what is known ---------------------------------------------------------------------------------------------

    /// Of each node newest first; those of this node first.
    [[nodiscard]] std::vector<pid> members(const term& group) const;
    [[nodiscard]] std::vector<pid> local_members(const term& group) const;
    /// Groups that have members, in term order.
    [[nodiscard]] std::vector<term> groups() const;
    [[nodiscard]] std::vector<term> local_groups() const;
    /// The scope's processes on other nodes.
    [[nodiscard]] std::vector<pid> peers() const;
    [[nodiscard]] std::size_t memberships_of(const atom& peer) const;

private:
    struct group_entry {
        member_list local;
        std::map<atom, member_list> remote; // by node; no empty ones
        [[nodiscard]] bool empty() const { return local.empty() && remote.empty(); }
    };
    using group_table = std::map<term, group_entry, exact_less>;
    struct peer {
        pid scope;
        bool has_all_of_ours = false; // it was sent a sync, so it takes what follows
        bool is_incomplete = false;   // something of it was left out, for which there may be room later
        bool was_told_of = false;     // that something was left out
        std::size_t memberships = 0;
        std::size_t group_bytes = 0; // of the names of its groups
        std::set<term, exact_less> groups{};
    };
    using counts = std::map<term, std::size_t, exact_less>;

    peer* known(const pid& scope);
    std::pair<peer*, bool> meet(const pid& scope, pg_effects& out);
    void forget(const atom& node, pg_effects& out);
    void tell_peers(const term& message, pg_effects& out) const;
    [[nodiscard]] term everything_local() const;
    bool remove_local(const term& name, const pid& who);

    using told_groups = std::map<term, std::vector<pid>, exact_less>;
    [[nodiscard]] told_groups read_groups(const term_view& groups) const;
    void on_discover(const pid& scope, pg_effects& out);
    void on_sync(const pid& scope, const term_view& groups, pg_effects& out);
    void on_join(const pid& scope, const term& name, const term_view& who, pg_effects& out);
    void on_leave(const pid& scope, const term_view& who, const term_view& groups, pg_effects& out);

    [[nodiscard]] bool has_room(const peer& p, const term& name, const group_entry* existing) const;
    void leave_out(peer& p, const term& name, pg_effects& out) const;
    /// Those added, of the pids of that peer's node.
    std::vector<pid> add(peer& p, const term& name, std::span<const pid> members, pg_effects& out);
    std::vector<pid> remove(peer& p, const term& name, std::span<const pid> members);
    void replace(peer& p, const term& name, const std::vector<pid>& members, pg_effects& out);
    void ask_again_if_it_fits(peer& p, pg_effects& out);

    atom scope_;
    membership_limits most_;
    std::optional<pid> self_; // while it runs
    group_table groups_;
    std::map<pid, counts> local_; // what each process of this node has joined, how many times
    std::map<atom, peer> peers_;  // one for each node: a name is registered once
};

} // namespace sedge::otp
