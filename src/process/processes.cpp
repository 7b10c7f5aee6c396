// SPDX-License-Identifier: Apache-2.0
#include "process/processes.hpp"

#include "process/node_impl.hpp"

#include <algorithm>

namespace sedge {

process_table::process_table(worker& owner)
    : owner_(owner), bits_(owner.owner.worker_bits()), number_of_worker_(owner.number), slots_(first_slots) {}

process::block& process_table::add(process_body&& body, spawn_options&& options) {
    if (2 * (count() + 1) > slots_.size()) grow();
    std::uint64_t n = take_number();
    while (slots_[index(n)]) n = take_number();
    auto made = std::make_unique<process::block>(owner_, pid_of(n), std::move(body), std::move(options));
    auto& block = *made;
    set_count(count() + 1);
    block.start();
    if (!shared_) [[likely]] {
        slots_[index(n)] = std::move(made);
        return block;
    }
    block.expect_names();
    const std::lock_guard lock{mutex_};
    slots_[index(n)] = std::move(made);
    return block;
}

std::unique_ptr<process::block> process_table::make_for_later(process_body&& body, spawn_options&& options) {
    auto made = std::make_unique<process::block>(owner_, pid_of(take_number()), std::move(body), std::move(options));
    made->expect_names();
    return made;
}

void process_table::expect(process::block& born) {
    const auto lock = guard();
    expected_.emplace(number(born.self()), &born);
    on_the_way_.fetch_add(1, std::memory_order_relaxed);
}

void process_table::adopt(std::unique_ptr<process::block> made) {
    const std::uint64_t n = number(made->self());
    if (2 * (count() + 1) > slots_.size()) grow();
    made->start();
    set_count(count() + 1);
    const std::lock_guard lock{mutex_};
    if (expected_.erase(n) > 0) on_the_way_.fetch_sub(1, std::memory_order_relaxed);
    if (slots_[index(n)])
        apart_.emplace(n, std::move(made));
    else
        slots_[index(n)] = std::move(made);
}

/// Two numbers that differ modulo the old size differ modulo twice of it, so all find a slot.
void process_table::grow() {
    std::vector<std::unique_ptr<process::block>> old(slots_.size() * 2);
    const auto lock = guard();
    slots_.swap(old);
    for (auto& one : old)
        if (one) slots_[index(number(one->self()))] = std::move(one);
}

void process_table::close_names(process::block& ending) {
    bool has_names = false;
    {
        const auto lock = guard();
        has_names = ending.close_names();
    }
    if (has_names) owner_.owner.names.release_all(number(ending.self()));
}

void process_table::bury(process::block& dead) {
    const std::uint64_t n = number(dead.self());
    if (dead.concerned_by_nodes()) {
        node_watchers_.erase(n);
        related_.forget(n);
    }
    set_count(count() - 1);
    if (!shared_) [[likely]]
        return slots_[index(n)].reset();
    std::unique_ptr<process::block> gone; // destroyed without the lock
    const std::lock_guard lock{mutex_};
    auto& slot = slots_[index(n)];
    if (slot.get() == &dead) {
        gone = std::move(slot);
    } else {
        gone = std::move(apart_.at(n));
        apart_.erase(n);
    }
}

bool process_table::end_all(const term& reason) {
    const bool any = count() > 0;
    while (count() > 0) {
        for (std::size_t i = 0; i < slots_.size(); ++i) { // `terminate` may make processes and more slots
            auto gone = std::move(slots_[i]);
            if (!gone) continue;
            set_count(count() - 1);
            gone->terminate(reason);
        }
        while (!apart_.empty()) {
            auto gone = std::move(apart_.begin()->second);
            apart_.erase(apart_.begin());
            set_count(count() - 1);
            gone->terminate(reason);
        }
    }
    aliases_.clear();
    related_.clear();
    node_watchers_.clear();
    return any;
}

void process_table::drop_all() {
    while (count() > 0) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            auto gone = std::move(slots_[i]);
            if (gone) set_count(count() - 1);
        }
        while (!apart_.empty()) {
            auto gone = std::move(apart_.begin()->second);
            apart_.erase(apart_.begin());
            set_count(count() - 1);
        }
    }
}

