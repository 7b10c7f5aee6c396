// SPDX-License-Identifier: Apache-2.0
#include "cluster/http_client.hpp"
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/polling.hpp"
#include "cluster/strategies/rancher_api.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/strategies/rancher.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::cluster {

namespace {

constexpr seconds patience{15};
constexpr std::size_t refusal_characters_max = 200;

class rancher final : public polling_strategy {
public:
    rancher(rancher_strategy options, url server)
        : polling_strategy("Rancher", options.polling_interval), options_(std::move(options)),
          server_(std::move(server)) {}
    std::string_view name() const noexcept override { return "rancher"; }

protected:
    task<result<std::vector<atom>>> look(strategy_context& topology) override;

private:
    rancher_strategy options_;
    url server_;
};

task<result<std::vector<atom>>> rancher::look(strategy_context& topology) {
    auto& env = topology.env();
    http_client client{env, server_};
    http_request request;
    const auto base = server_.path == "/" ? std::string{} : server_.path;
    request.target = base + "/latest/self/service";
    auto asking = client.send(std::move(request), env.now() + patience);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error().within("request to Rancher Metadata API failed!");
    if (answer->status != 200) {
        answer->body.resize(std::min(answer->body.size(), refusal_characters_max));
        co_return error{http_errc::not_ok, "cannot query Rancher Metadata API (" + std::to_string(answer->status) +
                                               " " + answer->reason + "): " + answer->body};
    }
    auto names = read_rancher_service(answer->body, options_.node_basename);
    if (!names) co_return names.error();
    co_return only_node_names(topology, *names);
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    rancher_strategy options;
    option_reader config{settings.config};
    std::int64_t interval = options.polling_interval.count();
    config.read("node_basename", options.node_basename);
    config.read("polling_interval", interval);
    options.polling_interval = milliseconds{interval};
    config.read("url", options.url);
    if (!node_name::parse(options.node_basename + "@1.2.3.4"))
        return error{config_errc::bad_value,
                     "node_basename must be what stands in front of the @ in the nodes' names, as \"app\""};
    auto server = parse_url(options.url);
    if (!server) return error{config_errc::bad_value, "url: " + server.error().context()};
    if (server->secure) return error{config_errc::bad_value, "url: the metadata service speaks http, not https"};
    return make_strategy(std::move(options));
}

} // namespace

std::unique_ptr<strategy> make_strategy(rancher_strategy options) {
    // A URL that is none is met again at each round, with a sentence.
    auto server = parse_url(options.url);
    url where = server ? std::move(*server) : url{.host = options.url, .port = 80};
    return std::make_unique<rancher>(std::move(options), std::move(where));
}

strategy_definition rancher_definition() {
    using type = strategy_option::type;
    const rancher_strategy usual;
    strategy_definition out;
    out.name = "rancher";
    out.libcluster_module = "Cluster.Strategy.Rancher";
    out.description =
        "Asks Rancher's metadata service for the containers of the own service; each one's first address is a node "
        "`node_basename@ADDRESS`. A node that is gone from the answer is disconnected. A failed round changes nothing, "
        "and an answer in which half of the nodes or more are missing counts only when the next one says the same.";
    out.options = {
        {"node_basename", type::text, "", "what stands in front of the `@`; needed"},
        {"polling_interval", type::integer, "5000", "milliseconds from the end of a round to the next one", 100,
         86'400'000},
        {"url", type::text, quoted(usual.url), "of the metadata service; libcluster knows only this one"},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
