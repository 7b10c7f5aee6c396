// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/log.hpp>

#include <gtest/gtest.h>

using namespace sedge;

TEST(Printable, LeavesOrdinaryTextAlone) {
    EXPECT_EQ(printable("node1@10.0.0.5 ä 語"), "node1@10.0.0.5 ä 語");
}

TEST(Printable, EscapesWhatMovesATerminalOrFakesALine) {
    EXPECT_EQ(printable("a\x1b[2J"), "a\\x{1b}[2J");
    EXPECT_EQ(printable("a\nb"), "a\\x{a}b");
    EXPECT_EQ(printable("\xe2\x80\xae"), "\\x{202e}");
    EXPECT_EQ(printable("\xff"), "\\x{ff}");
    EXPECT_EQ(printable("\xc0\x80"), "\\x{c0}\\x{80}");
}
