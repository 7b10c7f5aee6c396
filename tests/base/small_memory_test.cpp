// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/small_memory.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

using namespace sedge;

namespace {

struct piece {
    unsigned char* at;
    std::size_t bytes;
    unsigned char mark;
};

piece taken(std::size_t bytes, unsigned char mark) {
    auto* at = static_cast<unsigned char*>(take_small(bytes));
    std::memset(at, mark, bytes);
    return {at, bytes, mark};
}

void expect_untouched(const piece& p) {
    for (std::size_t i = 0; i < p.bytes; ++i) ASSERT_EQ(p.at[i], p.mark);
}

} // namespace

TEST(SmallMemory, PiecesOfAllSizesDoNotOverlapAndAreAligned) {
    std::vector<piece> all;
    for (int round = 0; round < 20; ++round)
        for (std::size_t bytes = 1; bytes <= small_bytes_max + 3; bytes += 7)
            all.push_back(taken(bytes, static_cast<unsigned char>(all.size())));
    for (const auto& p : all) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p.at) % 16, 0u);
        expect_untouched(p);
        give_small(p.at, p.bytes);
    }
}

TEST(SmallMemory, WhatOneThreadTookAnotherMayGiveBack) {
    std::vector<piece> all;
    std::thread taker{[&] {
        for (int i = 0; i < 1000; ++i) all.push_back(taken(200, static_cast<unsigned char>(i)));
    }};
    taker.join();
    std::thread giver{[&] {
        for (const auto& p : all) {
            expect_untouched(p);
            give_small(p.at, p.bytes);
        }
    }};
    giver.join();
    const piece again = taken(200, 1);
    expect_untouched(again);
    give_small(again.at, again.bytes);
}
