// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"
#include "tools/sedge_program.hpp"

#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <gmock/gmock.h>

#include <string>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Sedge, ShowsItsCommandsAndVersion) {
    const auto help = run({"--help"});
    EXPECT_EQ(help.status, 0);
    for (const auto* command : {"start", "shell", "epmd", "nodes", "ping", "call", "new"})
        EXPECT_THAT(help.output, HasSubstr(command));
    EXPECT_THAT(run({"--version"}).output, testing::StartsWith("sedge 0."));
    const auto start_help = run({"start", "--help"});
    EXPECT_EQ(start_help.status, 0);
    EXPECT_THAT(start_help.output, HasSubstr("--tick-time SECONDS"));
}

TEST_F(Sedge, TellsWrongUsageWithTheNearestRightOne) {
    EXPECT_EQ(run({}).status, 2);
    const auto option = run({"start", "--nmae", "a@127.0.0.1"});
    EXPECT_EQ(option.status, 2);
    EXPECT_THAT(option.output, HasSubstr("did you mean --name?"));
    EXPECT_EQ(run({"banana"}).status, 2);
    EXPECT_EQ(run({"ping"}).status, 2);
    EXPECT_EQ(run({"ping", "no-host", "--cookie-file", "cookie"}).status, 2);
    EXPECT_EQ(run({"call", "a@127.0.0.1", "erlang", "node", "{1}", "--cookie-file", "cookie"}).status, 2);
    const auto broken = run({"call", "a@127.0.0.1", "erlang", "node", "[1", "--cookie-file", "cookie"});
    EXPECT_EQ(broken.status, 2);
    EXPECT_THAT(broken.output, HasSubstr("line 1, column 3: expected , or ] to close the ["));
}

TEST_F(Sedge, TellsWhatIsWrongInTheConfiguration) {
    write("sedge.toml", "[node]\nname = \"a@127.0.0.1\"\ncoookie_file = \"cookie\"\n");
    const auto unknown = run({"start", "--config", "sedge.toml"});
    EXPECT_EQ(unknown.status, 5);
    EXPECT_THAT(unknown.output, HasSubstr("cookie_file"));
    EXPECT_THAT(unknown.output, HasSubstr("3"));
    EXPECT_EQ(run({"start", "--config", "none.toml"}).status, 5);
    EXPECT_EQ(run({"start"}).status, 5); // no name
}

TEST_F(Sedge, RefusesACookieFileThatOthersCanRead) {
    write("open", "a cookie that everybody can read");
    fs::permissions(home / "open", fs::perms::owner_read | fs::perms::others_read);
    const auto refused = run({"start", "--name", "a@127.0.0.1", "--cookie-file", "open"});
    EXPECT_EQ(refused.status, 5);
    EXPECT_THAT(refused.output, HasSubstr("chmod"));
    EXPECT_EQ(run({"ping", "a@127.0.0.1", "--cookie-file", "open"}).status, 5);
}

TEST_F(Sedge, VisitorsDoNotMakeACookie) {
    const auto told = run({"ping", "a@127.0.0.1"});
    EXPECT_EQ(told.status, 5);
    EXPECT_THAT(told.output, HasSubstr("--cookie-file"));
    EXPECT_FALSE(fs::exists(home / ".sedge.cookie"));
}

TEST_F(Sedge, AsksARunningNode) {
    node("a@127.0.0.1");
    EXPECT_THAT(run({"ping", "a@127.0.0.1", "--cookie-file", "cookie"}).output,
                testing::StartsWith("pong from a@127.0.0.1"));
    const auto name = run({"call", "a@127.0.0.1", "Node", "self", "--cookie-file", "cookie"});
    EXPECT_EQ(name.output, ":\"a@127.0.0.1\"\n");
    EXPECT_EQ(name.status, 0);
    const auto json = run({"call", "a@127.0.0.1", "erlang", "nodes", "[:hidden]", "--json", "--cookie-file", "cookie"});
    EXPECT_EQ(boost::json::parse(json.output).as_array().size(), 1u) << json.output; // the visitor itself
    const auto undefined = run({"call", "a@127.0.0.1", "Foo", "bar", "--cookie-file", "cookie"});
    EXPECT_EQ(undefined.status, 1);
    EXPECT_THAT(undefined.output, HasSubstr("function Foo.bar/0 is undefined on a@127.0.0.1"));
}

