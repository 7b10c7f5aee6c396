// SPDX-License-Identifier: Apache-2.0
#include "cluster/give_back.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/wire/simulation.hpp>

#include <gtest/gtest.h>
#include <vector>

namespace sedge::cluster {
namespace {

using namespace std::chrono_literals;

/// A program on virtual time that uses a third of the processor while it is busy.
class GiveBack : public testing::Test {
protected:
    wire::simulation sim{1};
    environment& env = sim.machine("10.0.0.1");
    const time_point started = env.now();
    bool busy = false;
    duration used{};
    std::vector<duration> given_back; // after the start
    nursery tasks;

    void start() {
        tasks.start(work());
        tasks.start(give_back_after_start(
            env, {[this] { return used; }, [this] { given_back.push_back(env.now() - started); }}));
    }
    task<> work() {
        for (;;) {
            auto sleeping = sleep_for(env, 3ms);
            co_await std::move(sleeping);
            if (busy) used += 1ms;
        }
    }
};

TEST_F(GiveBack, HappensAfterTheStartAndAfterTheOthersWereMet) {
    start();
    sim.run_for(60s);
    ASSERT_EQ(given_back.size(), 2U);
    EXPECT_EQ(given_back[0], 400ms);
    EXPECT_EQ(given_back[1], 5400ms);
}

TEST_F(GiveBack, WaitsUntilLittleHappens) {
    busy = true;
    start();
    sim.run_for(20s);
    EXPECT_TRUE(given_back.empty());
    busy = false;
    sim.run_for(300ms);
    EXPECT_EQ(given_back.size(), 1U);
}

TEST_F(GiveBack, KnowsWhatThisProgramUses) {
    const auto program = memory_of_this_program();
    const auto before = program.processor_time();
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 1'000'000; ++i) sum = sum + i;
    EXPECT_GT(program.processor_time(), before);
}

} // namespace
} // namespace sedge::cluster
