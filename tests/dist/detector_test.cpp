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

    explicit played(bool dialled = true, const dist::detector_options& times = {})
        : reachable(dialled), core(times, dialled, start) {}

    detector core;
    time_point now = start;
    std::vector<std::string> told; // without times
    std::optional<time_point> suspect_at, down_at;
    duration late{};               // by which timers here are
    duration acknowledged_after{}; // each write
    duration grain{};              // the time of the last acknowledgement is told by, now in this way, now in that
    time_point written_at = start;
    int ticks_sent = 0, probes_sent = 0, confirms = 0;

    void write() {
        core.on_written(now);
        written_at = now;
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
            if (!speaks() || peer_tick > now) now += late;
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
        const bool open = under_way || now - written_at < acknowledged_after;
        const duration age = now - acknowledged_at + (checks++ % 2 == 0 ? grain : -grain);
        const auto v = core.check(now, {false, wire::delivery{open, std::max(age, duration{}), 1ms}});
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

    int checks = 0;
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
        EXPECT_LE(*peer.suspect_at - cut, 3500ms);
        EXPECT_LE(*peer.down_at - cut, 4801ms);
        EXPECT_GE(*peer.down_at - cut, 3800ms);
        EXPECT_NE(peer.told.back().find("its machine does not answer"), std::string::npos) << peer.told.back();
    }
}

TEST(Detector, MachineThatIsGoneIsDownWithinSixSecondsByABusyProgram) {
    // Each timer of it is late, as on a machine with twenty times more to do than processors.
    for (const duration late : {duration{10ms}, duration{60ms}, duration{249ms}}) {
        for (auto moment = 0ms; moment < 1000ms; moment += 37ms) {
            played peer;
            peer.late = late;
            peer.run_for(10s + moment);
            peer.machine = peer.connects = false;
            const auto cut = peer.now;
            peer.run_for(20s);
            ASSERT_TRUE(peer.down_at);
            EXPECT_LE(*peer.down_at - cut, 4801ms + 4 * late);
            EXPECT_LE(*peer.down_at - cut, 6s);
        }
    }
}

TEST(Detector, StallDuringTheConnectsCostsNoMoreThanItself) {
    played peer;
    peer.run_for(5s);
    peer.machine = peer.connects = false;
    const auto cut = peer.now;
    while (!peer.suspect_at) peer.run_for(100ms);
    peer.stall(1500ms); // that the connects were heeded meanwhile is the matter of who makes them
    EXPECT_FALSE(peer.down_at);
    peer.run_for(20s);
    ASSERT_TRUE(peer.down_at);
    EXPECT_LE(*peer.down_at - cut, 4801ms + 1500ms);
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
        EXPECT_LE(*peer.down_at - cut, 5s);
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
    EXPECT_LE(*peer.down_at - cut, 4801ms);
}

TEST(Detector, AcknowledgementIsNewsOnlyOnce) {
    // One comes just when something is written that is lost: as of ticks, which leave everywhere at whole seconds.
    for (auto age = 0ms; age < 3000ms; age += 7ms) {
        for (const auto grain : {0ms, 4ms, 10ms}) {
            played peer;
            peer.grain = grain;
            peer.run_for(age);
            peer.write();
            peer.machine = peer.connects = false;
            peer.write();
            const auto cut = peer.now;
            peer.run_for(20s);
            ASSERT_TRUE(peer.suspect_at && peer.down_at);
            EXPECT_LE(*peer.suspect_at - cut, 2500ms + grain) << age / 1ms;
            EXPECT_LE(*peer.down_at - cut, 3800ms + grain) << age / 1ms;
            EXPECT_EQ(peer.told.size(), 2u) << age / 1ms;
        }
    }
}

TEST(Detector, MachineThatDialledUsIsMissedSoonAtAnyAgeOfTheConnection) {
    for (auto age = 0ms; age < 3000ms; age += 29ms) {
        for (const bool writes : {false, true}) { // what a connection begins with
            played peer{false};
            if (writes) peer.write();
            peer.run_for(age);
            peer.machine = peer.connects = false;
            const auto cut = peer.now;
            peer.run_for(20s);
            ASSERT_TRUE(peer.down_at) << age / 1ms;
            EXPECT_LE(*peer.down_at - cut, 4801ms) << age / 1ms;
        }
    }
}

