// SPDX-License-Identifier: Apache-2.0

#include "dist/recorded.hpp"

#include <sedge/dist/flags.hpp>

#include <gtest/gtest.h>

using namespace sedge::dist;
namespace test = sedge::test;

TEST(Flags, AreAnnouncedAsOtp25Does) {
    EXPECT_EQ(announced(false).bits(), 0xd07df7fbdu);
    EXPECT_EQ(announced(true).bits(), 0xd07df7fbcu);
}

TEST(Flags, AnnouncedOnesSatisfyOtp25To28) {
    EXPECT_TRUE(announced(true).has_all(mandatory_25));
    EXPECT_TRUE(announced(true).has_all(mandatory_26));
    EXPECT_FALSE(announced(false).has(capability::atom_cache));
    EXPECT_FALSE(announced(false).has(capability::hidden_atom_cache));
}

TEST(Flags, HaveTheNamesOfTheRecording) {
    const auto stream = test::recorded("handshake/a-to-b");
    const auto& frame = *stream.find("send_name");
    std::vector<std::string> recorded;
    for (const auto& name : frame.at("flag_names").as_array()) recorded.emplace_back(name.as_string());
    EXPECT_EQ(flags{test::number_of(frame, "flags")}.names(), recorded);
}

TEST(Flags, UnknownBitIsNamedByItsNumber) {
    EXPECT_EQ(flags{1ull << 50}.names(), std::vector<std::string>{"bit 50"});
}

TEST(Flags, DigestFlagExpandsToTheMandatoryOnes) {
    const flags digest_only{0x4000001};
    EXPECT_FALSE(digest_only.has_all(mandatory_25));
    EXPECT_TRUE(digest_only.expanded().has_all(mandatory_25));
    EXPECT_EQ(flags{1}.expanded(), flags{1});
}

TEST(Flags, ChosenOnesAreCommonToBoth) {
    const flags c_library{0x407074f9c};
    const flags chosen = announced(false).common_with(c_library);
    EXPECT_FALSE(chosen.has(capability::published));
    EXPECT_FALSE(chosen.has(capability::fragments));
    EXPECT_EQ(chosen, c_library);
}
