// SPDX-License-Identifier: Apache-2.0
#include "cluster/timeline/filter.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;

namespace {

class TimelineFilter : public testing::Test {
protected:
    timeline_filter filter;
    time_point now{};

    bool keeps(timeline_entry entry) {
        const bool kept = filter.keeps(entry, now);
        left_out = entry.left_out;
        return kept;
    }
    bool keeps_failure(const std::string& reason, const std::string& topology = "t") {
        timeline_entry entry;
        entry.event = "libcluster.connect_node.error";
        entry.node = "b@10.0.0.2";
        entry.topology = topology;
        entry.reason = reason;
        return keeps(entry);
    }
    bool keeps_event(const std::string& name) {
        timeline_entry entry;
        entry.event = name;
        entry.node = "b@10.0.0.2";
        return keeps(entry);
    }
    std::uint64_t left_out = 0; ///< In the last entry.
};

} // namespace

TEST_F(TimelineFilter, NodeThatStaysAwayIsToldOnceAnHour) {
    EXPECT_TRUE(keeps_failure("nothing listens"));
    int kept = 0;
    for (const auto end = now + 24h; now < end; now += 5s) kept += keeps_failure("nothing listens");
    EXPECT_EQ(kept, 23);
    EXPECT_EQ(left_out, 0u);
    now += 1h;
    EXPECT_TRUE(keeps_failure("nothing listens"));
    EXPECT_EQ(left_out, 719u) << "an hour of attempts";
}

TEST_F(TimelineFilter, AnotherReasonIsNewsAndTwoInTurnAreNot) {
    EXPECT_TRUE(keeps_failure("nothing listens"));
    now += 59s;
    EXPECT_FALSE(keeps_failure("wrong cookie")) << "not within a minute";
    now += 1s;
    EXPECT_TRUE(keeps_failure("wrong cookie"));
    EXPECT_EQ(left_out, 1u);
    EXPECT_TRUE(keeps_failure("wrong cookie", "another topology"));
}

TEST_F(TimelineFilter, FirstFailureAfterANodeWasUpIsNews) {
    EXPECT_TRUE(keeps_failure("nothing listens"));
    EXPECT_FALSE(keeps_failure("nothing listens"));
    EXPECT_TRUE(keeps_event("sedge.node.up"));
    EXPECT_TRUE(keeps_failure("nothing listens"));
}

TEST_F(TimelineFilter, StrangersCannotPushEverythingElseOut) {
    int kept = 0;
    for (int i = 0; i < 10'000; ++i) kept += keeps_event("sedge.node.discovered");
    EXPECT_EQ(kept, 50);
    EXPECT_TRUE(keeps_event("sedge.node.down")) << "others are kept as before";
    now += 31s;
    EXPECT_TRUE(keeps_event("sedge.node.discovered"));
    EXPECT_EQ(left_out, 9'950u);
    EXPECT_FALSE(keeps_event("sedge.node.discovered"));
}

TEST_F(TimelineFilter, LargeClusterThatFormsIsKeptWhole) {
    for (int i = 0; i < 1024; ++i) ASSERT_TRUE(keeps_event("sedge.node.up")) << i;
}
