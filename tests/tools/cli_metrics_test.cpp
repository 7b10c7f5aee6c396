// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a real node, asked for over a real socket and read by Prometheus' own parser (Python).
#include "tools/sedge_program.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class SedgeMetrics : public Sedge {
protected:
    int metrics_port = free_port();

    /// What 127.0.0.1 answers there; empty if nobody does.
    std::string ask(const std::string& request) const {
        const int client = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(static_cast<std::uint16_t>(metrics_port));
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::string out;
        if (::connect(client, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0 &&
            ::send(client, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
            std::array<char, 4096> buffer;
            for (ssize_t count = 0; (count = ::recv(client, buffer.data(), buffer.size(), 0)) > 0;)
                out.append(buffer.data(), static_cast<std::size_t>(count));
        }
        ::close(client);
        return out;
    }
    std::string get(const std::string& host = "localhost") const {
        return ask("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: a test\r\n\r\n");
    }
    program& watched(const std::string& metrics) {
        write("sedge.toml", "[topologies.t]\nstrategy = \"epmd\"\nconfig = { hosts = [\"b@127.0.0.1\"] }\n" + metrics);
        auto& made = *started.emplace_back(
            start({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--config", "sedge.toml"}));
        made.wait_for("accepts peers on port");
        return made;
    }
};

// Reads the text and prints each sample as `name{label=value} number`.
constexpr auto parser = R"(
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.type in ("counter", "gauge"), family
    assert family.documentation, family
    for sample in family.samples:
        labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
        print(f"{sample.name}{{{labels}}} {sample.value:g}")
)";

} // namespace

TEST_F(SedgeMetrics, AreReadByPrometheusOwnParser) {
    node("b@127.0.0.1");
    auto& a = watched("[metrics]\nport = " + std::to_string(metrics_port) + "\nhosts = \"robot1.lan\"\n");
    a.wait_for("connected to :\"b@127.0.0.1\"");
    EXPECT_THAT(a.output(), HasSubstr("metrics are at http://127.0.0.1:" + std::to_string(metrics_port) + "/metrics"));
    const auto answer = get();
    ASSERT_THAT(answer, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    const auto text = answer.substr(answer.find("\r\n\r\n") + 4);

    program_options options;
    options.arguments = {"/usr/bin/python3", "-c", parser};
    program reader{options};
    reader.write(text);
    reader.close_input();
    EXPECT_EQ(reader.wait_for_end(), 0);
    const auto& read = reader.output();
    EXPECT_THAT(read, HasSubstr("sedge_peers{kind=visible} 1\n"));
    EXPECT_THAT(read, HasSubstr("sedge_dials_total{topology=t} 1\n"));
    EXPECT_THAT(read, HasSubstr("sedge_peer_received_bytes_total{peer=b@127.0.0.1} "));
    EXPECT_THAT(read, HasSubstr("sedge_events_total{event=libcluster.connect_node.ok} 1\n"));
    EXPECT_THAT(read, testing::ContainsRegex("process_resident_memory_bytes\\{\\} [1-9]"));

    EXPECT_THAT(get("robot1.lan:80"), testing::StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(get("evil.example"), testing::StartsWith("HTTP/1.1 421"));
}

TEST_F(SedgeMetrics, NobodyAnswersUnlessAskedTo) {
    watched("");
    EXPECT_EQ(get(), "");
}

TEST_F(SedgeMetrics, PortThatIsTakenCostsTheNumbersAndNotTheNode) {
    const auto metrics = "[metrics]\nport = " + std::to_string(metrics_port) + "\n";
    watched(metrics);
    auto second = start({"start", "--name", "c@127.0.0.1", "--cookie-file", "cookie", "--config", "sedge.toml"});
    second->wait_for("metrics at 127.0.0.1:" + std::to_string(metrics_port));
    second->wait_for("accepts peers on port");
    EXPECT_EQ(run({"start", "--name", "d@127.0.0.1", "--cookie-file", "cookie", "--metrics-port", "9",
                   "--metrics-listen", "here"})
                  .status,
              5);
}

} // namespace sedge::test
