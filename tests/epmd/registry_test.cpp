// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/epmd/registry.hpp>

#include <gmock/gmock.h>
#include <set>

using namespace sedge;
using namespace sedge::epmd;
using testing::ElementsAre;

namespace {

constexpr rights all_rights{true, true, true};

alive_request alive(std::string name, std::uint16_t port = 5555, std::uint16_t highest = version_highest) {
    alive_request what;
    what.node.name = std::move(name);
    what.node.port = port;
    what.node.highest = highest;
    return what;
}

/// A mapper whose connections are numbered by hand.
struct Registry : testing::Test {
    epmd::registry names{4369, 1000};

    registry::outcome ask(registry::connection from, const request& what, rights allowed = all_rights) {
        return names.handle(from, what, allowed);
    }
    std::uint32_t creation(registry::connection from, const request& what) {
        auto answer = decode_alive_answer(ask(from, what).answer).value().value();
        EXPECT_EQ(answer.result, 0);
        return answer.creation;
    }
    bool is_refused(const registry::outcome& outcome) {
        auto answer = decode_alive_answer(outcome.answer).value().value();
        EXPECT_EQ(answer.creation, answer.result ? refused_creation : answer.creation);
        return answer.result == 1 && outcome.then == registry::next::wait_for_close;
    }
};

} // namespace

TEST(RecordedExchanges, GetTheSameAnswersFromOurRegistry) {
    // What OTP's daemon did under -relaxed_command_check, and its listing for people who debug it, we do not offer.
    const std::set<std::string> not_offered{"dump",       "r-alive2",         "stop-unknown",
                                            "stop-known", "port2-after-stop", "kill-ok"};
    epmd::registry names{24370, 0x6b03e5cf};
    registry::connection connection = 0, of_one = 0, of_again = 0;
    const auto pairs = test::read_vectors("epmd/pairs.json");
    for (const auto& entry : pairs.as_array()) {
        const std::string name{entry.at("name").as_string()};
        SCOPED_TRACE(name);
        if (not_offered.contains(name)) continue;
        const auto sent = from_hex(std::string{entry.at("request").as_string()}).value();
        const auto expected = from_hex(std::string{entry.at("response").as_string()}).value();
        const bool closes = entry.at("closed_by_epmd").as_bool();
        auto what = decode_request(sent);
        if (!what) {
            EXPECT_TRUE(expected.empty() && closes);
            continue;
        }
        if (!*what) continue;
        ++connection;
        if (name == "alive2-v6") of_one = connection;
        if (name == "creation-first") of_again = connection;
        if (name == "creation-second") names.ended(of_again);
        if (name == "port2-after-junk") names.ended(of_one);

        auto outcome = names.handle(connection, **what, all_rights);
        EXPECT_EQ(outcome.then == registry::next::close, closes);
        if (!std::holds_alternative<alive_request>(**what)) {
            EXPECT_EQ(to_hex(outcome.answer), to_hex(expected));
            continue;
        }
        auto ours = decode_alive_answer(outcome.answer).value().value();
        auto theirs = decode_alive_answer(expected).value().value();
        EXPECT_EQ(ours.result, theirs.result);
        EXPECT_EQ(ours.short_form, theirs.short_form);
        if (ours.result != 0) {
            EXPECT_EQ(ours.creation, theirs.creation);
        } else if (ours.short_form) {
            EXPECT_THAT(ours.creation, testing::AllOf(testing::Ge(1u), testing::Le(3u)));
        } else {
            EXPECT_GE(ours.creation, 4u);
        }
    }
}

TEST_F(Registry, HoldsANameUntilItsConnectionEnds) {
    EXPECT_EQ(ask(1, alive("one")).then, registry::next::hold);
    ASSERT_NE(names.find("one"), nullptr);
    EXPECT_EQ(names.ended(2), "");
    EXPECT_EQ(names.ended(1), "one");
    EXPECT_EQ(names.find("one"), nullptr);
    EXPECT_EQ(names.ended(1), "");
}

TEST_F(Registry, RefusesANameThatIsTaken) {
    ask(1, alive("one", 5555));
    EXPECT_TRUE(is_refused(ask(2, alive("one", 6666))));
    EXPECT_TRUE(is_refused(ask(3, alive("one", 6666, 5))));
    EXPECT_EQ(names.find("one")->port, 5555);
    EXPECT_EQ(names.ended(2), "") << "who was refused owns nothing";
    EXPECT_NE(names.find("one"), nullptr);
}

TEST_F(Registry, RefusesASecondNameOnOneConnection) {
    ask(1, alive("one"));
    EXPECT_TRUE(is_refused(ask(1, alive("two"))));
}

