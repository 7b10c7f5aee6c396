// SPDX-License-Identifier: Apache-2.0
#include "dist/patience.hpp"

#include <gtest/gtest.h>

namespace sedge::dist {
namespace {

using namespace std::chrono_literals;
using wait = patience::wait;

class Patience : public testing::Test {
protected:
    /// So many waits, before each of which `bytes` came, one every `each`; how the next one is.
    wait waits(int times, std::size_t bytes, duration each) {
        for (int i = 0; i < times; ++i) {
            now += each;
            next = reader.on_wait(bytes, now);
            pauses += next == wait::pause ? 1 : 0;
        }
        return next;
    }
    patience reader;
    time_point now{1h};
    wait next = wait::at_once;
    int pauses = 0;
};

TEST_F(Patience, InAFloodOfSmallMessagesEveryTwentiethWaitIsAPause) {
    EXPECT_EQ(waits(31, 100, 10us), wait::at_once);
    EXPECT_EQ(waits(1, 100, 10us), wait::pause);
    for (int row = 0; row < 1000; ++row) {
        ASSERT_EQ(waits(1, 1300, patience::pause_time), wait::at_once);
        ASSERT_EQ(waits(1, 40'000, 10us), wait::at_once) << "what the other system kept";
        ASSERT_EQ(waits(17, 100, 10us), wait::at_once);
        ASSERT_EQ(waits(1, 100, 10us), wait::pause);
    }
}

TEST_F(Patience, TheSegmentsOfLargeMessagesAreLetGather) {
    EXPECT_EQ(waits(32, 61'000, 25us), wait::gather);
    EXPECT_EQ(waits(99, patience::gathered_bytes, 60us), wait::gather);
}

TEST_F(Patience, MoreOfThemWhenAFloodHasLastedAndNobodyCalled) {
    waits(32, 61'000, 25us);
    EXPECT_EQ(waits(100, patience::gathered_bytes, 60us), wait::gather_more);
    EXPECT_EQ(waits(1000, 2 * patience::gathered_bytes, 120us), wait::gather_more);
    EXPECT_TRUE(reader.on_sent());
    waits(32, 61'000, 25us);
    for (int call = 0; call < 1000; ++call) { // one each millisecond
        EXPECT_EQ(waits(16, patience::gathered_bytes, 60us), call == 0 ? wait::gather : wait::at_once);
        (void)reader.on_sent();
    }
}

TEST_F(Patience, SoIsWhatComesInLargePiecesWithTimeInBetween) {
    EXPECT_EQ(waits(32, 64 * 1024, 1ms), wait::gather);
    reader = {};
    EXPECT_EQ(waits(32, 64 * 1024, 2ms), wait::at_once);
    reader = {};
    EXPECT_EQ(waits(320, 8 * 1024, 1ms), wait::at_once);
}

TEST_F(Patience, AFloodOfLargeMessagesAfterOneOfSmallOnesIsLetGather) {
    EXPECT_EQ(waits(32, 100, 10us), wait::pause);
    EXPECT_EQ(waits(20, 61'000, 25us), wait::gather);
}

TEST_F(Patience, MessagesOnACalmConnectionAreReadAtOnce) {
    waits(10'000, 100, 200us);
    EXPECT_EQ(pauses, 0);
}

TEST_F(Patience, ThereIsNoneForWhoIsAnswered) {
    for (int i = 0; i < 10'000; ++i) {
        EXPECT_EQ(waits(1, 100, 10us), wait::at_once);
        EXPECT_FALSE(reader.on_sent());
    }
}

TEST_F(Patience, AMessageToThePeerEndsIt) {
    ASSERT_EQ(waits(32, 100, 10us), wait::pause);
    EXPECT_TRUE(reader.on_sent()) << "the pause under way";
    EXPECT_FALSE(reader.on_sent());
    EXPECT_EQ(waits(31, 100, 10us), wait::at_once);
    EXPECT_EQ(waits(1, 100, 10us), wait::pause); // the flood goes on
    ASSERT_EQ(waits(1, 1300, patience::pause_time), wait::at_once);
    EXPECT_FALSE(reader.on_sent()) << "this wait is for the first byte";
    EXPECT_EQ(waits(31, 1300, 10us), wait::at_once);
}

TEST_F(Patience, TheEndOfAFloodEndsIt) {
    waits(32, 500, 10us);
    EXPECT_EQ(waits(1, 0, patience::pause_time), wait::at_once);
    EXPECT_EQ(waits(100, 100, 1ms), wait::at_once);

    ASSERT_EQ(waits(32, 61'000, 25us), wait::gather);
    EXPECT_EQ(waits(1, 0, patience::gather_time), wait::at_once);
}

TEST_F(Patience, WhoeverSendsNoFasterForItIsReadAtOnce) {
    // 40,000 messages in a second, whatever we do: a pause brings 40 of them, and twenty waits bring twenty.
    ASSERT_EQ(waits(32, 100, 25us), wait::pause);
    waits(1, 40 * 100, patience::pause_time);
    EXPECT_EQ(waits(19, 100, 25us), wait::at_once);
    pauses = 0;
    for (const time_point end = now + 10s; now < end;)
        next == wait::pause ? waits(1, 40 * 100, patience::pause_time) : waits(1, 100, 25us);
    EXPECT_LE(pauses, 7 + 10);
}

TEST_F(Patience, WhoeverWaitsForEachMessageIsHeldUpEverMoreRarely) {
    // A ring of three: the next message comes 30 us after the one before was read.
    for (const time_point end = now + 60s; now < end;) waits(1, 100, next == wait::pause ? patience::pause_time : 30us);
    EXPECT_LE(pauses, 7 + 60); // after 10, 20, ... 640 ms, then each second
    EXPECT_GE(pauses, 50);
}

TEST_F(Patience, AFloodAfterManyVainAttemptsHasItsPatienceBack) {
    for (int i = 0; i < 20; ++i) {
        now += 2s;
        ASSERT_EQ(waits(32, 100, 10us), wait::pause);
        ASSERT_EQ(waits(20, 100, 10us), wait::at_once);
    }
    ASSERT_EQ(waits(320, 100, 10us), wait::at_once) << "not so soon again";
    now += 2s;
    ASSERT_EQ(waits(32, 100, 10us), wait::pause);
    ASSERT_EQ(waits(4 * 20, 2500, 10us), wait::pause); // these pay
    ASSERT_EQ(waits(20, 100, 10us), wait::at_once);
    now += 11ms;
    EXPECT_EQ(waits(32, 100, 10us), wait::pause);
}

} // namespace
} // namespace sedge::dist
