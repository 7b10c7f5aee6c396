// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/role.hpp>

#include <gtest/gtest.h>

namespace sedge::otp {
namespace {

using namespace sedge::literals;

TEST(Pattern, StarStandsForAnyText) {
    EXPECT_TRUE(matches("a", "a"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("web*@10.0.0.*", "web12@10.0.0.7"));
    EXPECT_TRUE(matches("*a*b*", "xaxxabx"));
    EXPECT_TRUE(matches("m:*/2", "m:f/1/2"));
    EXPECT_FALSE(matches("a", "ab"));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_FALSE(matches("web*@10.0.0.*", "db@10.0.0.7"));
    EXPECT_FALSE(matches("*ab", "ababa"));
}

TEST(Pattern, ManyStarsTakeNoLongerThanText) {
    std::string pattern;
    for (int i = 0; i < 1000; ++i) pattern += "*a";
    EXPECT_FALSE(matches(pattern + "b", std::string(20'000, 'a')));
}

TEST(RoleTable, EverybodyHasTheDefaultWhichDoesAllButControl) {
    role_table table;
    const role& r = table.of({"any@10.0.0.1"_atom, {}});
    EXPECT_EQ(r.name, "default");
    EXPECT_TRUE(r.may.contains(right::call));
    EXPECT_FALSE(r.may.contains(right::control));
}

TEST(RoleTable, FirstRoleThatListsTheNodeCounts) {
    role watcher;
    watcher.name = "watcher";
    watcher.nodes = {"w*@*", "x@*"};
    role all = watcher;
    all.name = "all";
    all.nodes = {"*"};
    role_table table{{watcher, all}};
    EXPECT_EQ(table.of({"w1@h"_atom, {}}).name, "watcher");
    EXPECT_EQ(table.of({"x@h"_atom, {}}).name, "watcher");
    EXPECT_EQ(table.of({"y@h"_atom, {}}).name, "all");
}

TEST(RoleTable, DefaultCanBeGivenWithoutNodes) {
    role given;
    given.name = "default";
    given.may = {right::info};
    role_table table{{given}};
    EXPECT_EQ(table.of({"y@h"_atom, {}}).may, std::set{right::info});
}

TEST(RoleTable, CertificateCanBeDemanded) {
    role operators;
    operators.name = "operators";
    operators.nodes = {"*"};
    operators.certificates = {"10.0.0.2", "admin@*"};
    role_table table{{operators}};
    EXPECT_EQ(table.of({"any@10.0.0.2"_atom, "10.0.0.2"}).name, "operators");
    EXPECT_EQ(table.of({"admin@box"_atom, "admin@box"}).name, "operators");
    EXPECT_EQ(table.of({"any@10.0.0.3"_atom, "10.0.0.3"}).name, "default");
    EXPECT_EQ(table.of({"any@10.0.0.2"_atom, ""}).name, "default") << "without TLS a name proves nothing";
    operators.certificates = {"*"};
    EXPECT_EQ(role_table{{operators}}.of({"any@10.0.0.2"_atom, ""}).name, "default");
}

TEST(Right, NamesGoBothWays) {
    for (auto r : {right::info, right::call, right::spawn, right::send, right::link, right::control})
        EXPECT_EQ(right_from(to_string(r)), r);
    EXPECT_FALSE(right_from("all"));
}

} // namespace
} // namespace sedge::otp
