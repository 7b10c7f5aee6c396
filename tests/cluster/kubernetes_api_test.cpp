// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/kubernetes_api.hpp"

#include "support/json.hpp"

#include "cluster/source_limits.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using names = std::vector<std::string>;

namespace {

using lookup = kubernetes_strategy::lookup;
using naming = kubernetes_strategy::naming;

std::string text_at(const boost::json::value& object, std::string_view key) {
    const auto* value = object.as_object().if_contains(key);
    return value && value->is_string() ? std::string{value->as_string()} : std::string{};
}

/// The options of a recorded case.
kubernetes_strategy options_of(const boost::json::value& recorded) {
    const auto& from = recorded.at("options");
    kubernetes_strategy out;
    out.node_basename = text_at(from, "kubernetes_node_basename");
    out.selector = text_at(from, "kubernetes_selector");
    out.name_space = text_at(from, "kubernetes_namespace");
    out.service_name = text_at(from, "kubernetes_service_name");
    if (text_at(from, "kubernetes_ip_lookup_mode") == "pods") out.ip_lookup_mode = lookup::pods;
    if (text_at(from, "mode") == "hostname") out.mode = naming::hostname;
    if (text_at(from, "mode") == "dns") out.mode = naming::dns;
    const auto* cached = from.as_object().if_contains("kubernetes_use_cached_resources");
    out.use_cached_resources = cached && cached->as_bool();
    return out;
}

kubernetes_strategy app(lookup where = lookup::endpoints, naming how = naming::ip) {
    kubernetes_strategy out;
    out.node_basename = "app";
    out.selector = "app=app";
    out.service_name = "svc";
    out.ip_lookup_mode = where;
    out.mode = how;
    return out;
}

} // namespace

TEST(KubernetesApi, RecordedAnswersGiveTheNamesThatLibclusterFound) {
    int seen = 0;
    const auto all = test::read_vectors("libcluster/kubernetes.json");
    for (const auto& recorded : all.as_array()) {
        if (recorded.at("response").at("status").to_number<int>() != 200) continue;
        const auto name = text_at(recorded, "name");
        const auto options = options_of(recorded);
        auto page = read_kubernetes_page(text_at(recorded.at("response"), "body"), options);
        ASSERT_TRUE(page) << name << ": " << page.error().message();
        names expected;
        for (const auto& node : recorded.at("nodes").as_array()) {
            std::string text{node.as_string()};
            if (text.find("@.") != std::string::npos) continue; // no hostname: libcluster makes an empty label of it
            if (options.mode == naming::dns && text.find(':') != std::string::npos)
                std::ranges::replace(text, ':', '-'); // libcluster leaves the colons, and nobody finds the name
            expected.push_back(text);
        }
        std::ranges::sort(page->names);
        EXPECT_EQ(page->names, expected) << name;
        ++seen;
    }
    EXPECT_EQ(seen, 6);
}

TEST(KubernetesApi, RecordedRequestsAreTheSameUpToThePageSize) {
    const auto all = test::read_vectors("libcluster/kubernetes.json");
    for (const auto& recorded : all.as_array()) {
        auto options = options_of(recorded);
        const auto name_space = options.name_space.empty() ? std::string{"nsfile"} : options.name_space;
        const auto path = text_at(recorded.at("request"), "path");
        const auto limit = options.use_cached_resources ? "" : "&limit=500";
        EXPECT_EQ(kubernetes_target(options, name_space, ""), path + limit) << text_at(recorded, "name");
    }
}

TEST(KubernetesApi, NextPageIsAskedForByTheTokenOfTheLast) {
    auto page = read_kubernetes_page(R"({"metadata":{"continue":"a+b="},"items":[]})", app()).value();
    EXPECT_EQ(page.next, "a+b=");
    auto cached = app();
    cached.use_cached_resources = true;
    EXPECT_EQ(kubernetes_target(cached, "ns", page.next),
              "/api/v1/namespaces/ns/endpoints?labelSelector=app%3Dapp&limit=500&continue=a%2Bb%3D");
    EXPECT_EQ(read_kubernetes_page(R"({"metadata":{"continue":""},"items":null})", app()).value().next, "");
}

