// SPDX-License-Identifier: Apache-2.0

#include "dist/notation.hpp"
#include "dist/outgoing.hpp"
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

namespace {

/// Packets of messages from one process to another, and a decoder that has had some of them.
struct RepeatedMessages : testing::Test {
    const pid from{atom{"a@h"}, 1, 0, 1};
    const pid to{atom{"b@h"}, 2, 0, 1};
    outgoing out{announced(false)};
    packet_decoder decoder{announced(false)};

    byte_buffer packet(const pid& sender, const term& message) {
        out.push_send(sender, to, message);
        const auto all = out.front();
        byte_buffer one{all.begin() + 4, all.end()};
        out.consume(all.size());
        return one;
    }
    term number(int n) { return term{std::tuple{atom{"number"}, n, std::string(40, 'x')}}; }
};

} // namespace

TEST_F(RepeatedMessages, TakeTheShortWayAsLongAsTheyBeginAlike) {
    term payload;
    for (int i = 0; i < 2; ++i) { // the first brings the atoms
        const auto bytes = packet(from, number(i));
        EXPECT_EQ(decoder.feed_again(bytes, payload), nullptr);
        EXPECT_EQ(decoder.feed(bytes, {}).value().value().payload, number(i));
    }
    for (int i = 2; i < 5; ++i) {
        const auto* again = decoder.feed_again(packet(from, number(i)), payload);
        ASSERT_NE(again, nullptr);
        EXPECT_EQ(again->to, to);
        EXPECT_EQ(again->from, from);
        EXPECT_EQ(payload, number(i));
    }
    decoder.forget_last();
    EXPECT_EQ(decoder.feed_again(packet(from, number(5)), payload), nullptr);
}

TEST_F(RepeatedMessages, OfAnotherSenderOrWithOtherAtomsTakeTheLongWay) {
    term payload;
    const pid other{atom{"a@h"}, 9, 0, 1};
    for (int i = 0; i < 3; ++i) (void)decoder.feed(packet(from, number(i)), {});
    for (const auto& bytes : {packet(other, number(3)), packet(from, term{std::tuple{atom{"text"}, 1}})}) {
        EXPECT_EQ(decoder.feed_again(bytes, payload), nullptr);
        EXPECT_TRUE(decoder.feed(bytes, {}).value());
    }
    EXPECT_EQ(decoder.feed_again(packet(from, number(4)), payload), nullptr) << "the header of the last one differs";
}

TEST_F(RepeatedMessages, ThatAreCutOrWrongAreLeftToTheLongWay) {
    term payload;
    byte_buffer bytes;
    for (int i = 0; i < 3; ++i) (void)decoder.feed(bytes = packet(from, number(i)), {});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_EQ(decoder.feed_again(byte_view{bytes}.first(size), payload), nullptr) << size;
    }
    bytes.back() = 'y';
    EXPECT_NE(decoder.feed_again(bytes, payload), nullptr);
    bytes[bytes.size() - 41 - 4] = 0xff; // the tag of the string
    EXPECT_EQ(decoder.feed_again(bytes, payload), nullptr);
    EXPECT_FALSE(decoder.feed(bytes, {}));
}

namespace {

/// All packets of one message, as `outgoing` writes them.
std::vector<byte_buffer> packets_of(const term& message) {
    const pid from{atom{"a@h"}, 1, 0, 1};
    outgoing out{announced(false)};
    out.push(control::send{from, from}, &message, nullptr);
    byte_buffer all;
    for (auto piece = out.front(); !piece.empty(); piece = out.front()) {
        all.insert(all.end(), piece.begin(), piece.end());
        out.consume(piece.size());
    }
    std::vector<byte_buffer> packets;
    for (reader in{all}; in.offset() < all.size();) {
        const byte_view packet = in.take(in.u32());
        packets.emplace_back(packet.begin(), packet.end());
    }
    return packets;
}

} // namespace

TEST(PacketDecoder, RestOfAPartGoesStraightIntoItsTerm) {
    const term large{std::tuple{atom{"blob"}, byte_buffer(1'000'000, 7)}};
    packet_decoder decoder{announced(false)};
    int straight = 0;
    std::optional<term> got;
    for (const auto& packet : packets_of(large)) {
        const std::size_t come = std::min<std::size_t>(packet.size() / 2, 100);
        const auto space = decoder.open_part(byte_view{packet}.first(come), packet.size());
        if (space.empty()) {
            if (auto message = decoder.feed(packet, {}).value()) got = message->payload;
            continue;
        }
        ++straight;
        ASSERT_EQ(packet_decoder::part_head_bytes + space.size(), packet.size());
        for (std::size_t i = 0; i < space.size(); ++i) space[i] = packet[packet_decoder::part_head_bytes + i];
        if (auto message = decoder.close_part().value()) got = message->payload;
    }
    EXPECT_EQ(straight, 16) << "of 17 parts, all but the first";
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, large);
    EXPECT_FALSE(decoder.expects_parts());
}

TEST(PacketDecoder, APartIsOpenedOnlyWhereItsBytesAreExpected) {
    const term large{std::tuple{byte_buffer(100'000, 7), byte_buffer(100'000, 8)}};
    packet_decoder decoder{announced(false)};
    const auto packets = packets_of(large);
    ASSERT_EQ(packets.size(), 4u);
    EXPECT_TRUE(decoder.open_part(packets[1], packets[1].size()).empty()) << "nothing is under way";
    ASSERT_TRUE(decoder.feed(packets[0], {}));
    EXPECT_TRUE(decoder.open_part(byte_view{packets[1]}.first(17), packets[1].size()).empty()) << "head is cut";
    EXPECT_TRUE(decoder.open_part(packets[2], packets[2].size()).empty()) << "not the next one";
    EXPECT_TRUE(decoder.open_part(packets[1], packets[1].size()).empty()) << "both binaries are in it";
    EXPECT_TRUE(decoder.open_part(packets[1], std::size_t{1} << 30).empty()) << "a claim gets no memory";
    for (int i : {1, 2}) ASSERT_TRUE(decoder.feed(packets[static_cast<std::size_t>(i)], {}));
    EXPECT_EQ(decoder.feed(packets[3], {}).value().value().payload, large);
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
