// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/wire/dns_message.hpp>
#include <sedge/wire/transport.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::wire;

namespace {

using labels = std::vector<std::string>;

byte_buffer hex(std::string_view text) { return from_hex(text).value(); }

// What dnsmasq 2.90 answered to `dig +noedns a alias.test`: alias.test CNAME app.test, app.test A 10.0.0.1. Names of
// the answers are pointers.
const char* recorded_alias = "1a2b 8580 0001 0002 0000 0000  05616c696173 0474657374 00 0001 0001"
                             "c00c 0005 0001 0000000a 0006 03617070 c012"
                             "c028 0001 0001 0000000a 0004 0a000001";

dns_message everything() {
    dns_message m;
    m.id = 0xbeef;
    m.is_response = m.is_authoritative = true;
    m.rcode = 5;
    m.questions = {{"_sedge._tcp.local", 12, true}, {"a.b", 255, false}};
    dns_record a{.name = "app.test", .type = dns_type::a, .ttl = seconds{60}};
    a.address = ip_address::v4(10, 0, 0, 1);
    dns_record aaaa{.name = "app.test", .type = dns_type::aaaa, .ttl = seconds{61}, .replaces = true};
    aaaa.address = ip_address::parse("fd00::1").value();
    dns_record srv{.name = "node1@10\\.0\\.0\\.5._sedge._tcp.local", .type = dns_type::srv, .ttl = seconds{120}};
    srv.target = "box.local";
    srv.priority = 1;
    srv.weight = 2;
    srv.port = 4370;
    dns_record ptr{.name = "_sedge._tcp.local", .type = dns_type::ptr, .ttl = seconds{4500}};
    ptr.target = srv.name;
    dns_record txt{.name = srv.name, .type = dns_type::txt, .ttl = seconds{4500}};
    txt.texts = {"node=node1@10.0.0.5", "v=1"};
    m.answers = {a, aaaa};
    m.authorities = {ptr};
    m.additional = {srv, txt};
    return m;
}

} // namespace

TEST(DnsName, TextAndLabelsAreTwoFormsOfOneName) {
    struct row {
        const char* text;
        labels parts;
    };
    const row rows[] = {
        {"app.test", {"app", "test"}},
        {"node1@10\\.0\\.0\\.5._sedge._tcp.local", {"node1@10.0.0.5", "_sedge", "_tcp", "local"}},
        {"a\\\\b", {"a\\b"}},
        {"caf\\195\\169\\000", {std::string{"caf\xc3\xa9\0", 6}}},
    };
    for (const auto& r : rows) {
        EXPECT_EQ(dns_labels(r.text), r.parts) << r.text;
        EXPECT_EQ(dns_text(r.parts), r.text);
    }
    EXPECT_EQ(dns_labels("app.test."), (labels{"app", "test"}));
    EXPECT_EQ(dns_labels(std::string(63, 'a')), labels{std::string(63, 'a')});
}

TEST(DnsName, WhatIsNoNameHasNoLabels) {
    for (const auto& text : {std::string{}, std::string{"."}, std::string{"a..b"}, std::string{".a"},
                             std::string{"a\\"}, std::string{"\\256"}, std::string{"\\25"}, std::string(64, 'a')})
        EXPECT_TRUE(dns_labels(text).empty()) << text;
    std::string longest; // 63, 63, 63 and 61 characters: 255 bytes with their lengths and the zero
    for (int i = 0; i < 4; ++i) longest += std::string(i == 3 ? 61 : 63, 'x') + (i == 3 ? "" : ".");
    EXPECT_EQ(dns_labels(longest).size(), 4u);
    EXPECT_TRUE(dns_labels(longest + "x").empty());
}

TEST(DnsMessage, WhatIsWrittenIsRead) {
    auto read = decode_dns_message(encode_dns_message(everything()));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, everything());
}

TEST(DnsMessage, CutAnywhereItIsRefused) {
    auto bytes = encode_dns_message(everything());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_dns_message(byte_view{bytes}.first(size))) << size;
}

TEST(DnsMessage, AliasesAreFollowed) {
    auto answers = dns_answers(hex(recorded_alias), dns_type::a);
    ASSERT_TRUE(answers) << answers.error().message();
    ASSERT_EQ(answers->size(), 1u);
    EXPECT_EQ(answers->front().name, "app.test");
    EXPECT_EQ(answers->front().address, ip_address::v4(10, 0, 0, 1));
    EXPECT_EQ(answers->front().ttl, seconds{10});
}