pid process_table::pid_of(std::uint64_t n) const {
    return {owner_.owner.name, static_cast<std::uint32_t>(n & 0x0fffffff), static_cast<std::uint32_t>(n >> 28),
            owner_.owner.creation};
}

process::block* process_table::find_apart(const pid& who) const noexcept {
    auto position = apart_.find(number(who));
    return position != apart_.end() && position->second->self() == who ? position->second.get() : nullptr;
}

process::block* process_table::find_or_expected(const pid& who) const noexcept {
    if (auto* found = find(who)) return found;
    auto position = expected_.find(number(who));
    return position != expected_.end() && position->second->self() == who ? position->second : nullptr;
}

bool process_table::has(const pid& who) const {
    const auto lock = guard();
    return find_or_expected(who) != nullptr;
}

void process_table::list(std::vector<pid>& into) const {
    const auto lock = guard();
    for (const auto& block : slots_)
        if (block) into.push_back(block->self());
    for (const auto& [n, block] : apart_) into.push_back(block->self());
    for (const auto& [n, block] : expected_) into.push_back(block->self());
}

process::block* process_table::find_alias(const reference& ref) const {
    auto position = aliases_.find(ref);
    return position == aliases_.end() ? nullptr : find_number(position->second);
}

process_load process_table::load() const {
    process_load out{count(), 0, 0};
    const auto add = [&out](const process::block& block) {
        const auto waiting = block.messages_waiting();
        out.messages += waiting;
        out.messages_max = std::max<std::size_t>(out.messages_max, waiting);
    };
    for (const auto& block : slots_)
        if (block) add(*block);
    for (const auto& [n, block] : apart_) add(*block);
    return out;
}

process_totals process_table::totals() const {
    process_totals sum;
    const auto add = [&sum](const process::block& block) {
        ++sum.count;
        if (block.waits_for_its_turn()) ++sum.runnable;
        sum.memory_bytes += block.memory();
        sum.messages_handled += block.messages_handled();
    };
    for (const auto& block : slots_)
        if (block) add(*block);
    for (const auto& [n, block] : apart_) add(*block);
    return sum;
}

void process_table::inform(std::vector<process_info>& into) const {
    into.reserve(into.size() + count());
    for (const auto& block : slots_)
        if (block) into.push_back(block->info(false));
    for (const auto& [n, block] : apart_) into.push_back(block->info(false));
}

result<void> process_table::register_name(const atom& name, const pid& who) {
    if (name.empty() || name == "undefined")
        return error{errc::invalid_argument, "register: '" + printable(name.text()) + "' cannot be a name"};
    const auto lock = guard(); // it cannot end before it has the name
    auto* block = find_or_expected(who);
    if (!block || block->names_are_closed())
        return error{errc::invalid_argument, "register: no such process here: " + to_string(who)};
    if (!owner_.owner.names.claim(name, number(who)))
        return error{errc::invalid_argument, "register: the name " + printable(name.text()) + " is taken"};
    block->note_name();
    return {};
}

void process_table::relate(const pid& who, const atom& node) {
    auto* block = find(who);
    if (!block) return;
    block->note_nodes();
    related_.add(number(who), node);
}

std::optional<term> process_table::take_orphan(const reference& request) {
    const auto position = orphans_.find(request);
    if (position == orphans_.end()) return std::nullopt;
    term reason = std::move(position->second.reason);
    orphans_.erase(position);
    return reason;
}

void process_table::node_lost(const atom& node) {
    std::erase_if(orphans_, [&](const auto& one) { return one.second.node == node; });
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
