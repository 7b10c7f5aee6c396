// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/epmd/message.hpp>

#include <gmock/gmock.h>
#include <set>

using namespace sedge;
using namespace sedge::epmd;

namespace {

/// One exchange recorded on OTP 25's epmd.
struct recorded {
    std::string name;
    byte_buffer request;
    byte_buffer response;
};

std::vector<recorded> exchanges() {
    std::vector<recorded> all;
    const auto pairs = test::read_vectors("epmd/pairs.json");
    for (const auto& entry : pairs.as_array()) {
        auto field = [&](const char* key) { return std::string{entry.at(key).as_string()}; };
        all.push_back({field("name"), from_hex(field("request")).value(), from_hex(field("response")).value()});
    }
    return all;
}

const std::set<std::string> no_requests{
    "alive2-empty-name", "alive2-nul", "alive2-name-length-lie", "port2-empty", "port2-bad-utf8", "unknown-tag",
    "zero-length",       "too-large",  "trailing-bytes",
};
/// Understood, and we would have said the same with other bytes.
const std::set<std::string> said_differently{"port2-nul-terminated", "names-extra-byte"};

node_entry node(std::string name, std::uint16_t port = 5555) {
    node_entry entry;
    entry.name = std::move(name);
    entry.port = port;
    return entry;
}

/// The request in a packet of its own, whatever its body is.
byte_buffer packet(std::string_view body) {
    byte_buffer bytes;
    writer{bytes}.u16(static_cast<std::uint16_t>(body.size())).text(body);
    return bytes;
}

std::string repeated(std::string_view text, std::size_t count) {
    std::string all;
    while (count-- > 0) all += text;
    return all;
}

} // namespace

TEST(RecordedRequests, AreUnderstoodOrRefusedAsByOtp) {
    auto all = exchanges();
    ASSERT_EQ(all.size(), 39u);
    for (const auto& pair : all) {
        SCOPED_TRACE(pair.name);
        auto decoded = decode_request(pair.request);
        if (no_requests.contains(pair.name)) {
            EXPECT_FALSE(decoded.has_value());
            continue;
        }
        ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
        EXPECT_EQ(decoded->has_value(), pair.name != "partial");
        if (*decoded && !said_differently.contains(pair.name)) {
            EXPECT_EQ(to_hex(encode(**decoded)), to_hex(pair.request));
        }
    }
}

TEST(RecordedAnswers, DecodeAndEncodeToTheSameBytes) {
    std::size_t alive = 0, port = 0, names = 0;
    for (const auto& pair : exchanges()) {
        SCOPED_TRACE(pair.name);
        auto question = decode_request(pair.request);
        if (pair.response.empty() || !question || !*question) continue;
        if (std::holds_alternative<alive_request>(**question)) {
            auto answer = decode_alive_answer(pair.response).value();
            ASSERT_TRUE(answer.has_value());
            EXPECT_EQ(to_hex(encode(*answer)), to_hex(pair.response));
            ++alive;
        } else if (std::holds_alternative<port_request>(**question)) {
            auto answer = decode_port_answer(pair.response).value();
            ASSERT_TRUE(answer.has_value());
            EXPECT_EQ(to_hex(encode(*answer)), to_hex(pair.response));
            ++port;
        } else if (std::holds_alternative<names_request>(**question)) {
            EXPECT_EQ(to_hex(encode(decode_names_answer(pair.response).value())), to_hex(pair.response));
            ++names;
        }
    }
    EXPECT_EQ(alive, 12u);
    EXPECT_EQ(port, 9u);
    EXPECT_EQ(names, 2u);
}

TEST(RecordedAnswers, AreIncompleteUntilTheirLastByte) {
    for (const auto& pair : exchanges()) {
        SCOPED_TRACE(pair.name);
        auto question = decode_request(pair.request);
        if (pair.response.empty() || !question || !*question) continue;
        for (std::size_t size = 0; size < pair.response.size(); ++size) {
            auto part = byte_view{pair.response}.first(size);
            if (std::holds_alternative<alive_request>(**question)) {
                EXPECT_FALSE(decode_alive_answer(part).value().has_value());
            } else if (std::holds_alternative<port_request>(**question)) {
                EXPECT_FALSE(decode_port_answer(part).value().has_value());
            }
        }
    }
}

TEST(Request, IsIncompleteUntilItsLastByte) {
    for (const auto& pair : exchanges()) {
        SCOPED_TRACE(pair.name);
        auto whole = decode_request(pair.request);
        if (!whole || !*whole) continue;
        for (std::size_t size = 0; size < pair.request.size(); ++size) {
            EXPECT_FALSE(decode_request(byte_view{pair.request}.first(size)).value().has_value());
        }
    }
}

