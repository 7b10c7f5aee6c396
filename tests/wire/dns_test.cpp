// SPDX-License-Identifier: Apache-2.0
//
// `wire::query` of the system, with a name server of our own on loopback that answers as each test wants.
#include <sedge/base/limits.hpp>
#include <sedge/wire/dns_message.hpp>
#include <sedge/wire/system.hpp>

#include <chrono>
#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::wire;
using namespace std::chrono_literals;

namespace {

using answering = std::function<byte_buffer(const dns_message& asked)>; // empty: no answer

// Serves until it is destroyed.
task<> serve(datagram_socket* on, answering answer, std::vector<std::string>* asked) {
    for (;;) {
        std::array<std::uint8_t, 2000> buffer;
        auto receiving = on->receive(buffer);
        auto got = co_await std::move(receiving);
        if (!got) co_return;
        auto question = decode_dns_message(byte_view{buffer}.first(got->size));
        if (!question || question->questions.empty()) continue;
        asked->push_back(question->questions[0].name);
        auto bytes = answer(*question);
        if (!bytes.empty()) (void)on->send(got->from, bytes);
    }
}

dns_message reply_to(const dns_message& asked) {
    dns_message out;
    out.id = asked.id;
    out.is_response = true;
    out.questions = asked.questions;
    return out;
}

class Dns : public ::testing::Test {
protected:
    system_environment env;
    std::vector<std::string> asked;

    result<std::vector<dns_record>> query(answering answer, dns_type type = dns_type::a, duration patience = 3s) {
        datagram_options options;
        options.bind = {ip_address::loopback_v4(), 0};
        auto socket = env.net().open_datagram(options).value();
        nursery server;
        server.start(serve(socket.get(), std::move(answer), &asked));
        dns_question question{.name = "app.test", .type = type, .servers = {socket->local()}, .patience = patience};
        return env.block_on(wire::query(env, std::move(question)));
    }
};

} // namespace

TEST_F(Dns, RecordsOfTheServerThatWasNamedAreGiven) {
    auto got = query(
        [](const dns_message& q) {
            auto out = reply_to(q);
            dns_record r{.name = "app.test", .type = dns_type::srv, .ttl = seconds{30}};
            r.port = 4370;
            r.target = "node1.test";
            out.answers = {r};
            return encode_dns_message(out);
        },
        dns_type::srv);
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_EQ(got->size(), 1u);
    EXPECT_EQ(got->front().target, "node1.test");
    EXPECT_EQ(got->front().port, 4370);
    EXPECT_EQ(got->front().ttl, seconds{30});
    EXPECT_EQ(asked, std::vector<std::string>{"app.test"});
}

TEST_F(Dns, NameWithoutSuchRecordsGivesNone) {
    auto got = query([](const dns_message& q) { return encode_dns_message(reply_to(q)); });
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_TRUE(got->empty());
}

TEST_F(Dns, NameThatDoesNotExistIsSaidToBeSo) {
    auto got = query([](const dns_message& q) {
        auto out = reply_to(q);
        out.rcode = 3;
        return encode_dns_message(out);
    });
    EXPECT_EQ(got.error().code(), make_error_code(wire::dns_errc::no_such_name));
    EXPECT_EQ(got.error().context(), "ask DNS for A of app.test");
}

TEST_F(Dns, ServerThatRefusesIsNoAnswer) {
    auto got = query([](const dns_message& q) {
        auto out = reply_to(q);
        out.rcode = 5;
        return encode_dns_message(out);
    });
    EXPECT_EQ(got.error().code(), make_error_code(wire::dns_errc::no_answer)) << got.error().message();
}

TEST_F(Dns, SilenceEndsAtTheDeadline) {
    auto began = env.now();
    auto got = query([](const dns_message&) { return byte_buffer{}; }, dns_type::a, 200ms);
    EXPECT_EQ(got.error().code(), make_error_code(sedge::errc::timed_out));
    EXPECT_LT(env.now() - began, 2s);
}

TEST_F(Dns, GarbageIsNotBelieved) {
    auto got = query(
        [](const dns_message& q) {
            auto bytes = encode_dns_message(reply_to(q));
            bytes.resize(bytes.size() - 3);
            return bytes;
        },
        dns_type::a, 300ms);
    EXPECT_FALSE(got);
}

TEST_F(Dns, AnswersToAnotherQuestionAreNotTaken) {
    auto got = query(
        [](const dns_message& q) {
            auto out = reply_to(q);
            ++out.id;
            out.answers = {{.name = "app.test", .address = ip_address::v4(10, 0, 0, 66)}};
            return encode_dns_message(out);
        },
        dns_type::a, 300ms);
    EXPECT_EQ(got.error().code(), make_error_code(sedge::errc::timed_out));
}

TEST_F(Dns, PortWhereNobodyListensIsNoAnswer) {
    datagram_options options;
    options.bind = {ip_address::loopback_v4(), 0};
    auto port = env.net().open_datagram(options).value()->local(); // free again
    dns_question question{.name = "app.test", .servers = {port}};
    auto got = env.block_on(wire::query(env, question));
    EXPECT_EQ(got.error().code(), make_error_code(wire::dns_errc::no_answer)) << got.error().message();
}

TEST_F(Dns, WhatIsNoNameIsNotAsked) {
    for (const char* name : {"", "a..b", "."}) {
        auto got = env.block_on(wire::query(env, {.name = name}));
        EXPECT_EQ(got.error().code(), make_error_code(wire::dns_errc::no_such_name)) << name;
    }
}
