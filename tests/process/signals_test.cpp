// SPDX-License-Identifier: Apache-2.0
#include "process/signals.hpp"

#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;

namespace {

const pid here{atom{"a@h"}, 1, 0, 7};
const pid there{atom{"b@h"}, 2, 0, 8};

reference ref(std::uint32_t n) {
    reference r;
    r.node = here.node;
    r.creation = 7;
    r.size = 1;
    r.words[0] = n;
    return r;
}

/// What a reaction sends, in words.
std::vector<std::string> sent(const reaction& r) {
    std::vector<std::string> all;
    for (const auto& o : r.out)
        all.push_back(std::visit(
            [](const auto& s) -> std::string {
                using kind = std::decay_t<decltype(s)>;
                if constexpr (std::is_same_v<kind, signal::link>) return "link";
                else if constexpr (std::is_same_v<kind, signal::unlink>) return "unlink " + std::to_string(s.id);
                else if constexpr (std::is_same_v<kind, signal::unlink_ack>) return "ack " + std::to_string(s.id);
                else if constexpr (std::is_same_v<kind, signal::exit>) return "exit " + to_erlang(s.reason.view());
                else if constexpr (std::is_same_v<kind, signal::monitor>) return "monitor";
                else if constexpr (std::is_same_v<kind, signal::demonitor>) return "demonitor";
                else if constexpr (std::is_same_v<kind, signal::down>) return "down " + to_erlang(s.reason.view());
                else return "other";
            },
            o.what));
    return all;
}
using lines = std::vector<std::string>;

} // namespace

class Links : public ::testing::Test {
protected:
    relations process{here};
    reaction r;
    reaction fresh() { return std::exchange(r, {}); }
    void exit_from_peer(std::string_view reason, bool trap = false) {
        process.on(signal::exit{there, term{atom{reason}}, true}, trap, r);
    }
};

TEST_F(Links, LinkingTwiceSendsOnce) {
    process.link(there, r);
    process.link(there, r);
    EXPECT_EQ(sent(r), (lines{"link"}));
}

TEST_F(Links, AProcessIsNotLinkedToItself) {
    process.link(here, r);
    EXPECT_TRUE(sent(r).empty());
    EXPECT_TRUE(process.links().empty());
}

TEST_F(Links, UnlinkWaitsForItsAcknowledgementOnce) {
    process.link(there, r);
    fresh();
    process.unlink(there, r);
    process.unlink(there, r);
    EXPECT_EQ(sent(fresh()), (lines{"unlink 1"}));
    EXPECT_TRUE(process.links().empty());
    EXPECT_EQ(process.size(), 1u); // unlinking
    process.on(signal::unlink_ack{there, 2});
    EXPECT_EQ(process.size(), 1u); // another's id
    process.on(signal::unlink_ack{there, 1});
    EXPECT_EQ(process.size(), 0u);
}

TEST_F(Links, AnExitThatCrossesAnUnlinkHasNoEffect) {
    process.link(there, r);
    process.unlink(there, r);
    fresh();
    exit_from_peer("boom");
    EXPECT_FALSE(r.exit_reason.has_value());
    EXPECT_EQ(process.size(), 0u);
}

TEST_F(Links, ALinkThatCrossesAnUnlinkDoesNotActivateIt) {
    process.link(there, r);
    process.unlink(there, r);
    process.on(signal::link{there}, r);
    EXPECT_TRUE(process.links().empty());
}

TEST_F(Links, LinkingAgainForgetsTheOldUnlink) {
    process.link(there, r);
    process.unlink(there, r);
    process.link(there, r);
    EXPECT_EQ(sent(r), (lines{"link", "unlink 1", "link"}));
    process.on(signal::unlink_ack{there, 1});
    EXPECT_EQ(process.links().size(), 1u);
}

TEST_F(Links, UnlinkIsAcknowledgedEvenWithoutALink) {
    process.on(signal::unlink{there, 9}, r);
    EXPECT_EQ(sent(r), (lines{"ack 9"}));
}

TEST_F(Links, AnExitWithoutALinkIsNobodys) {
    exit_from_peer("boom");
    EXPECT_FALSE(r.exit_reason.has_value());
}

