// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/clock.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
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

TEST(TimerQueue, ATimeFarAwayIsExactAndSoIsTheEndOfTime) {
    timer_queue queue;
    std::vector<int> order;
    noting never{[&] { order.push_back(0); }};
    noting year{[&] { order.push_back(1); }};
    noting past{[&] { order.push_back(2); }};
    queue.fire_due(zero + 90h + 1ns);
    queue.arm(never, time_point::max());
    queue.arm(year, zero + 8766h + 5ns);
    queue.arm(past, zero - 1s);
    EXPECT_EQ(queue.next(), zero - 1s);
    queue.fire_due(zero + 90h + 1ns);
    EXPECT_EQ(queue.next(), zero + 8766h + 5ns);
    queue.fire_due(zero + 8766h + 4ns);
    EXPECT_EQ(order, std::vector{2});
    EXPECT_EQ(queue.next(), zero + 8766h + 5ns);
    queue.fire_due(zero + 8766h + 5ns);
    EXPECT_EQ(order, (std::vector{2, 1}));
    EXPECT_EQ(queue.next(), time_point::max());
}

/// Arms, disarms and lets time pass at random, beside a map that is obviously right.
TEST(TimerQueue, ManyTimersThatAreDisarmedLeaveNoTimeBehindThatNeverPasses) {
    timer_queue queue;
    int fired = 0;
    std::vector<std::unique_ptr<noting>> many; // so many that `next` is an estimate
    for (int i = 0; i < 1000; ++i) {
        many.push_back(std::make_unique<noting>([&] { ++fired; }));
        queue.arm(*many.back(), zero + 2s);
    }
    noting last{[&] { ++fired; }};
    queue.arm(last, zero + 9s);
    many.front()->disarm();
    const auto estimate = queue.next();
    EXPECT_LE(estimate, zero + 2s);
    many.clear();
    queue.fire_due(estimate);
    EXPECT_EQ(fired, 0);
    EXPECT_EQ(queue.next(), zero + 9s);
}

TEST(TimerQueue, FiresWhatASortedMapWouldFire) {
    std::mt19937_64 random{7};
    timer_queue queue;
    std::multimap<time_point, int> expected;
    std::vector<int> fired;
    std::vector<std::unique_ptr<noting>> timers;
    std::vector<std::multimap<time_point, int>::iterator> places;
    for (int i = 0; i < 200; ++i) {
        timers.push_back(std::make_unique<noting>([&fired, i] { fired.push_back(i); }));
        places.push_back(expected.end());
    }
    const auto forget = [&](std::size_t i) {
        if (places[i] != expected.end()) expected.erase(places[i]);
        places[i] = expected.end();
    };
    time_point now = zero + 1h;
    for (int step = 0; step < 200'000; ++step) {
        const std::size_t i = random() % timers.size();
        switch (random() % 8) {
        case 0:
            timers[i]->disarm();
            forget(i);
            break;
        case 1: {
            now += duration{static_cast<duration::rep>(random() >> (24 + random() % 40))};
            std::vector<int> due;
            while (!expected.empty() && expected.begin()->first <= now) {
                due.push_back(expected.begin()->second);
                forget(static_cast<std::size_t>(due.back()));
            }
            queue.fire_due(now);
            ASSERT_EQ(fired, due);
            fired.clear();
            break;
        }
        default: {
            const duration wait{static_cast<duration::rep>(random() >> (20 + random() % 44))};
            queue.arm(*timers[i], now + wait);
            forget(i);
            places[i] = expected.emplace(now + wait, static_cast<int>(i));
        }
        }
        ASSERT_EQ(queue.empty(), expected.empty());
        if (!expected.empty()) {
            ASSERT_LE(queue.next(), expected.begin()->first); // earlier only where more than 64 share a slot
        }
    }
}
