// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/backoff.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;

TEST(Backoff, PausesDoubleFromHalfASecondToFiveSeconds) {
    struct row {
        duration least, most;
    };
    const row rows[] = {{250ms, 500ms}, {500ms, 1s}, {1s, 2s}, {2s, 4s}, {2500ms, 5s}, {2500ms, 5s}};
    backoff shortest;
    backoff longest;
    for (const auto& expected : rows) {
        EXPECT_EQ(shortest.next(0), expected.least);
        auto half = static_cast<std::uint64_t>((expected.most - expected.least).count());
        EXPECT_EQ(longest.next(half), expected.most);
    }
}

TEST(Backoff, SuccessStartsItAnew) {
    backoff b;
    for (int i = 0; i < 10; ++i) b.next(0);
    EXPECT_EQ(b.failures(), 10u);
    b.reset();
    EXPECT_EQ(b.next(0), 250ms);
}

TEST(Backoff, StaysBoundedHoweverOftenItFails) {
    backoff b;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        auto pause = b.next(i * 0x9e3779b97f4a7c15);
        ASSERT_GE(pause, 250ms);
        ASSERT_LE(pause, 5s);
    }
}
