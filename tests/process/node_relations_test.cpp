// SPDX-License-Identifier: Apache-2.0
//
// A lost node is told to those who have to do with it, once, and nothing is kept of those who are gone.

#include "process/node_relations.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;

namespace {
using numbers = node_relations::processes;
} // namespace

TEST(NodeRelations, ALostNodeConcernsThoseThatHaveToDoWithIt) {
    node_relations all;
    all.add(1, "a@x"_atom);
    all.add(2, "a@x"_atom);
    all.add(2, "b@x"_atom);
    all.add(2, "a@x"_atom);
    EXPECT_EQ(all.take("a@x"_atom), (numbers{1, 2}));
    EXPECT_EQ(all.take("a@x"_atom), numbers{});
    EXPECT_EQ(all.take("b@x"_atom), numbers{2});
    EXPECT_TRUE(all.empty());
}

TEST(NodeRelations, AProcessThatHasEndedIsForgottenEverywhere) {
    node_relations all;
    for (const char* node : {"a@x", "b@x", "c@x"}) all.add(1, atom{node});
    all.add(2, "b@x"_atom);
    all.forget(1);
    all.forget(3);
    EXPECT_EQ(all.take("a@x"_atom), numbers{});
    EXPECT_EQ(all.take("b@x"_atom), numbers{2});
    EXPECT_TRUE(all.empty());
}

TEST(NodeRelations, ANodeThatComesAndGoesLeavesNothing) {
    node_relations all;
    for (int i = 0; i < 100; ++i) {
        all.add(1, "a@x"_atom);
        EXPECT_EQ(all.take("a@x"_atom), numbers{1});
    }
    EXPECT_TRUE(all.empty());
}
