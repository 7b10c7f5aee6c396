// SPDX-License-Identifier: Apache-2.0
#include "cluster/start_settings.hpp"

#include <sedge/wire/simulation.hpp>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace sedge;
using namespace sedge::cluster;

namespace {

std::string named(const node_settings& settings, std::string_view machine = "box.example.com") {
    auto name = chosen_name(settings, machine);
    return name ? name->full.str() : name.error().message();
}

class Cookies : public ::testing::Test {
protected:
    wire::simulation sim{1};
    environment& env = sim.machine("10.0.0.1");
    std::filesystem::path place =
        std::filesystem::temp_directory_path() / ("sedge-cookies-" + std::to_string(getpid()));
    std::string own = place / "own";

    Cookies() {
        std::filesystem::remove_all(place);
        std::filesystem::create_directories(place);
    }
    ~Cookies() override { std::filesystem::remove_all(place); }
};

} // namespace

TEST(NodeName, IsAsGivenOrGetsThisMachinesName) {
    EXPECT_EQ(named({.name = "node1@172.24.176.1"}), "node1@172.24.176.1");
    EXPECT_EQ(named({.name = "node1"}), "node1@box.example.com");
    EXPECT_EQ(named({.sname = "node1"}), "node1@box");
    EXPECT_EQ(named({.sname = "node1@other"}), "node1@other");
}

TEST(NodeName, IsUndefinedWhereAnotherNodeGivesIt) {
    EXPECT_EQ(named({.named_by = "a@10.0.0.1"}), "undefined@box.example.com");
    EXPECT_EQ(named({.named_by = "a@10.0.0.1"}, "box"), "undefined@box.local");
    EXPECT_EQ(named({.named_by = "a@other"}), "undefined@box");
    EXPECT_EQ(named({.name = "undefined", .named_by = "a@10.0.0.1"}), "undefined@box.example.com");
    EXPECT_EQ(named({.name = "undefined@10.0.0.7", .named_by = "a@10.0.0.1"}), "undefined@10.0.0.7");
    EXPECT_NE(named({.name = "b@10.0.0.7", .named_by = "a@10.0.0.1"}).find("not both"), std::string::npos);
    EXPECT_NE(named({.name = "undefined"}).find("--named-by NODE"), std::string::npos);
    EXPECT_NE(named({.named_by = "a"}).find("has no @"), std::string::npos);
}

TEST(NodeName, WhatCannotBeOneIsExplained) {
    EXPECT_NE(named({}).find("the node needs a name: --name"), std::string::npos);
    EXPECT_NE(named({.name = "a@b.c", .sname = "a"}).find("not both"), std::string::npos);
    EXPECT_NE(named({.name = "node1"}, "box").find("--name node1@ADDRESS"), std::string::npos);
    EXPECT_NE(named({.name = "node1@box"}).find("use --sname"), std::string::npos);
    EXPECT_NE(named({.sname = "node1@box.example.com"}).find("use --name"), std::string::npos);
    EXPECT_NE(named({.name = "no de@box.example.com"}).find("letters, digits"), std::string::npos);
}

TEST_F(Cookies, OneIsMadeOnceWhereNoneIsGiven) {
    auto first = choose_cookie({}, env, own);
    ASSERT_TRUE(first) << first.error().message();
    ASSERT_EQ(first->advice.size(), 1u);
    EXPECT_NE(first->advice[0].find(own), std::string::npos) << "and it says where";
    auto mode = std::filesystem::status(own).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read);
    auto second = choose_cookie({}, env, own);
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_TRUE(second->advice.empty());
    EXPECT_TRUE(second->value.accepts(first->value.answer(7), 7)) << "the same one";
}

TEST_F(Cookies, WeakOneGetsOneLineAndIsTaken) {
    configuration config;
    config.node.cookie = "edge-servers";
    config.cookie_on_command_line = true;
    auto chosen = choose_cookie(config, env, own);
    ASSERT_TRUE(chosen) << chosen.error().message();
    ASSERT_EQ(chosen->advice.size(), 1u);
    EXPECT_NE(chosen->advice[0].find("command line"), std::string::npos);
    EXPECT_EQ(chosen->advice[0].find("edge-servers"), std::string::npos) << "which does not print it";
    EXPECT_FALSE(std::filesystem::exists(own));
}

TEST_F(Cookies, FileThatOthersCanReadIsRefused) {
    std::string file = place / "cookie";
    std::ofstream{file} << "a-long-and-random-cookie";
    std::filesystem::permissions(file, std::filesystem::perms{0444});
    configuration config;
    config.node.cookie_file = file;
    auto chosen = choose_cookie(config, env, own);
    ASSERT_FALSE(chosen);
    EXPECT_NE(chosen.error().message().find("chmod"), std::string::npos) << chosen.error().message();
}

TEST_F(Cookies, FileThatIsNotThereIsNotReplacedByAnother) {
    configuration config;
    config.node.cookie_file = place / "absent";
    auto chosen = choose_cookie(config, env, own);
    ASSERT_FALSE(chosen);
    EXPECT_NE(chosen.error().message().find("absent"), std::string::npos) << chosen.error().message();
    EXPECT_FALSE(std::filesystem::exists(own));
}

TEST(StartSettings, ScopesAreNamesWithCommas) {
    EXPECT_EQ(scopes_of({}).value(), std::vector{atom{"pg"}});
    EXPECT_EQ(scopes_of({"pg, Elixir.Phoenix.PubSub,,"}).value(),
              (std::vector{atom{"pg"}, atom{"Elixir.Phoenix.PubSub"}}));
    EXPECT_TRUE(scopes_of({""}).value().empty());
    EXPECT_FALSE(scopes_of({"\xff"}));
}

