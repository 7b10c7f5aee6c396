// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/cluster/gossip_packet.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>

using namespace sedge;
using namespace sedge::cluster;

namespace {

std::string text(const boost::json::value& row, const char* field) {
    return std::string{row.at(field).as_string()};
}

result<node_name> decode(const boost::json::value& row) {
    auto packet = from_hex(text(row, "packet")).value();
    if (row.at("secret").is_null()) return decode_heartbeat(packet);
    return gossip_cipher{text(row, "secret")}.decode_heartbeat(packet);
}

// `#{node => 'a@127.0.0.1'}` -> `a@127.0.0.1`
std::string node_in(std::string map) {
    map = map.substr(map.find("=> ") + 3);
    map.resize(map.size() - 1);
    std::erase(map, '\'');
    return map;
}

byte_buffer heartbeat_of(std::string_view after_prefix_hex) {
    byte_buffer packet;
    writer{packet}.text("heartbeat::").bytes(from_hex(after_prefix_hex).value());
    return packet;
}

} // namespace

TEST(GossipPacket, EveryRecordedDatagramOfLibclusterIsRead) {
    const auto recorded_packets = test::read_vectors("libcluster/gossip-packets.json");
    for (const auto& row : recorded_packets.as_array()) {
        auto heard = decode(row);
        ASSERT_TRUE(heard) << text(row, "name") << ": " << heard.error().message();
        EXPECT_EQ(heard->full, node_in(text(row, "decodes_to"))) << text(row, "name");
    }
}

TEST(GossipPacket, EncryptedDatagramsAreMadeByteForByte) {
    const auto recorded_packets = test::read_vectors("libcluster/gossip-packets.json");
    for (const auto& row : recorded_packets.as_array()) {
        if (row.at("secret").is_null()) continue;
        gossip_cipher::iv iv;
        auto recorded = from_hex(text(row, "iv")).value();
        std::copy(recorded.begin(), recorded.end(), iv.begin());
        gossip_cipher cipher{text(row, "secret")};
        EXPECT_EQ(to_hex(cipher.seal(from_hex(text(row, "plaintext")).value(), iv)), text(row, "packet"))
            << text(row, "name");
    }
}

TEST(GossipPacket, EveryRecordedReactionIsOursOrStricter) {
    // Where libcluster crashes or takes what should not be taken, and where the record leaves the choice.
    const std::map<std::string, bool> ours{
        {"plain compressed term", false}, {"plain trailing bytes", true}, {"plain own name", true},
        {"secret replayed", true},
        {"secret bit flip in a middle block of a long name", false}}; // the garbled name breaks the name rule
    const auto reactions = test::read_vectors("libcluster/gossip-reactions.json");
    for (const auto& row : reactions.as_array()) {
        auto name = text(row, "name");
        bool accepted = text(row, "expect") == "accept";
        if (auto special = ours.find(name); special != ours.end()) accepted = special->second;
        EXPECT_EQ(decode(row).has_value(), accepted) << name;
    }
}

TEST(GossipPacket, HeartbeatIsWrittenAsOtp26Does) {
    EXPECT_EQ(to_hex(encode_heartbeat("a@127.0.0.1")),
              "6865617274626561743a3a837400000001" "77046e6f6465" "770b61403132372e302e302e31");
    EXPECT_EQ(decode_heartbeat(encode_heartbeat("a@127.0.0.1"))->full, "a@127.0.0.1");
}

