// SPDX-License-Identifier: Apache-2.0
#include "cluster/http_client.hpp"
#include "cluster/http_server.hpp"

#include "cluster/source_limits.hpp"
#include <sedge/wire/simulation.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;
using sedge::test::http_server;

namespace {

class HttpClient : public testing::Test {
protected:
    wire::simulation sim{1};
    environment& here = sim.machine("10.0.0.1");
    environment& there = sim.machine("10.0.0.2");
    http_client client{here, parse_url("http://10.0.0.2:8080").value()};

    result<http_response> get(const std::string& target = "/", duration most = 15s) {
        http_request request;
        request.target = target;
        return sim.block_on(client.send(std::move(request), here.now() + most));
    }
};

} // namespace

TEST_F(HttpClient, AsksAgainOnTheSameConnection) {
    http_server server{there, 8080,
                       [](const std::string&) { return http_server::reply{http_server::with_body("yes")}; }};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/x").value().body, "yes");
    EXPECT_EQ(server.connections, 1);
    EXPECT_EQ(server.requests.size(), 3u);
    EXPECT_EQ(server.requests[2].substr(0, 17), "GET /x HTTP/1.1\r\n");
}

TEST_F(HttpClient, ConnectionThatWasClosedMeanwhileIsMadeAnew) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{http_server::with_body("yes"), true};
                       }};
    EXPECT_EQ(get().value().body, "yes");
    sim.run_for(1s);
    EXPECT_EQ(get().value().body, "yes");
    EXPECT_EQ(server.connections, 2);
}

TEST_F(HttpClient, ServerThatSaysCloseIsNotHeld) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nlast words", true};
                       }};
    EXPECT_EQ(get().value().body, "last words");
    EXPECT_EQ(get().value().body, "last words");
    EXPECT_EQ(server.connections, 2);
}

TEST_F(HttpClient, SlowAnswerEndsAtTheDeadlineAndDoesNotSpoilTheNext) {
    int asked = 0;
    http_server server{there, 8080, [&asked](const std::string&) {
                           return http_server::reply{http_server::with_body(std::to_string(++asked)), false,
                                                     asked == 1 ? duration{1min} : duration{}};
                       }};
    const auto begin = here.now();
    auto late = get("/", 15s);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), make_error_code(errc::timed_out));
    EXPECT_EQ(here.now() - begin, 15s);
    EXPECT_EQ(get().value().body, "2") << "and not the answer that came too late";
}

TEST_F(HttpClient, AnswerThatBreaksOffIsNoAnswer) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true};
                       }};
    auto half = get();
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().code(), make_error_code(wire::errc::closed));
    EXPECT_EQ(server.connections, 1) << "something came, so it is not asked again by itself";
}

TEST_F(HttpClient, RedirectIsAnAnswerLikeAnyOther) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.3/\r\n"
                                                     "Content-Length: 0\r\n\r\n"};
                       }};
    EXPECT_EQ(get().value().status, 302u);
    EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(HttpClient, BodyAboveTheLimitIsRefusedBeforeItIsRead) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{"HTTP/1.1 200 OK\r\nContent-Length: " +
                                                     std::to_string(limits::http_body_bytes_max + 1) + "\r\n\r\n"};
                       }};
    auto huge = get();
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code(), make_error_code(errc::limit_exceeded));
}

TEST_F(HttpClient, NobodyThereIsSaidWithTheAddress) {
    auto refused = get();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("10.0.0.2:8080"), std::string::npos) << refused.error().message();
}

TEST_F(HttpClient, NextAddressOfAHostIsTriedWhenOneIsDead) {
    sim.machine("10.0.0.9");
    sim.power_off("10.0.0.9");
    sim.name("api", "10.0.0.9");
    sim.name("api", "10.0.0.2");
    http_server server{there, 80, [](const std::string&) { return http_server::reply{http_server::with_body("yes")}; }};
    http_client named{here, parse_url("http://api").value()};
    auto answer = sim.block_on(named.send({}, here.now() + 15s));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body, "yes");
    EXPECT_NE(server.requests[0].find("Host: api\r\n"), std::string::npos);
}

TEST_F(HttpClient, EndlessAnswerComesInParts) {
    http_server server{there, 8080, [](const std::string&) {
                           return http_server::reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                     "4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n"};
                       }};
    EXPECT_EQ(sim.block_on(client.open({}, here.now() + 5s)).value().status, 200u);
    std::string all;
    for (;;) {
        auto part = sim.block_on(client.next_part());
        ASSERT_TRUE(part);
        if (part->empty()) break;
        all += *part;
    }
    EXPECT_EQ(all, "one\ntwo\n");
    client.close();
    EXPECT_FALSE(sim.block_on(client.next_part()));
}

TEST_F(HttpClient, SecureServerIsNotAskedInPlain) {
    http_client secure{here, parse_url("https://10.0.0.2").value()};
    EXPECT_FALSE(sim.block_on(secure.send({}, here.now() + 5s)));
}
