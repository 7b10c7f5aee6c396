// SPDX-License-Identifier: Apache-2.0
#include "cluster/member_snapshot.hpp"

#include <sedge/cluster/limits.hpp>

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;

namespace {

const std::chrono::sys_seconds noon{1'764'115'200s};

member_times two() { return {{atom{"a@10.0.0.1"}, noon}, {atom{"b@10.0.0.2"}, noon - 1h}}; }

std::string why(std::string_view text) {
    auto decoded = decode_snapshot(text);
    return decoded ? "it is right" : decoded.error().context();
}

} // namespace

TEST(MemberSnapshot, WhatIsWrittenIsRead) {
    EXPECT_EQ(encode_snapshot(two()).substr(0, 66),
              "sedge members 1\na@10.0.0.1 1764115200\nb@10.0.0.2 1764111600\nend 2 ")
        << "the newest first";
    EXPECT_EQ(decode_snapshot(encode_snapshot(two())).value(), two());
    EXPECT_TRUE(decode_snapshot(encode_snapshot({})).value().empty());
}

TEST(MemberSnapshot, FileThatIsCutOrBentAnywhereIsRefused) {
    const auto text = encode_snapshot(two());
    for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(decode_snapshot(text.substr(0, size))) << size;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto bent = text;
        bent[i] = static_cast<char>(bent[i] ^ 1);
        EXPECT_FALSE(decode_snapshot(bent)) << i;
    }
    EXPECT_FALSE(decode_snapshot(text + "\n"));
    EXPECT_EQ(why(""), "it does not begin as a file of members");
    EXPECT_EQ(why("sedge members 1\na@10.0.0.1 1\n"), "its end is missing");
    EXPECT_EQ(why("sedge members 1\na@10.0.0.1 one\nend 1 0000000000000000\n"), "a line is no member");
    EXPECT_EQ(why("sedge members 1\na@10.0.0.1 1\nend 1 0000000000000000\n"), "its digest is wrong");
    EXPECT_EQ(why(std::string(limits::snapshot_bytes_max + 1, 'x')), "it is longer than 524288 bytes");
}

TEST(MemberSnapshot, StaleMembersAreLeftOutAndAClockThatIsBehindHarmsNobody) {
    EXPECT_EQ(without_stale(two(), noon + limits::snapshot_age_max), (member_times{{atom{"a@10.0.0.1"}, noon}}));
    EXPECT_EQ(without_stale(two(), noon + limits::snapshot_age_max + 1s), member_times{});
    EXPECT_EQ(without_stale(two(), std::chrono::sys_seconds{}), two()) << "1970, says the board without a battery";
}

TEST(MemberSnapshot, NewestMembersAreKept) {
    member_times many;
    for (std::size_t i = 0; i < limits::topology_nodes_max + 10; ++i)
        many[atom{"n" + std::to_string(i) + "@h"}] = noon + std::chrono::seconds{i};
    auto decoded = decode_snapshot(encode_snapshot(many));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->size(), limits::topology_nodes_max);
    EXPECT_FALSE(decoded->contains(atom{"n9@h"}));
    EXPECT_TRUE(decoded->contains(atom{"n10@h"}));
}

TEST(MemberSnapshot, FileIsReplacedAsAWhole) {
    const std::string path = "/tmp/sedge-members-" + std::to_string(getpid());
    EXPECT_EQ(load_snapshot(path).error().code(), std::errc::no_such_file_or_directory);
    ASSERT_TRUE(save_snapshot(path, two()));
    EXPECT_EQ(load_snapshot(path).value(), two());
    std::ofstream{path + ".new"} << "what a blackout left behind";
    ASSERT_TRUE(save_snapshot(path, {}));
    EXPECT_TRUE(load_snapshot(path).value().empty());
    EXPECT_NE(access((path + ".new").c_str(), F_OK), 0);
    std::remove(path.c_str());
    EXPECT_FALSE(save_snapshot("/nowhere/members", two()));
}
