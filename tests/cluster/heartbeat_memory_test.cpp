// SPDX-License-Identifier: Apache-2.0
#include "cluster/heartbeat_memory.hpp"

#include <gtest/gtest.h>

namespace sedge::cluster {
namespace {

TEST(HeartbeatMemory, KnowsWhatItHasRead) {
    heartbeat_memory memory{4};
    EXPECT_EQ(memory.find(as_bytes("heartbeat::a")), nullptr);
    memory.remember(as_bytes("heartbeat::a"), {atom{"a@10.0.0.1"}, false, true});
    const auto* who = memory.find(as_bytes("heartbeat::a"));
    ASSERT_NE(who, nullptr);
    EXPECT_EQ(who->node, atom{"a@10.0.0.1"});
    EXPECT_TRUE(who->is_trusted);
    EXPECT_EQ(memory.find(as_bytes("heartbeat::")), nullptr);
    EXPECT_EQ(memory.find(as_bytes("heartbeat::b")), nullptr);
}

TEST(HeartbeatMemory, StaysWithinItsBoundUnderAFloodOfNames) {
    heartbeat_memory memory{4};
    for (int i = 0; i < 1000; ++i) {
        const auto text = std::to_string(i);
        memory.remember(as_bytes(text), {atom{text}});
        EXPECT_LE(memory.size(), 4u);
        ASSERT_NE(memory.find(as_bytes(text)), nullptr) << "the last one is always known";
    }
}

} // namespace
} // namespace sedge::cluster
