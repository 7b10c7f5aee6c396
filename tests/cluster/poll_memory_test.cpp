// SPDX-License-Identifier: Apache-2.0
#include "cluster/poll_memory.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using cluster::poll_memory;

namespace {

std::vector<atom> nodes(std::string_view letters) {
    std::vector<atom> out;
    for (char c : letters) out.emplace_back(std::string{c} + "@10.0.0.1");
    return out;
}

} // namespace

TEST(PollMemory, FirstAnswerIsBelieved) {
    poll_memory memory;
    EXPECT_EQ(memory.answered(nodes("ba")), nodes("ab"));
    EXPECT_FALSE(memory.is_in_doubt());
}

TEST(PollMemory, FewNodesMayLeaveAtOnceAndOthersCome) {
    poll_memory memory;
    (void)memory.answered(nodes("abcde"));
    EXPECT_EQ(memory.answered(nodes("abcx")), nodes("abcx"));
}

TEST(PollMemory, EmptyAnswerIsBelievedTheSecondTime) {
    poll_memory memory;
    (void)memory.answered(nodes("abc"));
    EXPECT_EQ(memory.answered({}), nodes("abc"));
    EXPECT_TRUE(memory.is_in_doubt());
    EXPECT_EQ(memory.answered({}), nodes(""));
    EXPECT_FALSE(memory.is_in_doubt());
    EXPECT_EQ(memory.answered({}), nodes("")) << "nothing is nothing less than nothing";
    EXPECT_FALSE(memory.is_in_doubt());
}

TEST(PollMemory, HalfOfTheNodesGoneNeedsTwoAnswersAndOneLessDoesNot) {
    poll_memory memory;
    (void)memory.answered(nodes("abcd"));
    EXPECT_EQ(memory.answered(nodes("abx")), nodes("abcdx")) << "who is new joins in the meantime";
    EXPECT_EQ(memory.answered(nodes("abx")), nodes("abx"));
    EXPECT_EQ(memory.answered(nodes("ab")), nodes("ab"));
}

TEST(PollMemory, NodesThatAreBackEndTheDoubt) {
    poll_memory memory;
    (void)memory.answered(nodes("abc"));
    (void)memory.answered(nodes("a"));
    EXPECT_EQ(memory.answered(nodes("abc")), nodes("abc"));
    EXPECT_FALSE(memory.is_in_doubt());
    EXPECT_EQ(memory.answered({}), nodes("abc")) << "a new doubt begins from the start";
}

TEST(PollMemory, OfTwoNodesOneMayNotVanishAtOnce) {
    poll_memory memory;
    (void)memory.answered(nodes("ab"));
    EXPECT_EQ(memory.answered(nodes("a")), nodes("ab"));
    EXPECT_EQ(memory.answered(nodes("a")), nodes("a"));
}
