// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/kernel.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/wire/simulation.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sedge::test {

/// Process groups under chaos: on every node a process lets members join, leave and end, in 8 groups of the scope `pg`.
///
/// Invariants, looked at when all faults are over and every node sees every other:
///
///   equal   2 s after the last change all nodes have the same members, all of which live
///   dead    no node has a member that ended more than 1 s ago
class pg_checks {
public:
    explicit pg_checks(std::uint64_t seed) : seed_(seed) {}

    /// Begins on a node that has just started. `kernel` is used as long as processes of the node run.
    void start(node& on, otp::kernel& kernel);

    struct view {
        std::string name;
        node* at = nullptr;
        otp::pg* groups = nullptr;
    };
    /// Makes it quiet, looks, and gives what is violated, each a sentence with the name of the node.
    std::vector<std::pair<std::string, std::string>> look(wire::simulation& sim, const std::vector<view>& all);
    [[nodiscard]] double seconds_to_agree() const noexcept { return seconds_to_agree_; }

private:
    struct shared {
        bool quiet = false;
    };
    std::uint64_t seed_;
    std::uint64_t started_ = 0;
    double seconds_to_agree_ = 0;
    std::shared_ptr<shared> shared_ = std::make_shared<shared>();
};

} // namespace sedge::test
