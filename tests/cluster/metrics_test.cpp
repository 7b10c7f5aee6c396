// SPDX-License-Identifier: Apache-2.0
#include "cluster/metrics/http_request.hpp"
#include "cluster/metrics/metrics_limits.hpp"

#include <sedge/cluster/metrics.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace sedge;
using namespace sedge::cluster;

namespace {

using type = metric_family::type;

/// What a request of these bytes, fed so many at a time, asks for; or what is wrong with it.
std::string asked(std::string_view bytes, std::size_t step = 1) {
    http_request_reader reader;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto fed = reader.feed(as_bytes(bytes.substr(at, step)));
        if (!fed) return fed.error() == make_error_code(errc::limit_exceeded) ? "too long" : "malformed";
    }
    if (!reader.is_complete()) return "not whole";
    const auto& q = reader.question();
    return q.method + " " + q.target + " of " + q.host;
}

} // namespace

TEST(Metrics, AreTextAsPrometheusHasIt) {
    EXPECT_EQ(to_prometheus({{"press_plates_total",
                              type::counter,
                              "Plates\npressed \\ punched.",
                              {{{{"line", "a \"quoted\" \\ one\n"}, {"none", ""}}, 17}, {{}, 0.25}}},
                             {"press_heat", type::gauge, "Heat.", {{{}, -3}}}}),
              "# HELP press_plates_total Plates\\npressed \\\\ punched.\n"
              "# TYPE press_plates_total counter\n"
              "press_plates_total{line=\"a \\\"quoted\\\" \\\\ one\\n\"} 17\n"
              "press_plates_total 0.25\n"
              "# HELP press_heat Heat.\n"
              "# TYPE press_heat gauge\n"
              "press_heat -3\n");
}

TEST(Metrics, NumbersKeepTheirValue) {
    const auto shown = [](double value) {
        const auto text = to_prometheus({{"x", type::gauge, "", {{{}, value}}}});
        return text.substr(text.rfind("\nx ") + 3);
    };
    EXPECT_EQ(shown(9007199254740992.0), "9007199254740992\n");
    EXPECT_EQ(shown(1e300), "1.0000000000000001e+300\n");
    EXPECT_EQ(shown(0.1), "0.10000000000000001\n");
    EXPECT_EQ(shown(std::numeric_limits<double>::infinity()), "+Inf\n");
    EXPECT_EQ(shown(-std::numeric_limits<double>::infinity()), "-Inf\n");
    EXPECT_EQ(shown(std::nan("")), "NaN\n");
}

TEST(Metrics, NamesThatPrometheusRefusesAreLeftOut) {
    for (const auto* wrong : {"", "1st", "a-b", "a b", "a{b=\"c\"} 1\nd", "h\u00f6he"})
        EXPECT_EQ(to_prometheus({{wrong, type::gauge, "", {{{}, 1}}}}), "") << wrong;
    EXPECT_EQ(to_prometheus({{"a", type::gauge, "A.", {{{{"b-c", "x"}, {"d", "y"}}, 1}}},
                             {"a", type::counter, "Another of that name.", {{{}, 2}}},
                             {"empty", type::gauge, "None.", {}}}),
              "# HELP a A.\n# TYPE a gauge\na{d=\"y\"} 1\n");
}

TEST(Metrics, CollectorsAreAskedInTheirOrder) {
    metrics all;
    double heat = 1;
    all.add([&heat] { return std::vector<metric_family>{{"heat", type::gauge, "", {{{}, heat}}}}; });
    all.add([] { return std::vector<metric_family>{{"cold", type::gauge, "", {{{}, 2}}}}; });
    heat = 7;
    const auto now = all.collect();
    ASSERT_EQ(now.size(), 2u);
    EXPECT_EQ(now[0].samples[0].value, 7) << "as it is when somebody asks";
    EXPECT_EQ(now[1].name, "cold");
}

TEST(HttpQuestion, IsReadHoweverItComes) {
    const std::string get = "GET /metrics HTTP/1.1\r\nHost: localhost:9568\r\nAccept: */*\r\n\r\n";
    for (std::size_t step : {std::size_t{1}, std::size_t{7}, get.size()})
        EXPECT_EQ(asked(get, step), "GET /metrics of localhost:9568") << step;
    EXPECT_EQ(asked("HEAD / HTTP/1.0\r\n\r\n"), "HEAD / of ");
    EXPECT_EQ(asked("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n"), "DELETE /x of a");
    EXPECT_EQ(asked("GET /metrics HTTP/1.1\r\nHost: a\r\n"), "not whole");
}

TEST(HttpQuestion, WhatIsNoneIsRefused) {
    for (const auto* wrong :
         {"\r\n\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
        EXPECT_EQ(asked(wrong), "malformed") << wrong;
        EXPECT_EQ(asked(wrong, 1000), "malformed") << wrong;
    }
}

TEST(HttpQuestion, HeadIsBounded) {
    const std::string begin = "GET /metrics HTTP/1.1\r\nHost: a\r\nX: ";
    const auto with = [&](std::size_t size) { return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n"; };
    EXPECT_EQ(asked(with(limits::metric_head_bytes_max)), "GET /metrics of a");
    EXPECT_EQ(asked(with(limits::metric_head_bytes_max + 1)), "too long");
    EXPECT_EQ(asked(with(1 << 20), 4096), "too long");
    EXPECT_EQ(asked(std::string(1 << 20, 'G'), 4096), "too long");
}

TEST(HttpQuestion, HostsAreComparedWithoutPort) {
    const std::vector<std::string> allowed{"localhost", "127.0.0.1", "::1", "node1.lan"};
    for (const auto* good : {"localhost", "LocalHost:9568", "127.0.0.1:1", "[::1]:9568", "[::1]", "::1", "node1.lan"})
        EXPECT_TRUE(is_host_among(good, allowed)) << good;
    for (const auto* bad : {"", ":80", "evil.example", "localhost.evil.example", "[::1", "[]", "127.0.0.1.evil.example",
                            "node1", "localhost evil"})
        EXPECT_FALSE(is_host_among(bad, allowed)) << bad;
}

TEST(HttpQuestion, AnswerIsWhole) {
    EXPECT_EQ(encode_answer(404, "text/plain", "no\n", true),
              "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nCache-Control: no-store\r\n"
              "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nno\n");
    EXPECT_TRUE(encode_answer(200, "text/plain", "yes\n", false).ends_with("close\r\n\r\n"));
}