TEST(GossipPacket, ReasonsAreTold) {
    struct row {
        const char* what;
        const char* hex;
        gossip_errc why;
    };
    const row rows[] = {
        {"nothing behind the prefix", "", gossip_errc::malformed},
        {"another version", "82", gossip_errc::malformed},
        {"compressed", "8350000000", gossip_errc::no_node},
        {"a number", "836101", gossip_errc::no_node},
        {"an empty map", "837400000000", gossip_errc::no_node},
        {"more pairs than bytes", "8374ffffffff", gossip_errc::malformed},
        {"nested value", "83740000000177046e6f64656c00000001610161026a", gossip_errc::malformed},
        {"a name that is a binary", "83740000000177046e6f64656d00000003614062", gossip_errc::no_node},
        {"a name without host", "83740000000177046e6f6465770161", gossip_errc::bad_name},
        {"node twice, two spellings", "83740000000277046e6f64657703614062" "6400046e6f64657703614062",
         gossip_errc::malformed},
        {"a number as key twice", "83740000000261016a61016a", gossip_errc::malformed},
    };
    for (const auto& r : rows) {
        auto heard = decode_heartbeat(heartbeat_of(r.hex));
        ASSERT_FALSE(heard) << r.what;
        EXPECT_EQ(heard.error().code(), make_error_code(r.why)) << r.what << ": " << heard.error().message();
    }
    EXPECT_EQ(decode_heartbeat(as_bytes("hello")).error().code(), make_error_code(gossip_errc::not_gossip));
}

TEST(GossipPacket, FurtherKeysOfEveryFlatKindAreSkipped) {
    auto packet = heartbeat_of("837400000008"
                               "770161" "6101"                   // a => 1
                          "770162" "62000003e8"                 // b => 1000
                          "770163" "463ff8000000000000"         // c => 1.5
                          "770164" "6a"                         // d => []
                          "770165" "6b00026869"                 // e => "hi"
                          "6d000000016b" "6d0000000176"         // <<"k">> => <<"v">>
                          "770166" "6e0800ffffffffffffff7f"     // f => 16#7fffffffffffffff
                          "77046e6f6465" "7703614062");         // node => a@b
    auto heard = decode_heartbeat(packet);
    ASSERT_TRUE(heard) << heard.error().message();
    EXPECT_EQ(heard->full, "a@b");
}

TEST(GossipPacket, NumberOfKeysIsBounded) {
    auto with_keys = [](std::size_t count) {
        byte_buffer packet;
        writer out{packet};
        out.text("heartbeat::").u8(131).u8(116).u32(static_cast<std::uint32_t>(count));
        out.u8(119).u8(4).text("node").u8(119).u8(3).text("a@b");
        for (std::size_t i = 1; i < count; ++i) out.u8(97).u8(static_cast<std::uint8_t>(i)).u8(106);
        return packet;
    };
    EXPECT_TRUE(decode_heartbeat(with_keys(limits::gossip_map_keys_max - 1)));
    EXPECT_TRUE(decode_heartbeat(with_keys(limits::gossip_map_keys_max)));
    EXPECT_FALSE(decode_heartbeat(with_keys(limits::gossip_map_keys_max + 1)));
}

TEST(GossipPacket, LengthIsBounded) {
    auto padded_to = [](std::size_t size) {
        auto packet = encode_heartbeat("a@b");
        packet.resize(size);
        return packet;
    };
    EXPECT_TRUE(decode_heartbeat(padded_to(limits::gossip_packet_bytes_max - 1)));
    EXPECT_TRUE(decode_heartbeat(padded_to(limits::gossip_packet_bytes_max)));
    EXPECT_EQ(decode_heartbeat(padded_to(limits::gossip_packet_bytes_max + 1)).error().code(),
              make_error_code(gossip_errc::too_long));
}

TEST(GossipPacket, WhatIsCutAnywhereIsRefused) {
    auto whole = encode_heartbeat("node1@172.24.176.1");
    gossip_cipher cipher{"password"};
    auto sealed = cipher.encode_heartbeat("node1@172.24.176.1", {});
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_FALSE(decode_heartbeat(byte_view{whole}.first(i))) << i;
    for (std::size_t i = 0; i < sealed.size(); ++i)
        EXPECT_FALSE(cipher.decode_heartbeat(byte_view{sealed}.first(i))) << i;
}

TEST(GossipPacket, AnotherSecretReadsNothing) {
    auto packet = gossip_cipher{"password"}.encode_heartbeat("a@10.0.0.1", {1, 2, 3});
    EXPECT_TRUE(gossip_cipher{"password"}.decode_heartbeat(packet));
    EXPECT_FALSE(gossip_cipher{"Password"}.decode_heartbeat(packet));
    EXPECT_FALSE(decode_heartbeat(packet));
}
