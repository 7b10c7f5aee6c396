// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/nursery.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

using namespace sedge;

namespace {

/// Holds one task back until it is opened.
struct gate {
    std::coroutine_handle<> waiting;

    struct awaiter {
        gate* owner;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const noexcept { owner->waiting = h; }
        void await_resume() const noexcept {}
    };
    awaiter operator co_await() noexcept { return {this}; }
    void open() { std::exchange(waiting, nullptr).resume(); }
};

/// Counts how many frames hold one.
struct counted {
    explicit counted(int& c) : count(&c) { ++*count; }
    counted(counted&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
    ~counted() {
        if (count) --*count;
    }
    int* count;
};

task<> pass(gate* g, counted, std::vector<int>* order, int name) {
    co_await *g;
    order->push_back(name);
}

task<> fail_after(gate* g) {
    co_await *g;
    throw std::runtime_error("no");
}

task<> at_once(std::vector<int>* order, int name) {
    order->push_back(name);
    co_return;
}

task<> join_and_note(nursery* n, std::vector<int>* order, int name) {
    co_await n->join();
    order->push_back(name);
}

task<int> inner(gate* g, counted) {
    co_await *g;
    co_return 7;
}

task<> outer(gate* g, int* frames, int* got) {
    counted here{*frames};
    *got = co_await inner(g, counted{*frames});
}

} // namespace

TEST(Nursery, TaskStartsAtOnceAndItsFrameGoesWhenItEnds) {
    int frames = 0;
    std::vector<int> order;
    gate g;
    nursery n;
    n.start(pass(&g, counted{frames}, &order, 1));
    EXPECT_EQ(n.size(), 1u);
    EXPECT_EQ(frames, 1);
    g.open();
    EXPECT_TRUE(n.empty());
    EXPECT_EQ(frames, 0);
    EXPECT_EQ(order, (std::vector{1}));
}

TEST(Nursery, TaskThatEndsAtOnceIsNotKept) {
    std::vector<int> order;
    nursery n;
    n.start(at_once(&order, 1));
    EXPECT_TRUE(n.empty());
    EXPECT_EQ(order, (std::vector{1}));
}

TEST(Nursery, CancelDestroysEveryFrameDownToWhatItAwaits) {
    int frames = 0, got = 0;
    gate one, two;
    std::vector<int> order;
    bool told = false;
    nursery n;
    n.start(outer(&one, &frames, &got), [&](std::exception_ptr) { told = true; });
    n.start(pass(&two, counted{frames}, &order, 1));
    EXPECT_EQ(frames, 3);
    n.cancel();
    EXPECT_EQ(frames, 0);
    EXPECT_TRUE(n.empty());
    EXPECT_FALSE(told) << "the end of a cancelled task is not reported";
    EXPECT_EQ(got, 0);
}

TEST(Nursery, ValueOfAnInnerTaskArrives) {
    int frames = 0, got = 0;
    gate g;
    nursery n;
    n.start(outer(&g, &frames, &got));
    g.open();
    EXPECT_EQ(got, 7);
    EXPECT_EQ(frames, 0);
}

TEST(Nursery, JoinWaitsForTheLastTask) {
    int frames = 0;
    std::vector<int> order;
    gate one, two;
    nursery n, waiting;
    n.start(pass(&one, counted{frames}, &order, 1));
    n.start(pass(&two, counted{frames}, &order, 2));
    waiting.start(join_and_note(&n, &order, 3));
    two.open();
    EXPECT_EQ(order, (std::vector{2}));
    one.open();
    EXPECT_EQ(order, (std::vector{2, 1, 3}));
    waiting.start(join_and_note(&n, &order, 4)); // nothing runs: at once
    EXPECT_EQ(order.back(), 4);
}

TEST(Nursery, JoinerMayBeDestroyedWhileItWaits) {
    int frames = 0;
    std::vector<int> order;
    gate g;
    nursery n;
    n.start(pass(&g, counted{frames}, &order, 1));
    {
        nursery waiting;
        waiting.start(join_and_note(&n, &order, 2));
    }
    g.open();
    EXPECT_EQ(order, (std::vector{1}));
}

TEST(Nursery, EndIsToldTheExceptionAndMayStartAnew) {
    gate g, again;
    std::vector<int> order;
    int frames = 0;
    std::string text;
    nursery n;
    n.start(fail_after(&g), [&](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& thrown) {
            text = thrown.what();
        }
        n.start(pass(&again, counted{frames}, &order, 1));
    });
    g.open();
    EXPECT_EQ(text, "no");
    EXPECT_EQ(n.size(), 1u);
    again.open();
    EXPECT_EQ(order, (std::vector{1}));
}

TEST(NurseryDeathTest, ExceptionThatNobodyHearsEndsTheProgram) {
    EXPECT_DEATH(
        {
            gate g;
            nursery n;
            n.start(fail_after(&g));
            g.open();
        },
        "");
}

TEST(Task, ThatWasNeverAwaitedRunsNothing) {
    std::vector<int> order;
    {
        auto unused = at_once(&order, 1);
        EXPECT_FALSE(unused.done());
    }
    EXPECT_TRUE(order.empty());
}