TEST_F(Registry, RefusesNamesThatCouldForgeLines) {
    EXPECT_TRUE(is_refused(ask(1, alive("a\nname b at port 9"))));
    EXPECT_TRUE(is_refused(ask(1, alive("\xff"))));
    EXPECT_TRUE(is_refused(ask(1, alive(std::string(256, 'n')))));
}

TEST_F(Registry, ListsTheLatestFirst) {
    ask(1, alive("one", 1));
    ask(2, alive("two", 2));
    ask(3, alive("three", 3));
    names.ended(2);
    ask(4, alive("two", 4));
    EXPECT_THAT(names.names(),
                ElementsAre(name_and_port{"two", 4}, name_and_port{"three", 3}, name_and_port{"one", 1}));
}

TEST_F(Registry, NeverGivesTheSameCreationTwice) {
    std::set<std::uint32_t> seen;
    for (registry::connection c = 1; c <= 300; ++c) {
        EXPECT_TRUE(seen.insert(creation(c, alive(c % 2 ? "odd" : "even"))).second);
        names.ended(c);
    }
}

TEST_F(Registry, CountsACreationOnForANameThatComesBack) {
    EXPECT_EQ(creation(1, alive("one")), 1000u);
    names.ended(1);
    EXPECT_EQ(creation(2, alive("one")), 1001u);
}

TEST_F(Registry, GivesOldNodesAnotherSmallCreationEachTime) {
    std::uint32_t last = 0;
    for (registry::connection c = 1; c <= 30; c += 4) {
        const std::uint32_t now = creation(c, alive("old", 1, 5));
        EXPECT_NE(now, last);
        EXPECT_THAT(now, testing::AllOf(testing::Ge(1u), testing::Le(3u)));
        last = now;
        names.ended(c);
        for (registry::connection other = c + 1; other < c + 3; ++other) { // so that three creations pass
            creation(other, alive("other"));
            names.ended(other);
        }
    }
}

TEST(Creations, AreNeverBelowFourAndWrapThere) {
    epmd::registry zero{4369, 0};
    auto first = zero.handle(1, alive("one"), all_rights);
    EXPECT_EQ(decode_alive_answer(first.answer).value()->creation, 4u);
    epmd::registry last{4369, 0xffffffff};
    EXPECT_EQ(decode_alive_answer(last.handle(1, alive("one"), all_rights).answer).value()->creation, 0xffffffffu);
    EXPECT_EQ(decode_alive_answer(last.handle(2, alive("two"), all_rights).answer).value()->creation, 4u);
}

TEST_F(Registry, HoldsAsManyNamesAsTheLimitSays) {
    registry::connection c = 0;
    while (c + 1 < limits::epmd_registrations_max) {
        ++c;
        EXPECT_EQ(ask(c, alive("n" + std::to_string(c))).then, registry::next::hold);
    }
    EXPECT_EQ(ask(++c, alive("last")).then, registry::next::hold);
    EXPECT_TRUE(is_refused(ask(++c, alive("one too many"))));
    names.ended(1);
    EXPECT_EQ(ask(++c, alive("in its place")).then, registry::next::hold);
}

TEST_F(Registry, ForgetsTheOldestOfTooManyOldNames) {
    for (registry::connection c = 1; c <= 3 * limits::epmd_remembered_names_max; ++c) {
        ask(c, alive("n" + std::to_string(c)));
        names.ended(c);
    }
    EXPECT_EQ(names.size(), 0u);
    EXPECT_EQ(ask(1, alive("n1")).then, registry::next::hold);
}

TEST_F(Registry, SaysNothingToWhoMayNotAsk) {
    ask(1, alive("one"));
    auto is_silent = [](const registry::outcome& o) { return o.answer.empty() && o.then == registry::next::close; };
    EXPECT_TRUE(is_silent(ask(2, alive("two"), {.register_names = false, .look_up = true, .list = true})));
    EXPECT_TRUE(is_silent(ask(2, port_request{"one"}, {.register_names = false, .look_up = false, .list = true})));
    EXPECT_TRUE(is_silent(ask(2, names_request{}, {.register_names = false, .look_up = true, .list = false})));
    EXPECT_TRUE(is_silent(ask(2, kill_request{}, {})));
    EXPECT_EQ(names.size(), 1u);
}

TEST_F(Registry, CannotBeKilledStoppedOrDumped) {
    ask(1, alive("one"));
    EXPECT_EQ(as_text(ask(2, kill_request{}).answer), "NO");
    EXPECT_TRUE(ask(2, stop_request{"one"}).answer.empty());
    EXPECT_TRUE(ask(2, dump_request{}).answer.empty());
    EXPECT_EQ(names.size(), 1u);
}