TEST(Request, MayBeAsLongAsOtpsLimitAndNoLonger) {
    for (std::size_t length : {limits::epmd_request_bytes_max - 1, limits::epmd_request_bytes_max}) {
        EXPECT_TRUE(decode_request(packet("z" + std::string(length - 1, 'n'))).has_value()) << length;
    }
    EXPECT_FALSE(decode_request(packet("z" + std::string(limits::epmd_request_bytes_max, 'n'))).has_value());
    byte_buffer only_the_length;
    writer{only_the_length}.u16(limits::epmd_request_bytes_max + 1);
    EXPECT_FALSE(decode_request(only_the_length).has_value()) << "refused before its body comes";
}

TEST(Request, MayCarryAsManyExtraBytesAsOtpTakes) {
    for (std::size_t more : {0u, 1u}) {
        auto entry = node("one");
        entry.extra.assign(limits::epmd_extra_bytes_max + more, 7);
        EXPECT_EQ(decode_request(encode(alive_request{entry})).has_value(), more == 0);
    }
}

TEST(Request, ForOtpsDaemonIsRecognised) {
    EXPECT_EQ(decode_request(packet("d")).value(), request{dump_request{}});
    EXPECT_EQ(decode_request(packet("k")).value(), request{kill_request{}});
    EXPECT_EQ(decode_request(packet("sone")).value(), request{stop_request{"one"}});
}

TEST(Name, IsOneTo255CharactersOfTextWithoutControlCharacters) {
    struct row {
        std::string name;
        bool acceptable;
    };
    const row rows[]{
        {"", false},
        {"a", true},
        {"node 1@home", true},
        {std::string(254, 'n'), true},
        {std::string(255, 'n'), true},
        {std::string(256, 'n'), false},
        {repeated("\xf0\x9d\x84\x9e", 255), true}, // 1,020 bytes
        {repeated("\xf0\x9d\x84\x9e", 256), false},
        {"\xc3\xa4\xe2\x82\xac", true},
        {"\xff\xfe", false},
        {"\xc3", false},             // cut
        {"\xc0\xaf", false},         // longer than needed
        {"\xe0\x80\xaf", false},     // longer than needed
        {"\xed\xa0\x80", false},     // half of a surrogate pair
        {"\xf4\x90\x80\x80", false}, // above U+10FFFF
        {std::string{"a\0b", 3}, false},
        {"a\nname b at port 1", false},
        {"a\x7f", false},
    };
    for (const auto& row : rows) EXPECT_EQ(is_acceptable_name(row.name), row.acceptable) << to_hex(as_bytes(row.name));
}

TEST(NamesAnswer, KeepsNamesThatLookLikeTheLineItself) {
    names_answer answer{4369, {{"a at port 7", 1}, {"name", 65535}, {"x y", 0}}};
    EXPECT_EQ(decode_names_answer(encode(answer)).value(), answer);
}

TEST(NamesAnswer, OfADyingMapperLosesTheCutLine) {
    auto bytes = encode(names_answer{4369, {{"one", 1}, {"two", 22}}});
    bytes.pop_back();
    bytes.pop_back(); // "name two at port 2": a wrong port would be worse than none
    EXPECT_THAT(decode_names_answer(bytes).value().names, testing::ElementsAre(name_and_port{"one", 1}));
}

TEST(NamesAnswer, OfSomethingElseIsNone) {
    auto is_answer = [](std::string_view text) { return decode_names_answer(as_bytes(text)).has_value(); };
    EXPECT_FALSE(is_answer("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_FALSE(is_answer(""));
    EXPECT_FALSE(is_answer({"\0\0\x11", 3}));
    EXPECT_TRUE(is_answer({"\0\0\x11\x11", 4}));
    EXPECT_FALSE(is_answer({"\0\0\x11\x11one\n", 8}));
    for (const char* line : {"name one at port 65536\n", "name one at port -1\n", "name one at port\n",
                             "name  at port 1\n", "name at port 1\n", "name one at port 1x\n", "\n"}) {
        EXPECT_FALSE(is_answer(std::string("\0\0\x11\x11", 4) + line)) << line;
    }
}

TEST(Answer, OfSomethingElseIsNone) {
    const auto text = as_bytes("SSH-2.0-OpenSSH_9.2");
    EXPECT_EQ(decode_alive_answer(text).error(), make_error_code(epmd::errc::not_a_mapper));
    EXPECT_EQ(decode_port_answer(text).error(), make_error_code(epmd::errc::not_a_mapper));
}

TEST(PortAnswer, ThatLiesAboutALengthStaysIncomplete) {
    auto bytes = encode(port_answer{node("one")});
    bytes[11] = 200; // of the name's length
    EXPECT_FALSE(decode_port_answer(bytes).value().has_value());
}
