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

TEST(Strategies, MistakesInOptionsAreToldInSentences) {
    struct row {
        const char* strategy;
        std::vector<std::pair<const char*, config_value>> options;
        const char* sentence;
    };
    const auto text = [](const char* t) { return config_value::of(std::string{t}); };
    const row rows[] = {
        {"dns_poll", {{"node_basename", text("n")}}, "strategy dns_poll needs \"query\" in topologies.t.config"},
        {"dns_poll", {{"query", text("q.test")}}, "strategy dns_poll needs \"node_basename\""},
        {"dns_poll", {{"query", text("a..b")}, {"node_basename", text("n")}}, "query must be the DNS name to ask for"},
        {"dns_poll",
         {{"query", text("q.test")}, {"node_basename", text("a b")}},
         "node_basename must be what stands in front of the @"},
        {"dns_poll",
         {{"query", text("q.test")},
          {"node_basename", text("n")},
          {"resolver", config_value::of(std::vector<std::string>{"10.0.0.1:0"})}},
         "\"resolver\" in topologies.t.config has no address or address with port: \"10.0.0.1:0\""},
        {"gossip", {{"multicast_addr", text("fd00::1")}}, "fd00::1 is no multicast address"},
        {"gossip",
         {{"multicast_addr", text("ff02::1")}, {"broadcast_only", config_value::of(true)}},
         "there is no broadcast in IPv6"},
        {"gossip", {{"if_addr", text("224.0.0.9")}}, "if_addr is a group, but not that of multicast_addr"},
        {"mdns",
         {{"ipv4", config_value::of(false)}, {"ipv6", config_value::of(false)}},
         "one of ipv4 and ipv6 must be true"},
        {"erlang_hosts", {{"timeout", config_value::of(std::int64_t{5})}}, "must be from 100 to"},
        {"postgres", {{"channel_name", text("")}}, "channel_name must have 1 to 63 bytes"},
        {"postgres",
         {{"parameters", config_value::of(std::vector<std::string>{"no value"})}},
         "parameters are \"name=value\", not \"no value\""},
        {"postgres", {}, "this program was built without PostgreSQL"},
    };
    for (const auto& r : rows) {
        auto settings = settings_for(r.strategy);
        for (const auto& [name, value] : r.options) settings.config.at(name) = value;
        auto made = strategies{}.make(settings);
        ASSERT_FALSE(made) << r.strategy << ": " << r.sentence;
        EXPECT_NE(made.error().message().find(r.sentence), std::string::npos) << made.error().message();
    }
}

TEST(Strategies, OnlyDnsDisconnectsWhatItNoLongerNames) {
    for (const auto& [name, owns_removal] : {std::pair{"local_epmd", false}, {"erlang_hosts", false}, {"mdns", false}})
        EXPECT_EQ(strategies{}.make(settings_for(name)).value()->rules().owns_removal, owns_removal) << name;
    auto dns = settings_for("Cluster.Strategy.DNSPoll");
    dns.config.at("query") = config_value::of(std::string{"q.test"});
    dns.config.at("node_basename") = config_value::of(std::string{"n"});
    EXPECT_TRUE(strategies{}.make(dns).value()->rules().owns_removal);
}
