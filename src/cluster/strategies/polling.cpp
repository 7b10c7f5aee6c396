// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/polling.hpp"

#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::cluster {

// Pauses begin at the end of a round, as in libcluster, and vary by a tenth so that a cluster that was switched on at
// once does not ask at once. The first round is now: it waits for nobody, and nobody waits for it.
task<> polling_strategy::run(strategy_context& topology) {
    auto& env = topology.env();
    poll_memory memory;
    std::string last_failure;
    for (;;) {
        auto looking = look(topology);
        auto found = co_await std::move(looking);
        topology.count("polls");
        if (found) {
            if (!last_failure.empty()) topology.log(log_level::info, source_ + " answers again");
            last_failure.clear();
            auto wanted = memory.answered(*found);
            if (memory.is_in_doubt()) {
                topology.count("polls_in_doubt");
                topology.log(log_level::info, source_ + " has lost half of its nodes or more; nobody is disconnected "
                                                        "unless it says so again");
            }
            topology.want(std::move(wanted));
        } else {
            topology.count("polls_failed");
            auto failure = printable(found.error().message());
            if (failure != last_failure)
                topology.log(log_level::warning,
                             source_ + " cannot be asked: " + failure + "; the nodes that it named stay wanted");
            last_failure = std::move(failure);
        }
        auto pause = sleep_for(env, env.random_between(interval_ - interval_ / 20, interval_ + interval_ / 20));
        co_await std::move(pause);
    }
}

std::vector<atom> only_node_names(strategy_context& topology, const std::vector<std::string>& names) {
    std::vector<atom> out;
    for (const auto& name : names) {
        if (auto parsed = node_name::parse(name))
            out.push_back(parsed->full);
        else
            topology.count("bad_names");
    }
    return out;
}

} // namespace sedge::cluster
