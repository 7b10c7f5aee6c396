// SPDX-License-Identifier: Apache-2.0
#include "cluster/gossip_gate.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;
using verdict = gossip_gate::verdict;

namespace {

wire::ip_address address(std::string_view text) { return wire::ip_address::parse(text).value(); }

wire::interface_address interface(std::string_view text, int prefix_bits, std::string_view broadcast) {
    wire::interface_address out;
    out.address = address(text);
    out.prefix_bits = prefix_bits;
    out.broadcast = address(broadcast);
    out.up = out.multicast = true;
    return out;
}

class Gate : public ::testing::Test {
protected:
    gossip_gate multicast{address("233.252.1.32"), false, 3, 4};
    gossip_gate broadcast{address("10.0.0.255"), true, 3, 4};
    time_point now{100s};

    Gate() {
        std::vector interfaces{interface("10.0.0.5", 24, "10.0.0.255"), interface("192.168.7.1", 30, "192.168.7.3")};
        multicast.interfaces_are(interfaces);
        broadcast.interfaces_are(interfaces);
    }
    static wire::datagram from(std::string_view source, std::string_view to = "233.252.1.32") {
        wire::datagram out;
        out.from = {address(source), 45892};
        out.to = address(to);
        return out;
    }
};

} // namespace

TEST_F(Gate, OnlyTheGroupIsListenedTo) {
    EXPECT_EQ(multicast.judge(from("10.0.0.6"), now), verdict::admitted);
    EXPECT_EQ(multicast.judge(from("10.0.0.6", "10.0.0.5"), now), verdict::not_to_group);
    EXPECT_EQ(multicast.judge(from("10.0.0.6", "224.0.0.1"), now), verdict::not_to_group);
    EXPECT_EQ(multicast.judge(from("10.0.0.6", "10.0.0.255"), now), verdict::not_to_group);
}

TEST_F(Gate, BroadcastsAreThoseOfTheInterfaces) {
    EXPECT_EQ(broadcast.judge(from("10.0.0.6", "10.0.0.255"), now), verdict::admitted);
    EXPECT_EQ(broadcast.judge(from("10.0.0.6", "192.168.7.3"), now), verdict::admitted);
    EXPECT_EQ(broadcast.judge(from("10.0.0.6", "255.255.255.255"), now), verdict::admitted);
    EXPECT_EQ(broadcast.judge(from("10.0.0.6", "10.0.0.5"), now), verdict::not_to_group);
}

TEST_F(Gate, OnlyNeighboursAreHeard) {
    EXPECT_EQ(multicast.judge(from("10.0.1.6"), now), verdict::off_link);
    EXPECT_EQ(multicast.judge(from("192.168.7.2"), now), verdict::admitted);
    EXPECT_EQ(multicast.judge(from("192.168.7.4"), now), verdict::off_link);
    EXPECT_EQ(multicast.judge(from("127.0.0.1"), now), verdict::admitted);
    EXPECT_EQ(multicast.judge(from("10.0.0.5"), now), verdict::admitted) << "this machine's other nodes";
}

TEST_F(Gate, GroupsOfIpv6AreComparedWithoutTheirInterface) {
    gossip_gate v6{address("ff02::5ed9:e"), false, 3, 4};
    v6.interfaces_are({interface("fd00::5", 64, "::")});
    auto to = from("fd00::6", "ff02::5ed9:e");
    to.to = wire::ip_address::v6(to.to.bytes(), 2);
    EXPECT_EQ(v6.judge(to, now), verdict::admitted);
    EXPECT_EQ(v6.judge(from("fe80::1", "ff02::5ed9:e"), now), verdict::admitted) << "link-local: nobody routes it";
    EXPECT_EQ(v6.judge(from("fd01::6", "ff02::5ed9:e"), now), verdict::off_link);
    EXPECT_EQ(v6.judge(from("fd00::6", "ff02::1"), now), verdict::not_to_group);
}

TEST_F(Gate, OneSourceIsHeardSoManyTimesASecond) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(multicast.judge(from("10.0.0.6"), now), verdict::admitted);
    EXPECT_EQ(multicast.judge(from("10.0.0.6"), now + 999ms), verdict::too_many);
    EXPECT_EQ(multicast.judge(from("10.0.0.7"), now), verdict::admitted) << "others are not held up";
    EXPECT_EQ(multicast.judge(from("10.0.0.6"), now + 1s), verdict::admitted);
}

TEST_F(Gate, ProgramsOfThisMachineMaySayMoreTogether) {
    for (const char* own : {"127.0.0.1", "10.0.0.5"}) {
        for (int i = 0; i < 3 * 16; ++i) EXPECT_EQ(multicast.judge(from(own), now), verdict::admitted);
        EXPECT_EQ(multicast.judge(from(own), now), verdict::too_many) << own;
    }
}

TEST_F(Gate, SourcesAreForgottenWhenTheTableIsFull) {
    for (int i = 10; i < 14; ++i)
        EXPECT_EQ(multicast.judge(from("10.0.0." + std::to_string(i)), now), verdict::admitted);
    EXPECT_EQ(multicast.judge(from("10.0.0.14"), now), verdict::too_many);
    EXPECT_EQ(multicast.judge(from("10.0.0.14"), now + 1s), verdict::admitted);
}

TEST(Pattern, StarsStandForAnything) {
    struct row {
        const char* pattern;
        const char* name;
        bool fits;
    };
    const row rows[] = {
        {"*", "", true},
        {"*", "node1@10.0.0.1", true},
        {"node*@10.0.0.*", "node1@10.0.0.1", true},
        {"node*@10.0.0.*", "node@10.0.0.", true},
        {"node*@10.0.0.*", "nose1@10.0.0.1", false},
        {"*@10.0.0.1", "node1@10.0.0.11", false},
        {"*0.1", "n@10.0.0.0.1", true},
        {"node1@10.0.0.1", "node1@10.0.0.1", true},
        {"node1@10.0.0.1", "node1@10.0.0.2", false},
        {"", "a", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"**", "x", true},
    };
    for (const auto& r : rows) EXPECT_EQ(matches(r.pattern, r.name), r.fits) << r.pattern << " | " << r.name;
}
