// SPDX-License-Identifier: Apache-2.0
//
// Functions called across: rpc, erpc, GenServer, the io protocol; by OTP's own code wherever OTP is the caller.
#include "interop/with_otp.hpp"

#include <sedge/otp/gen.hpp>

namespace sedge::test {
namespace {

using kind = otp::remote_outcome::kind;

const std::string us_name = "sedge@127.0.0.1";

class Calls : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();

    void SetUp() override { ASSERT_TRUE(run(us.node.connect(atom{otp.name()}))); }
    void TearDown() override { EXPECT_EQ(otp.complaints(expected), ""); }
    std::vector<std::string> expected; ///< In lines that OTP may well write, because the test provokes them.

    std::string from_elixir(const std::string& module, const std::string& call) {
        auto open = call.find('(');
        return otp.elixir(":rpc.call(:\"" + us_name + "\", " + module + ", :" + call.substr(0, open) + ", [" +
                          call.substr(open + 1, call.rfind(')') - open - 1) + "])");
    }
    otp::remote_outcome ask(const char* module, const char* function, std::vector<term> arguments,
                            duration most = 10s) {
        return run(otp::erpc_call(us.node, atom{otp.name()}, atom{module}, atom{function}, arguments, in(most)));
    }
};

TEST_F(Calls, ElixirReadsTheNode) {
    proves("Remote calls", "functions of `Node` and `erlang` about the node", direction::to_us);
    EXPECT_EQ(from_elixir(":erlang", "node()"), ":\"sedge@127.0.0.1\"");
    EXPECT_EQ(from_elixir("Node", "self()"), ":\"sedge@127.0.0.1\"");
    EXPECT_EQ(from_elixir(":erlang", "nodes()"), "[:\"otp@127.0.0.1\"]");
    EXPECT_EQ(from_elixir("Node", "list()"), "[:\"otp@127.0.0.1\"]");
    for (const char* which : {"connected", "visible"})
        EXPECT_EQ(from_elixir("Node", std::string{"list(:"} + which + ")"), "[:\"otp@127.0.0.1\"]");
    EXPECT_EQ(from_elixir("Node", "list(:hidden)"), "[]");
    EXPECT_EQ(from_elixir("Node", "list(:this)"), "[:\"sedge@127.0.0.1\"]");
    EXPECT_EQ(from_elixir("Node", "ping(node())"), ":pong");
    EXPECT_EQ(from_elixir(":net_adm", "names()"), "{:error, :address}");
    EXPECT_EQ(from_elixir(":erlang", "system_info(:otp_release)"), "'25'");
    EXPECT_EQ(from_elixir(":erlang", "system_info(:creation)"), std::to_string(us.node.creation()));
    EXPECT_EQ(from_elixir(":code", "ensure_loaded(IEx)"), "{:error, :nofile}");
    EXPECT_EQ(from_elixir("Kernel", "inspect({:ok, \"x\", [1, 2]})"), R"("{:ok, \"x\", [1, 2]}")");
    EXPECT_EQ(from_elixir(":io_lib", "format('~p-~s', [{1}, \"x\"])"), "'{1}-x'");
    EXPECT_EQ(from_elixir(":erlang", "binary_to_term(:erlang.term_to_binary(%{a: 1.5}))"), "%{a: 1.5}");
    EXPECT_EQ(
        otp.elixir(":rpc.call(:\"sedge@127.0.0.1\", :erlang, :term_to_binary, [{1, :a}]) |> :erlang.binary_to_term"),
        "{1, :a}");
}

TEST_F(Calls, ElixirReadsProcesses) {
    proves("Remote calls", "`Process.info`, `whereis`, `registered`", direction::to_us);
    us.node.spawn([](process& self) -> task<> { co_await self.receive(); }, {.label = "ear", .name = "ear"_atom});
    EXPECT_EQ(otp.elixir("ear = :rpc.call(:\"sedge@127.0.0.1\", Process, :whereis, [:ear]); is_pid(ear)"), "true");
    EXPECT_EQ(otp.elixir("ear in :rpc.call(:\"sedge@127.0.0.1\", Process, :list, [])"), "true");
    EXPECT_EQ(otp.elixir(":ear in :rpc.call(:\"sedge@127.0.0.1\", :erlang, :registered, [])"), "true");
    EXPECT_EQ(otp.elixir(":rpc.call(:\"sedge@127.0.0.1\", Process, :alive?, [ear])"), "true");
    EXPECT_EQ(otp.elixir(":rpc.call(:\"sedge@127.0.0.1\", Process, :info, [ear])[:registered_name]"), ":ear");
    EXPECT_EQ(otp.elixir(":rpc.call(:\"sedge@127.0.0.1\", Process, :info, [ear, :status])"), "{:status, :waiting}");
    // The items are those of a process of their own, in the same order, apart from what a BEAM leaves out itself.
    EXPECT_EQ(otp.erl("Keys = fun(P) -> [K || {K, _} <- rpc:call(node(P), erlang, process_info, [P])] end, "
                      "Ear = rpc:call('sedge@127.0.0.1', erlang, whereis, [ear]), Keys(Ear) =:= Keys(whereis(rex)) "
                      "orelse {Keys(Ear), Keys(whereis(rex))}"),
              "true");
}

TEST_F(Calls, FailuresHaveTheFormsOfOtp) {
    proves("Remote calls", "failures have the forms of OTP", direction::to_us);
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', foo, bar, [1])"),
              "{badrpc,{'EXIT',{undef,[{foo,bar,[1],[]}]}}}");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', foo, bar, [1]) =:= rpc:call(node(), foo, bar, [1])"), "true");
    for (const char* call :
         {"erlang, whereis, [1]", "erlang, process_info, [1]", "erlang, system_info, [foo]", "erlang, nodes, [foo]",
          "erlang, binary_to_term, [<<1>>]", "erlang, list_to_pid, [\"<x>\"]"})
        EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', " + std::string{call} + ") =:= rpc:call(node(), " + call + ")"),
                  "true") << call;
    EXPECT_EQ(otp.erl("erpc:call('sedge@127.0.0.1', foo, bar, [1])"),
              "error:{exception,undef,[{foo,bar,[1],[]}]}");
    EXPECT_EQ(otp.elixir("try do :erpc.call(:\"sedge@127.0.0.1\", :foo, :bar, []) rescue e -> e end").substr(0, 13),
              "%ErlangError{");
}

