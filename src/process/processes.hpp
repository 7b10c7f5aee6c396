// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/process_block.hpp"

#include <sedge/process/node.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sedge {

/// All processes of a node, and what leads to them: pids, registered names, aliases, and the nodes they have
/// relations to.
class process_table {
public:
    explicit process_table(node::impl& owner) : owner_(owner) {}

    process::block& add(process_body body, spawn_options options);
    /// Destroys a process that has ended.
    void bury(process::block& dead);
    /// Ends all processes with `reason`, and those that their ends start.
    void end_all(const term& reason);

    /// Null if no such process lives here; a pid of another incarnation of this node is nobody's.
    [[nodiscard]] process::block* find(const pid& who) const;
    [[nodiscard]] process::block* find(const atom& name) const;
    [[nodiscard]] process::block* find_alias(const reference& ref) const;
    [[nodiscard]] std::vector<pid> all() const;

    result<void> register_name(const atom& name, const pid& who);
    bool unregister(const atom& name);
    void forget_names(const pid& who);
    [[nodiscard]] atom name_of(const pid& who) const;
    [[nodiscard]] std::vector<atom> names() const;

    void add_alias(const reference& ref, const pid& who) { aliases_.insert_or_assign(ref, key(who)); }
    void forget_alias(const reference& ref) { aliases_.erase(ref); }

    /// Remembers that `who` may have relations to `node`, so that it hears when the node is lost.
    void relate(const pid& who, const atom& node) {
        if (find(who)) related_[node].insert(key(who));
    }
    /// Tells all that have relations to it, and all that watch nodes.
    void node_lost(const atom& node);
    void node_changed(const signal::node_change& change);
    void watch_nodes(const pid& who, bool on);

private:
    static std::uint64_t key(const pid& p) noexcept { return std::uint64_t{p.serial} << 32 | p.id; }
    [[nodiscard]] process::block* find_key(std::uint64_t k) const;

    node::impl& owner_;
    std::uint64_t last_ = 0; // counts processes; id is its low 28 bits, serial the rest
    std::unordered_map<std::uint64_t, std::unique_ptr<process::block>> table_;
    std::unordered_map<atom, std::uint64_t> names_;
    std::unordered_map<reference, std::uint64_t> aliases_;
    std::unordered_map<atom, std::unordered_set<std::uint64_t>> related_;
    std::unordered_set<std::uint64_t> node_watchers_;
};

} // namespace sedge