TEST(DnsMessage, RecordsOfOtherNamesAreNoAnswer) {
    dns_message m;
    m.is_response = true;
    m.questions = {{"App.test", 1, false}};
    dns_record own{.name = "app.TEST", .address = ip_address::v4(10, 0, 0, 1)};
    dns_record other{.name = "other.test", .address = ip_address::v4(10, 0, 0, 2)};
    m.answers = {own, other};
    auto answers = dns_answers(encode_dns_message(m), dns_type::a);
    ASSERT_TRUE(answers);
    EXPECT_EQ(*answers, std::vector{own});
    EXPECT_EQ(dns_answers(encode_dns_message(m), dns_type::srv).value().size(), 0u);
}

TEST(DnsMessage, ResponseCodesAreTold) {
    dns_message m;
    m.is_response = true;
    m.questions = {{"app.test", 1, false}};
    m.rcode = 3;
    EXPECT_EQ(dns_answers(encode_dns_message(m), dns_type::a).error().code(),
              make_error_code(wire::dns_errc::no_such_name));
    for (std::uint8_t code : {1, 2, 4, 5}) {
        m.rcode = code;
        EXPECT_EQ(dns_answers(encode_dns_message(m), dns_type::a).error().code(),
                  make_error_code(wire::dns_errc::no_answer));
    }
    m.rcode = 0;
    m.is_response = false;
    EXPECT_FALSE(dns_answers(encode_dns_message(m), dns_type::a));
}

TEST(DnsMessage, PointersThatDoNotLeadBackAreRefused) {
    const char* rows[] = {
        "0000 8000 0001 0000 0000 0000  c00c 0001 0001",        // to itself
        "0000 8000 0001 0000 0000 0000  c00e 0001 0001",        // forward
        "0000 8000 0001 0000 0000 0000  0161 c00c 0001 0001",   // to its own beginning
        "0000 8000 0001 0000 0000 0000  ffff 0001 0001",        // out of the message
        "0000 8000 0001 0000 0000 0000  41 0001 0001 00000000", // a length with a reserved prefix
    };
    for (const auto* row : rows) EXPECT_FALSE(decode_dns_message(hex(row))) << row;
}

TEST(DnsMessage, CountsThatDoNotFitAreRefusedBeforeAnythingIsReserved) {
    EXPECT_FALSE(decode_dns_message(hex("0000 8000 0000 ffff ffff ffff")));
    EXPECT_FALSE(decode_dns_message(hex("0000 8000 ffff 0000 0000 0000 00 0001 0001")));
}

TEST(DnsMessage, DataThatDoesNotFillItsLengthIsRefused) {
    EXPECT_TRUE(decode_dns_message(hex("0000 8000 0000 0001 0000 0000  00 0001 0001 00000001 0004 0a000001")));
    EXPECT_FALSE(decode_dns_message(hex("0000 8000 0000 0001 0000 0000  00 0001 0001 00000001 0003 0a0000")));
    EXPECT_FALSE(decode_dns_message(hex("0000 8000 0000 0001 0000 0000  00 0001 0001 00000001 0005 0a00000101")));
    EXPECT_FALSE(decode_dns_message(hex("0000 8000 0000 0001 0000 0000  00 0010 0001 00000001 0002 0561")));
}

TEST(DnsMessage, UnknownTypesAndClassesAreSkipped) {
    auto read = decode_dns_message(hex("0000 8000 0000 0003 0000 0000  00 0029 0001 00000001 0002 abcd"
                                       "00 0001 0003 00000001 0004 0a000001  00 0001 0001 80000000 0004 0a000001"));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->answers.size(), 1u);
    EXPECT_EQ(read->answers[0].ttl, seconds{0}) << "a time with the top bit set is none";
}

TEST(DnsMessage, LongestMessageIsReadAndNoLonger) {
    dns_message m;
    m.is_response = true;
    for (int i = 0; i < 1000; ++i) m.answers.push_back({.name = "a", .address = ip_address::v4(10, 0, 0, 1)});
    auto bytes = encode_dns_message(m);
    EXPECT_EQ(decode_dns_message(bytes).value().answers.size(), 1000u);
    bytes.resize(limits::dns_message_bytes_max);
    EXPECT_TRUE(decode_dns_message(bytes));
    bytes.push_back(0);
    EXPECT_EQ(decode_dns_message(bytes).error().code(), make_error_code(sedge::errc::limit_exceeded));
}
