// SPDX-License-Identifier: Apache-2.0
//
// The part of the Kubernetes API that lists endpoints or pods.
//
//   GET /api/v1/namespaces/NS/endpoints?labelSelector=SELECTOR&limit=500
//   GET /api/v1/namespaces/NS/pods?resourceVersion=0&labelSelector=SELECTOR       (cached: the server ignores a limit)
//
// A long answer comes in pages: `metadata.continue` of one is sent for the next. It is good for some minutes; 410 then
// means to begin anew. libcluster asks without a limit and gets all at once.
//
//   endpoints   items[].subsets[].addresses[]: ip, hostname, targetRef.namespace. `notReadyAddresses` are not nodes.
//   pods        items[]: status.podIP, spec.hostname, metadata.namespace. Pods that have ended (phase Failed or
//               Succeeded) keep an IP that others may get: they are left out, other than in libcluster. Pods that are
//               being terminated are nodes until they are gone, so that a node may leave in peace.
//
// What lacks a field that the name needs is left out and counted; libcluster crashes, or makes a name with an empty
// part. IPv6 in pod names is written with dashes, as the cluster's DNS does.
#include "cluster/strategies/kubernetes_api.hpp"

#include "cluster/json.hpp"

#include <sedge/base/log.hpp>
#include <sedge/wire/address.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

using lookup = kubernetes_strategy::lookup;
using naming = kubernetes_strategy::naming;

constexpr std::size_t page_items = 500; // as kubectl and client-go ask for
constexpr std::size_t refusal_characters_max = 200;

// What one item says of a node; what it does not say is empty.
struct address {
    std::string_view ip, hostname, name_space;
};

std::string dashed(std::string_view ip) {
    std::string out{ip};
    std::ranges::replace_if(
        out, [](char c) { return c == '.' || c == ':'; }, '-');
    return out;
}

// Empty if something is missing.
std::string name_of(const address& at, const kubernetes_strategy& options) {
    const auto base = options.node_basename + "@";
    const auto domain = options.cluster_name + ".local";
    const std::string space{at.name_space};
    if (at.ip.empty()) return {};
    switch (options.mode) {
    case naming::ip: return base + std::string{at.ip};
    case naming::hostname:
        if (at.hostname.empty() || space.empty()) return {};
        return base + std::string{at.hostname} + "." + options.service_name + "." + space + ".svc." + domain;
    case naming::dns:
        if (space.empty()) return {};
        return base + dashed(at.ip) + "." + space + ".pod." + domain;
    }
    return {};
}

void take(const address& at, const kubernetes_strategy& options, kubernetes_page& into) {
    auto name = name_of(at, options);
    if (name.empty())
        ++into.incomplete;
    else
        into.names.push_back(std::move(name));
}

void read_endpoints(const boost::json::value& item, const kubernetes_strategy& options, kubernetes_page& into) {
    for (const auto& subset : json_list(item, {"subsets"}))
        for (const auto& at : json_list(subset, {"addresses"}))
            take({json_text(at, {"ip"}), json_text(at, {"hostname"}), json_text(at, {"targetRef", "namespace"})},
                 options, into);
}

void read_pod(const boost::json::value& item, const kubernetes_strategy& options, kubernetes_page& into) {
    const auto ip = json_text(item, {"status", "podIP"});
    const auto phase = json_text(item, {"status", "phase"});
    if (ip.empty() || phase == "Failed" || phase == "Succeeded") return; // not yet, or no longer
    take({ip, json_text(item, {"spec", "hostname"}), json_text(item, {"metadata", "namespace"})}, options, into);
}

} // namespace

result<url> kubernetes_server(const kubernetes_strategy& options, std::string_view domain) {
    std::string end{domain.empty() ? options.cluster_name + ".local" : std::string{domain}};
    if (end.ends_with('.')) end.pop_back(); // CLUSTER_DOMAIN is often written with it
    auto master = options.master;
    const auto address = wire::ip_address::parse(master);
    if (address && !address->is_v4()) master = "[" + master + "]";
    const bool has_port = master.find(':') != std::string::npos;
    if (master.ends_with('.'))
        master.pop_back();
    else if (!address && !has_port && !master.ends_with(end))
        master += "." + end;
    return parse_url("https://" + master);
}

std::string kubernetes_target(const kubernetes_strategy& options, std::string_view name_space, std::string_view next) {
    const bool pods = options.ip_lookup_mode == lookup::pods;
    auto out = "/api/v1/namespaces/" + percent_encoded(name_space) + (pods ? "/pods?" : "/endpoints?");
    const bool cached = options.use_cached_resources && next.empty();
    if (cached) out += "resourceVersion=0&";
    out += "labelSelector=" + percent_encoded(options.selector);
    if (!cached) out += "&limit=" + std::to_string(page_items);
    if (!next.empty()) out += "&continue=" + percent_encoded(next);
    return out;
}

result<kubernetes_page> read_kubernetes_page(std::string_view json, const kubernetes_strategy& options) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    const auto* items = json_at(*root, {"items"});
    // An empty list may be written as null by older servers.
    if (!items || !(items->is_array() || items->is_null()))
        return error{errc::malformed, "the answer has no list of items"};
    kubernetes_page out;
    for (const auto& item : json_list(*root, {"items"})) {
        if (options.ip_lookup_mode == lookup::pods)
            read_pod(item, options, out);
        else
            read_endpoints(item, options, out);
    }
    out.next = std::string{json_text(*root, {"metadata", "continue"})};
    return out;
}

std::string kubernetes_refusal(const http_response& answer) {
    const auto status = parse_json(answer.body);
    std::string text{status ? json_text(*status, {"message"}) : std::string_view{}};
    if (answer.status == 403) return "cannot query kubernetes (unauthorized): " + printable(text);
    if (text.empty()) text = answer.body;
    text.resize(std::min(text.size(), refusal_characters_max));
    return "cannot query kubernetes (" + std::to_string(answer.status) + " " + printable(answer.reason) +
           "): " + printable(text);
}

} // namespace sedge::cluster
