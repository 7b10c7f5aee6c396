// SPDX-License-Identifier: Apache-2.0
#include "cluster/credential_file.hpp"
#include "cluster/https.hpp"
#include "cluster/source_limits.hpp"
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/kubernetes_api.hpp"
#include "cluster/strategies/polling.hpp"

#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdlib>
#include <filesystem>

namespace sedge::cluster {
namespace {

constexpr seconds patience{15}; // for one page

/// One answer, page by page: what all pages share.
struct listing {
    http_client client;
    std::string name_space;
    std::string token;
    bool token_was_read_again = false;
    bool was_begun_anew = false;
    std::vector<std::string> names{};
    std::size_t incomplete = 0;
    std::string next{};
    bool complete = false;
};

class kubernetes final : public polling_strategy {
public:
    explicit kubernetes(kubernetes_strategy options)
        : polling_strategy("Kubernetes", options.polling_interval), options_(std::move(options)),
          credentials_(wire::tls_options{.ca_file = file("ca.crt")}) {
        const char* domain = std::getenv("CLUSTER_DOMAIN");
        if (domain) domain_ = domain;
    }
    std::string_view name() const noexcept override { return "kubernetes"; }

protected:
    task<result<std::vector<atom>>> look(strategy_context& topology) override;

private:
    [[nodiscard]] std::string file(const std::string& name) const { return options_.service_account_path + "/" + name; }
    result<http_client> make_client(environment& env);
    result<std::string> chosen_name_space() const;
    task<result<void>> read_page(strategy_context& topology, listing& into);