TEST_F(Calls, HandlersOfOursEndInEveryErlangWay) {
    proves("Remote calls", "value, throw, exit, error, killed", direction::to_us);
    auto& table = us.kernel.functions();
    table.add("m", "add", [](std::int64_t x, std::int64_t y) { return x + y; });
    table.add("m", "throw", []() -> int { throw otp::raised{otp::outcome::thrown(term{"ball"_atom})}; });
    table.add("m", "exit", [](otp::call_context& c) { c.self.exit(term{"gone"_atom}); });
    table.add("m", "error", []() -> int { throw otp::raised{otp::outcome::failed(term{"bad"_atom})}; });
    table.add("m", "slow", [](otp::call_context& c) -> task<> { co_await c.self.sleep(60s); });
    auto call = [&](const std::string& f, const std::string& args) {
        return otp.erl("erpc:call('sedge@127.0.0.1', m, " + f + ", " + args + ")");
    };
    EXPECT_EQ(call("add", "[1, 2]"), "3");
    EXPECT_EQ(call("throw", "[]"), "throw:ball");
    EXPECT_EQ(call("exit", "[]"), "exit:{exception,gone}");
    EXPECT_EQ(call("error", "[]"), "error:{exception,bad,[{m,error,0,[]}]}");
    EXPECT_EQ(call("add", "[a, 2]"), "error:{exception,function_clause,[{m,add,[a,2],[]}]}");
    EXPECT_EQ(otp.erl("erpc:call('sedge@127.0.0.1', m, slow, [], 300)"),
              "error:{erpc,timeout}");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', m, slow, [], 300)"), "{badrpc,timeout}");
    EXPECT_EQ(otp.erl("erpc:multicall(['sedge@127.0.0.1', node()], erlang, node, [])"),
              "[{ok,'sedge@127.0.0.1'},{ok,'otp@127.0.0.1'}]");
    EXPECT_EQ(otp.erl("rpc:multicall(['sedge@127.0.0.1'], m, add, [1, 1])"), "{[2],[]}");
    EXPECT_EQ(otp.erl("rpc:block_call('sedge@127.0.0.1', m, add, [2, 2])"), "4");
    EXPECT_EQ(otp.erl("rpc:yield(rpc:async_call('sedge@127.0.0.1', m, add, [2, 3]))"), "5");
    EXPECT_EQ(otp.erl("erpc:receive_response(erpc:send_request('sedge@127.0.0.1', m, add, [3, 3]))"), "6");
}

