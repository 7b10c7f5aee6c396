// SPDX-License-Identifier: Apache-2.0
//
// Clusters of 64 nodes in virtual time. A failing seed is printed with the command that replays it:
//   SEDGE_SIM_SEED=17 build/dev/bin/large_cluster_sim_test
#include "sim/large_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace sedge::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void expect_clean(std::uint64_t seed, const large_cluster_report& report) {
    if (report.violations.empty()) return;
    std::string all;
    for (const auto& v : report.violations) all += "  " + v + "\n";
    ADD_FAILURE() << "seed " << seed << " breaks promises:\n"
                  << all << "replay: SEDGE_SIM_SEED=" << seed << " build/dev/bin/large_cluster_sim_test\n";
    if (std::getenv("SEDGE_SIM_SEED")) std::printf("%s\n", report.story.c_str());
}

class LargeCluster : public ::testing::TestWithParam<script> {};

} // namespace

TEST_P(LargeCluster, IsAFullMeshSoonAfterEachHealWithoutAStormOfDials) {
    const auto first = number_from("SEDGE_SIM_SEED", 1 + static_cast<std::uint64_t>(GetParam()));
    const auto count = std::getenv("SEDGE_SIM_SEED") ? 1 : number_from("SEDGE_SIM_LARGE_SEEDS", 1);
    const auto nodes = static_cast<int>(number_from("SEDGE_SIM_NODES", 64));
    for (auto seed = first; seed < first + count; ++seed) {
        auto report = run_large_cluster({.seed = seed, .nodes = nodes}, GetParam());
        expect_clean(seed, report);
        EXPECT_EQ(report.seconds_to_mesh.size(), 2u);
        EXPECT_GT(report.faults, 10);
        EXPECT_GE(report.shortest_gap, 1.0);
        EXPECT_LE(report.dials_for_each_link, 3.0);
        std::printf("seed %llu, %s: %d faults; full mesh %.2f s after the start, %.2f s after the heal; %llu dials, "
                    "%.2f for each missing link at most; shortest time between two dials of one node %.2f s\n",
                    static_cast<unsigned long long>(seed), std::string{to_string(GetParam())}.c_str(), report.faults,
                    report.seconds_to_mesh.front(), report.seconds_to_mesh.back(),
                    static_cast<unsigned long long>(report.dials), report.dials_for_each_link, report.shortest_gap);
    }
}

INSTANTIATE_TEST_SUITE_P(Scripts, LargeCluster,
                         ::testing::Values(script::listed, script::polled, script::announced, script::mixed),
                         [](const auto& one) { return std::string{to_string(one.param)}; });