TEST(StartSettings, MetricsAreOffAndThenOnLoopback) {
    EXPECT_FALSE(metrics_endpoint_options_of({}).value());
    const auto on = [](const char* toml) { return metrics_endpoint_options_of(parse_toml(toml, "x").value().metrics); };
    auto options = on("[metrics]\nport = 9568\nhosts = \"robot1.lan, 10.0.0.1\"\n").value();
    ASSERT_TRUE(options);
    EXPECT_EQ(to_string(options->at), "127.0.0.1:9568");
    EXPECT_EQ(options->hosts, (std::vector<std::string>{"robot1.lan", "10.0.0.1"}));
    EXPECT_EQ(to_string(on("[metrics]\nport = 9568\nlisten = \"::\"\n").value()->at), "[::]:9568");
    EXPECT_FALSE(on("[metrics]\nport = 9568\nlisten = \"everywhere\"\n"));
}

TEST(StartSettings, FileOfEventsLiesBesideTheConfiguration) {
    EXPECT_EQ(parse_toml("[events]\nfile = \"events\"\n", "/etc/sedge/sedge.toml").value().events.file,
              "/etc/sedge/events");
    EXPECT_EQ(parse_toml("", "/etc/sedge/sedge.toml").value().events.file, "");
}

TEST(StartSettings, TlsIsWholeOrNotAtAll) {
    EXPECT_FALSE(tls_options_of({}).value()) << "plain";
    tls_settings settings;
    settings.ca = "ca.crt";
    settings.certificate = "node.crt";
    settings.key = "node.key";
    settings.version_min = "1.3";
    const auto whole = tls_options_of(settings).value();
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->ca_file, "ca.crt");
    EXPECT_EQ(whole->certificate_file, "node.crt");
    EXPECT_EQ(whole->key_file, "node.key");
    EXPECT_EQ(whole->version_min, wire::tls_version::v1_3);
    EXPECT_EQ(whole->ciphers, wire::tls_options{}.ciphers);
    for (auto member : {&tls_settings::ca, &tls_settings::certificate, &tls_settings::key}) {
        auto half = settings;
        (half.*member).clear();
        EXPECT_EQ(tls_options_of(half).error(), make_error_code(config_errc::bad_value)) << "never plain by a slip";
    }
}

TEST(StartSettings, ConfigurationBecomesOptions) {
    configuration config;
    config.node.listen = "10.0.0.1";
    config.node.port_min = 9100;
    config.node.tick_time = 8;
    config.node.setup_time = 1000;
    config.node.hidden = true;
    config.epmd.port = 4370;
    config.epmd.names = "lan";
    config.epmd.listen = "10.0.0.2";
    auto name = node_name::parse("node1@10.0.0.1").value();
    auto options = node_options_of(config, name, {});
    ASSERT_TRUE(options) << options.error().message();
    EXPECT_EQ(options->listen_on, wire::ip_address::v4(10, 0, 0, 1));
    EXPECT_EQ(options->port_min, 9100);
    EXPECT_EQ(options->port_max, 9100) << "one port";
    EXPECT_EQ(options->tick_time, seconds{8});
    EXPECT_EQ(options->setup_time, milliseconds{1000});
    EXPECT_TRUE(options->hidden);
    EXPECT_TRUE(options->long_names);
    auto directory = directory_options_of(config.epmd, name);
    ASSERT_TRUE(directory) << directory.error().message();
    EXPECT_EQ(directory->port, 4370);
    EXPECT_EQ(directory->own_host, "10.0.0.1");
    EXPECT_EQ(directory->addresses, std::vector{wire::ip_address::v4(10, 0, 0, 2)});
    EXPECT_EQ(directory->access.names, epmd::audience::on_link);

    config.node.port_max = 9000;
    EXPECT_FALSE(node_options_of(config, name, {})) << "a range that ends before it begins";
    config.node.listen = "eth0";
    EXPECT_FALSE(node_options_of(config, name, {}));
}

TEST(StartSettings, EachTimeOfDetectionHasItsKey) {
    using times = dist::detector_options;
    const auto read = [](const std::string& line) {
        auto config = parse_toml("[detection]\n" + line, "sedge.toml");
        EXPECT_TRUE(config) << config.error().message();
        return node_options_of(*config, node_name::parse("node1@10.0.0.1").value(), {});
    };
    const std::pair<const char*, duration times::*> keys[] = {
        {"tick_interval", &times::tick_interval},     {"suspect_time", &times::suspect_time},
        {"confirm_time", &times::confirm_time},       {"probe_time", &times::probe_time},
        {"answer_time", &times::answer_time},         {"hung_time", &times::hung_time},
        {"hung_time_asked", &times::hung_time_asked}, {"unacknowledged_max", &times::unacknowledged_max}};
    const auto usual = read("").value().detection;
    ASSERT_TRUE(usual);
    for (const auto& [key, time] : keys) {
        EXPECT_EQ((*usual).*time, times{}.*time) << key << ": the same whether a program or a file sets it";
        const auto changed = times{}.*time + milliseconds{7};
        auto set = read(std::string{key} + " = " + std::to_string(changed / milliseconds{1}) +
                        (key == std::string{"tick_interval"} ? "\nprobe_time = 2100" : ""));
        ASSERT_TRUE(set) << set.error().message();
        EXPECT_EQ((*set->detection).*time, changed) << key;
    }
    EXPECT_FALSE(read("enabled = false").value().detection) << "by the tick time alone";
    const auto refused = read("hung_time = 3000");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), make_error_code(config_errc::bad_value));
    EXPECT_TRUE(refused.error().message().starts_with("detection: \"hung_time\" must be more than"))
        << refused.error().message();
}
