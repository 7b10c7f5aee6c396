// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/small_memory.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
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

TEST(SmallMemory, WhatPilesUpOnOneThreadIsUsedByTheOneThatTakes) {
    // One thread only takes, the other only gives back. Without a way between them each round would need new memory.
    constexpr int rounds = 50;
    constexpr std::size_t each = 4096;
    std::set<void*> places;
    for (int i = 0; i < rounds; ++i) {
        std::vector<piece> all;
        for (std::size_t k = 0; k < each; ++k) {
            all.push_back(taken(96, static_cast<unsigned char>(k)));
            places.insert(all.back().at);
        }
        std::thread giver{[&] {
            for (const auto& p : all) {
                expect_untouched(p);
                give_small(p.at, p.bytes);
            }
        }};
        giver.join();
    }
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_LT(places.size(), rounds * each / 4);
#endif
}
