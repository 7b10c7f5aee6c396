// SPDX-License-Identifier: Apache-2.0
//
// How nodes miss each other, on machines that are cut off, hang, stall, or leave.

#include "process/node_impl.hpp"
#include "process/nodes.hpp"

using namespace sedge;
using namespace sedge::test;

namespace {

using lines = std::vector<std::string>;

class Detection : public Nodes {
protected:
    machine_node& a = boot('a');
    machine_node& b = boot('b');
    lines told; // states of b, as a sees it
    node::subscription watching = a->watch([this](const node_event& e) {
        told.emplace_back(to_string(e.state));
        told_at.push_back(sim.now());
    });
    std::vector<time_point> told_at;

    void SetUp() override {
        // What otp::kernel has on every node.
        for (auto* n : {&a, &b})
            (*n)->spawn(
                [](process& self) -> task<> {
                    for (;;) {
                        auto message = self.receive();
                        const term call = co_await std::move(message);
                        const auto from = call.element(1);
                        self.send(*from.element(0).as<pid>(), term{std::tuple{term{from.element(1)}, "yes"_atom}});
                    }
                },
                {.label = "net_kernel", .name = "net_kernel"_atom});
        ASSERT_TRUE(connect(a, 'b').has_value());
        sim.run_for(10s);
        ASSERT_EQ(told, lines{"up"});
    }
    duration since(time_point began) { return told_at.back() - began; }
};

} // namespace

TEST_F(Detection, IdlePeersAreNeverSuspect) {
    sim.run_for(2h);
    EXPECT_EQ(told, lines{"up"});
    EXPECT_EQ(a->node_states().size(), 1u);
    EXPECT_EQ(a->node_states().front().state, node_state::up);
    // Ticks each second, and few messages besides.
    EXPECT_LE(a->peer_details().front().bytes_out, 7210u * 4 + 1000);
    EXPECT_LE(a->peer_details().front().messages_out, 2u) << "answers of net_kernel";
}

TEST_F(Detection, PeerThatIsCutOffIsSuspectAndThenDown) {
    sim.cut(a.address, b.address);
    const auto cut = sim.now();
    sim.run_until([&] { return told.size() == 2; });
    EXPECT_LE(since(cut), 3700ms);
    const auto peer = a->peer_details().front();
    EXPECT_EQ(peer.state, node_state::suspect);
    EXPECT_NE(peer.state_reason.find("nothing acknowledged for 2.5"), std::string::npos) << peer.state_reason;
    sim.run_until([&] { return told.size() == 3; });
    EXPECT_LE(since(cut), 5s);
    EXPECT_EQ(told, (lines{"up", "suspect", "down"}));
    EXPECT_EQ(a.events.back(), "down b@10.0.0.2 net_tick_timeout");
    EXPECT_EQ(a->node_states().front().state, node_state::down);
    sim.run_for(1s);
    EXPECT_EQ(b.events.back(), "down a@10.0.0.1 net_tick_timeout");
}

TEST_F(Detection, BothEndsMissEachOtherAlsoWhenTheConnectionIsNew) {
    for (const auto age : {0ms, 10ms, 100ms, 250ms, 350ms, 900ms}) {
        auto& c = boot('c');
        std::vector<time_point> at;
        auto watched = c->watch([&](const node_event& e) {
            if (e.state == node_state::down) at.push_back(sim.now());
        });
        told.clear();
        ASSERT_TRUE(connect(c, 'a').has_value());
        sim.run_until([&] { return !told.empty(); });
        ASSERT_EQ(told.front(), "up") << "who was dialled knows of it";
        sim.run_for(age);
        sim.cut(a.address, c.address);
        const auto cut = sim.now();
        sim.run_for(10s);
        ASSERT_EQ(told.back(), "down") << age / 1ms;
        EXPECT_LE(since(cut), 5s) << age / 1ms;
        ASSERT_FALSE(at.empty()) << age / 1ms;
        EXPECT_LE(at.back() - cut, 5s) << age / 1ms;
        sim.heal_all();
        watched = {};
        kill(c);
        all.pop_back();
        sim.run_for(1s);
    }
}

TEST_F(Detection, OneWayIsEnoughToBeCutOff) {
    sim.cut_one_way(b.address, a.address);
    sim.run_for(5s);
    EXPECT_EQ(told.back(), "down");
    EXPECT_TRUE(b.events.back().starts_with("down a@10.0.0.1"))
        << "by itself, or told by the other: " << b.events.back();
}

