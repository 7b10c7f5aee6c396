// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/poll_memory.hpp"

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/cluster/strategy.hpp>

#include <string>
#include <vector>

namespace sedge::cluster {

/// What the strategies that ask a source again and again have in common: the pauses, what is believed
/// (`poll_memory`), what is said when the source fails, and that a node that left the source is disconnected.
///
/// Counters: `polls`, `polls_failed`, `polls_in_doubt`.
class polling_strategy : public strategy {
public:
    /// libcluster's default `polling_interval`.
    static constexpr milliseconds interval_default{5000};

    /// A failure of the source is called "`source` cannot be asked".
    polling_strategy(std::string source, milliseconds interval, bool owns_removal = true)
        : source_(std::move(source)), interval_(interval), owns_removal_(owns_removal) {}

    strategy_rules rules() const override {
        strategy_rules out;
        out.owns_removal = owns_removal_;
        return out;
    }
    task<> run(strategy_context& topology) final;

protected:
    /// Asks the source once. An error means that it said nothing; then the nodes of the last answer stay wanted.
    virtual task<result<std::vector<atom>>> look(strategy_context& topology) = 0;

private:
    std::string source_;
    milliseconds interval_;
    bool owns_removal_;
};

/// Takes names from a source. Those that are no node names are left out and counted as `bad_names`.
std::vector<atom> only_node_names(strategy_context& topology, const std::vector<std::string>& names);

} // namespace sedge::cluster
