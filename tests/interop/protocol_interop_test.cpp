// SPDX-License-Identifier: Apache-2.0
//
// The parts of the distribution protocol that have no test of their own elsewhere: spawns with all options, traced
// forms, cookies of single peers, node monitors, senders that wait.
#include "interop/with_otp.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace sedge::test {
namespace {

using testing::MatchesRegex;

task<> wait_for_ever(process& self) {
    for (;;) {
        auto message = self.receive();
        (void)co_await std::move(message);
    }
}

class Protocol : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();
    const atom there{otp.name()};
    std::vector<std::string> heard; ///< Messages of `ear`, as text.
    process* in_ear = nullptr;      ///< Acts as `ear` between two of its messages.
    std::optional<pid> writer;      ///< From a message `{writer, Pid}` to `ear`.
    pid ear = us.node.spawn(
        [this](process& self) -> task<> {
            in_ear = &self;
            self.trap_exit(true);
            for (;;) {
                term message = co_await self.receive();
                if (message.arity() == 2 && message.element(0).is_atom("writer")) writer = message.element(1).as<pid>();
                heard.push_back(to_erlang(message));
            }
        },
        {.label = "ear", .name = "ear"_atom});

    void SetUp() override {
        ASSERT_TRUE(run(us.node.connect(there)));
        us.kernel.functions().add(
            "jobs", "wait",
            [](otp::call_context& c, std::string word) -> task<int> {
                auto waiting = c.self.receive();
                co_await std::move(waiting);
                c.self.exit(term{std::tuple{"told"_atom, word}});
            },
            otp::access::spawn);
        otp.erl("S = 'sedge@127.0.0.1', process_flag(trap_exit, true)");
        otp.erl("Get = fun() -> receive X -> X after 5000 -> none end end");
        otp.erl("More = fun() -> receive X -> X after 300 -> none end end");
        ASSERT_TRUE(eventually([&] { return in_ear != nullptr; }));
    }
    void TearDown() override {
        EXPECT_EQ(otp.complaints(), "");
        EXPECT_TRUE(us.node.is_connected(there));
        EXPECT_EQ(us.events.size(), events_expected);
    }
    bool hears(const std::string& pattern) {
        const bool found = eventually([&] {
            for (const auto& text : heard)
                if (testing::Value(text, MatchesRegex(pattern))) return true;
            return false;
        });
        EXPECT_TRUE(found) << pattern << " not in\n" << testing::PrintToString(heard);
        return found;
    }
    std::size_t events_expected = 1; ///< One up, and no down.
};

TEST_F(Protocol, NodeSpawnLinkTiesTheCallerToAServedFunction) {
    proves("Processes", "Node.spawn_link of a served function", direction::to_us);
    EXPECT_EQ(otp.elixir("p = Node.spawn_link(:\"sedge@127.0.0.1\", :jobs, :wait, [\"one\"]); "
                         "send(p, :go); receive do {:EXIT, ^p, r} -> r after 5000 -> :none end"),
              "{:told, \"one\"}");
    otp.erl("P = spawn_link(S, jobs, wait, [<<\"two\">>])");
    otp.erl("true = unlink(P), P ! go");
    EXPECT_EQ(otp.erl("More()"), "none");
    otp.erl(
        "Q = spawn(fun() -> L = spawn_link(S, jobs, wait, [<<\"three\">>]), put(l, L), receive stop -> exit(bye) end "
        "end)");
    run_for(300ms);
    otp.erl("L3 = element(2, hd(element(2, process_info(Q, dictionary)))), R3 = monitor(process, L3), Q ! stop");
    EXPECT_EQ(otp.erl("receive {'DOWN', R3, process, L3, W} -> W after 5000 -> none end"), "bye");
}

TEST_F(Protocol, NodeSpawnMonitorFiresOnce) {
    proves("Processes", "Node.spawn_monitor of a served function", direction::to_us);
    EXPECT_EQ(otp.elixir("{p, r} = Node.spawn_monitor(:\"sedge@127.0.0.1\", :jobs, :wait, [\"one\"]); send(p, :go); "
                         "receive do {:DOWN, ^r, :process, ^p, w} -> w after 5000 -> :none end"),
              "{:told, \"one\"}");
    EXPECT_EQ(otp.erl("More()"), "none");
    EXPECT_EQ(otp.erl("{P2, R2} = spawn_monitor(S, jobs, wait, [<<\"x\">>]), demonitor(R2, [flush]), P2 ! go, More()"),
              "none");
}

