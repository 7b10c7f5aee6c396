// SPDX-License-Identifier: Apache-2.0
//
// The endpoint for Prometheus in virtual time, and what a node tells there.
#include "cluster/clusters.hpp"
#include "cluster/metrics/endpoint.hpp"
#include "cluster/metrics/metrics_limits.hpp"

#include <sedge/cluster/timeline.hpp>
#include <sedge/term/match.hpp>

#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>

namespace sedge::test {
namespace {

using cluster::metric_family;
using cluster::metrics;
using cluster::metrics_endpoint;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

task<std::string> exchange(environment* env, wire::endpoint there, std::string request) {
    auto connecting = env->net().connect(there);
    auto stream = co_await std::move(connecting);
    if (!stream) co_return "no connection";
    auto writing = wire::write_all(**stream, as_bytes(request));
    (void)co_await std::move(writing);
    std::string out;
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
        auto reading = wire::read_some(**stream, buffer);
        const auto count = co_await std::move(reading);
        if (!count) co_return out;
        out.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
}

class MetricsEndpoint : public testing::Test {
protected:
    wire::simulation sim{1};
    environment& robot = sim.machine("10.0.0.1");
    environment& plant = sim.machine("10.0.0.2");
    metrics all;
    wire::endpoint at{*wire::ip_address::parse("10.0.0.1"), 9568};
    metrics_endpoint endpoint{robot, all, {at, {"robot1.lan"}}};

