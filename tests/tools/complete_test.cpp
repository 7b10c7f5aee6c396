// SPDX-License-Identifier: Apache-2.0
#include "shell/complete.hpp"
#include "shell/show.hpp"

#include <sedge/term/literal.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sedge::shell {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const known_words words{
    .functions = {"Node.list", "Node.self", "Process.list", "self", "send", ":rpc.call"},
    .names = {"second"},
    .atoms = {"node2@172.24.176.2", "greeter"},
};

std::vector<std::string> candidates(std::string_view text) { return complete(text, words).candidates; }

TEST(Completion, OfAModuleShowsItsFunctions) {
    EXPECT_THAT(candidates("x = Node."), ElementsAre("Node.list", "Node.self"));
    EXPECT_EQ(complete("x = Node.", words).replaced, 5u);
}

TEST(Completion, KnowsBindingsBesideFunctions) {
    EXPECT_THAT(candidates("se"), ElementsAre("second", "self", "send"));
}

TEST(Completion, BehindAColonFindsNodesAndRegisteredNames) {
    EXPECT_THAT(candidates("Node.connect :\"no"), ElementsAre(":\"node2@172.24.176.2\""));
    EXPECT_THAT(candidates("send :gr"), ElementsAre(":greeter"));
    EXPECT_THAT(candidates(":r"), ElementsAre(":rpc.call"));
}

TEST(Completion, OfNothingKnownGivesNothing) {
    EXPECT_THAT(candidates("banana"), IsEmpty());
    EXPECT_THAT(candidates("\"a text\" :zz"), IsEmpty());
}

std::string shown(std::string_view text, std::size_t columns) { return show(parse_elixir(text).value(), columns); }

TEST(Showing, BreaksWhatIsWiderThanTheScreen) {
    EXPECT_EQ(shown("[status: :waiting, links: []]", 80), "[status: :waiting, links: []]");
    EXPECT_EQ(shown("[status: :waiting, links: []]", 20), "[\n  status: :waiting,\n  links: []\n]");
    EXPECT_EQ(shown("{:ok, %{\"a\" => 1, b: 2}}", 24), "{\n  :ok,\n  %{:b => 2, \"a\" => 1}\n}");
    EXPECT_EQ(shown("%{\"a\" => 1, b: 2}", 10), "%{\n  :b => 2,\n  \"a\" => 1\n}") << "in the order of one line";
    EXPECT_EQ(shown("%{aaaaaa: 1, bbbbbb: 2}", 10), "%{\n  aaaaaa: 1,\n  bbbbbb: 2\n}");
    EXPECT_EQ(shown("\"a text that has no place to break\"", 10), "\"a text that has no place to break\"");
}

} // namespace
} // namespace sedge::shell
