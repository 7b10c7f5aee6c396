// SPDX-License-Identifier: Apache-2.0
#include "dist/watcher.hpp"

#include <gtest/gtest.h>

namespace sedge::dist {
namespace {

TEST(Watcher, ProgramsOfOneMachineShareTheTicksOfTheMachine) {
    EXPECT_EQ(local_tick_intervals(0), 1);
    EXPECT_EQ(local_tick_intervals(11), 1);
    EXPECT_EQ(local_tick_intervals(20), 3);
    EXPECT_EQ(local_tick_intervals(49), 15) << "never longer than a quarter of OTP's tick time";
    EXPECT_EQ(local_tick_intervals(100'000), 15);
}

} // namespace
} // namespace sedge::dist
