// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/node_relations.hpp"
#include "process/process_block.hpp"

#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sedge {

/// All processes of a node, and what leads to them: pids, registered names, aliases, and the nodes they have
/// relations to.
///
/// Processes are numbered in the order in which they are made; a pid is its number. Number n stands in slot n modulo
/// the number of slots, which is a power of two and at least twice the number of processes: a number whose slot is
/// taken is left out. So finding is one look, without hashing, and a pid is never given out twice.
class process_table {
public:
    explicit process_table(node::impl& owner) : owner_(owner), slots_(first_slots) {}

    process::block& add(process_body&& body, spawn_options&& options);
    /// Destroys a process that has ended.
    void bury(process::block& dead);
    /// Ends all processes with `reason`, and those that their ends start.
    void end_all(const term& reason);
    /// Destroys all processes as they stand. What their frames hold (calls under way, monitors) is given back through
    /// the table and the peers, so both must be whole still.
    void drop_all();

    /// Null if no such process lives here; a pid of another incarnation of this node is nobody's.
    [[nodiscard]] process::block* find(const pid& who) const noexcept {
        auto* found = slots_[number(who) & (slots_.size() - 1)].get();
        if (found == nullptr) return nullptr;
        const pid& self = found->self(); // the node's name last: it is the same for all that come here
        const bool same = self.id == who.id && self.serial == who.serial && self.creation == who.creation;
        return same && self.node == who.node ? found : nullptr;
    }
    [[nodiscard]] process::block* find(const atom& name) const;
    [[nodiscard]] process::block* find_alias(const reference& ref) const;
    [[nodiscard]] std::vector<pid> all() const;
    [[nodiscard]] process_load load() const;

    result<void> register_name(const atom& name, const pid& who);
    bool unregister(const atom& name);
    void forget_name(const atom& name) { names_.erase(name); }
    [[nodiscard]] std::vector<atom> names() const;

    void add_alias(const reference& ref, const pid& who) { aliases_.insert_or_assign(ref, number(who)); }
    void forget_alias(const reference& ref) { aliases_.erase(ref); }

    /// Remembers that `who` may have relations to `node`, so that it hears when the node is lost.
    void relate(const pid& who, const atom& node);
    /// Tells all that have relations to it, and all that watch nodes.
    void node_lost(const atom& node);
    void node_changed(const signal::node_change& change);
    void watch_nodes(const pid& who, bool on);

    [[nodiscard]] static std::uint64_t number(const pid& p) noexcept { return std::uint64_t{p.serial} << 28 | p.id; }
    [[nodiscard]] pid pid_of(std::uint64_t number) const;

private:
    static constexpr std::size_t first_slots = 64;

    [[nodiscard]] process::block* find_number(std::uint64_t n) const noexcept;
    [[nodiscard]] std::unique_ptr<process::block>& slot(std::uint64_t n) noexcept {
        return slots_[n & (slots_.size() - 1)];
    }
    void grow();

    node::impl& owner_;
    std::uint64_t last_ = 0; // number given out last; a pid's id is the low 28 bits, its serial the rest
    std::size_t count_ = 0;
    std::vector<std::unique_ptr<process::block>> slots_;
    std::unordered_map<atom, std::uint64_t> names_;
    std::unordered_map<reference, std::uint64_t> aliases_;
    node_relations related_;
    std::unordered_set<std::uint64_t> node_watchers_;
};

} // namespace sedge