TEST_F(Calls, CastsRun) {
    proves("Remote calls", "`rpc:cast` and `erpc:cast`", direction::to_us);
    int ran = 0;
    us.kernel.functions().add("m", "note", [&ran](int n) { ran += n; });
    otp.erl("rpc:cast('sedge@127.0.0.1', m, note, [1])");
    otp.erl("erpc:cast('sedge@127.0.0.1', m, note, [10])");
    EXPECT_TRUE(eventually([&] { return ran == 11; })) << ran;
}

TEST_F(Calls, NodeSpawnRunsWhatMayBeSpawned) {
    proves("Remote calls", "`Node.spawn` of functions that may be spawned", direction::to_us);
    int ran = 0;
    us.kernel.functions().add("m", "job", [&ran](int n) { ran = n; }, otp::access::spawn);
    EXPECT_EQ(otp.elixir("Node.spawn(:\"sedge@127.0.0.1\", :m, :job, [7]) |> is_pid"), "true");
    EXPECT_TRUE(eventually([&] { return ran == 7; }));
    EXPECT_EQ(otp.erl("{P, Mon} = spawn_monitor('sedge@127.0.0.1', no, way, []), "
                      "receive {'DOWN', Mon, process, P, R} -> R after 5000 -> none end"),
              "{undef,[{no,way,[],[]}]}");
}

TEST_F(Calls, SbcastAndFriendsFindNames) {
    proves("Remote calls", "`rpc:sbcast`, `abcast`", direction::to_us);
    us.node.spawn([](process& self) -> task<> { co_await self.sleep(60s); }, {.label = "ear", .name = "ear"_atom});
    EXPECT_EQ(otp.erl("rpc:sbcast(['sedge@127.0.0.1'], ear, hi)"), "{['sedge@127.0.0.1'],[]}");
    EXPECT_EQ(otp.erl("rpc:sbcast(['sedge@127.0.0.1'], nose, hi)"), "{[],['sedge@127.0.0.1']}");
}

TEST_F(Calls, ErlCallReachesRex) {
    proves("Remote calls", "`erl_call`", direction::to_us);
    auto caller = start({"erl_call", "-n", us_name, "-c", "interop", "-a", "erlang node []"});
    EXPECT_EQ(caller->wait_for_end(), 0) << caller->output();
    EXPECT_THAT(caller->output(), testing::HasSubstr(us_name));
}

TEST_F(Calls, OutputOfRemoteCodeComesToOurGroupLeader) {
    proves("Remote calls", "output comes to the caller's group leader", direction::from_us);
    std::vector<term> arguments{term{us.node.group_leader()}, term{charlist{"hello ~p~n"}},
                                term{std::vector<term>{term{42}}}};
    EXPECT_TRUE(ask("io", "format", arguments).body.is_atom("ok"));
    EXPECT_TRUE(eventually([&] { return log->text.find("[sedge:user] hello 42") != std::string::npos; })) << log->text;
}

TEST_F(Calls, SedgeCallsOtp) {
    proves("Remote calls", "`rpc` and `erpc`", direction::from_us);
    EXPECT_EQ(to_erlang(ask("erlang", "node", {}).body), "'otp@127.0.0.1'");
    std::vector<int> numbers{3, 1, 2};
    EXPECT_EQ(rpc(us, otp.name(), "lists", "sort", numbers), "[1,2,3]");
    EXPECT_EQ(ask("erlang", "throw", {term{"ball"_atom}}).what, kind::thrown);
    EXPECT_EQ(ask("erlang", "exit", {term{"gone"_atom}}).what, kind::exited);
    auto failed = ask("erlang", "error", {term{"bad"_atom}});
    EXPECT_EQ(failed.what, kind::failed);
    EXPECT_TRUE(failed.body.is_atom("bad"));
    EXPECT_EQ(rpc(us, otp.name(), "foo", "bar", 1), "{badrpc,{'EXIT',{undef,[{foo,bar,[1],[]}]}}}");
    EXPECT_EQ(ask("timer", "sleep", {term{60000}}, 300ms).what, kind::timed_out);
    EXPECT_EQ(run(otp::erpc_call(us.node, "no@127.0.0.1"_atom, "a"_atom, "b"_atom, {}, in(5s))).what,
              kind::no_connection);
}

