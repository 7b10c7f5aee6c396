// SPDX-License-Identifier: Apache-2.0
//
// The lock service of a global_name_server. Whoever locks asks each node of a list:
//
//   call {set_lock, {Resource, Requester}}   true | false
//   call {del_lock, {Resource, Requester}}   true
//
// The resource `global` is for members, and for nodes that pair with us; others are refused it (core.cpp).
//
// A resource that is free, or locked for exactly the same requester, is given to the calling process, which is then
// monitored; the resource is free again when no process holds it. A lost connection ends its processes' locks, so
// nothing stays locked for somebody who is gone.

#include "otp/global/locks.hpp"

#include <algorithm>

namespace sedge::otp::registry {

term global_resource() { return term{atom{"global"}}; }

bool lock_table::can_set(const lock_key& key) const {
    auto found = locks_.find(key.resource);
    return found == locks_.end() ? locks_.size() < locks_max : found->second.requester == key.requester;
}

const term* lock_table::requester_of(const term& resource) const {
    auto found = locks_.find(resource);
    return found == locks_.end() ? nullptr : &found->second.requester;
}

bool lock_table::is_held_by(const term& resource, const pid& holder) const {
    auto found = locks_.find(resource);
    if (found == locks_.end()) return false;
    const auto& holders = found->second.holders;
    return std::find(holders.begin(), holders.end(), holder) != holders.end();
}

bool lock_table::set(const lock_key& key, const pid& holder) {
    if (!can_set(key)) return false;
    if (is_held_by(key.resource, holder)) return true;
    lock& held = locks_.try_emplace(key.resource, lock{key.requester, {}}).first->second;
    if (held.holders.size() >= lock_holders_max) return false;
    held.holders.push_back(holder);
    by_holder_.emplace(holder, key.resource);
    watched_.add(holder);
    return true;
}

void lock_table::release(const lock_key& key, const pid& holder) {
    const term* requester = requester_of(key.resource);
    if (requester && *requester == key.requester) remove(key.resource, holder, false);
}

void lock_table::release_all_of(const pid& holder) {
    std::vector<term> resources;
    auto [first, last] = by_holder_.equal_range(holder);
    for (; first != last; ++first) resources.push_back(first->second);
    for (const auto& resource : resources) remove(resource, holder, true);
}

void lock_table::remove(const term& resource, const pid& holder, bool lost) {
    auto found = locks_.find(resource);
    if (found == locks_.end() || std::erase(found->second.holders, holder) == 0) return;
    watched_.remove(holder);
    auto [first, last] = by_holder_.equal_range(holder);
    for (; first != last; ++first) {
        if (first->second != resource) continue;
        by_holder_.erase(first);
        break;
    }
    if (!found->second.holders.empty()) return;
    if (resource == global_resource()) global_was_lost_ = lost;
    locks_.erase(found);
}

} // namespace sedge::otp::registry
