// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/detector.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace sedge;
using namespace std::chrono_literals;
using dist::detector;

namespace {

constexpr time_point start{100s};

/// A peer, its machine and the way there, as a detector sees them.
struct played {
    bool machine = true;  // acknowledges
    bool connects = true; // answers fresh connects
    bool program = true;  // runs
    bool answers = true;  // knows what net_kernel is
    bool ticks = false;   // each second, as sedge does
    bool reachable = true;

    explicit played(bool dialled = true) : reachable(dialled), core(dist::detector_options{}, dialled, start) {}

    detector core;
    time_point now = start;
    std::vector<std::string> told; // without times
    std::optional<time_point> suspect_at, down_at;
    int ticks_sent = 0, probes_sent = 0, confirms = 0;

    void write() {
        core.on_written(now);
        machine ? void(acknowledged_at = now) : void(under_way = true);
    }
    void mend() {
        machine = connects = true;
        if (std::exchange(under_way, false)) acknowledged_at = now;
        if (std::exchange(asked, false)) hear_answer();
    }
    /// Time in which this side sleeps.
    void stall(duration d) {
        now += d;
        peer_tick = std::max(peer_tick, now); // its ticks lie unread
        check();
    }
    void run_for(duration d) {
        const time_point until = now + d;
        while (!down_at) {
            time_point due = std::min(core.next(), confirm_due.value_or(time_point::max()));
            if (speaks()) due = std::min(due, peer_tick);
            if (due > until) break;
            now = std::max(now, due);
            if (speaks() && peer_tick <= now) {
                peer_tick = now + 1s;
                core.on_read(now);
                core.on_tick_read(now);
            } else if (confirm_due && *confirm_due <= now) {
                confirm_due.reset();
                core.on_confirmation(connects, now);
                check();
            } else {
                check();
            }
        }
        if (!down_at) now = until;
    }

private:
    void hear_answer() {
        if (!program || !answers) return;
        core.on_read(now);
        core.on_answer();
    }
    bool speaks() const { return ticks && program && machine; }
    void check() {
        const auto v = core.check(now, {false, wire::delivery{under_way, now - acknowledged_at, 1ms}});
        using change = detector::verdict::change;
        if (v.what == change::down) {
            down_at = now;
            told.push_back("down: " + v.reason);
            return;
        }
        if (v.what == change::suspect) {
            suspect_at = now;
            told.emplace_back("suspect");
        }
        if (v.what == change::recovered) told.emplace_back("recovered");
        if (v.send_probe) {
            ++probes_sent;
            write();
            asked = !machine;
            if (machine) hear_answer();
        }
        if (v.send_tick) {
            ++ticks_sent;
            write();
        }
        if (v.confirm) {
            ++confirms;
            confirm_due = now + (connects ? duration{1ms} : duration{1300ms});
        }
    }

    bool under_way = false;
    bool asked = false; // and the question has not arrived yet
    time_point acknowledged_at = start;
    time_point peer_tick = start + 1s;
    std::optional<time_point> confirm_due;
};

} // namespace

TEST(Detector, TicksEachIdleSecondAndBlamesNobodyWhoIsThere) {
    for (const bool ticks : {false, true}) {
        played peer;
        peer.ticks = ticks;
        peer.run_for(1h);
        EXPECT_TRUE(peer.told.empty());
        EXPECT_EQ(peer.confirms, 0);
        EXPECT_GE(peer.ticks_sent + peer.probes_sent, 3590);
        EXPECT_LE(peer.ticks_sent + peer.probes_sent, 3610);
        EXPECT_LE(peer.probes_sent, ticks ? 2 : 3600) << "who ticks need not be asked";
    }
}

TEST(Detector, MachineThatIsGoneIsSuspectAndThenDown) {
    for (auto moment = 0ms; moment < 1000ms; moment += 37ms) {
        played peer;
        peer.run_for(10s + moment);
        peer.machine = peer.connects = false;
        const auto cut = peer.now;
        peer.run_for(20s);
        ASSERT_TRUE(peer.suspect_at && peer.down_at);
        EXPECT_LE(*peer.suspect_at - cut, 4s);
        EXPECT_LE(*peer.down_at - cut, 5301ms);
        EXPECT_GE(*peer.down_at - cut, 4300ms);
        EXPECT_NE(peer.told.back().find("its machine does not answer"), std::string::npos) << peer.told.back();
    }
}

TEST(Detector, TrafficDoesNotDelayThat) {
    for (auto moment = 0ms; moment < 1000ms; moment += 37ms) {
        played peer;
        const auto talk = [&peer](duration most) {
            for (const auto until = peer.now + most; peer.now < until && !peer.down_at; peer.run_for(100ms))
                peer.write();
        };
        talk(5s + moment);
        peer.machine = peer.connects = false;
        const auto cut = peer.now;
        talk(20s);
        ASSERT_TRUE(peer.down_at);
        EXPECT_LE(*peer.down_at - cut, 5500ms);
    }
}

