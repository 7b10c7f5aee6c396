// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/match.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;

namespace {
const pid somebody{"a@host"_atom, 80, 0, 7};
const term hello{std::tuple{"hello"_atom, somebody, "Ada"}};
} // namespace

TEST(Match, BindsThePartsOfATuple) {
    pid from;
    std::string name;
    ASSERT_TRUE(match(hello, tuple_of("hello"_atom, var(from), var(name))));
    EXPECT_EQ(from, somebody);
    EXPECT_EQ(name, "Ada");
}

TEST(Match, SetsNoVariableUnlessEverythingFits) {
    pid from;
    int number = 7;
    EXPECT_FALSE(match(hello, tuple_of("hello"_atom, var(from), var(number))));
    EXPECT_EQ(from, pid{});
    EXPECT_EQ(number, 7);
}

TEST(Match, WantsTheExactNumberOfElements) {
    EXPECT_FALSE(match(hello, tuple_of("hello"_atom, any)));
    EXPECT_FALSE(match(hello, tuple_of("hello"_atom, any, any, any)));
    EXPECT_TRUE(match(hello, tuple_of("hello"_atom, any, any)));
    EXPECT_FALSE(match(hello, sequence_of("hello"_atom, any, any)));
}

TEST(Match, ComparesValuesExactly) {
    EXPECT_TRUE(match(term{1}, 1));
    EXPECT_FALSE(match(term{1.0}, 1));
    EXPECT_TRUE(match(hello, hello));
    EXPECT_TRUE(match(hello, tuple_of("hello"_atom, somebody, "Ada")));
    EXPECT_FALSE(match(hello, tuple_of("hello"_atom, somebody, "Bob")));
}

TEST(Match, ListsAreProperAndOfThatLength) {
    int second = 0;
    EXPECT_TRUE(match(term{std::vector{1, 2, 3}}, sequence_of(1, var(second), any)));
    EXPECT_EQ(second, 2);
    EXPECT_FALSE(match(term{improper_list{{1, 2}, 3}}, sequence_of(any, any)));
    EXPECT_TRUE(match(term{std::vector<int>{}}, sequence_of()));
}

TEST(Match, MapsMayHaveOtherKeys) {
    const term heartbeat{std::map<atom, term>{{"node"_atom, "a@host"_atom}, {"load"_atom, 3}}};
    atom node;
    EXPECT_TRUE(match(heartbeat, map_with("node"_atom, var(node))));
    EXPECT_EQ(node, "a@host"_atom);
    EXPECT_TRUE(match(heartbeat, map_with("load"_atom, 3, "node"_atom, any)));
    EXPECT_FALSE(match(heartbeat, map_with("cookie"_atom, any)));
    EXPECT_FALSE(match(hello, map_with("node"_atom, any)));
}

TEST(Match, NestsAndAsksPredicates) {
    const term call{std::tuple{"$gen_call"_atom, std::tuple{somebody, improper_list{{"alias"_atom}, 5}}, "ping"_atom}};
    pid from;
    term tag;
    ASSERT_TRUE(match(call, tuple_of("$gen_call"_atom, tuple_of(var(from), var(tag)), any)));
    EXPECT_EQ(tag.kind(), term_kind::list);
    const auto is_atom = when([](const term_view& t) { return t.kind() == term_kind::atom; });
    EXPECT_TRUE(match(call, tuple_of(is_atom, any, is_atom)));
    EXPECT_FALSE(match(call, tuple_of(any, is_atom, any)));
}

TEST(Match, ServesAsAPredicate) {
    const std::function<bool(const term_view&)> wanted = fits(tuple_of("hello"_atom, any, any));
    EXPECT_TRUE(wanted(hello));
    EXPECT_FALSE(wanted(term{1}));
}
