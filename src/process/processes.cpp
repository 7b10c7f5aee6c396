// SPDX-License-Identifier: Apache-2.0
#include "process/processes.hpp"

#include "process/node_impl.hpp"

#include <algorithm>

namespace sedge {

process::block& process_table::add(process_body body, spawn_options options) {
    ++last_;
    pid self{owner_.name, static_cast<std::uint32_t>(last_ & 0x0fffffff), static_cast<std::uint32_t>(last_ >> 28),
             owner_.creation};
    atom name = options.name;
    auto made = std::make_unique<process::block>(owner_, self, std::move(body), std::move(options));
    auto& block = *made;
    table_.emplace(key(self), std::move(made));
    if (!name.empty()) names_.try_emplace(name, key(self));
    block.start();
    return block;
}

void process_table::bury(process::block& dead) {
    node_watchers_.erase(key(dead.self()));
    for (auto& [node, concerned] : related_) concerned.erase(key(dead.self()));
    table_.erase(key(dead.self()));
}

void process_table::end_all(const term& reason) {
    while (!table_.empty()) {
        auto gone = std::move(table_.begin()->second);
        table_.erase(table_.begin());
        if (gone) gone->terminate(reason);
    }
    names_.clear();
    aliases_.clear();
    related_.clear();
    node_watchers_.clear();
}

process::block* process_table::find_key(std::uint64_t k) const {
    auto position = table_.find(k);
    return position == table_.end() ? nullptr : position->second.get();
}

process::block* process_table::find(const pid& who) const {
    if (who.creation != owner_.creation || who.node != owner_.name) return nullptr;
    return find_key(key(who));
}

process::block* process_table::find(const atom& name) const {
    auto position = names_.find(name);
    return position == names_.end() ? nullptr : find_key(position->second);
}

process::block* process_table::find_alias(const reference& ref) const {
    auto position = aliases_.find(ref);
    return position == aliases_.end() ? nullptr : find_key(position->second);
}

std::vector<pid> process_table::all() const {
    std::vector<pid> pids;
    pids.reserve(table_.size());
    for (const auto& [k, block] : table_)
        if (block) pids.push_back(block->self());
    std::sort(pids.begin(), pids.end());
    return pids;
}

result<void> process_table::register_name(const atom& name, const pid& who) {
    if (name.empty() || name == "undefined")
        return error{errc::invalid_argument, "register: '" + printable(name.text()) + "' cannot be a name"};
    if (!find(who)) return error{errc::invalid_argument, "register: no such process here: " + to_string(who)};
    if (find(name)) return error{errc::invalid_argument, "register: the name " + printable(name.text()) + " is taken"};
    names_.insert_or_assign(name, key(who));
    return {};
}

bool process_table::unregister(const atom& name) {
    return names_.erase(name) != 0;
}

void process_table::forget_names(const pid& who) {
    std::erase_if(names_, [k = key(who)](const auto& entry) { return entry.second == k; });
}

atom process_table::name_of(const pid& who) const {
    for (const auto& [name, k] : names_)
        if (k == key(who)) return name;
    return {};
}

std::vector<atom> process_table::names() const {
    std::vector<atom> all;
    for (const auto& [name, k] : names_) all.push_back(name);
    std::sort(all.begin(), all.end());
    return all;
}

void process_table::node_lost(const atom& node) {
    auto position = related_.find(node);
    if (position == related_.end()) return;
    auto concerned = std::move(position->second);
    related_.erase(position);
    for (auto k : concerned)
        if (auto* block = find_key(k)) block->deliver(signal::node_lost{node});
}

void process_table::node_changed(const signal::node_change& change) {
    for (auto k : node_watchers_)
        if (auto* block = find_key(k)) block->deliver(change);
}

void process_table::watch_nodes(const pid& who, bool on) {
    if (on)
        node_watchers_.insert(key(who));
    else
        node_watchers_.erase(key(who));
}

} // namespace sedge
