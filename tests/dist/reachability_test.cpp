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

TEST_F(Reachability, WhoSleptOverTheTimeAsksAgain) {
    world.cut("10.0.0.1", "10.0.0.2");
    std::optional<bool> answer;
    nursery tasks;
    tasks.start([](environment* env, wire::endpoint place, std::optional<bool>* into) -> task<> {
        auto asking = dist::machine_answers(*env, {place}, 1300ms);
        into->emplace(co_await std::move(asking));
    }(&here, open, &answer));
    world.run_for(500ms);
    world.pause("10.0.0.1", 5s);
    world.run_for(2s);
    world.heal_all();
    world.run_for(10s);
    EXPECT_EQ(answer, true);
}
