// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/builtin.hpp"

#include <sedge/cluster/strategies/epmd.hpp>
#include <sedge/dist/node_name.hpp>

namespace sedge::cluster {
namespace {

class static_hosts final : public strategy {
public:
    explicit static_hosts(epmd_strategy options) : options_(std::move(options)) {}

    std::string_view name() const noexcept override { return "epmd"; }
    strategy_rules rules() const override {
        strategy_rules rules;
        if (options_.timeout) rules.redial_least = *options_.timeout;
        return rules;
    }
    task<> run(strategy_context& topology) override {
        std::vector<atom> nodes;
        for (const auto& host : options_.hosts) {
            if (atom::is_valid(host)) nodes.emplace_back(host);
            else topology.log(log_level::warning, "\"" + printable(host) + "\" is no node name; it is left out");
        }
        topology.want(std::move(nodes));
        co_return;
    }

private:
    epmd_strategy options_;
};

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    epmd_strategy options;
    option_reader config{settings.config};
    config.read("hosts", options.hosts);
    config.read("timeout", options.timeout);
    for (const auto& host : options.hosts) {
        auto name = node_name::parse(host);
        if (!name) return error{config_errc::bad_value, "hosts: " + name.error().context()};
    }
    return make_strategy(std::move(options));
}

} // namespace

std::unique_ptr<strategy> make_strategy(epmd_strategy options) {
    return std::make_unique<static_hosts>(std::move(options));
}

strategy_definition epmd_definition() {
    using type = strategy_option::type;
    strategy_definition out;
    out.name = "epmd";
    out.libcluster_module = "Cluster.Strategy.Epmd";
    out.description = "A fixed list of nodes. A node that is away, not yet started or gone, is dialled until it is "
                      "there; libcluster tries once unless `timeout` is set.";
    out.options = {
        {"hosts", type::text_list, "[]", "names of the nodes; the own one may be among them"},
        {"timeout", type::milliseconds, quoted("infinity"),
         "least time between two dials of a node, in milliseconds; it keeps trying in any case, with pauses that grow "
         "from 0.5 to 5 s"},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
