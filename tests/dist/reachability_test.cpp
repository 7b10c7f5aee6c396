// SPDX-License-Identifier: Apache-2.0

#include <sedge/base/nursery.hpp>
#include <sedge/dist/reachability.hpp>
#include <sedge/wire/simulation.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace std::chrono_literals;

namespace {

struct Reachability : testing::Test {
    wire::simulation world{1};
    environment& here = world.machine("10.0.0.1");
    environment& there = world.machine("10.0.0.2");
    const wire::endpoint open{wire::ip_address::v4(10, 0, 0, 2), 5000};
    const wire::endpoint closed{wire::ip_address::v4(10, 0, 0, 2), 5001};
    std::unique_ptr<wire::listener> listener = there.net().listen({wire::ip_address::any_v4(), 5000}).value();

    bool ask(std::vector<wire::endpoint> places) {
        return world.block_on(dist::machine_answers(here, std::move(places), 1300ms));
    }
    duration took(const std::function<void()>& what) {
        const auto began = world.now();
        what();
        return world.now() - began;
    }
};

} // namespace

TEST_F(Reachability, AcceptedOrRefusedIsAnAnswer) {
    EXPECT_LE(took([&] { EXPECT_TRUE(ask({open})); }), 200ms);
    EXPECT_LE(took([&] { EXPECT_TRUE(ask({closed})); }), 200ms);
}

TEST_F(Reachability, SilenceIsNone) {
    world.cut("10.0.0.1", "10.0.0.2");
    EXPECT_EQ(took([&] { EXPECT_FALSE(ask({open, closed})); }), 1320ms) << "with the time to read what came";
}

TEST_F(Reachability, OneWayIsNoWay) {
    world.cut_one_way("10.0.0.2", "10.0.0.1");
    EXPECT_FALSE(ask({open}));
}

TEST_F(Reachability, NoStreamIsLeft) {
    const auto before = world.open_streams();
    EXPECT_TRUE(ask({open, closed}));
    world.cut("10.0.0.1", "10.0.0.2");
    EXPECT_FALSE(ask({open, closed}));
    world.heal_all();
    listener.reset();
    world.run_for(5s);
    EXPECT_EQ(world.open_streams(), before);
}

// Whoever sleeps while it asks.
struct SleptOver : Reachability {
    std::optional<bool> answer;
    time_point answered_at{};
    nursery tasks;

    void ask_in_background() {
        tasks.start([](SleptOver* test, environment* env, wire::endpoint place) -> task<> {
            auto asking = dist::machine_answers(*env, {place}, 1300ms);
            test->answer.emplace(co_await std::move(asking));
            test->answered_at = env->now();
        }(this, &here, open));
    }
};

TEST_F(SleptOver, WhatWasNotAskedIsAskedAfterwards) {
    world.cut("10.0.0.1", "10.0.0.2");
    ask_in_background();
    world.run_for(50ms);
    world.pause("10.0.0.1", 5s);
    world.run_for(2s);
    world.heal_all();
    world.run_for(10s);
    EXPECT_EQ(answer, true);
}

TEST_F(SleptOver, StallPutsTheAnswerOffByLittleMoreThanItself) {
    for (auto moment = 0ms; moment < 1300ms; moment += 50ms) {
        for (const auto stall : {300ms, 1000ms, 5000ms}) {
            answer.reset();
            world.cut("10.0.0.1", "10.0.0.2");
            const auto began = world.now();
            ask_in_background();
            world.run_for(moment);
            world.pause("10.0.0.1", stall);
            world.run_for(20s);
            EXPECT_EQ(answer, false);
            EXPECT_GE(answered_at - began, 1300ms);
            EXPECT_LE(answered_at - began, std::max<milliseconds>(moment + stall + 550ms, 1320ms + 300ms))
                << moment / 1ms << " " << stall / 1ms;
            world.heal_all();
            world.run_for(5s);
        }
    }
}
