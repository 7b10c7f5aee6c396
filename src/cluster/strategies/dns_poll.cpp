// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/dns_lookup.hpp"
#include "cluster/strategies/polling.hpp"

#include <sedge/cluster/strategies/dns_poll.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

#include <utility>

namespace sedge::cluster {
namespace {

class dns_poll final : public polling_strategy {
public:
    /// `advice`: a line to log at the start.
    explicit dns_poll(dns_poll_strategy options, std::string advice = {})
        : polling_strategy("DNS", options.polling_interval), options_(std::move(options)), advice_(std::move(advice)),
          dns_({options_.servers, false}) {}
    std::string_view name() const noexcept override { return "dns_poll"; }

protected:
    task<result<std::vector<atom>>> look(strategy_context& topology) override;

private:
    dns_poll_strategy options_;
    std::string advice_;
    dns_lookup dns_;
};

// Both families are asked; a name that has no addresses of one is usual. If one question fails, half of the answer is
// missing, so the round says nothing.
task<result<std::vector<atom>>> dns_poll::look(strategy_context& topology) {
    if (auto advice = std::exchange(advice_, {}); !advice.empty()) topology.log(log_level::info, advice);
    topology.log(log_level::debug, "polling dns for '" + options_.query + "'");
    const auto due = topology.env().now() + options_.resolver_timeout;
    std::vector<std::string> names;
    for (auto type : {wire::dns_type::a, wire::dns_type::aaaa}) {
        auto asking = dns_.ask(topology, options_.query, type, due);
        auto answer = co_await std::move(asking);
        if (!answer) co_return std::move(answer).error();
        for (const auto& record : *answer) names.push_back(options_.node_basename + '@' + to_string(record.address));
    }
    co_return only_node_names(topology, names);
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    dns_poll_strategy options;
    option_reader config{settings.config};
    config.read("query", options.query);
    config.read("node_basename", options.node_basename);
    config.read("polling_interval", options.polling_interval);
    config.read("poll_interval", options.polling_interval);
    config.read("resolver", options.servers);
    config.read("resolver_timeout", options.resolver_timeout);
    if (wire::dns_labels(options.query).empty())
        return error{config_errc::bad_value, "query must be the DNS name to ask for, as \"app.internal\""};
    if (!node_name::parse(options.node_basename + "@1.2.3.4"))
        return error{config_errc::bad_value,
                     "node_basename must be what stands in front of the @ in the nodes' names, as \"node\""};
    std::string advice;
    if (settings.config.find("poll_interval")) advice = "poll_interval is read as polling_interval, which it is called";
    return std::unique_ptr<strategy>{std::make_unique<dns_poll>(std::move(options), std::move(advice))};
}

} // namespace

std::unique_ptr<strategy> make_strategy(dns_poll_strategy options) {
    return std::make_unique<dns_poll>(std::move(options));
}

strategy_definition dns_poll_definition() {
    using type = strategy_option::type;
    strategy_definition out;
    out.name = "dns_poll";
    out.libcluster_module = "Cluster.Strategy.DNSPoll";
    out.description =
        "Asks DNS for the addresses of one name, again and again; each address, IPv4 or IPv6, is a node "
        "`node_basename@ADDRESS`. A node whose address is gone is disconnected. A failed question changes nothing, "
        "and an answer in which half of the nodes or more are missing counts only when the next one says the same.";
    out.options = {
        {.name = "query", .description = "the name to ask for", .required = true},
        {.name = "node_basename", .description = "what stands in front of the `@`", .required = true},
        {"polling_interval", type::integer, "5000", "milliseconds from the end of a round to the next one", 100,
         86'400'000},
        {"poll_interval", type::integer, "", "the same: libcluster's documentation calls it so, its code does not", 100,
         86'400'000},
        {"resolver", type::endpoint_list, "[]",
         "name servers, as `[\"10.0.0.53\", \"127.0.0.1:5353\"]`; empty: those of /etc/resolv.conf"},
        {"resolver_timeout", type::integer, "5000", "milliseconds that one round may take", 100, 60'000},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
