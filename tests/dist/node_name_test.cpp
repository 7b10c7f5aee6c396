// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/error.hpp>
#include <sedge/dist/node_name.hpp>

#include <gtest/gtest.h>

using namespace sedge;

TEST(NodeName, IsTakenApartAtTheAt) {
    const auto name = node_name::parse("edge-1_A@10.0.0.5").value();
    EXPECT_EQ(name.alive, "edge-1_A");
    EXPECT_EQ(name.host, "10.0.0.5");
    EXPECT_EQ(name.full, "edge-1_A@10.0.0.5");
}

TEST(NodeName, RefusalsSayWhy) {
    struct row {
        const char* text;
        const char* why;
    };
    for (const auto& [text, why] :
         {row{"edge1", "has no @"}, row{"@host", "nothing in front"}, row{"edge1@", "no host"},
          row{"a@b@c", "more than one @"}, row{"ed ge@host", "only letters"}, row{"edge.1@host", "only letters"},
          row{"edge1@ho st", "special characters"}, row{"edge1@ho\tst", "special characters"},
          row{"\xc3\xa4@host", "only letters"}}) {
        SCOPED_TRACE(text);
        const auto parsed = node_name::parse(text);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error(), make_error_code(dist::errc::name_invalid));
        EXPECT_NE(parsed.error().context().find(why), std::string::npos) << parsed.error().context();
    }
}

TEST(NodeName, HasAtMost255Characters) {
    EXPECT_TRUE(node_name::parse("a@" + std::string(252, 'h')));
    EXPECT_TRUE(node_name::parse("a@" + std::string(253, 'h')));
    EXPECT_FALSE(node_name::parse("a@" + std::string(254, 'h')));
}

TEST(NodeName, ControlCharactersDoNotReachTheTerminal) {
    EXPECT_EQ(node_name::parse("\x1b[2J@host").error().context().find('\x1b'), std::string::npos);
}

TEST(NodeName, IsLongByADotOrAnAddress) {
    EXPECT_TRUE(node_name::parse("a@10.0.0.5").value().is_long());
    EXPECT_TRUE(node_name::parse("a@box.example.com").value().is_long());
    EXPECT_TRUE(node_name::parse("a@fd00::1").value().is_long());
    EXPECT_FALSE(node_name::parse("a@box").value().is_long());
}

TEST(NodeName, ShortAndLongDoNotMix) {
    const auto short_name = node_name::parse("b@box").value();
    const auto long_name = node_name::parse("b@box.example.com").value();
    EXPECT_TRUE(check_name_kind(true, long_name));
    EXPECT_TRUE(check_name_kind(false, short_name));
    EXPECT_EQ(check_name_kind(true, short_name).error(), make_error_code(dist::errc::name_kind));
    EXPECT_EQ(check_name_kind(false, long_name).error(), make_error_code(dist::errc::name_kind));
}