    kubernetes_strategy options_;
    wire::tls_credentials credentials_;
    std::string domain_;
};

// Without the authority's certificate anybody who answers would be given the token. libcluster turns the check off
// then; here nobody is asked.
result<http_client> kubernetes::make_client(environment& env) {
    auto server = kubernetes_server(options_, domain_);
    if (!server) return std::move(server).error();
    std::error_code unseen;
    if (!std::filesystem::exists(file("ca.crt"), unseen))
        return error{http_errc::not_ok, "there is no " + file("ca.crt") +
                                            ": without it nobody knows whether the API server is the right one, and "
                                            "it would be given the token"};
    auto context = credentials_.current();
    if (!context) return std::move(context).error();
    return http_client{env, std::move(*server), verified_by(env, std::move(*context))};
}

result<std::string> kubernetes::chosen_name_space() const {
    if (!options_.name_space.empty()) return options_.name_space;
    auto read = read_credential(file("namespace"));
    if (read && read->empty())
        return error{http_errc::not_ok, file("namespace") + " is empty; set kubernetes_namespace"};
    if (!read) return read.error().within("set kubernetes_namespace, or give the service account its files");
    return read;
}

task<result<std::vector<atom>>> kubernetes::look(strategy_context& topology) {
    auto client = make_client(topology.env());
    if (!client) co_return std::move(client).error();
    auto name_space = chosen_name_space();
    if (!name_space) co_return std::move(name_space).error();
    auto token = read_credential(file("token"));
    if (!token) co_return std::move(token).error();

    listing all{std::move(*client), std::move(*name_space), std::move(*token)};
    for (std::size_t pages = 0; !all.complete; ++pages) {
        if (pages == limits::kubernetes_pages_max)
            co_return error{errc::limit_exceeded, "more than " + std::to_string(pages) + " pages of answer"};
        auto reading = read_page(topology, all);
        auto read = co_await std::move(reading);
        if (!read) co_return read.error();
    }
    for (std::size_t i = 0; i < all.incomplete; ++i) topology.count("incomplete_items");
    co_return only_node_names(topology, all.names);
}

task<result<void>> kubernetes::read_page(strategy_context& topology, listing& into) {
    http_request request;
    request.target = kubernetes_target(options_, into.name_space, into.next);
    request.fields = {{"Authorization", "Bearer " + into.token}};
    auto asking = into.client.send(std::move(request), topology.env().now() + patience);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error().within("request to kubernetes failed!");

    // The token was renewed between our reading it and the server's looking at it.
    if (answer->status == 401 && !std::exchange(into.token_was_read_again, true)) {
        topology.count("token_read_again");
        auto token = read_credential(file("token"));
        if (!token) co_return token.error();
        into.token = std::move(*token);
        co_return result<void>{};
    }
    // The pages already read belong to a list that the server no longer has.
    if (answer->status == 410 && !into.next.empty() && !std::exchange(into.was_begun_anew, true)) {
        topology.count("list_begun_anew");
        into.names.clear();
        into.incomplete = 0;
        into.next.clear();
        co_return result<void>{};
    }
    if (answer->status != 200) co_return error{http_errc::not_ok, kubernetes_refusal(*answer)};
    auto page = read_kubernetes_page(answer->body, options_);
    if (!page) co_return page.error();
    into.names.insert(into.names.end(), std::make_move_iterator(page->names.begin()),
                      std::make_move_iterator(page->names.end()));
    into.incomplete += page->incomplete;
    into.next = std::move(page->next);
    into.complete = into.next.empty();
    co_return result<void>{};
}

error bad(const std::string& sentence) { return {config_errc::bad_value, sentence}; }

result<void> read_choices(const option_reader& config, kubernetes_strategy& into) {
    std::string lookup = "endpoints";
    std::string mode = "ip";
    config.read("kubernetes_ip_lookup_mode", lookup);
    config.read("mode", mode);
    if (lookup == "pods")
        into.ip_lookup_mode = kubernetes_strategy::lookup::pods;
    else if (lookup != "endpoints")
        return bad("kubernetes_ip_lookup_mode must be \"endpoints\" or \"pods\"");
    if (mode == "hostname")
        into.mode = kubernetes_strategy::naming::hostname;
    else if (mode == "dns")
        into.mode = kubernetes_strategy::naming::dns;
    else if (mode != "ip")
        return bad("mode must be \"ip\", \"hostname\" or \"dns\"");
    return {};
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    kubernetes_strategy options;
    option_reader config{settings.config};
    std::int64_t interval = options.polling_interval.count();
    config.read("kubernetes_node_basename", options.node_basename);
    config.read("kubernetes_selector", options.selector);
    config.read("kubernetes_namespace", options.name_space);
    config.read("kubernetes_service_name", options.service_name);
    config.read("kubernetes_cluster_name", options.cluster_name);
    config.read("kubernetes_use_cached_resources", options.use_cached_resources);
    config.read("kubernetes_master", options.master);
    config.read("kubernetes_service_account_path", options.service_account_path);
    config.read("polling_interval", interval);
    options.polling_interval = milliseconds{interval};
    auto chosen = read_choices(config, options);
    if (!chosen) return chosen.error();
    if (!node_name::parse(options.node_basename + "@1.2.3.4"))
        return bad("kubernetes_node_basename must be what stands in front of the @ in the nodes' names, as \"app\"");
    if (options.selector.empty()) return bad("kubernetes_selector must say which pods are nodes, as \"app=myapp\"");
    if (options.mode == kubernetes_strategy::naming::hostname && options.service_name.empty())
        return bad("mode \"hostname\" needs kubernetes_service_name, the headless service of the pods");
    auto server = kubernetes_server(options, {});
    if (!server) return bad("kubernetes_master: " + server.error().context());
    return make_strategy(std::move(options));
}

} // namespace

std::unique_ptr<strategy> make_strategy(kubernetes_strategy options) {
    return std::make_unique<kubernetes>(std::move(options));
}

strategy_definition kubernetes_definition() {
    using type = strategy_option::type;
    const kubernetes_strategy usual;
    strategy_definition out;
    out.name = "kubernetes";
    out.libcluster_module = "Cluster.Strategy.Kubernetes";
    out.description =
        "Asks the API server of Kubernetes for the endpoints or pods with a label. The server's certificate is always "
        "verified, by `ca.crt` of the service account; token and authority are read anew for each round. A node that "
        "is gone from the answer is disconnected. A failed round changes nothing (in libcluster 403 disconnects "
        "everybody), and an answer in which half of the nodes or more are missing counts only when the next one says "
        "the same. The service account needs the right to `list` endpoints, or pods.";
    out.options = {
        {"kubernetes_node_basename", type::text, "", "what stands in front of the `@`; needed"},
        {"kubernetes_selector", type::text, "", "label selector, as `app=myapp,tier in (web)`; needed"},
        {"kubernetes_namespace", type::text, "", "without it, what the service account's file `namespace` says"},
        {"kubernetes_service_name", type::text, "", "the headless service; needed by mode `hostname`"},
        {"kubernetes_cluster_name", type::text, quoted(usual.cluster_name), "names end with `CLUSTER_NAME.local`"},
        {"kubernetes_ip_lookup_mode", type::text, quoted("endpoints"),
         "`endpoints` (only those that are ready), or `pods` (all that have an address and have not ended)"},
        {"kubernetes_use_cached_resources", type::boolean, "false",
         "let the API server answer from its cache (`resourceVersion=0`): cheaper, and seconds older"},
        {"kubernetes_master", type::text, quoted(usual.master),
         "the API server; the cluster's domain (environment `CLUSTER_DOMAIN`, else `CLUSTER_NAME.local`) is added "
         "unless the name ends with it or with a dot, is an address, or has a port"},
        {"kubernetes_service_account_path", type::text, quoted(usual.service_account_path),
         "folder with `token`, `ca.crt`, `namespace`"},
        {"mode", type::text, quoted("ip"),
         "`ip`: `app@10.0.0.5`; `hostname`: `app@HOSTNAME.SERVICE.NAMESPACE.svc.cluster.local`; `dns`: "
         "`app@10-0-0-5.NAMESPACE.pod.cluster.local`"},
        {"polling_interval", type::integer, "5000", "milliseconds from the end of a round to the next one", 100,
         86'400'000},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
