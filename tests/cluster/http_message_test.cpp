// SPDX-License-Identifier: Apache-2.0
#include "cluster/http_message.hpp"
#include "cluster/url.hpp"

#include "cluster/source_limits.hpp"
#include <sedge/wire/transport.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using testing::HasSubstr;

namespace {

/// Feeds `bytes` in pieces of that size; the error, or nothing.
std::optional<error> feed(http_response_reader& reader, std::string_view bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto fed = reader.feed(as_bytes(bytes.substr(at, piece)));
        if (!fed) return fed.error();
    }
    return std::nullopt;
}

std::error_code code_of(std::string_view bytes) {
    http_response_reader reader{1000};
    auto failure = feed(reader, bytes, bytes.size());
    return failure ? failure->code() : std::error_code{};
}

} // namespace

TEST(HttpMessage, RequestIsWhatServersExpect) {
    http_request request;
    request.target = "/api?x=1";
    request.fields = {{"Authorization", "Bearer t"}};
    EXPECT_EQ(encode(request, "10.0.0.1:8080").value(),
              "GET /api?x=1 HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: sedge\r\nAccept: application/json\r\n"
              "Authorization: Bearer t\r\n\r\n");
    request.method = "POST";
    request.fields.clear();
    request.body = "{}";
    EXPECT_THAT(encode(request, "h").value(), testing::EndsWith("Content-Length: 2\r\n\r\n{}"));
}

TEST(HttpMessage, SecretThatWouldBreakTheMessageApartIsRefusedAndNotRepeated) {
    http_request request;
    request.fields = {{"Authorization", "Bearer secret\r\nHost: evil"}};
    auto refused = encode(request, "h");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), testing::Not(HasSubstr("secret")));
    request.fields.clear();
    request.target = "/a b";
    EXPECT_FALSE(encode(request, "h"));
}

TEST(HttpMessage, AnswerIsReadHoweverItIsCut) {
    const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const std::string chunked = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
    for (std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
        for (const auto& bytes : {length, chunked}) {
            http_response_reader reader{1000};
            EXPECT_TRUE(reader.is_untouched());
            auto failure = feed(reader, bytes, piece);
            ASSERT_FALSE(failure) << failure->message() << " in pieces of " << piece;
            ASSERT_TRUE(reader.is_complete()) << piece;
            EXPECT_EQ(reader.take_body(), "hello");
            EXPECT_TRUE(reader.keeps_alive());
            EXPECT_EQ(reader.head().status, bytes == length ? 200u : 404u);
            EXPECT_EQ(reader.head().reason, bytes == length ? "OK" : "Not Found");
        }
    }
}

TEST(HttpMessage, BodyOfAStreamComesOutWhileItGoesOn) {
    http_response_reader reader{0};
    ASSERT_FALSE(feed(reader, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 1000));
    EXPECT_TRUE(reader.has_head());
    EXPECT_EQ(reader.take_body(), "abc");
    EXPECT_FALSE(reader.is_complete());
    const std::string large(3 * limits::mebibyte, 'x');
    ASSERT_FALSE(feed(reader, "300000\r\n" + large + "\r\n", 10'000));
    EXPECT_EQ(reader.take_body().size(), large.size());
    auto ended = reader.end_of_stream();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), make_error_code(wire::errc::closed));
}

TEST(HttpMessage, EndOfTheConnectionEndsABodyWithoutLength) {
    http_response_reader reader{1000};
    ASSERT_FALSE(feed(reader, "HTTP/1.1 200 OK\r\n\r\nall", 1000));
    EXPECT_FALSE(reader.is_complete());
    EXPECT_TRUE(reader.end_of_stream());
    EXPECT_TRUE(reader.is_complete());
    EXPECT_EQ(reader.take_body(), "all");
    EXPECT_FALSE(reader.keeps_alive());
}

TEST(HttpMessage, LimitsHoldFromOneByteMoreOn) {
    EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), std::error_code{});
    EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), make_error_code(errc::limit_exceeded));
    EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"),
              make_error_code(errc::limit_exceeded));
    const std::string field(limits::http_head_bytes_max, 'x');
    EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nX: " + field + "\r\n\r\n"), make_error_code(errc::limit_exceeded));
    EXPECT_EQ(code_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + field),
              make_error_code(errc::limit_exceeded));
}

TEST(HttpMessage, WhatIsNoAnswerIsMalformed) {
    for (const auto* bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nbad field\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
        EXPECT_EQ(code_of(bytes), make_error_code(errc::malformed)) << bytes;
}

TEST(Url, IsTakenApart) {
    auto plain = parse_url("http://10.0.0.5:2379").value();
    EXPECT_FALSE(plain.secure);
    EXPECT_EQ(plain.host, "10.0.0.5");
    EXPECT_EQ(plain.port, 2379);
    EXPECT_EQ(plain.authority(), "10.0.0.5:2379");
    auto secure = parse_url("https://etcd.example/base?q=1").value();
    EXPECT_TRUE(secure.secure);
    EXPECT_EQ(secure.port, 443);
    EXPECT_EQ(secure.authority(), "etcd.example");
    EXPECT_EQ(secure.path, "/base?q=1");
    auto v6 = parse_url("http://[fd00::1]:8080/").value();
    EXPECT_EQ(v6.host, "fd00::1");
    EXPECT_EQ(v6.authority(), "[fd00::1]:8080");
}

TEST(Url, WhatCannotBeDialledIsRefused) {
    for (const auto* text : {"", "10.0.0.5:2379", "ftp://a/", "http://", "http://user:word@a/", "http://a:0",
                             "http://a:99999", "http://a/#part", "http://a b/", "http:///path", "f:\x92"})
        EXPECT_FALSE(parse_url(text)) << text;
    EXPECT_EQ(parse_url("http://user:word@a/").error().message().find("word@"), std::string::npos);
}

TEST(Url, QueriesAreEncodedAsRfc3986Says) {
    EXPECT_EQ(percent_encoded("app=myapp,tier in (a b)"), "app%3Dmyapp%2Ctier%20in%20%28a%20b%29");
    EXPECT_EQ(percent_encoded("A-z_0.9~"), "A-z_0.9~");
    EXPECT_EQ(percent_encoded("ü/&"), "%C3%BC%2F%26");
}
