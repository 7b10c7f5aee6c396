// SPDX-License-Identifier: Apache-2.0
//
// gen_server, gen_statem and gen_event across: servers of ours called by OTP's own code, servers of OTP called by ours.
#include "interop/with_otp.hpp"

#include <sedge/otp/server.hpp>

namespace sedge::test {
namespace {

const std::string counter_of_ours = "{:counter, :\"sedge@127.0.0.1\"}";

struct counter {
    int count = 0;
    std::vector<otp::reply_to> waiting;
    std::function<void(std::string)> hear;

    std::optional<term> handle_call(process&, const otp::gen_request& call) {
        if (call.request.is_atom("next")) return term{++count};
        if (call.request.is_atom("later")) return waiting.push_back(call.from), std::nullopt;
        return otp::unknown_request();
    }
    void handle_cast(process&, const term& request) {
        if (auto n = request.as<int>()) count = *n;
    }
    void handle_info(process& self, const term& message) {
        hear(to_erlang(message));
        for (const auto& client : waiting) otp::reply(self, client, message);
        waiting.clear();
    }
    term state() const { return term{count}; }
};

/// Every test with one worker, and with two. What stands on our side runs on the last worker of its node.
class Gen : public WithOtp, public testing::WithParamInterface<unsigned> {
protected:
    const worker_choice last_worker = worker_choice::numbered(GetParam() - 1);
    sedge_side& us =
        start_sedge({.more = [](node_options& o) { o.workers = GetParam(); }, .roles = everything_allowed()});
    otp_node& otp = start_otp();
    pid server;

    void SetUp() override {
        ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
        const auto hear = [this](std::string text) { env.post([this, text] { heard.push_back(text); }); };
        server = us.node.spawn(otp::server(counter{0, {}, hear}),
                               {.label = "counter", .name = "counter"_atom, .worker = last_worker});
    }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }

    destination theirs(const char* name) { return registered{atom{name}, atom{otp.name()}}; }
    /// Runs `job` on a process of ours until it ends. The test does nothing else meanwhile.
    void on_us(std::function<task<>(process&)> job) {
        bool over = false;
        us.node.spawn(
            [this, &over, &job](process& self) -> task<> {
                auto running = job(self);
                co_await std::move(running);
                env.post([&over] { over = true; });
            },
            {.worker = last_worker});
        EXPECT_TRUE(eventually([&over] { return over; }, 30s));
    }
};

INSTANTIATE_TEST_SUITE_P(Workers, Gen, testing::Values(1u, 2u), testing::PrintToStringParamName());

TEST_P(Gen, ElixirTakesAServerOfOursForAGenServer) {
    proves("Calls", "`GenServer.call`, `cast`, a reply given later", direction::to_us);
    EXPECT_EQ(otp.elixir("GenServer.call(" + counter_of_ours + ", :next)"), "1");
    EXPECT_EQ(otp.elixir("GenServer.cast(" + counter_of_ours + ", 40)"), ":ok");
    EXPECT_EQ(otp.elixir("GenServer.call(" + counter_of_ours + ", :next)"), "41");
    EXPECT_EQ(otp.elixir("GenServer.call(" + counter_of_ours + ", 3.5)"), "{:error, :unknown_request}");
    otp.ask_elixir("GenServer.call(" + counter_of_ours + ", :later)");
    run_for(500ms);
    us.node.send(server, term{"now"_atom});
    EXPECT_EQ(otp.answer(), ":now");
}

TEST_P(Gen, MultiCallAndAbcastReachUs) {
    proves("Calls", "`GenServer.multi_call`, `abcast`", direction::to_us);
    EXPECT_EQ(otp.elixir("GenServer.abcast([:\"sedge@127.0.0.1\"], :counter, 7)"), ":abcast");
    EXPECT_EQ(otp.elixir("GenServer.multi_call([:\"sedge@127.0.0.1\", :\"no@127.0.0.1\"], :counter, :next)"),
              "{[\"sedge@127.0.0.1\": 8], [:\"no@127.0.0.1\"]}");
    EXPECT_EQ(otp.elixir("GenServer.multi_call([:\"sedge@127.0.0.1\"], :nobody, :next)"),
              "{[], [:\"sedge@127.0.0.1\"]}");
    EXPECT_EQ(otp.elixir("GenServer.multi_call([:\"sedge@127.0.0.1\"], :counter, :later, 200)"),
              "{[], [:\"sedge@127.0.0.1\"]}");
}

TEST_P(Gen, TimedOutCallOfElixirLeavesNothing) {
    proves("Calls", "a call that times out leaves no monitor and no late message", direction::to_us);
    EXPECT_EQ(otp.elixir("try do GenServer.call(" + counter_of_ours + ", :later, 100) catch :exit, {r, _} -> r end"),
              ":timeout");
    EXPECT_TRUE(eventually([&] { return us.node.info(server)->monitored_by.empty(); }));
    us.node.send(server, term{"late"_atom});
    run_for(300ms);
    EXPECT_EQ(otp.erl("receive X -> X after 300 -> none end"), "none");
}

TEST_P(Gen, RequestsUnderWayAreAnswered) {
    proves("Calls", "`gen_server:send_request`, `receive_response`, collections of requests", direction::to_us);
    const std::string there = "{counter, 'sedge@127.0.0.1'}";
    EXPECT_EQ(otp.erl("R1 = gen_server:send_request(" + there + ", next), R2 = gen_server:send_request(" + there +
                      ", next), {gen_server:receive_response(R2, 5000), gen_server:wait_response(R1, 5000)}"),
              "{{reply,2},{reply,1}}");
    EXPECT_EQ(otp.erl("C = gen_server:send_request(" + there +
                      ", next, label, gen_server:reqids_new()), "
                      "{Got, Label, Left} = gen_server:receive_response(C, 5000, true), "
                      "{Got, Label, gen_server:reqids_size(Left)}"),
              "{{reply,3},label,0}");
}

TEST_P(Gen, StateMachineCallsAreTheSameBytes) {
    proves("Calls", "`gen_statem:call`, `cast` to a server", direction::to_us);
    EXPECT_EQ(otp.erl("gen_statem:call({counter, 'sedge@127.0.0.1'}, next)"), "1");
    EXPECT_EQ(otp.erl("gen_statem:call({counter, 'sedge@127.0.0.1'}, next, {dirty_timeout, 5000})"), "2");
    EXPECT_EQ(otp.erl("gen_statem:cast({counter, 'sedge@127.0.0.1'}, 10)"), "ok");
    EXPECT_EQ(otp.erl("gen_statem:call({counter, 'sedge@127.0.0.1'}, next)"), "11");
}

TEST_P(Gen, SysReadsSuspendsAndResumes) {
    proves("Calls", "`:sys.get_state`, `get_status`, `suspend`, `resume`", direction::to_us);
    EXPECT_EQ(otp.elixir(":sys.get_state(" + counter_of_ours + ")"), "0");
    EXPECT_EQ(otp.elixir("{:status, p, {:module, m}, [_, s, _, _, items]} = :sys.get_status(" + counter_of_ours +
                         "); {is_pid(p), m, s, :proplists.get_value(:header, items)}"),
              "{true, :sedge_server, :running, 'Status for generic server counter'}");
    EXPECT_EQ(otp.elixir(":sys.suspend(" + counter_of_ours + ")"), ":ok");
    EXPECT_EQ(otp.elixir("try do GenServer.call(" + counter_of_ours + ", :next, 200) catch :exit, {r, _} -> r end"),
              ":timeout");
    EXPECT_EQ(otp.elixir(":sys.get_state(" + counter_of_ours + ")"), "0");
    EXPECT_EQ(otp.elixir(":sys.resume(" + counter_of_ours + ")"), ":ok");
    EXPECT_EQ(otp.elixir("GenServer.call(" + counter_of_ours + ", :next)"), "2");
    EXPECT_EQ(otp.elixir(":sys.statistics(" + counter_of_ours + ", :get)"), "{:ok, :no_statistics}");
    EXPECT_EQ(otp.elixir(":sys.no_debug(" + counter_of_ours + ")"), ":ok");
    EXPECT_EQ(otp.elixir("try do :sys.replace_state(" + counter_of_ours + ", & &1) rescue _ -> :raised end"),
              ":raised");
}

TEST_P(Gen, GenServerStopEndsAServerOfOurs) {
    proves("Calls", "`GenServer.stop`", direction::to_us);
    EXPECT_EQ(otp.elixir("GenServer.stop(" + counter_of_ours + ")"), ":ok");
    EXPECT_FALSE(us.node.is_alive(server));
}

TEST_P(Gen, OtherMessagesReachTheServer) {
    otp.elixir("send(" + counter_of_ours + ", {:tick, 1})");
    EXPECT_TRUE(eventually([&] { return heard == std::vector<std::string>{"{tick,1}"}; }));
}

constexpr const char* counter_of_theirs =
    "defmodule Counter do use GenServer; def init(n), do: {:ok, n}; def handle_call(:next, _, n), do: {:reply, n, n + "
    "1}; def handle_call({:after, ms, x}, from, n) do spawn(fn -> Process.sleep(ms); GenServer.reply(from, x) end); "
    "{:noreply, n} end; def handle_cast({:set, n}, _), do: {:noreply, n} end; "
    "{:ok, _} = GenServer.start(Counter, 5, name: :counter)";

TEST_P(Gen, WeCallServersOfSeveralNodes) {
    proves("Calls", "`otp::multi_call`, `otp::abcast`", direction::from_us);
    otp.elixir(counter_of_theirs);
    otp_node& without = start_otp("without@127.0.0.1");
    on_us([&](process& self) -> task<> {
        std::vector<atom> nodes{atom{without.name()}, atom{otp.name()}, us.node.name(), "no@127.0.0.1"_atom};
        otp::abcast(self, nodes, "counter"_atom, term{std::tuple{"set"_atom, 8}});
        auto asking = otp::multi_call(self, nodes, "counter"_atom, term{"next"_atom}, in(10s));
        auto seen = co_await std::move(asking);
        EXPECT_EQ(seen.replies.size(), 2u);
        if (seen.replies.size() != 2) co_return;
        EXPECT_EQ(seen.replies[0].first, otp.name());
        EXPECT_EQ(to_erlang(seen.replies[0].second), "8");
        EXPECT_EQ(seen.bad_nodes, (std::vector<atom>{nodes[0], nodes[3]}));
    });
    EXPECT_EQ(without.complaints(), "");
}

TEST_P(Gen, SeveralCallsOfOursAreUnderWayAtOnce) {
    proves("Calls", "several calls of one process under way at once (`otp::pending_call`)", direction::from_us);
    otp.elixir(counter_of_theirs);
    on_us([&](process& self) -> task<> {
        std::vector<otp::pending_call> calls;
        for (int ms : {600, 300, 1})
            calls.emplace_back(self, theirs("counter"), term{std::tuple{"after"_atom, ms, ms}});
        auto began = env.now();
        for (int ms : {600, 300, 1}) {
            auto waiting = calls[ms == 600 ? 0 : ms == 300 ? 1 : 2].response(in(5s));
            auto answer = co_await std::move(waiting);
            EXPECT_EQ(to_erlang(answer.value()), std::to_string(ms));
        }
        EXPECT_LT(env.now() - began, 890ms);
    });
}

TEST_P(Gen, TimedOutCallOfOursLeavesNothing) {
    proves("Calls", "a call that times out leaves no monitor and no late message", direction::from_us);
    otp.elixir(counter_of_theirs);
    std::optional<process_info> left;
    on_us([&](process& self) -> task<> {
        term request{std::tuple{"after"_atom, 500, 1}};
        auto asking = otp::call(self, theirs("counter"), request, in(100ms));
        auto answer = co_await std::move(asking);
        EXPECT_EQ(answer.error(), make_error_code(errc::timed_out));
        co_await self.sleep(1s);
        env.post([&left, this, who = self.self()] { left = us.node.info(who); });
        co_await self.sleep(500ms);
    });
    ASSERT_TRUE(left);
    EXPECT_EQ(left->message_queue_len, 0u);
    EXPECT_TRUE(left->monitors.empty());
    EXPECT_EQ(otp.elixir("Process.info(Process.whereis(:counter), :monitored_by)"), "{:monitored_by, []}");
}

TEST_P(Gen, WeStopServersOfTheirs) {
    proves("Calls", "`GenServer.stop`", direction::from_us);
    otp.elixir("defmodule Stops do use GenServer; def init(x), do: {:ok, x}; "
               "def terminate(_, :slow), do: Process.sleep(2000); def terminate(_, _), do: :ok end; "
               "for n <- [:plain, :slow], do: {:ok, _} = GenServer.start(Stops, n, name: n)");
    otp.elixir("other = spawn(fn -> receive do {:system, from, {:terminate, r}} -> :gen.reply(from, :ok); "
               "exit({:instead, r}) end end); Process.register(other, :other)");
    std::vector<std::string> seen;
    on_us([&](process& self) -> task<> {
        for (const char* name : {"plain", "plain", "slow", "other"}) {
            destination whom = theirs(name);
            term reason{"normal"_atom};
            auto stopping = otp::stop(self, whom, reason, in(seen.size() == 2 ? duration{200ms} : duration{5s}));
            auto stopped = co_await std::move(stopping);
            seen.push_back(stopped ? "ok" : stopped.error().message());
        }
        destination nowhere = registered{"plain"_atom, "no@127.0.0.1"_atom};
        term reason{"shutdown"_atom};
        auto stopping = otp::stop(self, nowhere, reason, in(5s));
        auto stopped = co_await std::move(stopping);
        seen.push_back(stopped.error().message());
    });
    ASSERT_EQ(seen.size(), 5u);
    EXPECT_EQ(seen[0], "ok");
    EXPECT_THAT(seen[1], testing::HasSubstr("stop plain on otp@127.0.0.1: "));
    EXPECT_THAT(seen[2], testing::HasSubstr("timed out"));
    EXPECT_THAT(seen[3], testing::HasSubstr("{instead,normal}"));
    EXPECT_THAT(seen[4], testing::HasSubstr("stop plain on no@127.0.0.1: "));
    EXPECT_EQ(otp.erl("[whereis(plain), whereis(other)]"), "[undefined,undefined]");
}

TEST_P(Gen, WeAskWhatSysAsks) {
    proves("Calls", "`:sys.get_state`, `get_status`, `suspend`, `resume`", direction::from_us);
    otp.elixir(counter_of_theirs);
    std::vector<std::string> seen;
    on_us([&](process& self) -> task<> {
        for (const char* what : {"get_state", "suspend", "resume", "get_status"}) {
            destination whom = theirs("counter");
            term request{atom{what}};
            auto asking = otp::system_call(self, whom, request, in(5s));
            auto answer = co_await std::move(asking);
            seen.push_back(to_erlang(answer.value()));
            if (request.is_atom("suspend")) {
                term next{"next"_atom};
                auto calling = otp::call(self, whom, next, in(200ms));
                auto none = co_await std::move(calling);
                seen.push_back(none ? "answered" : "silent");
            }
        }
        const auto info = self.node().info(self.self());
        EXPECT_TRUE(!info || info->monitors.empty());
    });
    ASSERT_EQ(seen.size(), 5u);
    EXPECT_EQ(seen[0], "5");
    EXPECT_EQ(seen[1], "ok");
    EXPECT_EQ(seen[2], "silent");
    EXPECT_EQ(seen[3], "ok");
    EXPECT_THAT(seen[4], testing::StartsWith("{status,<"));
    // What was asked while it was suspended is answered to nobody, and leaves nothing there.
    EXPECT_EQ(otp.elixir("{:sys.get_state(:counter), Process.info(Process.whereis(:counter), :monitored_by)}"),
              "{6, {:monitored_by, []}}");
}

TEST_P(Gen, WhateverEndsACallOfOursLeavesNothing) {
    proves("Calls", "a call ends with noproc, the end of the server, a kill, a lost connection; nothing is left",
           direction::from_us);
    otp.elixir("defmodule Ends do use GenServer; def init(x), do: {:ok, x}; "
               "def handle_call(:stop, _, x), do: {:stop, {:shutdown, :because}, x}; "
               "def handle_call(:kill, _, x), do: Process.exit(self(), :kill) && {:noreply, x}; "
               "def handle_call(:never, _, x), do: {:noreply, x}; "
               "def handle_call(:twice, from, x) do GenServer.reply(from, 1); {:reply, 2, x} end; "
               "def handle_call(:elsewhere, {_, _}, x) do send(:ear, :wrong); {:noreply, x} end end; "
               "start = fn n -> {:ok, _} = GenServer.start(Ends, n, name: n) end; "
               "for n <- [:stops, :killed, :lives], do: start.(n)");
    std::vector<std::string> seen;
    std::optional<process_info> left;
    on_us([&](process& self) -> task<> {
        const std::vector<std::pair<const char*, const char*>> rows{
            {"nobody", "x"}, {"stops", "stop"}, {"killed", "kill"}, {"lives", "twice"}, {"lives", "never"}};
        for (const auto& [whom, what] : rows) {
            destination to = theirs(whom);
            term request{atom{what}};
            auto asking = otp::call(self, to, request, in(500ms));
            auto answer = co_await std::move(asking);
            seen.push_back(answer ? to_erlang(*answer) : answer.error().message());
        }
        destination to = theirs("lives");
        term request{"never"_atom};
        otp::pending_call open{self, to, request};
        env.post([this] { us.node.disconnect(atom{otp.name()}); });
        auto waiting = open.response(in(5s));
        auto answer = co_await std::move(waiting);
        seen.push_back(answer ? "answered" : answer.error().message());
        co_await self.sleep(300ms);
        env.post([&left, this, who = self.self()] { left = us.node.info(who); });
        co_await self.sleep(200ms);
    });
    ASSERT_EQ(seen.size(), 6u) << testing::PrintToString(seen);
    EXPECT_THAT(seen[0], testing::HasSubstr("no such process"));
    EXPECT_THAT(seen[1], testing::HasSubstr("because"));
    EXPECT_THAT(seen[2], testing::HasSubstr("killed"));
    EXPECT_EQ(seen[3], "1");
    EXPECT_THAT(seen[4], testing::HasSubstr("timed out"));
    EXPECT_THAT(seen[5], testing::HasSubstr("connection"));
    ASSERT_TRUE(left);
    EXPECT_EQ(left->message_queue_len, 0u);
    EXPECT_TRUE(left->monitors.empty());
    EXPECT_EQ(otp.elixir("Process.info(Process.whereis(:lives), :monitored_by)"), "{:monitored_by, []}");
}

TEST_P(Gen, WeCallAStateMachine) {
    proves("Calls", "calls and casts to a `gen_statem`", direction::from_us);
    otp.elixir("defmodule Door do @behaviour :gen_statem; def callback_mode, do: :handle_event_function; "
               "def init(_), do: {:ok, :closed, 0}; "
               "def handle_event({:call, from}, :push, s, n), do: {:next_state, (if s == :closed, do: :open, else: "
               ":closed), n + 1, [{:reply, from, {s, n}}]}; "
               "def handle_event(:cast, :reset, _, _), do: {:next_state, :closed, 0} end; "
               "{:ok, _} = :gen_statem.start({:local, :door}, Door, [], [])");
    std::vector<std::string> seen;
    on_us([&](process& self) -> task<> {
        for (bool reset : {false, true, false}) {
            if (reset) otp::cast(self, theirs("door"), term{"reset"_atom});
            term push{"push"_atom};
            auto asking = otp::call(self, theirs("door"), push, in(5s));
            auto answer = co_await std::move(asking);
            seen.push_back(to_erlang(answer.value()));
        }
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"{closed,0}", "{closed,0}", "{open,1}"}));
}