TEST_F(Links, ExitReasonsFollowErlangsTable) {
    struct row {
        const char* reason;
        bool through_link;
        bool trap;
        const char* exits_with; // empty: does not
        bool message;
    };
    for (const row& t : std::vector<row>{
             {"normal", true, false, "", false},   {"normal", true, true, "", true},
             {"boom", true, false, "boom", false}, {"boom", true, true, "", true},
             {"kill", true, false, "kill", false}, {"kill", true, true, "", true},
             {"kill", false, false, "killed", false}, {"kill", false, true, "killed", false},
             {"normal", false, false, "", false},  {"normal", false, true, "", true},
             {"boom", false, false, "boom", false}, {"boom", false, true, "", true}}) {
        relations one{here};
        reaction result;
        one.link(there, result);
        one.on(signal::exit{there, term{atom{t.reason}}, t.through_link}, t.trap, result);
        auto row_name = std::string{t.reason} + (t.through_link ? " link" : " exit/2") + (t.trap ? " trapped" : "");
        EXPECT_EQ(result.exit_reason ? to_erlang(result.exit_reason->view()) : "", t.exits_with) << row_name;
        EXPECT_EQ(result.message.has_value(), t.message) << row_name;
    }
}

TEST_F(Links, AnEndTellsLinksAndWatchersAndStopsWatching) {
    process.link(there, r);
    process.monitor(ref(1), there, r);
    process.on(signal::monitor{there, ref(2), here}, r);
    fresh();
    process.end(term{"boom"_atom}, r);
    EXPECT_EQ(sent(r), (lines{"exit boom", "down boom", "demonitor"}));
    EXPECT_EQ(process.size(), 0u);
}

TEST_F(Links, ALostNodeEndsWhatLedThere) {
    std::vector<term> messages;
    process.link(there, r);
    process.monitor(ref(1), there, r);
    process.monitor(ref(2), registered{"x"_atom, there.node}, r);
    process.monitor(ref(3), pid{atom{"c@h"}, 1, 0, 1}, r);
    process.on(signal::monitor{there, ref(4), here}, r);
    process.request_spawn(ref(5), there.node, {});
    fresh();
    process.on(signal::node_lost{there.node}, true, messages, r);
    EXPECT_EQ(messages.size(), 4u); // spawn_reply, two DOWN, EXIT
    EXPECT_EQ(process.size(), 1u);  // the monitor of c
    EXPECT_FALSE(process.touches(there.node));
    messages.clear();
    process.on(signal::node_lost{there.node}, true, messages, r);
    EXPECT_TRUE(messages.empty());
    EXPECT_TRUE(r.out.empty());
}

class Monitors : public Links {};

TEST_F(Monitors, ADownComesOnceAndOnlyForAMonitorThatIsOn) {
    process.monitor(ref(1), there, r);
    fresh();
    process.on(signal::down{here, ref(1), there, term{"x"_atom}}, r);
    EXPECT_TRUE(fresh().message.has_value());
    process.on(signal::down{here, ref(1), there, term{"x"_atom}}, r);
    EXPECT_FALSE(r.message.has_value());
}

TEST_F(Monitors, ADownThatCrossesItsDemonitorIsDropped) {
    process.monitor(ref(1), there, r);
    process.demonitor(ref(1), r);
    EXPECT_EQ(sent(fresh()), (lines{"monitor", "demonitor"}));
    process.on(signal::down{here, ref(1), there, term{"x"_atom}}, r);
    EXPECT_FALSE(r.message.has_value());
}

TEST_F(Monitors, OnlyTheWatcherItselfCanStopWatching) {
    process.on(signal::monitor{there, ref(1), here}, r);
    process.on(signal::demonitor{pid{there.node, 99, 0, 8}, ref(1)});
    EXPECT_EQ(process.monitored_by().size(), 1u);
    process.on(signal::demonitor{there, ref(1)});
    EXPECT_TRUE(process.monitored_by().empty());
}

TEST_F(Monitors, AnAbandonedSpawnRequestLeavesNothingBehind) {
    process.request_spawn(ref(1), there.node, {});
    process.demonitor(ref(1), r);
    process.on(signal::spawned{ref(1), there, {}, false, true}, r);
    EXPECT_FALSE(r.message.has_value());
    EXPECT_EQ(sent(r), (lines{"demonitor"}));
    EXPECT_EQ(process.size(), 0u);
}