TEST(Detector, MachineThatIsCutOffWhileItIsAskedIsNotTakenForOneThatCannotBeAsked) {
    played peer{false};
    peer.connects = false; // their answers were lost already
    peer.run_for(700ms);
    EXPECT_EQ(peer.confirms, 1);
    peer.machine = false;
    const auto cut = peer.now;
    peer.run_for(20s);
    EXPECT_EQ(peer.confirms, 2);
    ASSERT_TRUE(peer.down_at);
    EXPECT_LE(*peer.down_at - cut, 4801ms);
}

TEST(Detector, MachineThatCannotBeAskedIsKnownAsSuchAfterFourSeconds) {
    played peer{false};
    peer.connects = false; // behind NAT
    peer.run_for(4s);
    peer.machine = false;
    peer.run_for(25s);
    EXPECT_EQ(peer.told, std::vector<std::string>{"suspect"});
    peer.mend();
    peer.run_for(2s);
    EXPECT_EQ(peer.told, (std::vector<std::string>{"suspect", "recovered"}));
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

TEST(Detector, HungProgramIsDownAlsoWhereTicksAreMoreFrequentThanAcknowledgements) {
    dist::detector_options times;
    times.tick_interval = 100ms;
    played peer{true, times};
    peer.acknowledged_after = 150ms; // systems wait so long for an answer that takes the acknowledgement along
    peer.run_for(10s);
    EXPECT_TRUE(peer.told.empty());
    peer.program = false;
    const auto hung = peer.now;
    peer.run_for(1min);
    ASSERT_TRUE(peer.down_at);
    EXPECT_LE(*peer.down_at - hung, 11s);
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

TEST(Detector, EachTimeIsHeeded) {
    using options = dist::detector_options;
    struct row {
        const char* what;
        void (*change)(options&);
        void (*fault)(played&);
        duration suspect, down; // after the fault, which is right after a tick; the last answer is a second old then
    };
    const auto cut = [](played& p) { p.machine = p.connects = false; };
    const auto forgotten = [](played& p) { p.machine = false; };
    const auto hung = [](played& p) { p.program = false; };
    const auto hung_ticking = [](played& p) {
        p.ticks = true;
        p.run_for(10s);
        p.program = false;
    };
    const row rows[] = {
        {"as it is", [](options&) {}, cut, 3500ms, 4800ms},
        {"tick_interval", [](options& o) { o.tick_interval = 500ms; }, cut, 3s, 4300ms},
        {"suspect_time", [](options& o) { o.suspect_time = 1s; }, cut, 2s, 3300ms},
        {"unacknowledged_max", [](options& o) { o.unacknowledged_max = 10s; }, forgotten, 3500ms, 11s},
        {"as it is", [](options&) {}, hung, 3100ms, 9100ms},
        {"probe_time", [](options& o) { o.probe_time = 4s; }, hung, 5100ms, 9100ms},
        {"answer_time", [](options& o) { o.answer_time = 500ms; }, hung, 1600ms, 9100ms},
        {"hung_time_asked", [](options& o) { o.hung_time_asked = 20s; }, hung, 3100ms, 19100ms},
        {"as it is", [](options&) {}, hung_ticking, 4100ms, 6100ms},
        {"hung_time", [](options& o) { o.hung_time = 12s; }, hung_ticking, 4100ms, 12100ms},
    };
    for (const auto& [what, change, fault, suspect, down] : rows) {
        options times;
        change(times);
        played peer{true, times};
        peer.run_for(10s);
        fault(peer);
        const auto began = peer.now;
        peer.run_for(2min);
        ASSERT_TRUE(peer.suspect_at && peer.down_at) << what;
        EXPECT_NEAR((*peer.suspect_at - began) / 1ms, suspect / 1ms, 2) << what;
        EXPECT_NEAR((*peer.down_at - began) / 1ms, down / 1ms, 2) << what;
    }
}

TEST(Detector, TimesThatMakeNoSenseAreRefusedWithASentence) {
    using options = dist::detector_options;
    EXPECT_TRUE(check(options{}));
    struct row {
        void (*change)(options&);
        const char* sentence;
    };
    const row rows[] = {
        {[](options& o) { o.tick_interval = 99ms; }, "\"tick_interval\" must be from 100 ms to 15000 ms"},
        {[](options& o) { o.tick_interval = 16s; }, "\"tick_interval\" must be from 100 ms to 15000 ms"},
        {[](options& o) { o.suspect_time = 499ms; }, "\"suspect_time\" must be from 500 ms to 600000 ms"},
        {[](options& o) { o.confirm_time = 199ms; }, "\"confirm_time\" must be from 200 ms to 60000 ms"},
        {[](options& o) { o.probe_time = 11min; }, "\"probe_time\" must be from 200 ms to 600000 ms"},
        {[](options& o) { o.probe_time = 1900ms; },
         "\"probe_time\" must be at least twice \"tick_interval\", 2000 ms (who ticks need not be asked), not 1900 ms"},
        {[](options& o) { o.answer_time = 1ms; }, "\"answer_time\" must be from 200 ms to 600000 ms"},
        {[](options& o) { o.hung_time = 4s; },
         "\"hung_time\" must be more than \"probe_time\" and \"answer_time\" together, 4000 ms (who is asked must have "
         "time to answer), not 4000 ms"},
        {[](options& o) { o.hung_time_asked = 3s; },
         "\"hung_time_asked\" must be more than \"probe_time\" and \"answer_time\" together, 4000 ms"},
        {[](options& o) { o.unacknowledged_max = 3700ms; }, "\"unacknowledged_max\" must be at least \"suspect_time\" "
                                                            "and \"confirm_time\" together, 3800 ms, not 3700 ms"},
    };
    for (const auto& [change, sentence] : rows) {
        options times;
        change(times);
        const auto outcome = check(times);
        ASSERT_FALSE(outcome) << sentence;
        EXPECT_EQ(outcome.error(), make_error_code(errc::invalid_argument));
        EXPECT_TRUE(outcome.error().context().starts_with(sentence)) << outcome.error().context();
    }
}

TEST(Detector, TicksOfAllPeersLeaveAtTheSameMoments) {
    std::vector<detector> all;
    for (int i = 0; i < 50; ++i) { // connected at different times
        all.emplace_back(dist::detector_options{}, true, start + i * 37ms);
        all.back().on_written(start + i * 37ms);
    }
    std::vector<time_point> ticks;
    const auto run_until = [&](time_point end) {
        for (auto& one : all)
            while (one.next() <= end) {
                const auto now = one.next();
                one.on_read(now);
                const auto v = one.check(now, {false, wire::delivery{false, 0ms, 1ms}});
                if (v.send_tick) ticks.push_back(now);
                if (v.send_tick || v.send_probe) one.on_written(now + 80us);
            }
    };
    run_until(start + 6s);
    ticks.clear();
    run_until(start + 16s);
    EXPECT_EQ(ticks.size(), 500u) << "one a second each";
    std::ranges::sort(ticks);
    const auto moments = std::ranges::unique(ticks).begin() - ticks.begin();
    EXPECT_EQ(moments, 10) << "a wake a second for all";
}

TEST(Detector, TickNeverWaitsLongerThanItsInterval) {
    std::mt19937 random{7};
    detector core{dist::detector_options{}, true, start};
    time_point written = start;
    core.on_written(start);
    for (int i = 0; i < 2000; ++i) {
        const auto now = core.next();
        core.on_read(now);
        const auto v = core.check(now, {false, wire::delivery{false, 0ms, 1ms}});
        if (v.send_tick) {
            EXPECT_LE(now - written, 1s);
            EXPECT_GE(now - written, 400ms);
        }
        if (v.send_tick || v.send_probe) core.on_written(written = now);
        if (random() % 3 == 0) { // a message in between
            written = now + milliseconds{random() % 400};
            if (written < core.next()) core.on_written(written);
        }
    }
}

TEST(Detector, SlowedDownItTicksSeldomAndIsPatient) {
    played own;
    own.core.slow_down(10);
    own.run_for(100s);
    EXPECT_GE(own.ticks_sent + own.probes_sent, 10);
    EXPECT_LE(own.ticks_sent, 11);
    EXPECT_LE(own.probes_sent, 6) << "a peer that never ticks is asked each twenty seconds";
    own.program = false;
    const auto hung = own.now;
    own.run_for(150s);
    ASSERT_TRUE(own.down_at);
    EXPECT_GE(*own.down_at - hung, 79s);
    EXPECT_LE(*own.down_at - hung, 121s) << "ten times hung_time_asked, since the last answer";
}

TEST(Detector, SlowedDownItMissesACutAsSoonAsItSpeaks) {
    played own;
    own.core.slow_down(3);
    own.run_for(10s);
    own.machine = own.connects = false;
    const auto cut = own.now;
    own.run_for(20s);
    ASSERT_TRUE(own.down_at);
    EXPECT_LE(*own.down_at - cut, 3s + 2500ms + 1300ms + 100ms);
}
