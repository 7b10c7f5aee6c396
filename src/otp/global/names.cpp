// SPDX-License-Identifier: Apache-2.0
#include "otp/global/names.hpp"

#include <algorithm>

namespace sedge::otp::registry {

void watch_list::add(const pid& who) {
    std::size_t& count = held_[who];
    touched_.try_emplace(who, count > 0);
    ++count;
}

void watch_list::remove(const pid& who) {
    auto found = held_.find(who);
    if (found == held_.end()) return;
    touched_.try_emplace(who, true);
    if (--found->second == 0) held_.erase(found);
}

watch_list::changes watch_list::take() {
    changes all;
    for (const auto& [who, was_held] : touched_) {
        bool is_held = held_.contains(who);
        if (is_held && !was_held) all.watch.push_back(who);
        if (was_held && !is_held) all.unwatch.push_back(who);
    }
    touched_.clear();
    return all;
}

const named* name_table::find(const term& name) const {
    auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
}

std::vector<named> name_table::all() const {
    std::vector<named> list;
    list.reserve(entries_.size());
    for (const auto& [name, entry] : entries_) list.push_back(entry);
    return list;
}

std::vector<term> name_table::names_of(const pid& who) const {
    std::vector<term> list;
    auto [first, last] = by_pid_.equal_range(who);
    for (; first != last; ++first) list.push_back(first->second);
    return list;
}

bool name_table::insert(named entry) {
    erase(entry.name);
    if (entries_.size() >= names_max) return false;
    watched_.add(entry.who);
    by_pid_.emplace(entry.who, entry.name);
    term name = entry.name;
    entries_.emplace(std::move(name), std::move(entry));
    return true;
}

void name_table::erase(const term& name) {
    auto found = entries_.find(name);
    if (found == entries_.end()) return;
    const pid who = found->second.who;
    watched_.remove(who);
    auto [first, last] = by_pid_.equal_range(who);
    for (; first != last; ++first) {
        if (first->second != name) continue;
        by_pid_.erase(first);
        break;
    }
    entries_.erase(found);
    if (by_pid_.contains(who)) return;
    former_.push_back(who);
    if (former_.size() > former_max) former_.pop_front();
}

bool name_table::is_or_was_named(const pid& who) const {
    return by_pid_.contains(who) || std::ranges::find(former_, who) != former_.end();
}

void name_table::erase_all_of(const pid& who) {
    for (const auto& name : names_of(who)) erase(name);
}

} // namespace sedge::otp::registry
