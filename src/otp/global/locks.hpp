// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/names.hpp"

#include <unordered_map>
#include <vector>

namespace sedge::otp::registry {

inline constexpr std::size_t locks_max = 100'000;       ///< Set here at a time; above it they are refused.
inline constexpr std::size_t lock_holders_max = 10'000; ///< Processes that hold one lock.

/// What is locked, and for whom: `{ResourceId, LockRequesterId}`. The same requester may lock through several
/// processes.
struct lock_key {
    term resource;
    term requester;
};

/// The resource that guards all names.
term global_resource();

/// The locks that this node's part of the cluster has given out.
class lock_table {
public:
    explicit lock_table(watch_list& watched) : watched_(watched) {}

    [[nodiscard]] bool can_set(const lock_key& key) const;
    [[nodiscard]] bool is_set(const term& resource) const { return locks_.contains(resource); }
    /// Null if it is not set.
    [[nodiscard]] const term* requester_of(const term& resource) const;
    [[nodiscard]] bool is_held_by(const term& resource, const pid& holder) const;
    /// Whether the lock `global` was last freed by the end of its holder rather than in good order.
    [[nodiscard]] bool global_was_lost() const noexcept { return global_was_lost_; }

    /// False if somebody else has it.
    bool set(const lock_key& key, const pid& holder);
    void release(const lock_key& key, const pid& holder);
    void release_all_of(const pid& holder);

private:
    struct lock {
        term requester;
        std::vector<pid> holders;
    };
    void remove(const term& resource, const pid& holder, bool lost);

    watch_list& watched_;
    std::unordered_map<term, lock> locks_;
    std::unordered_multimap<pid, term> by_holder_;
    bool global_was_lost_ = false;
};

} // namespace sedge::otp::registry
