// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/tick.hpp>

#include <gtest/gtest.h>

#include <string>

using namespace sedge;
using dist::ticker;

namespace {

/// Plays a script of one letter per check: r read, w written, b both, . neither. Answers one letter per check: t tick,
/// d down, - nothing, and stops at d.
std::string answers(const std::string& script) {
    ticker t{seconds{60}};
    std::string out;
    for (const char c : script) {
        if (c == 'r' || c == 'b') t.on_read();
        if (c == 'w' || c == 'b') t.on_written();
        const auto v = t.check();
        out += v.peer_is_down ? 'd' : v.send_tick ? 't' : '-';
        if (v.peer_is_down) break;
    }
    return out;
}

} // namespace

TEST(Ticker, ChecksFourTimesInATickTime) {
    EXPECT_EQ(ticker{seconds{60}}.interval(), seconds{15});
}

TEST(Ticker, FollowsTheTable) {
    struct row {
        const char* what;
        const char* script;
        const char* expected;
    };
    for (const auto& [what, script, expected] : {
             row{"idle both ways: a tick each time, down at the fourth", "....", "tttd"},
             row{"peer ticks, we have nothing to say", "rrrrrrrr", "tttttttt"},
             row{"we write all the time, the peer is silent", "wwww", "---d"},
             row{"traffic both ways needs no ticks", "bbbbbb", "------"},
             row{"one sign of life starts the count again", "...r...r...r....", "tttttttttttttttd"},
             row{"write in one interval only", "w...", "-ttd"},
         }) {
        SCOPED_TRACE(what);
        const std::string script_text{script};
        EXPECT_EQ(answers(script_text), expected);
    }
}
