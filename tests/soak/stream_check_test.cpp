// SPDX-License-Identifier: Apache-2.0
#include "soak/stream_check.hpp"

#include <gmock/gmock.h>

namespace sedge::soak {
namespace {

using finding = stream_check::finding;

TEST(StreamCheck, EveryNumberOnceAndInOrderIsGood) {
    stream_check peer;
    peer.open(7);
    for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(peer.take(7, n).what, finding::good);
    EXPECT_EQ(peer.now()->last, 3u);
}

TEST(StreamCheck, GapIsTheNumberOfLostMessages) {
    stream_check peer;
    peer.open(7);
    EXPECT_EQ(peer.take(7, 1).what, finding::good);
    auto found = peer.take(7, 4);
    EXPECT_EQ(found.what, finding::lost);
    EXPECT_EQ(found.count, 2u);
    EXPECT_EQ(found.sentence, "lost: messages 2 to 3");
}

TEST(StreamCheck, FirstMessageOfAStreamMayNotBeMissing) {
    stream_check peer;
    peer.open(7);
    EXPECT_EQ(peer.take(7, 2).what, finding::lost);
}

TEST(StreamCheck, RepeatedAndLateMessagesAreFound) {
    stream_check peer;
    peer.open(7);
    (void)peer.take(7, 1);
    EXPECT_EQ(peer.take(7, 1).what, finding::again);
    (void)peer.take(7, 3);
    EXPECT_EQ(peer.take(7, 2).what, finding::again);
}

TEST(StreamCheck, MessageOfAnOlderStreamAfterANewerIsFound) {
    stream_check peer;
    peer.open(7);
    peer.open(8);
    EXPECT_EQ(peer.take(7, 1).what, finding::again);
}

TEST(StreamCheck, LostConnectionExcusesGapsButNoRepetition) {
    stream_check peer;
    peer.open(7);
    (void)peer.take(7, 1);
    peer.broken();
    EXPECT_FALSE(peer.now());
    EXPECT_EQ(peer.take(7, 5).what, finding::stray);
    EXPECT_EQ(peer.take(7, 5).what, finding::again);
}

TEST(StreamCheck, StreamThatWasNeverOpenedHereIsOfAnEarlierLifeOfOurs) {
    stream_check peer;
    EXPECT_EQ(peer.take(7, 12).what, finding::stray);
    peer.open(8);
    EXPECT_EQ(peer.take(8, 1).what, finding::good);
}

TEST(StreamCheck, OpeningTwiceDoesNotStartOver) {
    stream_check peer;
    peer.open(7);
    (void)peer.take(7, 1);
    peer.open(7);
    EXPECT_EQ(peer.take(7, 2).what, finding::good);
}

} // namespace
} // namespace sedge::soak
