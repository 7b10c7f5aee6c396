// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/slot_table.hpp>

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace sedge::dist {
namespace {

using table = slot_table<int>;

TEST(SlotTable, IsAnArrayOf2048ToItsUser) {
    for (const std::size_t distinct : {1u, 31u, 33u, 500u, 1025u, 2048u}) {
        std::mt19937 random{static_cast<unsigned>(distinct)};
        table slots;
        std::array<int, table::slots> plain{};
        const std::size_t step = 1 + random() % 2047 * 2; // odd, so that all slots are met
        for (int i = 1; i <= 20'000; ++i) {
            const std::size_t slot = random() % distinct * (2 * step + 1) % table::slots;
            ASSERT_EQ(slots[slot], plain[slot]) << "slot " << slot << " of " << distinct;
            slots[slot] = plain[slot] = i;
        }
        EXPECT_LE(slots.size(), distinct);
        const auto& same = slots;
        for (std::size_t slot = 0; slot < table::slots; ++slot)
            if (plain[slot] != 0) {
                EXPECT_EQ(same[slot], plain[slot]);
            }
    }
}

TEST(SlotTable, SlotsWithEqualLowerBitsDoNotMeet) {
    table slots;
    for (std::size_t high = 0; high < 32; ++high) slots[high * 64 + 5] = static_cast<int>(high) + 1;
    EXPECT_EQ(slots.size(), 32u);
    for (std::size_t high = 0; high < 32; ++high) EXPECT_EQ(slots[high * 64 + 5], static_cast<int>(high) + 1);
    slots.clear();
    EXPECT_EQ(slots[5], 0);
    EXPECT_EQ(slots.size(), 1u);
}

} // namespace
} // namespace sedge::dist