TEST_F(Calls, TimedOutCallsLeaveNothingOnEitherSide) {
    proves("Remote calls", "a call that timed out leaves nothing behind", direction::both);
    auto before = us.node.processes().size();
    EXPECT_EQ(ask("timer", "sleep", {term{500}}, 100ms).what, kind::timed_out);
    run_for(1s);
    EXPECT_EQ(us.node.processes().size(), before);
}

TEST_F(Calls, GenServerOfElixirAnswersUs) {
    proves("Servers", "`GenServer.call` and `cast`", direction::from_us);
    otp.elixir(
        "defmodule Counter do use GenServer; def init(n), do: {:ok, n}; def handle_call(:next, _, n), do: "
        "{:reply, n, n + 1}; def handle_call(:hang, _, n), do: {:noreply, n}; def handle_cast({:set, n}, _), do: "
        "{:noreply, n} end");
    otp.elixir("{:ok, _} = GenServer.start(Counter, 5, name: :counter)");
    destination counter = registered{"counter"_atom, atom{otp.name()}};
    auto call = [&](const char* what, duration most) {
        return run(otp::call(us.node, counter, term{atom{what}}, in(most)));
    };
    EXPECT_EQ(to_erlang(call("next", 5s).value()), "5");
    EXPECT_EQ(to_erlang(call("next", 5s).value()), "6");
    us.node.send(counter, term{std::tuple{"$gen_cast"_atom, std::tuple{"set"_atom, 40}}});
    EXPECT_EQ(to_erlang(call("next", 5s).value()), "40");
    EXPECT_EQ(call("hang", 200ms).error(), make_error_code(errc::timed_out));
    EXPECT_EQ(otp.elixir("GenServer.stop(:counter)"), ":ok");
    EXPECT_EQ(call("next", 5s).error(), make_error_code(otp::errc::no_process));
}

TEST_F(Calls, GenServerCallsOfElixirAreAnsweredByUs) {
    proves("Servers", "`GenServer.call` and `cast`", direction::to_us);
    us.node.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive();
                term message = co_await std::move(waiting);
                auto call = otp::as_call(message);
                if (!call) continue;
                if (call->request.is_atom("die")) self.exit(term{"as_told"_atom});
                if (call->request.is_atom("late")) co_await self.sleep(500ms);
                otp::reply(self, call->from, term{std::tuple{"got"_atom, call->request}});
            }
        },
        {.label = "server", .name = "server"_atom});
    const std::string server = "{:server, :\"sedge@127.0.0.1\"}";
    EXPECT_EQ(otp.elixir("GenServer.call(" + server + ", 1)"), "{:got, 1}");
    EXPECT_EQ(otp.elixir("try do GenServer.call(" + server + ", :late, 100) catch :exit, {r, _} -> r end"), ":timeout");
    run_for(800ms);
    EXPECT_EQ(otp.erl("receive X -> X after 300 -> none end"), "none"); // the late answer went to a dead alias
    EXPECT_EQ(otp.elixir("GenServer.multi_call([:\"sedge@127.0.0.1\"], :server, 2)"),
              "{[\"sedge@127.0.0.1\": {:got, 2}], []}");
    EXPECT_EQ(otp.elixir("try do GenServer.call(" + server + ", :die) catch :exit, {r, _} -> r end"), ":as_told");
    EXPECT_EQ(otp.elixir("try do GenServer.call(" + server + ", 1) catch :exit, {r, _} -> r end"), ":noproc");
}

} // namespace
} // namespace sedge::test
