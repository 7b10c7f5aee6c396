// SPDX-License-Identifier: Apache-2.0
#include "cluster/timeline/timeline_limits.hpp"

#include <sedge/cluster/timeline.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;

namespace {

timeline_entry dial_that_failed() {
    timeline_entry out;
    out.number = 17;
    out.at = std::chrono::system_clock::from_time_t(1'790'227'928) + 123456us;
    out.event = "libcluster.connect_node.error";
    out.node = "b@10.0.0.2";
    out.topology = "clusters1";
    out.took = 7s;
    out.reason = "wrong cookie";
    out.left_out = 3;
    return out;
}

} // namespace

TEST(TimelineEntry, IsOneLineOfJson) {
    EXPECT_EQ(to_json(dial_that_failed()),
              R"({"number":17,"at":"2026-09-24T05:32:08.123456Z","event":"libcluster.connect_node.error",)"
              R"("node":"b@10.0.0.2","topology":"clusters1","seconds":7E0,"reason":"wrong cookie","left_out":3})");
    timeline_entry bare;
    bare.at = std::chrono::system_clock::from_time_t(0);
    bare.event = "sedge.ready";
    EXPECT_EQ(to_json(bare), R"({"at":"1970-01-01T00:00:00.000000Z","event":"sedge.ready"})");
}

TEST(TimelineEntry, IsReadBackAsItWas) {
    const auto before = dial_that_failed();
    const auto after = timeline_entry_from_json(to_json(before)).value();
    EXPECT_EQ(after.number, before.number);
    EXPECT_EQ(after.at, before.at);
    EXPECT_EQ(after.event, before.event);
    EXPECT_EQ(after.node, before.node);
    EXPECT_EQ(after.topology, before.topology);
    EXPECT_EQ(after.took, before.took);
    EXPECT_EQ(after.reason, before.reason);
    EXPECT_EQ(after.left_out, before.left_out);
}

TEST(TimelineEntry, TimesThatDoublesOnlyComeNearToReadBackAsTheyWere) {
    auto entry = dial_that_failed();
    for (const std::int64_t micros : {1LL, 8'110'000LL, 8'109'999LL, 3'600'000'001LL, 999'999'999'999'999LL}) {
        entry.took = std::chrono::microseconds{micros};
        EXPECT_EQ(timeline_entry_from_json(to_json(entry)).value().took, entry.took) << micros;
    }
}

TEST(TimelineEntry, TextOfStrangersStaysInsideItsLine) {
    auto entry = dial_that_failed();
    entry.reason = "first\nsecond \"quoted\" \x1b[2J";
    const auto line = to_json(entry);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(timeline_entry_from_json(line).value().reason, entry.reason);

    entry.node = entry.topology = entry.reason = std::string(100'000, '\x01');
    const auto long_line = to_json(entry);
    EXPECT_LE(long_line.size(), limits::timeline_line_bytes_max);
    EXPECT_EQ(timeline_entry_from_json(long_line).value().reason.size(), limits::timeline_text_bytes_max);
    entry.reason = std::string(limits::timeline_text_bytes_max - 1, 'x') + "\u00e9";
    EXPECT_EQ(timeline_entry_from_json(to_json(entry)).value().reason.size(), limits::timeline_text_bytes_max - 1)
        << "no half characters";
    entry.reason = "not UTF-8: \xff\xc3";
    EXPECT_EQ(timeline_entry_from_json(to_json(entry)).value().reason, "not UTF-8: ??");
}

TEST(TimelineEntry, WhatIsNoneIsRefused) {
    for (const auto* line :
         {"", "{", "[]", "17", "null", "{}", R"({"event":"sedge.ready"})", R"({"at":"2026-09-24T04:12:08.123456Z"})",
          R"({"at":"yesterday","event":"x"})", R"({"at":"2026-09-24T04:12:08.123456Z x","event":"x"})",
          R"({"at":"8026-09-24T04:12:08.123456Z","event":"x"})", R"({"at":"2026-13-24T04:12:08.123456Z","event":"x"})",
          R"({"at":5,"event":"x"})", R"({"at":"2026-09-24T04:12:08.123456Z","event":5})"})
        EXPECT_FALSE(timeline_entry_from_json(line)) << line;
    EXPECT_EQ(timeline_entry_from_json(std::string(limits::timeline_line_bytes_max + 1, ' ')).error(),
              make_error_code(errc::limit_exceeded));
    const auto odd = timeline_entry_from_json(
        R"({"at":"2026-09-24T04:12:08.123456Z","event":"x","number":-1,"seconds":1e300,"left_out":"many"})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->number, 0u);
    EXPECT_FALSE(odd->took);
}

TEST(TimelineEntry, GuideListsEveryEventAsItIs) {
    std::ifstream file{SEDGE_DOCS "/guide/events.md"};
    std::stringstream guide;
    guide << file.rdbuf();
    std::set<std::string> rows;
    for (std::string line; std::getline(guide, line);)
        if (line.starts_with("| `libcluster.") || line.starts_with("| `sedge.")) rows.insert(line);
    std::set<std::string> expected;
    for (const auto& each : event_definitions()) {
        std::string row = "| `";
        row.append(each.name).append("` | ").append(each.fields).append(" | ").append(each.meaning).append(" |");
        expected.insert(row);
    }
    EXPECT_EQ(rows, expected);
}
