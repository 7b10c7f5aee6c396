// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/command_line.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;

namespace {

std::string complaint(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments);
    return parsed ? "" : parsed.error().message();
}

} // namespace

TEST(CommandLine, LineOfTheArticleIsTaken) {
    auto parsed = parse_command_line({"--name", "node1@172.24.176.1", "--cookie", "edge-servers"});
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->config.node.name, "node1@172.24.176.1");
    EXPECT_EQ(parsed->config.node.cookie, "edge-servers");
    EXPECT_TRUE(parsed->config.cookie_on_command_line);
}

TEST(CommandLine, EveryKeyOfTheFileIsAnOption) {
    for (const auto& option : configuration_options()) {
        std::vector<std::string> arguments{option.flag};
        if (option.flag == "--epmd-names")
            arguments.push_back("lan");
        else if (option.flag == "--log-level")
            arguments.push_back("debug");
        else if (option.flag == "--lost-connections")
            arguments.push_back("always");
        else if (option.flag == "--tls-version-min")
            arguments.push_back("1.3");
        else if (option.flag == "--spin" || option.flag == "--workers")
            arguments.push_back("50");
        else if (option.flag == "--message-bytes-max")
            arguments.push_back("200000000");
        else if (!option.value_name.empty())
            arguments.push_back("4000");
        EXPECT_TRUE(parse_command_line(arguments)) << option.flag << ": " << complaint(arguments);
        EXPECT_NE(command_line_help().find("  " + option.flag), std::string::npos);
    }
}

TEST(CommandLine, SwitchesAndValuesHaveTheUsualForms) {
    auto parsed = parse_command_line({"--hidden", "--no-epmd-embedded", "--tick-time=8"});
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_TRUE(parsed->config.node.hidden);
    EXPECT_FALSE(parsed->config.epmd.embedded);
    EXPECT_EQ(parsed->config.node.tick_time, 8);
    EXPECT_FALSE(parsed->config.cookie_on_command_line);
    parsed = parse_command_line({"--hidden=false", "--epmd-embedded"});
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_FALSE(parsed->config.node.hidden);
    EXPECT_TRUE(parsed->config.epmd.embedded);
}

TEST(CommandLine, AnyKeyCanBeSet) {
    auto parsed = parse_command_line({"--set", "topologies.clusters1.strategy=gossip", "--set",
                                      "topologies.clusters1.trust=\"lan\"", "--set",
                                      "topologies.clusters1.config={ port = 45893, secret = \"a=b\" }"});
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->config.topologies.size(), 1u);
    const auto& t = parsed->config.topologies[0];
    EXPECT_EQ(t.strategy, "gossip");
    EXPECT_EQ(t.trust.text, "lan");
    EXPECT_EQ(t.config.find("port")->number, 45893);
    EXPECT_EQ(t.config.find("secret")->text, "a=b");
}

TEST(CommandLine, MistakesAreSentences) {
    EXPECT_EQ(complaint({"--nam", "x"}), "unknown option --nam; did you mean --name?");
    EXPECT_EQ(complaint({"--name"}), "--name needs a value: --name NAME@HOST");
    EXPECT_EQ(complaint({"--hidden=maybe"}), "--hidden takes no value");
    EXPECT_EQ(complaint({"--set", "node.name"}), "--set needs KEY=VALUE, not node.name");
    EXPECT_EQ(complaint({"frobnicate"}), "unknown option frobnicate; see --help");
    EXPECT_EQ(complaint({"--tick-time", "soon"}),
              "command line: \"tick_time\" in node must be a whole number, not text");
    EXPECT_EQ(complaint({"--config", "/nonexistent"}), "/nonexistent: No such file or directory");
}

TEST(CommandLine, WhatIsNoOptionOfOursCanBeLeftToTheProgram) {
    auto parsed = parse_command_line({"--json", "--name", "a@b.c", "node2@b.c"}, true);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->rest, (std::vector<std::string>{"--json", "node2@b.c"}));
    EXPECT_EQ(parsed->config.node.name, "a@b.c");
}

TEST(CommandLine, HelpEndsTheReading) {
    auto parsed = parse_command_line({"--help", "--nonsense"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->help);
}
