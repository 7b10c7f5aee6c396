// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/clock.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

using namespace sedge;
using namespace std::chrono_literals;

namespace {
struct noting final : timer {
    std::function<void()> happen;
    explicit noting(std::function<void()> h) : happen(std::move(h)) {}
    void fire() override { happen(); }
};

constexpr time_point zero{};
} // namespace

TEST(TimerQueue, FiresInOrderOfTimeAndThenOfArming) {
    timer_queue queue;
    std::vector<int> order;
    noting a{[&] { order.push_back(1); }}, b{[&] { order.push_back(2); }}, c{[&] { order.push_back(3); }};
    queue.arm(c, zero + 2s);
    queue.arm(a, zero + 1s);
    queue.arm(b, zero + 1s);
    EXPECT_EQ(queue.next(), zero + 1s);
    queue.fire_due(zero + 1s - 1ns);
    EXPECT_TRUE(order.empty());
    queue.fire_due(zero + 3s);
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, TimerThatIsGoneOrArmedAnewDoesNotFireAtItsOldTime) {
    timer_queue queue;
    int fired = 0;
    auto gone = std::make_unique<noting>([&] { ++fired; });
    noting later{[&] { ++fired; }};
    queue.arm(*gone, zero + 1s);
    queue.arm(later, zero + 1s);
    gone.reset();
    queue.arm(later, zero + 5s);
    queue.fire_due(zero + 2s);
    EXPECT_EQ(fired, 0);
    later.disarm();
    later.disarm();
    EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, TimerMayArmItselfOrDestroyAnotherThatIsDue) {
    timer_queue queue;
    int fired = 0;
    std::unique_ptr<noting> victim;
    noting again{[&] {
        victim.reset();
        if (++fired < 3) queue.arm(again, zero + 1s);
    }};
    victim = std::make_unique<noting>([&] { fired = 100; });
    queue.arm(again, zero + 1s);
    queue.arm(*victim, zero + 1s);
    queue.fire_due(zero + 1s);
    EXPECT_EQ(fired, 3);
}