TEST_F(Protocol, SpawnRequestTakesEveryOptionOfOtp) {
    proves("Processes", "erlang:spawn_request with link, monitor, tags and tuning options", direction::to_us);
    otp.erl("Id = spawn_request(S, jobs, wait, [<<\"r\">>], [link, {monitor, [{tag, gone}]}, {reply_tag, made}, "
            "{priority, high}, {min_heap_size, 1000}, {fullsweep_after, 10}, {message_queue_data, off_heap}, "
            "{max_heap_size, 0}, {min_bin_vheap_size, 100}])");
    EXPECT_EQ(otp.erl("P = receive {made, Id, ok, X} -> X after 5000 -> none end, is_pid(P)"), "true");
    otp.erl("P ! go");
    EXPECT_EQ(otp.erl("receive {gone, Id, process, P, W} -> W after 5000 -> none end"), "{told,<<\"r\">>}");
    EXPECT_EQ(otp.erl("receive {'EXIT', P, V} -> V after 5000 -> none end"), "{told,<<\"r\">>}");
    EXPECT_EQ(otp.erl("More()"), "none");

    otp.erl("Bad = spawn_request(S, jobs, wait, [<<\"r\">>], [{priority, 77}])");
    EXPECT_EQ(otp.erl("receive {spawn_reply, Bad, E, Y} -> {E, Y} after 5000 -> none end"), "{error,badopt}");
    otp.erl("Odd = spawn_request(S, jobs, wait, [<<\"r\">>], [sometimes])");
    EXPECT_EQ(otp.erl("receive {spawn_reply, Odd, E2, Y2} -> {E2, Y2} after 5000 -> none end"), "{error,badopt}");
    EXPECT_EQ(otp.erl("Quiet = spawn_request(S, jobs, wait, [<<\"r\">>], [{reply, no}]), More()"), "none");
    otp.erl("Left = spawn_request(S, jobs, wait, [<<\"r\">>], [monitor]), spawn_request_abandon(Left)");
    EXPECT_EQ(otp.erl("More()"), "none");
}

