// SPDX-License-Identifier: Apache-2.0
#include "process/worker_inbox.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

using namespace sedge;

namespace {

struct numbered final : envelope {
    numbered(int s, int n, std::atomic<int>* alive = nullptr) : sender(s), number(n), living(alive) {
        if (living) ++*living;
    }
    ~numbered() override {
        if (living) --*living;
    }
    void arrive(worker&) override {}
    int sender;
    int number;
    std::atomic<int>* living;
};

bool add(worker_inbox& to, int sender, int from, int behind) {
    envelope_list batch;
    for (int i = from; i < behind; ++i) batch.push(new numbered{sender, i});
    return to.add(batch);
}

std::vector<int> numbers(envelope_list all) {
    std::vector<int> found;
    while (auto* e = all.pop()) found.push_back(std::unique_ptr<numbered>(static_cast<numbered*>(e))->number);
    return found;
}

} // namespace

TEST(WorkerInbox, BatchesComeOutInTheOrderInWhichTheyWereAdded) {
    worker_inbox box;
    EXPECT_FALSE(add(box, 1, 0, 3));
    EXPECT_FALSE(add(box, 2, 3, 4));
    EXPECT_FALSE(add(box, 1, 4, 7));
    EXPECT_EQ(box.waiting(), 7u);
    EXPECT_EQ(numbers(box.take()), (std::vector{0, 1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(box.waiting(), 0u);
    EXPECT_TRUE(box.take().empty());
}

TEST(WorkerInbox, AnEnvelopeThatHoldsManyCountsAsMany) {
    worker_inbox box;
    envelope_list batch;
    batch.push(new numbered{1, 0});
    batch.push(new numbered{1, 1});
    for (int i = 0; i < 9; ++i) batch.note_one_more();
    EXPECT_EQ(batch.size(), 11u);
    EXPECT_FALSE(box.add(batch));
    EXPECT_EQ(box.waiting(), 11u);
    auto all = box.take();
    EXPECT_EQ(box.waiting(), 0u);
    EXPECT_EQ(all.size(), 11u);
    delete all.pop();
    EXPECT_EQ(all.size(), 10u);
    EXPECT_EQ(numbers(std::move(all)), std::vector{1});
}

TEST(WorkerInbox, OnlyTheFirstWhoAddsWakesASleeper) {
    worker_inbox box;
    EXPECT_TRUE(box.sleep());
    EXPECT_TRUE(box.sleep()) << "it sleeps already";
    EXPECT_TRUE(add(box, 1, 0, 1));
    EXPECT_FALSE(add(box, 2, 1, 2));
    EXPECT_FALSE(box.sleep()) << "something has come";
    EXPECT_EQ(numbers(box.take()), (std::vector{0, 1}));
    EXPECT_FALSE(add(box, 1, 2, 3)) << "it is awake";
}

TEST(WorkerInbox, TakingEndsSleep) {
    worker_inbox box;
    EXPECT_TRUE(box.sleep());
    EXPECT_TRUE(box.take().empty());
    EXPECT_FALSE(add(box, 1, 0, 1));
    EXPECT_EQ(numbers(box.take()), (std::vector{0}));
}

TEST(WorkerInbox, WhatNobodyTookIsDestroyedWithIt) {
    std::atomic<int> alive{0};
    {
        worker_inbox box;
        envelope_list batch;
        for (int i = 0; i < 5; ++i) batch.push(new numbered{0, i, &alive});
        (void)box.add(batch);
        batch.push(new numbered{0, 5, &alive});
        EXPECT_EQ(alive, 6);
    }
    EXPECT_EQ(alive, 0);
}

TEST(WorkerInbox, ManyThreadsAddAndEachOnesOrderIsKept) {
    constexpr int senders = 4;
    constexpr int each = 20'000;
    worker_inbox box;
    std::counting_semaphore<> alarm{0}; // as an eventfd: who is told to wake the owner raises it
    std::vector<std::thread> all;
    for (int s = 0; s < senders; ++s)
        all.emplace_back([&, s] {
            for (int i = 0; i < each;) {
                const int size = 1 + (i + s) % 7;
                const int behind = std::min(each, i + size);
                if (add(box, s, i, behind)) alarm.release();
                i = behind;
            }
        });
    std::vector<int> next(senders, 0);
    int got = 0;
    while (got < senders * each) {
        auto batch = box.take();
        if (batch.empty() && box.sleep()) {
            alarm.acquire(); // a wake-up that is missing leaves this waiting for ever
            continue;
        }
        while (auto* e = batch.pop()) {
            const std::unique_ptr<numbered> one{static_cast<numbered*>(e)};
            ASSERT_EQ(one->number, next[static_cast<std::size_t>(one->sender)]++);
            ++got;
        }
    }
    for (auto& t : all) t.join();
    EXPECT_TRUE(box.take().empty());
}
