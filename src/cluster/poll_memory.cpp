// SPDX-License-Identifier: Apache-2.0
#include "cluster/poll_memory.hpp"

#include <algorithm>

namespace sedge::cluster {

std::vector<atom> poll_memory::answered(const std::vector<atom>& nodes) {
    std::set<atom> said{nodes.begin(), nodes.end()};
    const auto missing = static_cast<std::size_t>(
        std::ranges::count_if(believed_, [&said](const atom& node) { return !said.contains(node); }));
    const bool is_doubtful = missing > 0 && missing * 2 >= believed_.size();
    if (is_doubtful && !in_doubt_) {
        in_doubt_ = true;
        believed_.merge(said);
    } else {
        in_doubt_ = false;
        believed_ = std::move(said);
    }
    return {believed_.begin(), believed_.end()};
}

} // namespace sedge::cluster
