// SPDX-License-Identifier: Apache-2.0
//
// Seeded clusters in virtual time. A failing seed is printed with the command that replays it:
//   SEDGE_SIM_SEED=17 build/dev/bin/cluster_sim_test
#include "sim/chaos.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace sedge::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void expect_clean(std::uint64_t seed, const chaos_report& report) {
    if (report.violations.empty()) return;
    std::string all;
    for (const auto& v : report.violations) all += "  " + v + "\n";
    ADD_FAILURE() << "seed " << seed << " breaks promises:\n"
                  << all << "replay: SEDGE_SIM_SEED=" << seed << " build/dev/bin/cluster_sim_test\n";
    if (std::getenv("SEDGE_SIM_SEED")) std::printf("%s\n", report.story.c_str());
}

} // namespace

TEST(SimulatedCluster, KeepsItsPromisesUnderAnySeed) {
    std::uint64_t first = number_from("SEDGE_SIM_SEED", 1);
    std::uint64_t count = std::getenv("SEDGE_SIM_SEED") ? 1 : number_from("SEDGE_SIM_SEEDS", 200);
    std::uint64_t messages = 0, downs = 0, won = 0, lost = 0;
    int faults = 0;
    double slowest = 0, slowest_groups = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        auto report = run_chaos({.seed = seed});
        expect_clean(seed, report);
        messages += report.messages;
        downs += report.downs;
        won += report.names_won;
        lost += report.names_lost;
        faults += report.faults;
        slowest = std::max(slowest, report.seconds_to_mesh);
        slowest_groups = std::max(slowest_groups, report.seconds_to_groups);
        if (::testing::Test::HasFailure() && seed > first + 5) break;
    }
    std::printf("%llu seeds: %d faults, %llu messages, %llu downs, slowest mesh %.1f s after the faults\n",
                static_cast<unsigned long long>(count), faults, static_cast<unsigned long long>(messages),
                static_cast<unsigned long long>(downs), slowest);
    std::printf("groups: views equal at most %.3f s after that\n", slowest_groups);
    std::printf("global names: %llu registered, %llu given up\n", static_cast<unsigned long long>(won),
                static_cast<unsigned long long>(lost));
    EXPECT_GT(messages, 0u);
    EXPECT_GT(downs, 0u);
    EXPECT_GT(won, 0u);
}

TEST(SimulatedCluster, SameSeedSameTrace) {
    for (std::uint64_t seed : {3, 4}) {
        auto once = run_chaos({.seed = seed, .virtual_minutes = 3});
        auto again = run_chaos({.seed = seed, .virtual_minutes = 3});
        EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    }
    EXPECT_NE(run_chaos({.seed = 3, .virtual_minutes = 1}).trace_hash,
              run_chaos({.seed = 5, .virtual_minutes = 1}).trace_hash);
}
