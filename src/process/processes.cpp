// SPDX-License-Identifier: Apache-2.0
#include "process/processes.hpp"

#include "process/node_impl.hpp"

#include <algorithm>

namespace sedge {

process::block& process_table::add(process_body&& body, spawn_options&& options) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    do ++last_;
    while (slot(last_));
    atom name = options.name;
    auto made = std::make_unique<process::block>(owner_, pid_of(last_), std::move(body), std::move(options));
    auto& block = *made;
    slot(last_) = std::move(made);
    ++count_;
    if (!name.empty() && names_.try_emplace(name, last_).second) block.names().push_back(name);
    block.start();
    return block;
}

/// Two numbers that differ modulo the old size differ modulo twice of it, so all find a slot.
void process_table::grow() {
    std::vector<std::unique_ptr<process::block>> old(slots_.size() * 2);
    slots_.swap(old);
    for (auto& one : old)
        if (one) slot(number(one->self())) = std::move(one);
}

void process_table::bury(process::block& dead) {
    const std::uint64_t n = number(dead.self());
    if (dead.concerned_by_nodes()) {
        node_watchers_.erase(n);
        related_.forget(n);
    }
    slot(n).reset();
    --count_;
}

void process_table::end_all(const term& reason) {
    while (count_ > 0) {
        for (std::size_t i = 0; i < slots_.size(); ++i) { // `terminate` may make processes and more slots
            auto gone = std::move(slots_[i]);
            if (!gone) continue;
            --count_;
            gone->terminate(reason);
        }
    }
    names_.clear();
    aliases_.clear();
    related_.clear();
    node_watchers_.clear();
}

void process_table::drop_all() {
    while (count_ > 0) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            auto gone = std::move(slots_[i]);
            if (gone) --count_;
        }
    }
}

pid process_table::pid_of(std::uint64_t n) const {
    return {owner_.name, static_cast<std::uint32_t>(n & 0x0fffffff), static_cast<std::uint32_t>(n >> 28),
            owner_.creation};
}

process::block* process_table::find_number(std::uint64_t n) const noexcept {
    auto* found = slots_[n & (slots_.size() - 1)].get();
    return found && number(found->self()) == n ? found : nullptr;
}

process::block* process_table::find(const atom& name) const {
    auto position = names_.find(name);
    return position == names_.end() ? nullptr : find_number(position->second);
}

process::block* process_table::find_alias(const reference& ref) const {
    auto position = aliases_.find(ref);
    return position == aliases_.end() ? nullptr : find_number(position->second);
}

process_load process_table::load() const {
    process_load out{count_, 0, 0};
    for (const auto& block : slots_) {
        if (!block) continue;
        const auto waiting = block->messages_waiting();
        out.messages += waiting;
        out.messages_max = std::max<std::size_t>(out.messages_max, waiting);
    }
    return out;
}

std::vector<pid> process_table::all() const {
    std::vector<pid> pids;
    pids.reserve(count_);
    for (const auto& block : slots_)
        if (block) pids.push_back(block->self());
    std::sort(pids.begin(), pids.end());
    return pids;
}

result<void> process_table::register_name(const atom& name, const pid& who) {
    if (name.empty() || name == "undefined")
        return error{errc::invalid_argument, "register: '" + printable(name.text()) + "' cannot be a name"};
    auto* block = find(who);
    if (!block) return error{errc::invalid_argument, "register: no such process here: " + to_string(who)};
    if (find(name)) return error{errc::invalid_argument, "register: the name " + printable(name.text()) + " is taken"};
    names_.insert_or_assign(name, number(who));
    block->names().push_back(name);
    return {};
}

bool process_table::unregister(const atom& name) {
    auto* block = find(name);
    if (block) std::erase(block->names(), name);
    return names_.erase(name) != 0;
}

std::vector<atom> process_table::names() const {
    std::vector<atom> all;
    for (const auto& [name, n] : names_) all.push_back(name);
    std::sort(all.begin(), all.end());
    return all;
}

void process_table::relate(const pid& who, const atom& node) {
    auto* block = find(who);
    if (!block) return;
    block->note_nodes();
    related_.add(number(who), node);
}

void process_table::node_lost(const atom& node) {
    const auto concerned = related_.take(node);
    for (auto n : concerned)
        if (auto* block = find_number(n)) block->deliver(signal::node_lost{node});
}

void process_table::node_changed(const signal::node_change& change) {
    for (auto n : node_watchers_)
        if (auto* block = find_number(n)) block->deliver(change);
}

void process_table::watch_nodes(const pid& who, bool on) {
    if (auto* block = find(who)) block->note_nodes();
    if (on)
        node_watchers_.insert(number(who));
    else
        node_watchers_.erase(number(who));
}

} // namespace sedge