TEST_F(Detection, CutThatIsShortIsForgiven) {
    sim.cut(a.address, b.address);
    sim.run_until([&] { return told.size() == 2; });
    sim.heal_all();
    sim.run_for(10min);
    EXPECT_EQ(told, (lines{"up", "suspect", "up"}));
}

TEST_F(Detection, HungProgramIsDownWithinSevenSeconds) {
    const auto hung = sim.now();
    sim.pause(b.address, 1min);
    sim.run_until([&] { return told.size() == 3; }, 20s);
    EXPECT_EQ(told, (lines{"up", "suspect", "down"}));
    EXPECT_LE(since(hung), 7s);
}

TEST_F(Detection, ShorterHangIsForgiven) {
    sim.pause(b.address, 5s);
    sim.run_for(1min);
    EXPECT_EQ(told, (lines{"up", "suspect", "up"}));
}

TEST_F(Detection, StallsOfTheObserverBlameNobody) {
    // Our last word may be a second old when a stall begins; so after more than 5 s the peer is right to give us up.
    for (int i = 0; i < 500; ++i) {
        const milliseconds stall{200 + i * 48 / 5};
        sim.pause(a.address, stall);
        sim.run_for(stall + milliseconds{i % 7 * 500});
    }
    EXPECT_EQ(told, lines{"up"});
}

TEST_F(Detection, NodeThatStopsInOrderHasLeft) {
    sim.block_on(b->stop());
    sim.run_for(1s);
    EXPECT_EQ(told, (lines{"up", "draining", "left"}));
    EXPECT_EQ(a.events.back(), "down b@10.0.0.2 connection_closed");
    EXPECT_EQ(a->node_states().front().state, node_state::left);
}

TEST_F(Detection, NodeThatIsKilledHasNotLeft) {
    kill(b);
    sim.run_for(1s);
    EXPECT_EQ(told, (lines{"up", "down"}));
}

TEST_F(Detection, DisconnectedNodeHasNotLeft) {
    EXPECT_TRUE(b->disconnect(name_of('a')));
    sim.run_for(1s);
    EXPECT_EQ(told, (lines{"up", "down"}));
}

TEST_F(Detection, IsOffWhereItIsNotWanted) {
    auto& c = boot('c');
    auto& d = boot('d');
    for (auto* n : {&c, &d}) (*n)->internals().options.detection.reset();
    ASSERT_TRUE(connect(c, 'd').has_value());
    sim.run_for(1s);
    sim.cut(c.address, d.address);
    sim.run_for(40s);
    EXPECT_EQ(c.events, lines{"up d@10.0.0.4"});
    sim.run_for(40s);
    EXPECT_EQ(c.events.back(), "down d@10.0.0.4 net_tick_timeout");
}

TEST_F(Detection, TimesOfTheNodeAreHeeded) {
    adjust = [](node_options& o) {
        o.detection->suspect_time = 1s;
        o.detection->confirm_time = 5s;
    };
    auto& c = boot('c');
    std::vector<time_point> at;
    auto watched = c->watch([&](const node_event& e) {
        if (e.state != node_state::up) at.push_back(sim.now());
    });
    ASSERT_TRUE(connect(c, 'b').has_value());
    sim.run_for(10s);
    sim.cut(c.address, b.address);
    const auto cut = sim.now();
    sim.run_until([&] { return at.size() == 2; });
    EXPECT_LE(at.at(0) - cut, 2100ms);
    EXPECT_GE(at.at(1) - at.at(0), 5s);
    EXPECT_LE(at.at(1) - at.at(0), 5100ms);
}

TEST_F(Detection, TimesThatMakeNoSenseDoNotStartANode) {
    node_options options;
    options.name = "c@10.0.0.3";
    options.cookie = *dist::cookie::from_text("a secret of the tests");
    options.detection->hung_time = 1s;
    fixed_directory names{table, "10.0.0.3"};
    node c{std::move(options), sim.machine("10.0.0.3"), names};
    const auto started = sim.block_on(c.start());
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error(), make_error_code(errc::invalid_argument));
    EXPECT_TRUE(started.error().context().starts_with("start c@10.0.0.3: detection: \"hung_time\" must be more than"))
        << started.error().context();
}