TEST_P(Gen, WeSpeakToAnEventManager) {
    proves("Calls", "`gen_event`: notify, sync_notify, call", direction::from_us);
    otp.elixir("defmodule Events do @behaviour :gen_event; def init(_), do: {:ok, []}; def handle_event(e, l), do: "
               "{:ok, [e | l]}; def handle_call(:all, l), do: {:ok, Enum.reverse(l), l} end; "
               "{:ok, _} = :gen_event.start({:local, :events}); :ok = :gen_event.add_handler(:events, Events, [])");
    std::vector<std::string> seen;
    on_us([&](process& self) -> task<> {
        otp::event_notify(self, theirs("events"), term{1});
        term second{2};
        auto telling = otp::event_sync_notify(self, theirs("events"), second, in(5s));
        auto told = co_await std::move(telling);
        EXPECT_TRUE(told);
        for (const char* handler : {"Elixir.Events", "Elixir.Nothing"}) {
            term who{atom{handler}};
            term what{"all"_atom};
            auto asking = otp::event_call(self, theirs("events"), who, what, in(5s));
            auto answer = co_await std::move(asking);
            seen.push_back(to_erlang(answer.value()));
        }
        auto missing = otp::event_sync_notify(self, theirs("nobody"), second, in(5s));
        auto nobody = co_await std::move(missing);
        EXPECT_EQ(nobody.error(), make_error_code(otp::errc::no_process));
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"[1,2]", "{error,bad_module}"}));
}

} // namespace
} // namespace sedge::test