TEST_F(Sedge, ListsNodes) {
    node("a@127.0.0.1");
    node("b@127.0.0.1");
    EXPECT_EQ(run({"call", "a@127.0.0.1", "net_adm", "ping", "[:\"b@127.0.0.1\"]", "--cookie-file", "cookie"}).output,
              ":pong\n");
    const auto table = run({"nodes", "--cookie-file", "cookie"});
    EXPECT_EQ(table.status, 0) << table.output;
    EXPECT_THAT(table.output, testing::ContainsRegex("a@127.0.0.1 +up +[0-9]+ +b@127.0.0.1"));
    const auto rows =
        boost::json::parse(run({"nodes", "--of", "b@127.0.0.1", "--json", "--cookie-file", "cookie"}).output);
    ASSERT_EQ(rows.as_array().size(), 2u);
    EXPECT_EQ(rows.at(1).at("name"), "a@127.0.0.1");
    EXPECT_THAT(run({"epmd", "names"}).output, HasSubstr("a at port "));
}

TEST_F(Sedge, ListsNodesWithTheStatesThatANodeSeesThemIn) {
    auto& a = *started.emplace_back(
        start({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--detection-tick-interval", "100",
               "--detection-probe-time", "300", "--detection-answer-time", "300"}));
    a.wait_for("accepts peers on port");
    auto& b = node("b@127.0.0.1");
    auto& c = node("c@127.0.0.1");
    auto& d = node("d@127.0.0.1");
    node("e@127.0.0.1");
    for (const char* peer : {"b", "c", "d", "e"})
        run({"call", "a@127.0.0.1", "net_adm", "ping", "[:\"" + std::string{peer} + "@127.0.0.1\"]", "--cookie-file",
             "cookie"});
    const auto state_of = [this](std::string_view name) {
        const auto printed = run({"nodes", "--of", "a@127.0.0.1", "--json", "--cookie-file", "cookie"}).output;
        const auto rows = boost::json::parse(printed);
        for (const auto& row : rows.as_array())
            if (std::string_view{row.at("name").as_string()} == name) return std::string{row.at("state").as_string()};
        return std::string{};
    };
    const auto becomes = [&](std::string_view name, std::string_view state) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (state_of(name) != state && std::chrono::steady_clock::now() < until) {
        }
        EXPECT_EQ(state_of(name), state) << name;
    };
    b.signal(SIGKILL);
    c.signal(SIGTERM);
    becomes("b@127.0.0.1", "down");
    becomes("c@127.0.0.1", "left");
    // A peer is not judged before it has answered once, which it is asked for within 0.3 s.
    const auto asked = std::chrono::steady_clock::now() + std::chrono::milliseconds{600};
    while (std::chrono::steady_clock::now() < asked) EXPECT_EQ(state_of("d@127.0.0.1"), "up");
    d.signal(SIGSTOP);
    becomes("d@127.0.0.1", "suspect");
    const auto table = run({"nodes", "--of", "a@127.0.0.1", "--cookie-file", "cookie"}).output;
    EXPECT_THAT(table, testing::ContainsRegex("b@127.0.0.1 +down +- +connection_closed"));
    EXPECT_THAT(table, testing::ContainsRegex("c@127.0.0.1 +left +- +connection_closed"));
    EXPECT_THAT(table, testing::ContainsRegex("d@127.0.0.1 +(suspect +- +its machine is there|down)"));
    EXPECT_THAT(table, testing::ContainsRegex("e@127.0.0.1 +up +- +a@127.0.0.1"));
    d.signal(SIGCONT);
}

TEST_F(Sedge, TellsWhoCannotBeReachedAndWhy) {
    const auto nobody = run({"ping", "a@127.0.0.1", "--cookie-file", "cookie"});
    EXPECT_EQ(nobody.status, 3);
    EXPECT_THAT(nobody.output, HasSubstr("pang"));
    EXPECT_THAT(nobody.output, HasSubstr("a@127.0.0.1"));
    node("a@127.0.0.1");
    const auto absent = run({"call", "c@127.0.0.1", "erlang", "node", "--cookie-file", "cookie"});
    EXPECT_EQ(absent.status, 3);
    EXPECT_THAT(absent.output, HasSubstr("c@127.0.0.1"));
    const auto stranger = run({"ping", "a@127.0.0.1", "--cookie", "another-secret-of-somebody"});
    EXPECT_EQ(stranger.status, 3);
    EXPECT_THAT(stranger.output, HasSubstr("cookie"));
    EXPECT_THAT(stranger.output, Not(HasSubstr("another-secret")));
    EXPECT_EQ(run({"epmd", "names", "--port", "1"}).status, 3);
}