    void SetUp() override {
        all.add([] { return std::vector<metric_family>{{"heat", metric_family::type::gauge, "Heat.", {{{}, 7}}}}; });
        ASSERT_TRUE(endpoint.listen());
    }
    std::string ask(const std::string& request) { return sim.block_on(exchange(&plant, at, request)); }
    static std::string get(const std::string& target, const std::string& host, const std::string& method = "GET") {
        return method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    }
};

} // namespace

TEST_F(MetricsEndpoint, AnswersOneQuestionForEachConnection) {
    const auto answer = ask(get("/metrics", "10.0.0.1:9568") + get("/metrics", "10.0.0.1:9568"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n# HELP heat Heat.\n# TYPE heat gauge\nheat 7\n")) << answer;
    EXPECT_THAT(ask(get("/metrics?x=y", "robot1.lan")), HasSubstr("heat 7"));
    EXPECT_THAT(ask(get("/metrics", "10.0.0.1", "HEAD")),
                testing::AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("heat 7"))));
    EXPECT_THAT(ask(get("/", "localhost")), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(ask(get("/metrics", "localhost", "DELETE")), StartsWith("HTTP/1.1 405"));
}

TEST_F(MetricsEndpoint, WebPageThatMadeItsNameLeadHereGetsNothing) {
    const auto answer = ask(get("/metrics", "evil.example:9568"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 421"));
    EXPECT_THAT(answer, Not(HasSubstr("heat 7")));
    EXPECT_THAT(ask("GET /metrics HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 421")) << "without a name";
}

TEST_F(MetricsEndpoint, WhatIsNoRequestGetsASentenceAndTheEnd) {
    EXPECT_THAT(ask("\x16\x03\x01\x02 not HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'x')), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(ask(get("/metrics", "localhost")), HasSubstr("heat 7"));
}

TEST_F(MetricsEndpoint, SlowClientsAreCutAndHoldNobodyUp) {
    nursery slow;
    std::size_t ended = 0;
    const auto begin = [&] {
        auto job = exchange(&plant, at, "GET /metrics HTTP/1.1\r\n");
        slow.start([](task<std::string> asking, std::size_t* count) -> task<> {
            (void)co_await std::move(asking);
            ++*count;
        }(std::move(job), &ended));
    };
    for (std::size_t i = 0; i < limits::metric_connections_max - 1; ++i) begin();
    sim.run_for(1s);
    EXPECT_THAT(ask(get("/metrics", "localhost")), HasSubstr("heat 7"));
    begin();
    sim.run_for(1s);
    EXPECT_EQ(ask(get("/metrics", "localhost")), "") << "no more than so many at a time";
    EXPECT_EQ(ended, 0u);
    sim.run_for(5s);
    EXPECT_EQ(ended, limits::metric_connections_max);
    EXPECT_THAT(ask(get("/metrics", "localhost")), HasSubstr("heat 7"));
}

TEST_F(MetricsEndpoint, AddressThatIsTakenIsAnError) {
    metrics_endpoint second{robot, all, {at, {}}};
    const auto listening = second.listen();
    ASSERT_FALSE(listening);
    EXPECT_THAT(listening.error().message(), HasSubstr("metrics at 10.0.0.1:9568"));
}

class NodeMetrics : public Clusters {
protected:
    std::optional<cluster::timeline> history;
    ~NodeMetrics() override {
        history.reset();
        running.clear();
    }
    std::vector<metric_family> now(machine_node& of) { return cluster::node_metrics(*of, *running['a'], *history); }
    static double value(const std::vector<metric_family>& families, const std::string& name,
                        const std::string& label = {}) {
        for (const auto& family : families)
            if (family.name == name)
                for (const auto& sample : family.samples)
                    if (label.empty() ||
                        std::ranges::any_of(sample.labels, [&](const auto& l) { return l.second == label; }))
                        return sample.value;
        return -1;
    }
};

TEST_F(NodeMetrics, CountPeersDialsRefusalsAndMailboxes) {
    auto& a = boot('a');
    running['a'] = std::make_unique<cluster::topologies>(*a);
    history.emplace(*a, *running['a']);
    cluster::epmd_strategy options;
    options.hosts = {"b@10.0.0.2", "z@10.0.0.26"};
    ASSERT_TRUE(running['a']->add({"t", make_strategy(std::move(options))}));
    auto& b = boot('b');
    auto& stranger = boot('x', "another secret");
    auto box = a->spawn([](process& self) -> task<> {
        auto waiting = self.receive_if(fits("never"_atom));
        (void)co_await std::move(waiting);
    });
    sim.run_for(10s);
    EXPECT_FALSE(connect(stranger, 'a'));
    for (int i = 0; i < 5; ++i) b->send(box, term{"hello"});
    sim.run_for(1s);

    const auto told = now(a);
    EXPECT_EQ(value(told, "sedge_peers", "visible"), 1);
    EXPECT_EQ(value(told, "sedge_peers", "hidden"), 0);
    EXPECT_EQ(value(told, "sedge_peers_not_shown"), 0);
    EXPECT_EQ(value(told, "sedge_mailbox_messages"), 5);
    EXPECT_EQ(value(told, "sedge_mailbox_messages_max"), 5);
    EXPECT_GE(value(told, "sedge_processes"), 1);
    EXPECT_GE(value(told, "sedge_peer_received_messages_total", "b@10.0.0.2"), 5);
    EXPECT_GT(value(told, "sedge_peer_received_bytes_total", "b@10.0.0.2"), 0);
    EXPECT_GE(value(told, "sedge_received_bytes_total"), value(told, "sedge_peer_received_bytes_total", "b@10.0.0.2"));
    EXPECT_EQ(value(told, "sedge_queued_bytes"), 0);
    EXPECT_GT(value(told, "sedge_dials_total", "t"), value(told, "sedge_dials_failed_total", "t"));
    EXPECT_GT(value(told, "sedge_dials_failed_total", "t"), 1) << "z is away";
    EXPECT_EQ(value(told, "sedge_connections_refused_total"), 1);
    EXPECT_EQ(value(told, "sedge_topology_nodes", "up"), 1);
    EXPECT_EQ(value(told, "sedge_events_total", "sedge.connection.refused"), 1);
    EXPECT_EQ(value(told, "sedge_events_total", "sedge.node.up"), 1);
    EXPECT_GT(value(told, "process_resident_memory_bytes"), 1 << 20);
    EXPECT_GT(value(told, "process_open_fds"), 2);
    EXPECT_EQ(value(told, "sedge_build_info"), 1);
}

TEST_F(NodeMetrics, SilentPeerMissesTicks) {
    adjust = [](node_options& o) { o.tick_time = 20s; };
    auto& a = boot('a');
    running['a'] = std::make_unique<cluster::topologies>(*a);
    history.emplace(*a, *running['a']);
    boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    sim.cut("10.0.0.1", "10.0.0.2");
    sim.run_for(11s);
    const auto missed = value(now(a), "sedge_peer_ticks_missed_total", "b@10.0.0.2");
    EXPECT_TRUE(missed >= 1 || a->peers().empty()) << missed;
}

TEST_F(NodeMetrics, GuideListsEveryFamilyAsItIs) {
    auto& a = boot('a');
    running['a'] = std::make_unique<cluster::topologies>(*a);
    history.emplace(*a, *running['a']);
    std::ifstream file{SEDGE_DOCS "/guide/events.md"};
    std::set<std::string> rows, expected;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("| `sedge_") || line.starts_with("| `process_"))
            rows.insert(line.substr(0, line.rfind("| ")));
    for (const auto& family : now(a)) {
        const auto* kind = family.what == metric_family::type::counter ? "counter" : "gauge";
        expected.insert("| `" + family.name + "` | " + kind + " | " + family.help + " ");
    }
    EXPECT_EQ(rows, expected);
}

} // namespace sedge::test