TEST_F(Protocol, OursSpawnsThereWithLinkAndMonitor) {
    proves("Processes", "a spawn request with link and monitor", direction::from_us);
    const auto ref = in_ear->spawn_request(there, "timer"_atom, "sleep"_atom, {term{100}}, {.link = true});
    hears("\\{spawn_reply,#Ref<.*>,ok,<.*>\\}");
    hears("\\{'DOWN',#Ref<.*>,process,<.*>,normal\\}");
    hears("\\{'EXIT',<.*>,normal\\}");
    EXPECT_EQ(heard.size(), 3u);
    const auto has_it = [&](const std::string& text) { return text.find(to_erlang(term{ref})) != std::string::npos; };
    EXPECT_EQ(std::count_if(heard.begin(), heard.end(), has_it), 2) << "the monitor has the request's reference";

    heard.clear();
    in_ear->spawn_request(there, "erlang"_atom, "exit"_atom, {term{"because"_atom}}, {.link = true, .monitor = false});
    hears("\\{'EXIT',<.*>,because\\}");
    EXPECT_EQ(heard.size(), 2u);

    heard.clear();
    in_ear->spawn_request(there, "timer"_atom, "sleep"_atom, {term{60'000}}, {.link = true, .monitor = false});
    hears("\\{spawn_reply,.*");
    EXPECT_EQ(otp.erl("[W] = [Y || Y <- processes(), {links, [Z]} <- [process_info(Y, links)], "
                      "is_pid(Z), node(Z) =:= S], M = monitor(process, W), ok"),
              "ok");
    us.node.exit(ear, term{"kill"_atom});
    EXPECT_EQ(otp.erl("receive {'DOWN', M, process, W, K} -> K after 5000 -> none end"), "killed");
}

TEST_F(Protocol, EndlessSpawnsWithoutMonitorDoNotAddUp) {
    proves("Processes", "thousands of spawns without a monitor", direction::to_us);
    EXPECT_EQ(otp.erl("[spawn(S, erlang, node, []) || _ <- lists:seq(1, 20000)], ok", 60s), "ok");
    EXPECT_EQ(otp.erl("rpc:call(S, erlang, node, [])"), "'sedge@127.0.0.1'");
}

TEST_F(Protocol, SignalsOfATracedProcessAreTaken) {
    proves("Processes", "signals with a sequential trace token", direction::to_us);
    otp.erl(
        "Ear = rpc:call(S, erlang, whereis, [ear]), seq_trace:set_token(label, 17), seq_trace:set_token(send, true)");
    otp.erl("Ear ! by_pid, {ear, S} ! by_name");
    hears("by_pid");
    hears("by_name");
    otp.erl("exit(Ear, traced)");
    hears("\\{'EXIT',<.*>,traced\\}");
    EXPECT_EQ(otp.erl("{P, R} = spawn_monitor(S, jobs, wait, [<<\"t\">>]), P ! go, "
                      "receive {'DOWN', R, process, P, W} -> W after 5000 -> none end"),
              "{told,<<\"t\">>}");
    otp.erl("seq_trace:set_token([])");
}

TEST_F(Protocol, GroupLeadersAreInheritedAndChangeAcrossNodes) {
    proves("Processes", "group_leader/2 on a process of the other node", direction::both);
    auto& open = start_sedge({.name = "open@127.0.0.1", .roles = everything_allowed()});
    open.node.spawn(wait_for_ever, {.label = "waits", .name = "waits"_atom});
    ASSERT_EQ(otp.erl("net_adm:ping('open@127.0.0.1')"), "pong");
    ASSERT_TRUE(eventually([&] { return us.node.is_connected("open@127.0.0.1"_atom); })); // by global
    events_expected = 2;
    otp.erl("W = rpc:call('open@127.0.0.1', erlang, whereis, [waits]), group_leader(self(), W)");
    EXPECT_EQ(otp.erl("rpc:call('open@127.0.0.1', erlang, process_info, [W, group_leader]) =:= {group_leader, self()}"),
              "true");
    // Without the right `control` only what was made for that node.
    otp.erl("Ear = rpc:call(S, erlang, whereis, [ear]), group_leader(self(), Ear)");
    EXPECT_EQ(otp.erl("rpc:call(S, erlang, process_info, [Ear, group_leader]) =:= {group_leader, self()}"), "false");
    otp.erl("P = spawn(S, jobs, wait, [<<\"g\">>])");
    EXPECT_EQ(otp.erl("rpc:call(S, erlang, process_info, [P, group_leader]) =:= {group_leader, group_leader()}"),
              "true");
    EXPECT_EQ(
        otp.erl("group_leader(self(), P), rpc:call(S, erlang, process_info, [P, group_leader]) =:= {group_leader, "
                "self()}"),
        "true");

    // One of theirs writes to one of ours.
    otp.erl("Writer = spawn(fun() -> receive go -> io:put_chars(\"to ours\") end end), {ear, S} ! {writer, Writer}");
    ASSERT_TRUE(eventually([&] { return writer.has_value(); }));
    in_ear->set_group_leader(*writer, in_ear->self());
    otp.erl(
        "WaitFor = fun F(G) -> case process_info(Writer, group_leader) of {_, G} -> ok; _ -> timer:sleep(5), F(G) end "
        "end");
    EXPECT_EQ(otp.erl("WaitFor(Ear)"), "ok");
    otp.erl("Writer ! go");
    hears("\\{io_request,<.*>,#Ref<.*>,\\{put_chars,unicode,<<\"to ours\">>\\}\\}");
    otp.erl("exit(Writer, kill)");
}

TEST_F(Protocol, AliasesCarryRepliesBothWays) {
    proves("Processes", "sends to an alias", direction::both);
    const reference mine = in_ear->alias();
    us.node.spawn([&, to = registered{"driver"_atom, there}, mine](process& self) -> task<> {
        self.send(to, std::tuple{"use"_atom, mine});
        co_return;
    });
    otp.erl("receive {use, A} -> A ! through_alias end");
    hears("through_alias");
    in_ear->unalias(mine);
    otp.erl("A ! too_late, {ear, S} ! after_it");
    hears("after_it");
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "too_late"), 0);

    otp.erl("B = alias([reply]), {ear, S} ! {reply_to, B}");
    hears("\\{reply_to,#Ref<.*>\\}");
    auto given = run(otp::erpc_call(us.node, there, "erlang"_atom, "alias"_atom, {}, in(5s)));
    static_cast<void>(given); // of a process that has ended: what is sent there is dropped without a complaint
    if (const auto dead = given.body.as<reference>()) in_ear->send(*dead, term{"nobody"_atom});
}

TEST_F(Protocol, NodeMonitorsSayWhoAndWhy) {
    proves("Nodes", "monitor_nodes with node_type and nodedown_reason", direction::from_us);
    proves("Nodes", "Node.monitor", direction::from_us);
    in_ear->monitor_nodes(true, {.nodes = node_monitor_options::kind::all, .type = true, .reason = true});
    in_ear->monitor_nodes(true);
    in_ear->monitor_node(there, true);
    run_for(10ms);
    us.node.disconnect(there);
    hears("\\{nodedown,'otp@127.0.0.1',\\[\\{nodedown_reason,disconnect\\},\\{node_type,visible\\}\\]\\}");
    EXPECT_EQ(heard,
              (std::vector<std::string>{"{nodedown,'otp@127.0.0.1'}", // of monitor_node
                                        "{nodedown,'otp@127.0.0.1',[{nodedown_reason,disconnect},{node_type,visible}]}",
                                        "{nodedown,'otp@127.0.0.1'}"}));
    heard.clear();
    ASSERT_TRUE(run(us.node.connect(there)));
    hears("\\{nodeup,'otp@127.0.0.1',\\[\\{node_type,visible\\}\\]\\}");
    in_ear->monitor_nodes(false);
    in_ear->monitor_nodes(false, {.nodes = node_monitor_options::kind::all, .type = true, .reason = true});
    events_expected = 3;
}

/// Two subscriptions alike, and the options as a map: as net_kernel:monitor_nodes on the other side, asked the same.
TEST_F(Protocol, NodeMonitorsAreAsThoseOfOtp) {
    proves("Nodes", "monitor_nodes: options as a map, connection_id, several times", direction::from_us);
    run_for(10ms);
    in_ear->monitor_nodes(true);
    in_ear->monitor_nodes(true);
    in_ear->monitor_nodes(true, {.as_map = true});
    in_ear->monitor_nodes(true, {.nodes = node_monitor_options::kind::all,
                                 .type = true,
                                 .reason = true,
                                 .as_map = true,
                                 .connection_id = true});
    otp.erl("[net_kernel:monitor_nodes(true), net_kernel:monitor_nodes(true), net_kernel:monitor_nodes(true, #{}), "
            "net_kernel:monitor_nodes(true, #{node_type => all, nodedown_reason => true, connection_id => true})]");
    us.node.disconnect(there);
    ASSERT_TRUE(eventually([&] { return heard.size() == 4; }));
    const auto shape = [](std::string text) { // without names, numbers, and which side has closed it
        for (const char* what : {"otp@127.0.0.1", "sedge@127.0.0.1", "connection_closed", "disconnect"})
            if (const auto at = text.find(what); at != std::string::npos) text.replace(at, std::strlen(what), "x");
        if (const auto at = text.find("connection_id => "); at != std::string::npos) {
            const auto digits = text.find_first_of("0123456789", at);
            text.erase(digits, text.find_first_not_of("0123456789", digits) - digits);
        }
        return text;
    };
    const auto told_there = [&] {
        std::vector<std::string> all;
        for (int i = 0; i < 4; ++i) all.push_back(shape(otp.erl("Get()")));
        std::sort(all.begin(), all.end());
        return all;
    };
    const auto told_here = [&] {
        std::vector<std::string> all;
        for (const auto& text : std::exchange(heard, {})) all.push_back(shape(text));
        std::sort(all.begin(), all.end());
        return all;
    };
    EXPECT_EQ(told_here(), told_there());
    ASSERT_TRUE(run(us.node.connect(there)));
    ASSERT_TRUE(eventually([&] { return heard.size() == 4; }));
    EXPECT_EQ(told_here(), told_there());
    otp.erl("net_kernel:monitor_nodes(false)");
    in_ear->monitor_nodes(false);
    us.node.disconnect(there);
    ASSERT_TRUE(eventually([&] { return heard.size() == 2; }));
    EXPECT_EQ(otp.erl("Get(), Get(), More()"), "none");
    run_for(50ms);
    EXPECT_EQ(heard.size(), 2u);
    events_expected = 4;
    ASSERT_TRUE(run(us.node.connect(there)));
    events_expected = 5;
}

TEST_F(Protocol, ProcessOfTheirsThatWasToBeLinkedHearsOfAnEndedParent) {
    proves("Processes", "a spawn request whose process ends before the answer", direction::from_us);
    otp.erl("register(seen, self())");
    const std::vector<term> asleep{term{60'000}};
    us.node.spawn([&](process& self) -> task<> {
        self.spawn_request(there, "timer"_atom, "sleep"_atom, asleep, {.link = true});
        self.exit(term{"gone"_atom});
        co_return;
    });
    us.node.spawn([&](process& self) -> task<> { // an end that harms nobody
        self.spawn_request(there, "timer"_atom, "sleep"_atom, asleep, {.link = true});
        co_return;
    });
    otp.erl("Sleepers = fun() -> [P || P <- processes(), {initial_call, _} <- [process_info(P, initial_call)], "
            "{current_function, {timer, sleep, 1}} <- [process_info(P, current_function)]] end");
    EXPECT_EQ(otp.erl("(fun W(0) -> length(Sleepers()); W(N) -> case Sleepers() of [_] -> 1; _ -> timer:sleep(10), "
                      "W(N - 1) end end)(300)"),
              "1");
    EXPECT_EQ(otp.erl("[P] = Sleepers(), {process_info(P, links), process_info(P, monitored_by)}"),
              "{{links,[]},{monitored_by,[]}}");
    otp.erl("exit(P, kill)");
}

TEST_F(Protocol, NodeMonitorsOfTheirsSayWhoAndWhy) {
    proves("Nodes", "monitor_nodes with node_type and nodedown_reason", direction::to_us);
    proves("Nodes", "Node.monitor", direction::to_us);
    otp.erl("ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]), monitor_node(S, true)");
    us.node.disconnect(there);
    EXPECT_EQ(otp.erl("lists:sort([Get(), Get()])"),
              "[{nodedown,'sedge@127.0.0.1'},"
              "{nodedown,'sedge@127.0.0.1',[{nodedown_reason,connection_closed},{node_type,visible}]}]");
    EXPECT_EQ(otp.erl("pong = net_adm:ping(S), Get()"), "{nodeup,'sedge@127.0.0.1',[{node_type,visible}]}");
    EXPECT_TRUE(eventually([&] { return us.node.is_connected(there); }));
    events_expected = 3;
}

TEST_F(Protocol, NodeMonitorOfANodeThatIsNotThereFiresAtOnce) {
    proves("Nodes", "Node.monitor of a node that cannot be reached", direction::from_us);
    in_ear->monitor_node("nobody@127.0.0.1"_atom, true);
    hears("\\{nodedown,'nobody@127.0.0.1'\\}");
}

class PeerCookies : public WithOtp {};

TEST_F(PeerCookies, OnePairMayShareAnotherSecretThanTheRest) {
    proves("Handshake", "a cookie for one peer (erlang:set_cookie/2)", direction::both);
    auto& us = start_sedge({.cookie = "ours"});
    auto& otp = start_otp();
    const atom there{otp.name()};
    EXPECT_FALSE(run(us.node.connect(there)));
    ASSERT_TRUE(us.node.set_cookie(there, *dist::cookie::from_text("between")));
    EXPECT_FALSE(run(us.node.connect(there)));
    EXPECT_EQ(otp.erl("erlang:set_cookie('sedge@127.0.0.1', between)"), "true");
    EXPECT_TRUE(run(us.node.connect(there)));
    us.node.disconnect(there);
    EXPECT_TRUE(eventually([&] { return !us.node.is_connected(there); }));
    EXPECT_EQ(otp.erl("erlang:disconnect_node('sedge@127.0.0.1'), net_adm:ping('sedge@127.0.0.1')"), "pong");
    EXPECT_EQ(otp.complaints({"Connection attempt", "Invalid challenge"}), "");
}

TEST_F(PeerCookies, ComeWithTheOptions) {
    auto& us = start_sedge({.cookie = "ours", .more = [](node_options& o) {
                                o.peer_cookies.emplace("otp@127.0.0.1", *dist::cookie::from_text("interop"));
                            }});
    auto& otp = start_otp();
    otp.erl("erlang:set_cookie('sedge@127.0.0.1', interop)");
    EXPECT_TRUE(run(us.node.connect(atom{otp.name()})));
}

TEST_F(Protocol, SenderThatWaitsIsHeldBackAloneWhileThePeerDoesNotRead) {
    proves("Flow", "a busy connection suspends only the sender that asked to wait", direction::from_us);
    otp.ask_erl("(fun W(0) -> done; W(N) -> receive {chunk, _} -> W(N - 1) end end)(400)");
    otp.program().signal(SIGSTOP);
    int sent = 0;
    const destination sink = registered{"driver"_atom, there};
    us.node.spawn([&](process& self) -> task<> {
        for (int i = 0; i < 400; ++i) {
            auto sending = self.send_wait(sink, term{std::tuple{"chunk"_atom, byte_buffer(60'000)}});
            co_await std::move(sending);
            ++sent;
        }
    });
    int others = 0;
    us.node.spawn([&](process& self) -> task<> {
        for (;;) {
            auto pause = self.sleep(1ms);
            co_await std::move(pause);
            ++others;
        }
    });
    run_for(1s);
    const int held_at = sent;
    EXPECT_LT(sent, 400);
    run_for(500ms);
    EXPECT_EQ(sent, held_at);
    EXPECT_GT(others, 100);
    EXPECT_TRUE(us.node.is_connected(there));
    otp.program().signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return sent == 400; }, 60s));
    EXPECT_EQ(otp.answer(60s), "done");
}

} // namespace
} // namespace sedge::test
