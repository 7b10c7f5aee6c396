// SPDX-License-Identifier: Apache-2.0
//
// The strategies that ask servers by HTTP, in virtual time: what is slow, and what only an unkind server does.
#include "cluster/http_server.hpp"
#include "cluster/strategies/etcd_api.hpp"
#include "interop/sources.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/strategies/etcd.hpp>
#include <sedge/cluster/strategies/kubernetes.hpp>
#include <sedge/cluster/strategies/rancher.hpp>
#include <sedge/wire/simulation.hpp>

using namespace sedge;
using namespace std::chrono_literals;
using sedge::test::http_server;
using sedge::test::written_down;
using names = std::vector<std::string>;

namespace {

class HttpSource : public testing::Test {
protected:
    wire::simulation sim{1};
    environment& here = sim.machine("10.0.0.1");
    environment& there = sim.machine("10.0.0.2");
    written_down seen{here, "a@10.0.0.1"};
    std::unique_ptr<cluster::strategy> how;
    nursery running;

    void run(std::unique_ptr<cluster::strategy> what) {
        how = std::move(what);
        running.start(how->run(seen));
    }
    bool comes(const names& wanted, duration most) {
        return sim.run_until([&] { return seen.wanted == wanted; }, most);
    }
    static std::string containers(const std::string& ip) {
        return http_server::with_body(R"({"containers":[{"ips":[")" + ip + R"("]}]})");
    }
};

/// What etcd would say, as far as the test cares; `watch` is said to each watch.
struct small_etcd {
    std::string watch;
    int lists = 0, grants = 0, watches = 0;

    http_server::reply answer(const std::string& request) {
        auto asked = [&request](const char* what) { return request.find(what) != std::string::npos; };
        if (asked("/lease/grant")) return ++grants, say(R"({"ID":"7","TTL":"10"})");
        if (asked("/lease/keepalive")) return say(R"({"result":{"ID":"7","TTL":"10"}})");
        if (asked("/kv/put")) return say(R"({"header":{"revision":"5"}})");
        if (asked("/kv/range")) {
            ++lists;
            const auto key = cluster::etcd::to_base64("/sedge/nodes/a@10.0.0.1");
            return say(R"({"header":{"revision":"5"},"kvs":[{"key":")" + key + R"(","mod_revision":"5"}]})");
        }
        ++watches;
        return {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("{\"result\":{\"created\":true}}\n") +
                (watches == 1 && !watch.empty() ? chunk(watch + "\n") : std::string{})};
    }
    static http_server::reply say(const std::string& body) { return {http_server::with_body(body)}; }
    static std::string chunk(const std::string& text) {
        std::array<char, 16> size;
        std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
        return size.data() + text + "\r\n";
    }
};

} // namespace

TEST_F(HttpSource, RancherIsAskedWhereRancherSays) {
    sim.name("rancher-metadata", "10.0.0.2");
    http_server server{there, 80, [](const std::string&) { return http_server::reply{containers("10.0.0.5")}; }};
    run(make_strategy(cluster::rancher_strategy{.node_basename = "app"}));
    EXPECT_TRUE(comes({"app@10.0.0.5"}, 2s));
    EXPECT_EQ(server.requests[0].find("GET /latest/self/service HTTP/1.1\r\nHost: rancher-metadata\r\n"), 0u);
    sim.run_for(60s);
    EXPECT_NEAR(static_cast<double>(server.requests.size()), 13, 2) << "every 5 s";
}

TEST_F(HttpSource, SlowServerCostsARoundAndNothingElse) {
    bool slow = false;
    http_server server{there, 80, [&slow](const std::string&) {
                           return http_server::reply{containers("10.0.0.5"), false, slow ? 1min : duration{}};
                       }};
    run(make_strategy(cluster::rancher_strategy{.node_basename = "app", .url = "http://10.0.0.2"}));
    ASSERT_TRUE(comes({"app@10.0.0.5"}, 2s));
    slow = true;
    sim.run_for(2min);
    EXPECT_GE(seen.counters["polls_failed"], 4) << "each for 15 s";
    EXPECT_EQ(seen.wanted, names{"app@10.0.0.5"});
    slow = false;
    const auto failed = seen.counters["polls_failed"];
    sim.run_for(1min);
    EXPECT_LE(seen.counters["polls_failed"], failed + 1);
}

TEST_F(HttpSource, DeadServerIsAskedAgainWhenItIsBack) {
    sim.power_off("10.0.0.2");
    run(make_strategy(cluster::rancher_strategy{.node_basename = "app", .url = "http://10.0.0.2"}));
    sim.run_for(5min);
    EXPECT_FALSE(seen.wanted);
    EXPECT_EQ(seen.lines.size(), 1u) << "the same failure is told once";
    http_server server{sim.machine("10.0.0.2"), 80,
                       [](const std::string&) { return http_server::reply{containers("10.0.0.5")}; }};
    EXPECT_TRUE(comes({"app@10.0.0.5"}, 15s));
}

TEST_F(HttpSource, EtcdIsListedAnewWhenTheWatchIsTooOld) {
    small_etcd etcd;
    etcd.watch = R"({"result":{"canceled":true,"compact_revision":"9"}})";
    http_server server{there, 2379, [&etcd](const std::string& request) { return etcd.answer(request); }};
    run(make_strategy(cluster::etcd_strategy{.endpoints = {"http://10.0.0.2:2379"}}));
    ASSERT_TRUE(comes({"a@10.0.0.1"}, 2s));
    sim.run_for(2s);
    EXPECT_EQ(etcd.watches, 2);
    EXPECT_EQ(etcd.lists, 2);
    EXPECT_EQ(etcd.grants, 1) << "the lease is used on";
    EXPECT_EQ(seen.counters["watches_begun_anew"], 1);
    EXPECT_EQ(seen.counters["sessions_failed"], 0);
}

TEST_F(HttpSource, EtcdThatTalksNonsenseIsLeftWithGrowingPauses) {
    http_server server{there, 2379, [](const std::string&) { return small_etcd::say("{\"nonsense\":"); }};
    run(make_strategy(cluster::etcd_strategy{.endpoints = {"http://10.0.0.2:2379"}}));
    sim.run_for(5min);
    EXPECT_FALSE(seen.wanted);
    EXPECT_GT(server.requests.size(), 50u);
    EXPECT_LT(server.requests.size(), 200u) << "at most every 2.5 s on the average";
    EXPECT_EQ(seen.lines.size(), 1u);
}

TEST_F(HttpSource, SilentWatchIsMadeUpForByLists) {
    small_etcd etcd;
    http_server server{there, 2379, [&etcd](const std::string& request) { return etcd.answer(request); }};
    run(make_strategy(cluster::etcd_strategy{.endpoints = {"http://10.0.0.2:2379"}}));
    sim.run_for(1min);
    EXPECT_GE(etcd.lists, 3) << "besides the watch, in which nothing happens";
    EXPECT_EQ(etcd.watches, 1);
}

TEST_F(HttpSource, KubernetesWithoutItsFilesAsksNobody) {
    http_server server{there, 443, [](const std::string&) { return http_server::reply{}; }};
    cluster::kubernetes_strategy options;
    options.node_basename = "app";
    options.selector = "app=app";
    options.master = "10.0.0.2";
    options.service_account_path = "/nobody/has/this";
    run(make_strategy(options));
    sim.run_for(1min);
    EXPECT_EQ(server.connections, 0);
    ASSERT_EQ(seen.lines.size(), 1u);
    EXPECT_NE(seen.lines[0].find("there is no /nobody/has/this/ca.crt"), std::string::npos) << seen.lines[0];
}
