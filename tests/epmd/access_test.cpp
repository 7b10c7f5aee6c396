// SPDX-License-Identifier: Apache-2.0
#include <sedge/epmd/access.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::epmd;

namespace {

wire::ip_address ip(std::string_view text) { return wire::ip_address::parse(text).value(); }

const std::vector<wire::interface_address> interfaces{
    {.name = "eth0", .index = 2, .address = ip("10.0.0.5"), .prefix_bits = 24, .broadcast = {}, .up = true},
    {.name = "eth0", .index = 2, .address = ip("fd00::5"), .prefix_bits = 64, .broadcast = {}, .up = true},
    {.name = "eth1", .index = 3, .address = ip("10.1.0.5"), .prefix_bits = 20, .broadcast = {}, .up = false},
};

rights from(std::string_view remote, std::string_view local, const access_rules& rules = {}) {
    return rights_of(rules, ip(remote), ip(local), interfaces);
}

constexpr rights everything{true, true, true};
constexpr rights only_look_up{false, true, false};
constexpr rights look_up_and_list{false, true, true};
constexpr rights nothing{};

} // namespace

TEST(Access, IsFullForThisMachine) {
    EXPECT_EQ(from("127.0.0.1", "127.0.0.1"), everything);
    EXPECT_EQ(from("127.9.9.9", "127.0.0.1"), everything);
    EXPECT_EQ(from("::1", "::1"), everything);
    EXPECT_EQ(from("10.0.0.5", "10.0.0.5"), everything);
}

TEST(Access, IsLookUpOnlyForTheInterfacesSubnets) {
    EXPECT_EQ(from("10.0.0.9", "10.0.0.5"), only_look_up);
    EXPECT_EQ(from("fd00::9", "fd00::5"), only_look_up);
    EXPECT_EQ(from("10.0.1.9", "10.0.0.5"), nothing);
    EXPECT_EQ(from("fd00:0:0:1::9", "fd00::5"), nothing);
    EXPECT_EQ(from("10.1.0.9", "10.0.0.5"), nothing) << "that interface is down";
}

TEST(Access, WidensByRule) {
    access_rules rules;
    rules.names = audience::on_link;
    EXPECT_EQ(from("10.0.0.9", "10.0.0.5", rules), look_up_and_list);
    EXPECT_EQ(from("192.0.2.1", "10.0.0.5", rules), nothing);
    rules.look_ups_also = {subnet::parse("192.0.2.0/24").value()};
    EXPECT_EQ(from("192.0.2.1", "10.0.0.5", rules), only_look_up);
    rules.look_ups = rules.names = audience::anyone;
    EXPECT_EQ(from("203.0.113.1", "10.0.0.5", rules), look_up_and_list) << "and nobody from outside registers";
}

TEST(Access, NarrowsByRule) {
    access_rules rules;
    rules.look_ups = audience::this_machine;
    EXPECT_EQ(from("10.0.0.9", "10.0.0.5", rules), nothing);
    EXPECT_EQ(from("127.0.0.1", "127.0.0.1", rules), everything);
}

TEST(Subnet, ContainsByItsPrefixAndFamily) {
    struct row {
        const char *range, *address;
        bool inside;
    };
    const row rows[]{
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"172.24.176.0/20", "172.24.191.255", true},
        {"172.24.176.0/20", "172.24.192.0", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"0.0.0.0/0", "203.0.113.7", true},
        {"0.0.0.0/0", "fd00::1", false},
        {"::/0", "fd00::1", true},
        {"::/0", "10.0.0.1", false},
        {"fd00::/9", "fd7f::1", true},
        {"fd00::/9", "fd80::1", false},
    };
    for (const auto& r : rows)
        EXPECT_EQ(subnet::parse(r.range).value().contains(ip(r.address)), r.inside) << r.range << " " << r.address;
}

TEST(Subnet, IsNotParsedFromAnythingElse) {
    for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::/129", "home"}) {
        EXPECT_FALSE(subnet::parse(text).has_value()) << text;
    }
}
