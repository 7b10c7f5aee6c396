// SPDX-License-Identifier: Apache-2.0
//
// What a node of sedge sees of OTP nodes that stop, crash or hang. Cut cables: tests/machines/detection_test.py.

#include "interop/with_otp.hpp"
#include "support/proves.hpp"

using namespace sedge;
using namespace sedge::test;

namespace {

class Detection : public WithOtp {
protected:
    std::vector<std::string> states;
    node::subscription watching;

    sedge_side& watched_sedge() {
        auto& us = start_sedge();
        watching = us.node.watch([this](const node_event& e) { states.emplace_back(to_string(e.state)); });
        return us;
    }
    bool ends_as(std::string_view state, duration most) {
        return eventually([&] { return !states.empty() && states.back() == state; }, most);
    }
};

} // namespace

TEST_F(Detection, NodeThatStopsInOrderHasLeft) {
    proves("Connections", "a node that stops in order (`init:stop/0`) is seen to leave", direction::to_us);
    auto& us = watched_sedge();
    auto& otp = start_otp();
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    run_for(3s);
    EXPECT_EQ(otp.complaints(), "");
    otp.ask_erl("init:stop()");
    EXPECT_TRUE(ends_as("left", 20s));
    EXPECT_EQ(states, (std::vector<std::string>{"up", "draining", "left"}));
}

TEST_F(Detection, NodeThatHaltsHasNotLeft) {
    auto& us = watched_sedge();
    auto& otp = start_otp();
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    run_for(1s);
    otp.ask_erl("halt()");
    EXPECT_TRUE(ends_as("down", 10s));
    EXPECT_EQ(states, (std::vector<std::string>{"up", "down"}));
}

TEST_F(Detection, HungNodeIsDownLongBeforeItsTickTime) {
    proves("Connections", "a node that hangs is down within 12 s, with a tick time of a minute", direction::from_us);
    auto& us = watched_sedge();
    auto& otp = start_otp();
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    run_for(5s);
    const auto hung = env.now();
    otp.program().signal(SIGSTOP);
    EXPECT_TRUE(ends_as("down", 20s));
    EXPECT_LE(env.now() - hung, 12s);
    EXPECT_EQ(states, (std::vector<std::string>{"up", "suspect", "down"}));
    otp.program().signal(SIGCONT);
}

TEST_F(Detection, IdleNodesOfBothSidesStayUpAndSilent) {
    auto& us = watched_sedge();
    auto& otp = start_otp();
    ASSERT_EQ(otp.erl("net_adm:ping('sedge@127.0.0.1')"), "pong");
    run_for(10s);
    EXPECT_EQ(states, std::vector<std::string>{"up"});
    EXPECT_EQ(us.node.peers().size(), 1u);
    EXPECT_EQ(otp.complaints(), "");
    EXPECT_EQ(otp.erl("process_info(whereis(net_kernel), message_queue_len)"), "{message_queue_len,0}");
}
