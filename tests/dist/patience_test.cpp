// SPDX-License-Identifier: Apache-2.0
#include "dist/patience.hpp"

#include <gtest/gtest.h>

namespace sedge::dist {
namespace {

using namespace std::chrono_literals;

class Patience : public testing::Test {
protected:
    /// So many waits, before each of which `bytes` came, one every `each`.
    void wait(int times, std::size_t bytes, duration each) {
        for (int i = 0; i < times; ++i) {
            now += each;
            reader.on_wait(bytes, now);
        }
    }
    patience reader;
    time_point now{1h};
};

TEST_F(Patience, AFloodIsLetGather) {
    wait(31, 500, 10us);
    EXPECT_FALSE(reader.is_on());
    wait(1, 500, 10us);
    EXPECT_TRUE(reader.is_on());
    wait(1000, 6000, 200us);
    EXPECT_TRUE(reader.is_on());
}

TEST_F(Patience, SoAreTheSegmentsOfLargeMessages) {
    wait(32, 61'000, 25us);
    EXPECT_TRUE(reader.is_on());
    wait(1000, patience::gathered_bytes, 60us);
    EXPECT_TRUE(reader.is_on());
}

TEST_F(Patience, SoIsWhatComesInLargePiecesWithTimeInBetween) {
    wait(32, 64 * 1024, 1ms);
    EXPECT_TRUE(reader.is_on());
    reader = {};
    wait(32, 64 * 1024, 2ms);
    EXPECT_FALSE(reader.is_on());
    reader = {};
    wait(320, 8 * 1024, 1ms);
    EXPECT_FALSE(reader.is_on());
}

TEST_F(Patience, MessagesOnACalmConnectionAreReadAtOnce) {
    wait(10'000, 100, 200us);
    EXPECT_FALSE(reader.is_on());
}

TEST_F(Patience, ThereIsNoneForWhoIsAnswered) {
    for (int i = 0; i < 10'000; ++i) {
        wait(1, 100, 10us);
        EXPECT_FALSE(reader.is_on());
        reader.on_sent();
    }
}

TEST_F(Patience, AMessageToThePeerEndsIt) {
    wait(32, 500, 10us);
    ASSERT_TRUE(reader.is_on());
    reader.on_sent();
    EXPECT_FALSE(reader.is_on());
    wait(31, 500, 10us);
    EXPECT_FALSE(reader.is_on());
    wait(1, 500, 10us);
    EXPECT_TRUE(reader.is_on()); // the flood goes on
}

TEST_F(Patience, TheEndOfAFloodEndsIt) {
    wait(32, 500, 10us);
    wait(1, 0, patience::wait_max);
    EXPECT_FALSE(reader.is_on());
}

TEST_F(Patience, WhoeverWaitsForEachMessageIsHeldUpEverMoreRarely) {
    // A ring of three: the next message comes 30 us after the one before was read.
    int patient_waits = 0;
    for (const time_point end = now + 60s; now < end;) {
        const bool waited = reader.is_on();
        patient_waits += waited ? 1 : 0;
        wait(1, 100, waited ? patience::wait_max : 30us);
    }
    EXPECT_LE(patient_waits, 7 + 60); // after 10, 20, ... 640 ms, then each second
    EXPECT_GE(patient_waits, 50);
}

TEST_F(Patience, AFloodAfterManyVainAttemptsHasItsPatienceBack) {
    for (int i = 0; i < 20; ++i) {
        now += 2s;
        wait(32, 100, 10us);
        ASSERT_TRUE(reader.is_on());
        wait(1, 100, 200us);
        ASSERT_FALSE(reader.is_on());
    }
    now += 2s;
    wait(32 + 16, 500, 10us);
    ASSERT_FALSE(reader.is_on()) << "no more than before";
    now += 2s;
    wait(32, 500, 10us);
    wait(16, 5000, 200us); // one that pays
    ASSERT_TRUE(reader.is_on());
    wait(1, 0, 200us);
    EXPECT_FALSE(reader.is_on());
    now += 11ms;
    wait(32, 100, 10us);
    EXPECT_TRUE(reader.is_on());
}

} // namespace
} // namespace sedge::dist