TEST_F(Sedge, ANameThatIsInUseEndsTheSecondNode) {
    node("a@127.0.0.1");
    const auto second = run({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie"});
    EXPECT_EQ(second.status, 6);
    EXPECT_THAT(second.output, HasSubstr("a@127.0.0.1"));
}

TEST_F(Sedge, StartWithoutACookieMakesOneAndSaysWhere) {
    auto first = start({"start", "--name", "a@127.0.0.1"});
    first->wait_for(".sedge.cookie");
    struct stat info {};
    ASSERT_EQ(::stat((home / ".sedge.cookie").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0400u);
    EXPECT_EQ(run({"ping", "a@127.0.0.1"}).status, 0); // visitors of the same user take it
}

TEST_F(Sedge, StartSaysWhenTheWantedNodesAreThere) {
    node("b@127.0.0.1");
    auto first = start({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--set",
                        "topologies.clusters1.strategy=\"epmd\"", "--set",
                        "topologies.clusters1.config={ hosts = [\"b@127.0.0.1\"] }", "--wait-for", "1"});
    first->wait_for("1 node is connected");
    EXPECT_THAT(first->output(), HasSubstr("[sedge:clusters1] connected to :\"b@127.0.0.1\""));
    EXPECT_EQ(run({"start", "--name", "c@127.0.0.1", "--cookie-file", "cookie", "--wait-for", "1", "--timeout", "0.2"})
                  .status,
              4);
}

TEST_F(Sedge, AShellTakesLinesFromAPipe) {
    const auto shown = run({"shell", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--log-level", "warning"},
                           "x = 20 +\n  1\nx * 2\nNode.self\nbanana\n[1)\nSystem.halt 7\n");
    EXPECT_EQ(shown.output,
              "21\n42\n:\"a@127.0.0.1\"\n** (UndefinedFunctionError) undefined variable banana\n"
              "** (SyntaxError) line 1, column 3: expected , or ] to close the [ of line 1, column 1, found `)`\n");
    EXPECT_EQ(shown.status, 7);
}

TEST_F(Sedge, AShellOnAnotherNodeCallsThere) {
    node("a@127.0.0.1");
    const auto shown = run({"shell", "--remote", "a@127.0.0.1", "--cookie-file", "cookie"},
                           "Node.self\nNode.list\nProcess.whereis(:net_kernel) |> Process.info(:registered_name)\n");
    EXPECT_EQ(shown.output, ":\"a@127.0.0.1\"\n[]\n{:registered_name, :net_kernel}\n");
    EXPECT_EQ(shown.status, 0);
    EXPECT_EQ(run({"shell", "--remote", "c@127.0.0.1", "--cookie-file", "cookie"}).status, 3);
}

TEST_F(Sedge, AShellProcessThatEndsIsReplacedAndKeepsTheBindings) {
    const auto shown = run({"shell", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--log-level", "warning"},
                           "x = 5\nProcess.exit(self, :kill)\nx\n");
    EXPECT_THAT(shown.output, HasSubstr("shell process exited with reason: :killed"));
    EXPECT_THAT(shown.output, testing::EndsWith("5\n"));
}

TEST_F(Sedge, NewMakesAProjectAndNeverOverwrites) {
    const auto made = run({"new", "a", "--sup"});
    EXPECT_EQ(made.status, 0) << made.output;
    for (const auto* file : {"CMakeLists.txt", "main.cpp", "sedge.toml", "README.md", ".gitignore"})
        EXPECT_TRUE(fs::exists(home / "a" / file)) << file;
    EXPECT_THAT(made.output, HasSubstr("cmake -B build"));
    const auto again = run({"new", "a"});
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.output, HasSubstr("nothing was changed"));
    EXPECT_EQ(run({"new", "1st"}).status, 2);
    // Its configuration is one that a node starts with.
    auto running = start({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--config", "a/sedge.toml"});
    running->wait_for("clusters1 (gossip)");
}

TEST_F(Sedge, EpmdRunsAlone) {
    auto mapper = start({"epmd"});
    mapper->wait_for("port mapper on");
    node("a@127.0.0.1");
    const auto names = run({"epmd", "names", "--json"});
    EXPECT_EQ(boost::json::parse(names.output).at(0).at("name"), "a");
    EXPECT_EQ(run({"epmd"}).status, 6); // the port is taken
}

} // namespace
} // namespace sedge::test
