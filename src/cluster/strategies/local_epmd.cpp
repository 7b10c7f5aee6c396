// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/mapper_survey.hpp"

#include <sedge/cluster/strategies/local_epmd.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::cluster {
namespace {

class local_epmd final : public strategy {
public:
    explicit local_epmd(local_epmd_strategy options) : options_(options) {}
    std::string_view name() const noexcept override { return "local_epmd"; }

    task<> run(strategy_context& topology) override {
        mapper_survey survey{options_.epmd_port ? options_.epmd_port : epmd::usual_port()};
        auto own = topology.self().text();
        const std::string host{own.substr(own.find('@') + 1)};
        for (;;) {
            auto looking = survey.nodes_here(topology, host);
            auto nodes = co_await std::move(looking);
            topology.want(std::move(nodes));
            auto pause = sleep_for(topology.env(), options_.polling_interval);
            co_await std::move(pause);
        }
    }

private:
    local_epmd_strategy options_;
};

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    local_epmd_strategy options;
    option_reader config{settings.config};
    config.read("polling_interval", options.polling_interval);
    options.epmd_port = settings.epmd_port;
    return make_strategy(options);
}

} // namespace

std::unique_ptr<strategy> make_strategy(local_epmd_strategy options) { return std::make_unique<local_epmd>(options); }

strategy_definition local_epmd_definition() {
    using type = strategy_option::type;
    strategy_definition out;
    out.name = "local_epmd";
    out.libcluster_module = "Cluster.Strategy.LocalEpmd";
    out.description = "All nodes of this machine: the names that its port mapper knows. It is asked again and again, "
                      "so that a node that starts later joins; libcluster asks once.";
    out.options = {
        {"polling_interval", type::integer, "5000", "milliseconds from the end of a round to the next one", 100,
         86'400'000},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
