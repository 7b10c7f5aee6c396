// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/strategies.hpp>

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace sedge;
using namespace sedge::cluster;

namespace {

class silent final : public strategy {
public:
    std::string_view name() const noexcept override { return "silent"; }
    task<> run(strategy_context&) override { co_return; }
};

topology_settings settings_for(std::string strategy) {
    topology_settings out;
    out.name = "t";
    out.strategy = std::move(strategy);
    return out;
}

} // namespace

TEST(Strategies, GuideIsTheTextThatTheProgramMakes) {
    std::ifstream file{SEDGE_DOCS "/guide/strategies.md"};
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), strategies_guide(strategies{}))
        << "write it anew: SEDGE_WRITE_GUIDE=1 before this test's program";
    if (std::getenv("SEDGE_WRITE_GUIDE"))
        std::ofstream{SEDGE_DOCS "/guide/strategies.md"} << strategies_guide(strategies{});
}

TEST(Strategies, ProgramsOwnCanBeNamedInTheConfiguration) {
    strategies known;
    strategy_definition own;
    own.name = "mine";
    own.options = {{"depth", strategy_option::type::integer, "3", "how deep", 1, 9}};
    std::int64_t depth = 0;
    own.make = [&depth](const topology_settings& settings) -> result<std::unique_ptr<strategy>> {
        depth = settings.config.find("depth")->number;
        return std::unique_ptr<strategy>{std::make_unique<silent>()};
    };
    known.add(own);
    auto settings = settings_for("mine");
    settings.config.at("depth") = config_value::of(std::int64_t{4});
    ASSERT_TRUE(known.make(settings));
    EXPECT_EQ(depth, 4);
    settings.config.at("depth") = config_value::of(std::int64_t{10});
    EXPECT_EQ(known.make(settings).error().code(), make_error_code(config_errc::bad_value));
    settings.config.at("width") = config_value::of(true);
    EXPECT_NE(strategies_guide(known).find("| `depth` | integer | `3` | how deep |"), std::string::npos);
}

TEST(Strategies, OneThatDeclaresNoOptionsMayTakeAny) {
    strategies known;
    strategy_definition own;
    own.name = "mine";
    own.make = [](const topology_settings&) -> result<std::unique_ptr<strategy>> {
        return std::unique_ptr<strategy>{std::make_unique<silent>()};
    };
    auto settings = settings_for("mine");
    settings.config.at("anything") = config_value::of(true);
    known.add(own);
    EXPECT_FALSE(known.make(settings));
    own.any_option = true;
    known.add(own);
    EXPECT_TRUE(known.make(settings));
    EXPECT_EQ(known.all().size(), strategies{}.all().size() + 1) << "the second replaced the first";
}

TEST(Strategies, LibclustersModuleNamesMeanTheSame) {
    auto made = strategies{}.make(settings_for("Cluster.Strategy.Gossip"));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->name(), "gossip");
    EXPECT_FALSE((*made)->rules().owns_removal);
}

TEST(Strategies, TimeoutOfEpmdIsTheLeastTimeBetweenDials) {
    auto settings = settings_for("epmd");
    EXPECT_EQ(strategies{}.make(settings).value()->rules().redial_least, milliseconds{0});
    settings.config.at("timeout") = config_value::of(std::int64_t{30'000});
    EXPECT_EQ(strategies{}.make(settings).value()->rules().redial_least, milliseconds{30'000});
    settings.config.at("timeout") = config_value::of(std::string{"infinity"});
    EXPECT_EQ(strategies{}.make(settings).value()->rules().redial_least, milliseconds{0});
}
