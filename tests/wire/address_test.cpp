// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/transport.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using wire::ip_address;

TEST(IpAddress, LiteralsSurviveTheRoundTrip) {
    for (const char* text : {"10.0.0.5", "0.0.0.0", "255.255.255.255", "::", "::1", "fd00::1", "fe80::1%3", "ff02::1"})
        EXPECT_EQ(to_string(ip_address::parse(text).value()), text);
    EXPECT_EQ(to_string(ip_address::parse("::ffff:10.0.0.5").value()), "10.0.0.5");
    EXPECT_EQ(to_string(ip_address::parse("FD00:0:0::0001").value()), "fd00::1");
}

TEST(IpAddress, OtherTextIsNoAddress) {
    using namespace std::string_literals;
    for (const auto& text : {""s, "10.0.0"s, "10.0.0.256"s, "10.0.0.5 "s, "10.0.0.5%1"s, "1"s, "0x7f.1.1.1"s, "edge1"s,
                             ":::"s, "fe80::1%"s, "fe80::1%eth0"s, "fe80::1%3x"s, "fe80::1%99999999999"s, "[::1]"s,
                             "10.0.0.5\0x"s, std::string(100, ':')})
        EXPECT_EQ(ip_address::parse(text).error().code(), errc::malformed) << text;
}

TEST(IpAddress, KindsAreToldApart) {
    auto a = [](const char* text) { return ip_address::parse(text).value(); };
    EXPECT_TRUE(a("127.8.0.1").is_loopback() && a("::1").is_loopback());
    EXPECT_FALSE(a("128.0.0.1").is_loopback() || a("::2").is_loopback());
    EXPECT_TRUE(a("0.0.0.0").is_unspecified() && a("::").is_unspecified());
    EXPECT_TRUE(a("233.252.1.32").is_multicast() && a("ff02::1").is_multicast());
    EXPECT_FALSE(a("223.255.255.255").is_multicast() || a("240.0.0.1").is_multicast());
    EXPECT_TRUE(a("169.254.1.1").is_link_local() && a("fe80::1%1").is_link_local());
    EXPECT_TRUE(a("10.0.0.5").is_v4());
    EXPECT_FALSE(a("fd00::1").is_v4());
    EXPECT_EQ(a("10.0.0.5").v4_host_order(), 0x0a000005u);
    EXPECT_EQ(ip_address::v4(0x0a000005), a("10.0.0.5"));
    EXPECT_NE(a("fe80::1%1"), a("fe80::1%2"));
}

TEST(Endpoint, PortFollowsAnAddressInItsBrackets) {
    EXPECT_EQ(to_string(wire::endpoint{ip_address::v4(10, 0, 0, 5), 4369}), "10.0.0.5:4369");
    EXPECT_EQ(to_string(wire::endpoint{ip_address::loopback_v6(), 4369}), "[::1]:4369");
}

TEST(WireErrors, HaveTexts) {
    EXPECT_EQ(error(wire::errc::closed, "read").message(), "read: connection closed");
}
