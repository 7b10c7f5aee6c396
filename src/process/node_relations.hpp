// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/atom.hpp>

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sedge {

/// Which processes have to hear that a node is lost: those with links, monitors and calls to it. Processes are numbers
/// here, as in `process_table`. A relation stays until the process ends or the node is lost, whatever became of the
/// link it was made for; either costs as much as that process or that node has relations, however many others there
/// are.
class node_relations {
public:
    using processes = std::unordered_set<std::uint64_t>;

    void add(std::uint64_t process, const atom& node) {
        if (of_node_[node].insert(process).second) of_process_[process].push_back(node);
    }

    /// It has ended.
    void forget(std::uint64_t process) {
        const auto found = of_process_.find(process);
        if (found == of_process_.end()) return;
        for (const atom& node : found->second) {
            const auto related = of_node_.find(node);
            related->second.erase(process);
            if (related->second.empty()) of_node_.erase(related);
        }
        of_process_.erase(found);
    }

    /// The node is lost: those that had relations to it, and have none any more.
    processes take(const atom& node) {
        const auto related = of_node_.find(node);
        if (related == of_node_.end()) return {};
        auto concerned = std::move(related->second);
        of_node_.erase(related);
        for (const auto process : concerned) {
            const auto found = of_process_.find(process);
            std::erase(found->second, node);
            if (found->second.empty()) of_process_.erase(found);
        }
        return concerned;
    }

    void clear() {
        of_node_.clear();
        of_process_.clear();
    }
    [[nodiscard]] bool empty() const noexcept { return of_node_.empty() && of_process_.empty(); }

private:
    std::unordered_map<atom, processes> of_node_;                     // no empty ones
    std::unordered_map<std::uint64_t, std::vector<atom>> of_process_; // the same, seen from the other side
};

} // namespace sedge