TEST(Detector, MachineThatAnswersOthersKeepsASuspectUp) {
    played peer;
    peer.run_for(5s);
    peer.machine = false;
    peer.run_for(15s);
    EXPECT_EQ(peer.told, std::vector<std::string>{"suspect"});
    EXPECT_GE(peer.confirms, 3) << "asked about again";
    EXPECT_LE(peer.confirms, 5);
    peer.mend();
    peer.run_for(2s);
    EXPECT_EQ(peer.told, (std::vector<std::string>{"suspect", "recovered"}));
}

TEST(Detector, WhatIsNeverAcknowledgedEndsAfterHalfAMinute) {
    played peer;
    peer.run_for(5s);
    peer.machine = false;
    peer.run_for(1min);
    ASSERT_TRUE(peer.down_at);
    EXPECT_LE(*peer.down_at - start, 36100ms);
    EXPECT_GE(*peer.down_at - start, 35s);
}

TEST(Detector, AcknowledgementDuringTheConnectsRefutesThem) {
    played peer;
    peer.run_for(5s);
    peer.machine = peer.connects = false;
    peer.run_for(4500ms);
    ASSERT_TRUE(peer.suspect_at);
    peer.mend();
    peer.connects = false; // all attempts fail, and yet
    peer.run_for(20s);
    EXPECT_EQ(peer.told, (std::vector<std::string>{"suspect", "recovered"}));
}

TEST(Detector, MachineThatCannotBeAskedIsGivenHalfAMinute) {
    played peer{false};
    peer.connects = false; // behind NAT
    peer.run_for(10min);
    EXPECT_LE(peer.confirms, 11) << "tried once a minute";
    peer.machine = false;
    const auto cut = peer.now;
    peer.run_for(1min);
    ASSERT_TRUE(peer.down_at);
    EXPECT_GE(*peer.down_at - cut, 30s);
}

TEST(Detector, MachineThatDialledUsCanBeAskedOnceItHasAnswered) {
    played peer{false};
    peer.run_for(10s);
    peer.machine = peer.connects = false;
    const auto cut = peer.now;
    peer.run_for(20s);
    ASSERT_TRUE(peer.down_at);
    EXPECT_LE(*peer.down_at - cut, 5301ms);
}

TEST(Detector, HungProgramIsDownThoughItsSystemAcknowledges) {
    struct row {
        bool ticks;
        duration least, most;
    };
    for (const auto& [ticks, least, most] : {row{true, 5s, 7s}, row{false, 9s, 12s}}) {
        for (auto moment = 0ms; moment < 2000ms; moment += 137ms) {
            played peer;
            peer.ticks = ticks;
            peer.run_for(10s + moment);
            peer.program = false;
            const auto hung = peer.now;
            peer.run_for(1min);
            ASSERT_TRUE(peer.down_at) << ticks;
            EXPECT_LE(*peer.down_at - hung, most);
            EXPECT_GE(*peer.down_at - hung, least - 1s);
            EXPECT_NE(peer.told.back().find("has said nothing"), std::string::npos) << peer.told.back();
        }
    }
}

TEST(Detector, ProgramThatSpeaksAgainIsNoLongerSuspect) {
    played peer;
    peer.ticks = true;
    peer.run_for(10s);
    peer.program = false;
    peer.run_for(5500ms);
    EXPECT_EQ(peer.told, std::vector<std::string>{"suspect"});
    peer.program = true;
    peer.run_for(10s);
    EXPECT_EQ(peer.told, (std::vector<std::string>{"suspect", "recovered"}));
}

TEST(Detector, WhoNeverAnsweredIsNotBlamedForSilence) {
    played peer;
    peer.answers = false;
    peer.run_for(1h);
    EXPECT_TRUE(peer.told.empty());
    EXPECT_EQ(peer.probes_sent, 1);
}

TEST(Detector, ProbeThatHasNotArrivedProvesNothing) {
    played peer;
    peer.run_for(5s);
    peer.machine = false; // the question is under way, and its machine answers others
    peer.program = false;
    peer.run_for(25s);
    EXPECT_EQ(peer.told, std::vector<std::string>{"suspect"});
}

TEST(Detector, OwnStallsBlameNobody) {
    std::mt19937 random{4};
    for (const bool ticks : {false, true}) {
        played peer;
        peer.ticks = ticks;
        for (int i = 0; i < 500; ++i) {
            peer.run_for(milliseconds{random() % 3000});
            peer.stall(milliseconds{200 + random() % 9801});
        }
        EXPECT_TRUE(peer.told.empty()) << peer.told.front();
    }
}

TEST(Detector, StallDuringASuspicionProlongsIt) {
    played peer;
    peer.ticks = true;
    peer.run_for(10s);
    peer.program = false;
    peer.run_for(5s);
    peer.stall(30s);
    EXPECT_FALSE(peer.down_at);
    peer.run_for(5s);
    EXPECT_TRUE(peer.down_at);
}