TEST(KubernetesApi, MasterGetsTheClustersDomainWhereItNeedsOne) {
    auto host = [](std::string master, std::string_view domain = "") {
        auto options = app();
        options.master = std::move(master);
        auto server = kubernetes_server(options, domain);
        return server ? server->host + ":" + std::to_string(server->port) : server.error().message();
    };
    EXPECT_EQ(host("kubernetes.default.svc"), "kubernetes.default.svc.cluster.local:443");
    EXPECT_EQ(host("kubernetes.default.svc.cluster.local"), "kubernetes.default.svc.cluster.local:443");
    EXPECT_EQ(host("api.example."), "api.example:443") << "a dot at the end: as it is";
    EXPECT_EQ(host("kubernetes.default.svc", "plant.internal."), "kubernetes.default.svc.plant.internal:443");
    EXPECT_EQ(host("10.0.0.1"), "10.0.0.1:443");
    EXPECT_EQ(host("fd00::1"), "fd00::1:443");
    EXPECT_EQ(host("localhost:6443"), "localhost:6443");
    EXPECT_NE(host("not a host").find("is no URL"), std::string::npos);
    auto named = app();
    named.cluster_name = "plant";
    EXPECT_EQ(kubernetes_server(named, "").value().host, "kubernetes.default.svc.plant.local");
    EXPECT_TRUE(kubernetes_server(named, "").value().secure);
}

TEST(KubernetesApi, PodsThatHaveEndedAreNoNodes) {
    auto pod = [](const std::string& ip, const std::string& phase) {
        return R"({"status":{"podIP":")" + ip + R"(","phase":")" + phase + R"("},"metadata":{"namespace":"ns"}})";
    };
    auto page = read_kubernetes_page("{\"items\":[" + pod("10.0.0.1", "Running") + "," + pod("10.0.0.2", "Failed") +
                                         "," + pod("10.0.0.3", "Succeeded") + "," + pod("", "Pending") + "]}",
                                     app(lookup::pods));
    EXPECT_EQ(page.value().names, names{"app@10.0.0.1"});
    EXPECT_EQ(page->incomplete, 0u);
}

TEST(KubernetesApi, ClusterNameIsTheEndOfNames) {
    auto options = app(lookup::endpoints, naming::hostname);
    options.cluster_name = "plant";
    const auto body =
        R"({"items":[{"subsets":[{"addresses":[{"ip":"10.0.0.1","hostname":"h","targetRef":{"namespace":"n"}}]}]}]})";
    EXPECT_EQ(read_kubernetes_page(body, options).value().names, names{"app@h.svc.n.svc.plant.local"});
}

TEST(KubernetesApi, IncompleteItemsAreLeftOutAndCounted) {
    const auto body =
        R"({"items":[{"subsets":[{"addresses":[{},{"ip":7},{"ip":"10.0.0.1"},[],null]}]},{"subsets":3},4]})";
    auto by_ip = read_kubernetes_page(body, app()).value();
    EXPECT_EQ(by_ip.names, names{"app@10.0.0.1"});
    EXPECT_EQ(by_ip.incomplete, 4u);
    auto by_name = read_kubernetes_page(body, app(lookup::endpoints, naming::dns)).value();
    EXPECT_TRUE(by_name.names.empty());
    EXPECT_EQ(by_name.incomplete, 5u);
}

TEST(KubernetesApi, WhatIsNoListIsRefused) {
    std::string deep;
    for (std::size_t i = 0; i <= limits::json_nesting_max; ++i) deep += "[";
    for (const auto& text : {std::string{}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"items":{}})"},
                             std::string{"{\"items\":["}, std::string{"<html>"}, deep})
        EXPECT_FALSE(read_kubernetes_page(text, app())) << text;
}

TEST(KubernetesApi, RefusalsReadAsLibclustersDo) {
    const auto all = test::read_vectors("libcluster/kubernetes.json");
    for (const auto& recorded : all.as_array()) {
        const auto status = recorded.at("response").at("status").to_number<unsigned>();
        if (status == 200 || status == 0) continue;
        const auto said = kubernetes_refusal(
            {status, status == 500 ? "Internal Server Error" : "Forbidden", text_at(recorded.at("response"), "body")});
        EXPECT_EQ(said.find(status == 403 ? "cannot query kubernetes (unauthorized): forbidden: no list"
                                          : "cannot query kubernetes (500 Internal Server Error): "),
                  0u)
            << said;
    }
    EXPECT_LT(kubernetes_refusal({500, "x", std::string(10'000, 'y')}).size(), 300u);
}
