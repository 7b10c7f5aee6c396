// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"
#include "shell/evaluator.hpp"
#include "shell/show.hpp"

#include <sedge/otp/server.hpp>
#include <sedge/term/elixir_syntax.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sedge::shell {
namespace {

using namespace sedge::literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

/// A shell on node a, which is connected to b.
class Shell : public test::Kernels {
protected:
    session state;

    Shell() {
        otp::role everything; // so that the shell may end processes there
        everything.name = "default";
        everything.may.insert(otp::right::control);
        options_of_b.roles = otp::role_table{{everything}};
    }

    /// What is shown for these lines, typed one after the other into one process. A line that prints more than its
    /// value has several lines.
    std::vector<std::string> type(std::vector<std::string> lines) {
        std::vector<std::string> shown;
        state.functions = &at_a->functions();
        state.columns = 10'000;
        on_a([this, lines = std::move(lines), &shown](process& self) { return evaluate_all(self, lines, shown); });
        return shown;
    }
    std::string type(const std::string& line) {
        const auto shown = type(std::vector{line});
        return shown.empty() ? "nothing came" : shown.front();
    }

private:
    task<> evaluate_all(process& self, const std::vector<std::string>& lines, std::vector<std::string>& shown) {
        for (const auto& line : lines) {
            std::string text;
            state.print = [&text](std::string_view part) { text += std::string{part} + "\n"; };
            const auto parsed = parse_elixir_expressions(line);
            if (!parsed) {
                shown.push_back("** " + parsed.error().message());
                continue;
            }
            evaluator e{self, state};
            try {
                auto running = e.run(*parsed);
                const auto value = co_await std::move(running);
                state.remember(value);
                text += show(value, state.columns);
            } catch (const failure& f) {
                state.remember(std::nullopt);
                text += "** (" + f.kind + ") " + f.text;
            }
            shown.push_back(text);
        }
    }
};

TEST_F(Shell, GivesOnePeerAnotherCookieThanTheRest) {
    EXPECT_EQ(type("Node.set_cookie(:\"b@10.0.0.2\", :between)"), "true");
    EXPECT_EQ(type("Node.disconnect :\"b@10.0.0.2\""), "true");
    EXPECT_THAT(type("Node.connect :\"b@10.0.0.2\""), testing::AllOf(HasSubstr("cookie"), HasSubstr("false")));
    EXPECT_THAT(type("Node.set_cookie(:\"b@10.0.0.2\", :\"\")"), testing::StartsWith("** (ArgumentError)"));
    EXPECT_THAT(type("Node.set_cookie(5)"), testing::StartsWith("** (ArgumentError)"));
    EXPECT_EQ(type("Node.set_cookie(:all_others)"), "true");
}

TEST_F(Shell, TakesTheLinesOfTheArticle) {
    EXPECT_EQ(type("Node.list"), "[:\"b@10.0.0.2\"]");
    EXPECT_EQ(type("Node.self"), ":\"a@10.0.0.1\"");
    EXPECT_EQ(type("Node.connect :\"b@10.0.0.2\""), "true");
    EXPECT_THAT(type("self"), MatchesRegex("#PID<a@10\\.0\\.0\\.1\\.[0-9]+\\.[0-9]+>"));
    EXPECT_THAT(type("self |> Process.info"), HasSubstr("message_queue_len: 0"));
}

TEST_F(Shell, ShowsTheProcessOnTheOtherNodeByItsTruePid) {
    ASSERT_TRUE(b->register_name("terminal"_atom, b->spawn(test::recorder(test::make_inbox()))));
    const auto who = *b->whereis("terminal"_atom);
    const auto numbers = std::to_string(who.id) + ", " + std::to_string(who.serial);
    EXPECT_THAT(type("pid(\"b@10.0.0.2\", 0, " + numbers + ") |> Process.info"),
                HasSubstr("registered_name: :terminal"));
    EXPECT_THAT(type(to_string(who) + " |> Process.info"), HasSubstr("registered_name: :terminal"));
    EXPECT_THAT(type("Process.info(" + to_string(who) + ", :registered_name)"), "{:registered_name, :terminal}");
    EXPECT_EQ(type("Process.alive?(" + to_string(who) + ")"), "true");
    EXPECT_THAT(type("Process.info(" + to_string(who) + ", :current_function)"), HasSubstr("nodes.hpp"));
}

TEST_F(Shell, JoinsAndWatchesGroups) {
    const auto lines = type({":pg.join(:heatings, self)", ":pg.get_members(:heatings)",
                             ":pg.leave(:heatings, self)", ":pg.which_groups", ":pg.monitor(:heatings)"});
    EXPECT_EQ(lines[0], ":ok");
    EXPECT_THAT(lines[1], MatchesRegex("\\[#PID<a@10\\.0\\.0\\.1\\.[0-9]+\\.[0-9]+>\\]"));
    EXPECT_EQ(lines[2], ":ok");
    EXPECT_EQ(lines[3], "[]");
    EXPECT_THAT(lines[4], HasSubstr(", []}"));
}

TEST_F(Shell, FindsANumberThatOnlyOneNodeHas) {
    pid who;
    for (int i = 0; i < 50; ++i) who = b->spawn(test::recorder(test::make_inbox()));
    const auto number = std::to_string(who.id) + "." + std::to_string(who.serial);
    const auto found = type(":erlang.list_to_pid('<0." + number + ">')");
    EXPECT_THAT(found, HasSubstr("is a process of b@10.0.0.2"));
    EXPECT_THAT(found, HasSubstr("\n" + to_string(who)));
    EXPECT_THAT(type("pid(\"0." + number + "\")"), HasSubstr(to_string(who)));
    EXPECT_THAT(type("#PID<0." + number + ">"), HasSubstr(to_string(who)));
    EXPECT_THAT(type(":erlang.list_to_pid('<0.999999.0>')"),
                HasSubstr("** (ArgumentError) no process <0.999999.0> lives"));
    EXPECT_THAT(type(":erlang.list_to_pid('<7.1.0>')"), HasSubstr("only in the shell that printed it"));
}

TEST_F(Shell, ListsTheProcessesThatShareANumber) {
    auto& c = boot('c');
    ASSERT_TRUE(connect(a, 'c'));
    otp::kernel at_c{*c};
    ASSERT_TRUE(at_c.start());
    pid who, twin;
    while (who.id < 60) who = b->spawn(test::recorder(test::make_inbox()));
    while (twin.id < who.id) twin = c->spawn(test::recorder(test::make_inbox()));
    ASSERT_EQ(twin.id, who.id);
    const auto told = type("pid(\"0." + std::to_string(who.id) + "." + std::to_string(who.serial) + "\")");
    EXPECT_THAT(told, HasSubstr("several nodes"));
    EXPECT_THAT(told, HasSubstr(to_string(who)));
    EXPECT_THAT(told, HasSubstr(to_string(twin)));
}

TEST_F(Shell, ProcessesOfThisNodeGoBeforeOthersWithTheirNumber) {
    const auto shown = type({"x = self", "pid(\"0.\" <> \"1.0\")", "Process.list |> hd"});
    EXPECT_EQ(shown[2].substr(0, 16), "#PID<a@10.0.0.1.");
}

TEST_F(Shell, SendsAndFlushes) {
    const auto messages = test::make_inbox();
    b->spawn(test::recorder(messages), {.label = "recorder", .name = "recorder"_atom});
    EXPECT_THAT(type({"x = self", "send(x, {:hello, 1})", "send x, \"two\"", "flush", "flush"}),
                ElementsAre(testing::_, "{:hello, 1}", "\"two\"", "{:hello, 1}\n\"two\"\n:ok", ":ok"));
    type("send({:recorder, :\"b@10.0.0.2\"}, {:from, \"a\"})");
    settle();
    EXPECT_THAT(*messages, ElementsAre("{from,<<\"a\">>}"));
    EXPECT_THAT(type("send(:nobody, 1)"), HasSubstr("no process of this node is registered as :nobody"));
}

TEST_F(Shell, MonitorsTellTheEndOfAProcessOnce) {
    const auto who = b->spawn(test::recorder(test::make_inbox()));
    const auto shown = type({"p = " + to_string(who), "ref = Process.monitor(p)", "Process.exit(p, :kill)",
                             "Process.sleep(1000)", "flush"});
    EXPECT_THAT(shown[4], MatchesRegex("\\{:DOWN, #Reference<[^>]+>, :process, #PID<[^>]+>, :killed\\}\n:ok"));
}

TEST_F(Shell, CallsFunctionsOfOtherNodes) {
    EXPECT_EQ(type(":rpc.call(:\"b@10.0.0.2\", :erlang, :node, [])"), ":\"b@10.0.0.2\"");
    EXPECT_EQ(type(":rpc.call(:\"b@10.0.0.2\", Node, :self, [])"), ":\"b@10.0.0.2\"");
    EXPECT_THAT(type(":rpc.call(:\"b@10.0.0.2\", Foo, :bar, [])"), HasSubstr("{:badrpc, "));
    EXPECT_THAT(type(":erpc.call(:\"b@10.0.0.2\", Foo, :bar, [])"),
                HasSubstr("** (UndefinedFunctionError) function Foo.bar/0 is undefined on b@10.0.0.2"));
    EXPECT_EQ(type(":rpc.call(:\"z@10.0.0.26\", :erlang, :node, [])"), "{:badrpc, :nodedown}");
}

struct tally {
    int count = 0;
    std::optional<term> handle_call(process& self, const otp::gen_request& call) {
        if (call.request.is_atom("next")) return term{++count};
        if (call.request.is_atom("end")) self.exit(atom{"over"});
        return std::nullopt; // never answered
    }
    void handle_cast(process&, const term& request) { count += request.as<int>().value_or(0); }
};

TEST_F(Shell, CallsServersOfOtherNodes) {
    b->spawn(otp::server(tally{}), {.name = "tally"_atom});
    EXPECT_EQ(type("GenServer.call({:tally, :\"b@10.0.0.2\"}, :next)"), "1");
    EXPECT_EQ(type("GenServer.cast({:tally, :\"b@10.0.0.2\"}, 10)"), ":ok");
    EXPECT_EQ(type(":gen_server.call({:tally, :\"b@10.0.0.2\"}, :next)"), "12");
    EXPECT_EQ(type("GenServer.call({:tally, :\"b@10.0.0.2\"}, :what, 100)"),
              "** (exit) exited in: GenServer.call({:tally, :\"b@10.0.0.2\"}, :what, 100)\n    ** (EXIT) time out");
    EXPECT_THAT(type("GenServer.call({:tally, :\"b@10.0.0.2\"}, :end)"), HasSubstr("** (EXIT) "));
    EXPECT_THAT(type("GenServer.call({:tally, :\"b@10.0.0.2\"}, :next)"), HasSubstr("** (EXIT) no process"));
    EXPECT_THAT(type("GenServer.call({:tally, :\"z@10.0.0.26\"}, :next)"),
                HasSubstr("no connection to z@10.0.0.26; Node.connect :\"z@10.0.0.26\" tells why"));
    EXPECT_THAT(type("GenServer.call(self, :next)"), HasSubstr("attempted to call itself"));
    EXPECT_THAT(type("GenServer.call(7, :next)"), HasSubstr("expected a pid, a registered name or {name, node}"));
}

TEST_F(Shell, CallsServersByTheirGlobalName) {
    EXPECT_THAT(type("GenServer.call({:global, :tally}, :next)"), HasSubstr("** (EXIT) no process"));
    const auto server = b->spawn(otp::server(tally{}));
    const auto shown = type(
        {"p = " + to_string(server), ":global.register_name(:tally, p)", "GenServer.call({:global, :tally}, :next)"});
    EXPECT_EQ(shown[2], "1");
}

TEST_F(Shell, NameAloneIsOneOfTheNodeItIsOn) {
    b->spawn(otp::server(tally{}), {.name = "tally"_atom});
    EXPECT_THAT(type("GenServer.call(:tally, :next)"), HasSubstr("** (EXIT) no process"));
    state.remote = b->name();
    EXPECT_EQ(type("GenServer.call(:tally, :next)"), "1");
}

TEST_F(Shell, OfARemoteNodeCallsThere) {
    state.remote = b->name();
    EXPECT_EQ(type("Node.self"), ":\"b@10.0.0.2\"");
    EXPECT_EQ(type("node"), ":\"b@10.0.0.2\"");
    EXPECT_EQ(type("Node.list"), "[:\"a@10.0.0.1\"]");
    EXPECT_THAT(type("Foo.bar"), HasSubstr("is undefined on b@10.0.0.2"));
    EXPECT_THAT(type("self"), HasSubstr("#PID<a@10.0.0.1."));
}

TEST_F(Shell, TellsWhyANodeCannotBeReached) {
    const auto told = type("Node.connect :\"z@10.0.0.26\"");
    EXPECT_THAT(told, HasSubstr("z@10.0.0.26"));
    EXPECT_THAT(told, testing::EndsWith("\nfalse"));
    EXPECT_THAT(type("Node.ping :\"z@10.0.0.26\""), testing::EndsWith("\n:pang"));
    EXPECT_EQ(type("Node.ping :\"b@10.0.0.2\""), ":pong");
    EXPECT_THAT(type("#PID<z@10.0.0.26.1.0>"), HasSubstr("which is not connected"));
}

struct row {
    const char* line;
    const char* shown;
};

TEST_F(Shell, EvaluatesValuesBindingsAndOperators) {
    const row rows[] = {
        {"1 + 2 * 3", "7"}, {"7 / 2", "3.5"}, {"-(3)", "-3"}, {"9223372036854775807 + 1", "** (ArithmeticError)"},
        {"1 / 0", "** (ArithmeticError)"}, {"1 == 1.0", "true"}, {"1 === 1.0", "false"}, {":a < \"a\"", "true"},
        {"\"a\" <> \"b\"", "\"ab\""}, {"[1] ++ [2]", "[1, 2]"}, {"2 in [1, 2]", "true"}, {"not true", "false"},
        {"nil || 5", "5"}, {"false && f()", "false"}, {"true and 1", "1"}, {"1 and true", "** (BadBooleanError)"},
        {"{a, [b | c], %{k: d}} = {1, [2, 3], %{k: 4}}; [a, b, c, d]", "[1, 2, [3], 4]"},
        {"{x, x} = {1, 2}", "** (MatchError) no match of right hand side value: {1, 2}"},
        {"_ = 5", "5"}, {"f(1) = 1", "** (CompileError)"},
        {"m = %{name: \"Ada\", 1 => :one}; {m.name, m[1], m[:none]}", "{\"Ada\", :one, nil}"},
        {"m.none", "** (KeyError) key :none not found"}, {"[a: 1][:a]", "1"},
        {"<<1, 2::size(4), \"x\">>", "<<1, 39, 8::size(4)>>"}, {"<<:a>>", "** (ArgumentError)"},
        {"length([1, 2])", "2"}, {"hd []", "** (ArgumentError)"}, {"elem({:a, :b}, 1)", ":b"},
        {"inspect({:a, 1})", "\"{:a, 1}\""}, {"IO.puts \"hello\"", "hello\n:ok"}, {"IO.inspect 5", "5\n5"},
        {"node", ":\"a@10.0.0.1\""}, {"node(self)", ":\"a@10.0.0.1\""}, {"Node.list(:this)", "[:\"a@10.0.0.1\"]"},
        {"Node.list(:hidden)", "[]"}, {"Node.list :banana", "** (ArgumentError) expected :visible"},
        {"Process.whereis(:nobody)", "nil"}, {"Process.info(5)", "** (ArgumentError) expected a pid, found 5"},
        {"Process.register(self, :me); Process.whereis(:me) == self", "true"},
        {"5.foo()", "** (ArgumentError)"}, {"fn -> 1 end", "** (CompileError)"},
        {"x.(1)", "** (CompileError)"}, {"\"#{1}\"", "** (CompileError)"},
    };
    for (const auto& [line, shown] : rows) EXPECT_THAT(type(line), testing::StartsWith(shown)) << line;
}

TEST_F(Shell, UndefinedFunctionsSayWhatWasPerhapsMeant) {
    EXPECT_EQ(type("Node.lst"),
              "** (UndefinedFunctionError) function Node.lst/0 is undefined. Did you mean Node.list?");
    EXPECT_EQ(type("Nod.list"),
              "** (UndefinedFunctionError) function Nod.list/0 is undefined. Did you mean the module Node?");
    EXPECT_EQ(type("Node.connect"),
              "** (UndefinedFunctionError) function Node.connect/0 is undefined. There is Node.connect/1");
    EXPECT_EQ(type("flsh"), "** (UndefinedFunctionError) undefined variable flsh. Did you mean flush?");
}

TEST_F(Shell, RemembersTheValuesOfItsLines) {
    EXPECT_THAT(type({"10", "1 / 0", "v(1) + 1", "v()", "v(-3)", "v(2)", "v(99)"}),
                ElementsAre("10", HasSubstr("ArithmeticError"), "11", "11", HasSubstr("no value of line 2"),
                            HasSubstr("no value of line 2"), HasSubstr("no value of line 99")));
}

TEST_F(Shell, CallsWhatThisNodeServesToOthers) {
    at_a->functions().add("Elixir.Calc", "add", [](std::int64_t x, std::int64_t y) { return x + y; });
    EXPECT_EQ(type("Calc.add(1, 2)"), "3");
    EXPECT_THAT(type("Calc.add(:a, 2)"), HasSubstr("FunctionClauseError"));
    EXPECT_THAT(type("h Calc"), HasSubstr("Calc.add/2"));
}

TEST_F(Shell, HelpsWithItsFunctions) {
    EXPECT_THAT(type("h"), HasSubstr("Node.connect"));
    EXPECT_THAT(type("h Node.connect"), HasSubstr("Connects; true, or false and the reason."));
    EXPECT_THAT(type("h flush"), HasSubstr("Shows, and takes"));
    EXPECT_THAT(type("h banana"), HasSubstr("No help for that"));
    EXPECT_THAT(type("i self"), HasSubstr("Process of a@10.0.0.1"));
}

TEST_F(Shell, LeavesWithAStatus) {
    type("System.halt 3");
    EXPECT_EQ(state.exit_status, 3);
}

} // namespace
} // namespace sedge::shell
