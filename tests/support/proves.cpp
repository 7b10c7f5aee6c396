// SPDX-License-Identifier: Apache-2.0
#include "support/proves.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sedge::test {

void proves(std::string_view area, std::string_view feature, direction which) {
    const auto* running = testing::UnitTest::GetInstance()->current_test_info();
    const auto number = running->result()->test_property_count();
    const char* words[] = {"to sedge", "from sedge", "both"};
    // Read by scripts/interop_matrix.py from the JSON that GoogleTest writes.
    testing::Test::RecordProperty("proves_" + std::to_string(number), std::string{area} + "|" + std::string{feature} +
                                                                          "|" + words[static_cast<int>(which)]);
}

} // namespace sedge::test
