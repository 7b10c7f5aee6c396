// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/stderr_log.hpp>

#include <gtest/gtest.h>

using namespace sedge;

TEST(StderrLog, LinesBeginWithTimeAndLevelAndHaveNoColourOffATerminal) {
    testing::internal::CaptureStderr();
    wire::stderr_log log;
    log.write(log_level::info, "[sedge:clusters1] connected to :\"node2@10.0.0.6\"");
    log.write(log_level::warning, "second");
    const std::string text = testing::internal::GetCapturedStderr();
    const auto end = text.find('\n');
    ASSERT_NE(end, text.npos);
    const std::string first = text.substr(0, end);
    ASSERT_GE(first.size(), 13u);
    for (std::size_t i : {0u, 1u, 3u, 4u, 6u, 7u, 9u, 10u, 11u})
        EXPECT_TRUE(first[i] >= '0' && first[i] <= '9') << first;
    EXPECT_EQ(first.substr(12), " [info] [sedge:clusters1] connected to :\"node2@10.0.0.6\"");
    EXPECT_EQ(text.substr(end + 1 + 12), " [warning] second\n");
}
