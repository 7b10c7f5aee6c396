// SPDX-License-Identifier: Apache-2.0
//
// `sedge events`: of a running node, followed, and from the file of one that is gone.
#include "support/json.hpp"
#include "support/proves.hpp"
#include "tools/sedge_program.hpp"

#include <sedge/cluster/timeline.hpp>

#include <csignal>
#include <gmock/gmock.h>
#include <sstream>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class SedgeEvents : public Sedge {
protected:
    /// Node a, which wants b and writes its events into a file.
    program& watched() {
        write("sedge.toml", "[topologies.t]\nstrategy = \"epmd\"\nconfig = { hosts = [\"b@127.0.0.1\"] }\n"
                            "[events]\nfile = \"events\"\n");
        auto& made = *started.emplace_back(
            start({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--config", "sedge.toml"}));
        made.wait_for("accepts peers on port");
        return made;
    }
    outcome events(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "events");
        arguments.insert(arguments.end(), {"--cookie-file", "cookie"});
        return run(std::move(arguments));
    }
};

} // namespace

TEST_F(SedgeEvents, FollowingShowsANodeThatGoesDown) {
    auto& b = node("b@127.0.0.1");
    auto& a = watched();
    a.wait_for("connected to :\"b@127.0.0.1\"");
    auto following = start({"events", "-f", "a@127.0.0.1", "--cookie-file", "cookie"});
    following->wait_for("sedge.started");
    following->wait_for("sedge.topology.added");
    following->wait_for("libcluster.connect_node.ok");
    b.signal(SIGKILL);
    const auto line = following->wait_for("connection_closed");
    EXPECT_THAT(line, HasSubstr("sedge.node.down"));
    EXPECT_THAT(line, HasSubstr("b@127.0.0.1"));
    following->wait_for("libcluster.connect_node.error");
    node("b@127.0.0.1");
    following->wait_for("sedge.node.up");
    a.signal(SIGTERM);
    const int status = following->wait_for_end();
    EXPECT_EQ(WEXITSTATUS(status), 3) << following->output();
    EXPECT_THAT(following->output(), HasSubstr("the connection to a@127.0.0.1 was lost"));
}

TEST_F(SedgeEvents, FileTellsOfANodeThatIsGone) {
    node("b@127.0.0.1");
    auto& a = watched();
    a.wait_for("connected to :\"b@127.0.0.1\"");
    const auto first = events({"a@127.0.0.1", "--json"});
    ASSERT_EQ(first.status, 0) << first.output;
    std::vector<std::string> lines;
    std::istringstream in{first.output};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    ASSERT_GE(lines.size(), 4u) << first.output;
    const auto started_at = cluster::timeline_entry_from_json(lines.front()).value();
    EXPECT_EQ(started_at.event, "sedge.started");
    EXPECT_EQ(started_at.node, "a@127.0.0.1");
    EXPECT_EQ(started_at.number, 1u);

    a.signal(SIGTERM);
    EXPECT_EQ(a.wait_for_end(), 0);
    const auto after = run({"events", "--file", "events"});
    EXPECT_EQ(after.status, 0);
    EXPECT_THAT(after.output, HasSubstr("libcluster.connect_node.ok"));
    EXPECT_THAT(after.output, HasSubstr("sedge.stopping"));
    EXPECT_THAT(run({"events", "--file", "events", "-n", "1"}).output, Not(HasSubstr("sedge.started")));
    EXPECT_THAT(run({"events", "--file", "events", "--json"}).output, HasSubstr(lines.front()));
    EXPECT_THAT(run({"events", "--file", "events", "--since", "1h"}).output, HasSubstr("sedge.started"));

    auto following = start({"events", "--file", "events", "-f"});
    following->wait_for("sedge.stopping");
    watched();
    following->wait_for("sedge.started");
    following->wait_for("libcluster.connect_node.ok");
    EXPECT_THAT(events({"a@127.0.0.1"}).output, HasSubstr("sedge.stopping")) << "of the run before";
}

TEST_F(SedgeEvents, ElixirGetsWhatTelemetryTakes) {
    proves("Events", "what libcluster tells by telemetry, asked for by `:erpc`", direction::to_us);
    auto& a = watched();
    write("ask.exs", R"(
      true = Node.connect(:"a@127.0.0.1")
      told = :erpc.call(:"a@127.0.0.1", :sedge_events, :since, [0, 500])
      for {number, micros, event, measurements, metadata} <- told do
        {:ok, at} = DateTime.from_unix(micros, :microsecond)
        true = is_integer(number) and abs(DateTime.diff(DateTime.utc_now(), at)) < 60
        true = Enum.all?(event, &is_atom/1) and is_map(measurements) and is_map(metadata)
        IO.puts(inspect({event, Map.keys(measurements), metadata}, limit: :infinity, width: 1000))
      end
      IO.puts("last: #{:erpc.call(:"a@127.0.0.1", :sedge_events, :last, [])}")
    )");
    program_options options;
    options.arguments = {"elixir", "--name", "b@127.0.0.1", "--cookie", "the cookie of these tests", "ask.exs"};
    options.environment = {{"HOME", home.string()}, {"ERL_EPMD_PORT", std::to_string(port)}, {"NO_COLOR", "1"}};
    options.directory = home.string();
    program elixir{options};
    EXPECT_EQ(elixir.wait_for_end(std::chrono::seconds{60}), 0) << elixir.output();
    EXPECT_THAT(elixir.output(), HasSubstr("{[:sedge, :started], [], %{node: :\"a@127.0.0.1\", reason: "));
    EXPECT_THAT(elixir.output(), HasSubstr("{[:sedge, :node, :up], [], %{node: :\"b@127.0.0.1\"}}"));
    EXPECT_THAT(elixir.output(), HasSubstr("{[:libcluster, :connect_node, :error], [:duration], %{node: "));
    EXPECT_THAT(elixir.output(), HasSubstr("last: "));
    EXPECT_THAT(elixir.output(), Not(HasSubstr("[warning]")));
    EXPECT_THAT(elixir.output(), Not(HasSubstr("[error]")));
    EXPECT_TRUE(a.running());
}

TEST_F(SedgeEvents, WrongQuestionsAreToldInSentences) {
    EXPECT_EQ(run({"events"}).status, 2);
    EXPECT_EQ(run({"events", "a@127.0.0.1", "--file", "events"}).status, 2);
    EXPECT_EQ(run({"events", "--file", "events", "--since", "yesterday"}).status, 2);
    EXPECT_EQ(run({"events", "--file", "events"}).status, 1);
    EXPECT_EQ(events({"nobody@127.0.0.1"}).status, 3);
}

} // namespace sedge::test
