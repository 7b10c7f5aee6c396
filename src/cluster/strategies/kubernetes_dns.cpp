// SPDX-License-Identifier: Apache-2.0
//
// Two strategies that ask the DNS of a Kubernetes cluster, by address and by SRV record. Neither needs rights in the
// API. libcluster asks twice as often as it is told to, and disconnects all nodes after one question that failed.
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/dns_lookup.hpp"
#include "cluster/strategies/polling.hpp"

#include <sedge/cluster/strategies/kubernetes_dns.hpp>
#include <sedge/cluster/strategies/kubernetes_dns_srv.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/dns.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdlib>

namespace sedge::cluster {
namespace {

constexpr seconds patience{5}; // for one round

error bad(const std::string& sentence) { return {config_errc::bad_value, sentence}; }

class by_address final : public polling_strategy {
public:
    explicit by_address(kubernetes_dns_strategy options)
        : polling_strategy("the DNS of the cluster", options.polling_interval), options_(std::move(options)),
          dns_({options_.servers, true}) {}
    std::string_view name() const noexcept override { return "kubernetes_dns"; }

protected:
    task<result<std::vector<atom>>> look(strategy_context& topology) override;

private:
    kubernetes_dns_strategy options_;
    dns_lookup dns_;
};

// Both families; if one of the questions fails, half of the answer is missing, so the round says nothing.
task<result<std::vector<atom>>> by_address::look(strategy_context& topology) {
    const auto due = topology.env().now() + patience;
    std::vector<std::string> names;
    for (auto type : {wire::dns_type::a, wire::dns_type::aaaa}) {
        auto asking = dns_.ask(topology, options_.service, type, due);
        auto answer = co_await std::move(asking);
        if (!answer) co_return answer.error().within("lookup against " + options_.service + " failed");
        for (const auto& record : *answer)
            if (record.type == type) names.push_back(options_.application_name + "@" + to_string(record.address));
    }
    co_return only_node_names(topology, names);
}

class by_service final : public polling_strategy {
public:
    explicit by_service(kubernetes_dns_srv_strategy options)
        : polling_strategy("the DNS of the cluster", options.polling_interval), options_(std::move(options)),
          dns_({options_.servers, false}) {}
    std::string_view name() const noexcept override { return "kubernetes_dns_srv"; }

protected:
    task<result<std::vector<atom>>> look(strategy_context& topology) override;

private:
    kubernetes_dns_srv_strategy options_;
    dns_lookup dns_;
};

task<result<std::vector<atom>>> by_service::look(strategy_context& topology) {
    const auto what = options_.service + "." + options_.name_space + ".svc." + options_.domain;
    auto asking = dns_.ask(topology, what, wire::dns_type::srv, topology.env().now() + patience);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error().within("lookup against " + what + " failed");
    std::vector<std::string> names;
    for (const auto& record : *answer) {
        if (record.type != wire::dns_type::srv) continue;
        const bool is_escaped = record.target.find('\\') != std::string::npos; // bytes that no host's name has
        if (is_escaped) topology.count("bad_names");
        else names.push_back(options_.application_name + "@" + record.target);
    }
    co_return only_node_names(topology, names);
}

// What both have; `text` sorts out a name that cannot be asked for before the node starts.
template <class Options>
result<void> read_common(const topology_settings& settings, Options& into) {
    option_reader config{settings.config};
    config.read("service", into.service);
    config.read("application_name", into.application_name);
    config.read("polling_interval", into.polling_interval);
    config.read("servers", into.servers);
    if (wire::dns_labels(into.service).empty())
        return bad("service must be the name of the headless service, as \"app-nodes\"");
    if (!node_name::parse(into.application_name + "@1.2.3.4"))
        return bad("application_name must be what stands in front of the @ in the nodes' names, as \"app\"");
    return {};
}

result<std::unique_ptr<strategy>> dns_from_settings(const topology_settings& settings) {
    kubernetes_dns_strategy options;
    auto read = read_common(settings, options);
    if (!read) return read.error();
    return make_strategy(std::move(options));
}

result<std::unique_ptr<strategy>> srv_from_settings(const topology_settings& settings) {
    kubernetes_dns_srv_strategy options;
    auto read = read_common(settings, options);
    if (!read) return read.error();
    option_reader{settings.config}.read("namespace", options.name_space);
    if (wire::dns_labels(options.name_space).empty())
        return bad("namespace must be the one of the service, as \"default\"");
    const char* domain = std::getenv("CLUSTER_DOMAIN");
    if (domain && *domain) options.domain = domain;
    return make_strategy(std::move(options));
}

using type = strategy_option::type;

std::vector<strategy_option> common_options() {
    return {
        {.name = "service", .description = "the headless service", .required = true},
        {.name = "application_name", .description = "what stands in front of the `@`", .required = true},
        {"polling_interval", type::integer, "5000", "milliseconds from the end of a round to the next one", 100,
         86'400'000},
        {"servers", type::endpoint_list, "[]",
         "name servers, as `[\"10.96.0.10\", \"127.0.0.1:5353\"]`; empty: those of /etc/resolv.conf"},
    };
}

} // namespace

std::unique_ptr<strategy> make_strategy(kubernetes_dns_strategy options) {
    return std::make_unique<by_address>(std::move(options));
}

std::unique_ptr<strategy> make_strategy(kubernetes_dns_srv_strategy options) {
    if (options.domain.ends_with('.')) options.domain.pop_back(); // CLUSTER_DOMAIN is often written with it
    return std::make_unique<by_service>(std::move(options));
}

strategy_definition kubernetes_dns_definition() {
    strategy_definition out;
    out.name = "kubernetes_dns";
    out.libcluster_module = "Cluster.Strategy.Kubernetes.DNS";
    out.description =
        "Asks the cluster's DNS for the addresses, IPv4 and IPv6, of a headless service; each is a node "
        "`application_name@ADDRESS`. Needs no rights in the API. A node whose address is gone is disconnected. A "
        "failed "
        "question changes nothing, and an answer in which half of the nodes or more are missing counts only when the "
        "next one says the same.";
    out.options = common_options();
    out.make = dns_from_settings;
    return out;
}

strategy_definition kubernetes_dns_srv_definition() {
    strategy_definition out;
    out.name = "kubernetes_dns_srv";
    out.libcluster_module = "Cluster.Strategy.Kubernetes.DNSSRV";
    out.description =
        "Asks the cluster's DNS for the SRV records of a headless service (`SERVICE.NAMESPACE.svc.cluster.local`, or "
        "the domain that `CLUSTER_DOMAIN` of the environment says); each target is a node `application_name@TARGET`, "
        "as "
        "stateful sets have them. A node that is gone is disconnected. A failed question changes nothing, and an "
        "answer "
        "in which half of the nodes or more are missing counts only when the next one says the same.";
    out.options = common_options();
    out.options.insert(out.options.begin() + 1,
                       {.name = "namespace", .description = "the namespace of the service", .required = true});
    out.make = srv_from_settings;
    return out;
}

} // namespace sedge::cluster
