// SPDX-License-Identifier: Apache-2.0

#include "dist/notation.hpp"
#include "support/json.hpp"

#include <sedge/dist/error.hpp>
#include <sedge/dist/packet.hpp>
#include <sedge/wire/framing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;

namespace {

/// What becomes of a connection on which these packets come in.
struct outcome {
    bool closed = false;
    std::vector<incoming> delivered;
    std::string why;
};

outcome after(const boost::json::array& packets, flags chosen, const atom& peer, const atom& self) {
    outcome seen;
    packet_decoder decoder{chosen};
    for (const auto& item : packets) {
        std::string text{item.as_string()};
        auto feed = [&](byte_view packet) -> result<void> {
            auto message = decoder.feed(packet, time_point{});
            if (!message) return message.error();
            if (!message->has_value()) return {};
            if (auto offence = violation((*message)->control, peer, self))
                return error{dist::errc::bad_packet, *offence};
            seen.delivered.push_back(std::move(**message));
            return {};
        };
        result<void> fed;
        if (text.starts_with("raw: ")) {
            const auto raw = from_hex(text.substr(5)).value();
            wire::frame_reader frames{wire::frame_width::four, limits::frame_bytes_max};
            std::copy(raw.begin(), raw.end(), frames.prepare().begin());
            frames.commit(raw.size());
            const auto frame = frames.next();
            fed = frame ? result<void>{} : result<void>{frame.error()};
        } else {
            fed = feed(from_hex(text).value());
        }
        if (fed) continue;
        seen.closed = true;
        seen.why = fed.error().message();
        break;
    }
    return seen;
}

/// A binary as `<<111,107>>`.
std::string numbers(const term_view& t) {
    const byte_view bytes = t.binary().value();
    std::string text;
    for (const auto byte : bytes) text += (text.empty() ? "<<" : ",") + std::to_string(byte);
    return text + ">>";
}

/// The binaries of a recorded list `[<<111,107>>,<<1>>]`.
std::vector<std::string> binaries(std::string_view list) {
    std::vector<std::string> all;
    for (auto at = list.find("<<"); at != std::string_view::npos; at = list.find("<<", at + 1))
        all.emplace_back(list.substr(at, list.find(">>", at) + 2 - at));
    return all;
}

/// Where our answer to what the recording leaves open is to close.
bool we_close(std::string_view name, std::string_view expected) {
    if (name == "first byte not 112 without a header") return true;
    if (name == "SPAWN_REQUEST options not a list") return false; // the process layer answers badopt
    return expected.starts_with("close");
}

} // namespace

TEST(MalformedPackets, HaveTheExpectedConsequence) {
    const auto cases = test::read_vectors("dist/malformed_packets.json");
    EXPECT_EQ(cases.as_array().size(), 62u);
    for (const auto& item : cases.as_array()) {
        const std::string name{item.at("name").as_string()};
        SCOPED_TRACE(name);
        const flags chosen{std::stoull(std::string{item.at("flags").as_string()}, nullptr, 16)};
        const atom peer{std::string_view{item.at("connecting_node").as_string()}};
        const auto seen = after(item.at("packets").as_array(), chosen, peer, atom{"a@127.0.0.1"});
        const bool closes = we_close(name, std::string_view{item.at("expect").as_string()});
        EXPECT_EQ(seen.closed, closes) << seen.why;
        EXPECT_EQ(seen.why.empty(), !closes);
        EXPECT_EQ(seen.delivered.empty(), closes || name == "tick");
        const auto& delivered = item.at("delivered");
        if (closes || !delivered.is_string()) continue;
        std::vector<std::string> texts;
        for (const auto& m : seen.delivered) texts.push_back(numbers(m.payload->view()));
        EXPECT_THAT(texts, testing::UnorderedElementsAreArray(binaries(delivered.as_string())));
    }
}

TEST(PacketDecoder, EmptyPacketIsATick) {
    packet_decoder decoder{announced(false)};
    EXPECT_FALSE(decoder.feed({}, time_point{}).value());
}

TEST(PacketDecoder, MessageUnderWayForTooLongIsNoticed) {
    packet_decoder decoder{announced(false)};
    // The first of two parts of {6, Pid, '', sink}.
    const auto first = from_hex("8345 0000000000000007 0000000000000002 00 6804 6106 "
                                "58 7703624068 00000001 00000000 00000001 7700 7704 73696e6b 6d00000002 6f")
                           .value();
    const time_point start{};
    ASSERT_FALSE(decoder.feed(first, start).value());
    EXPECT_TRUE(decoder.check(start + limits::fragment_time_max));
    EXPECT_FALSE(decoder.check(start + limits::fragment_time_max + milliseconds{1}));
    const auto last = from_hex("8346 0000000000000007 0000000000000001 6b").value();
    const auto whole = decoder.feed(last, start).value();
    ASSERT_TRUE(whole);
    EXPECT_EQ(test::notation(*whole->payload), "<<\"ok\">>");
}
