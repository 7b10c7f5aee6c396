// SPDX-License-Identifier: Apache-2.0
#include "process/mailbox.hpp"

#include <gtest/gtest.h>

#include <list>
#include <random>
#include <vector>

using namespace sedge;

namespace {

std::vector<int> content(const mailbox& box) {
    std::vector<int> all;
    box.for_each([&](const term& m) { all.push_back(m.as<int>().value()); });
    return all;
}

auto equals(int wanted) {
    return [wanted](const term_view& m) { return m.as<int>() == wanted; };
}

} // namespace

TEST(Mailbox, GivesTheOldestFirst) {
    mailbox box;
    for (int i = 0; i < 10; ++i) box.push(term{i});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(box.pop().as<int>(), i);
    EXPECT_TRUE(box.empty());
}

TEST(Mailbox, WhatDoesNotFitStaysInItsPlace) {
    mailbox box;
    for (int i = 0; i < 8; ++i) box.push(term{i});
    EXPECT_EQ(box.scan(equals(2))->as<int>(), 2);
    EXPECT_EQ(box.scan(equals(6))->as<int>(), 6);
    EXPECT_EQ(box.scan(equals(1)), std::nullopt); // looked at already
    EXPECT_EQ(content(box), (std::vector{0, 1, 3, 4, 5, 7}));
    box.rewind();
    EXPECT_EQ(box.scan(equals(1))->as<int>(), 1);
    EXPECT_EQ(content(box), (std::vector{0, 3, 4, 5, 7}));
}

TEST(Mailbox, AWaitingReceiveLooksAtEachMessageOnce) {
    mailbox box;
    int looked_at = 0;
    const auto never = [&](const term_view&) { return ++looked_at == 0; };
    for (int i = 0; i < 100; ++i) {
        box.push(term{i});
        EXPECT_EQ(box.scan(never), std::nullopt);
    }
    EXPECT_EQ(looked_at, 100);
}

TEST(Mailbox, BehavesAsAListWould) {
    std::mt19937 random{11};
    mailbox box;
    std::list<int> expected;
    int last = 0;
    for (int step = 0; step < 100'000; ++step) {
        const auto what = random() % 10;
        if (what < 5) {
            box.push(term{++last});
            expected.push_back(last);
        } else if (expected.empty()) {
            EXPECT_TRUE(box.empty());
        } else if (what < 7) {
            ASSERT_EQ(box.pop().as<int>(), expected.front());
            expected.pop_front();
        } else {
            const auto place = std::next(expected.begin(), static_cast<int>(random() % expected.size()));
            box.rewind();
            ASSERT_EQ(box.scan(equals(*place))->as<int>(), *place);
            expected.erase(place);
        }
        ASSERT_EQ(box.size(), expected.size());
        if (step % 1000 == 0) {
            ASSERT_EQ(content(box), std::vector(expected.begin(), expected.end()));
        }
    }
}
