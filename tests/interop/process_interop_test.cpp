// SPDX-License-Identifier: Apache-2.0
//
// Messages, links, monitors and exits between our processes and those of real OTP nodes.
#include "interop/with_otp.hpp"

#include <atomic>
#include <csignal>

namespace sedge::test {
namespace {

/// Answers `{From, Anything}` with `{echo, Anything}`, no faster than the other side takes it: what it does not take
/// would fill the queue to it, and end the connection.
task<> echo(process& self) {
    for (;;) {
        auto waiting = self.receive<pid, term>();
        auto [from, what] = co_await std::move(waiting);
        auto sending = self.send_wait(from, term{std::tuple{"echo"_atom, what}});
        co_await std::move(sending);
    }
}

/// What stands on our side runs on the last worker of its node.
class ProcessesOfBoth : public WithOtp {
protected:
    explicit ProcessesOfBoth(unsigned count) : workers(count), last_worker(worker_choice::numbered(count - 1)) {}

    const unsigned workers;
    const worker_choice last_worker;
    sedge_side& us = start_sedge(options());
    otp_node& otp = start_otp();
    pid ear = us.node.spawn(
        [this](process& self) -> task<> {
            self.trap_exit(true);
            reference watched;
            for (;;) {
                auto waiting = self.receive();
                term message = co_await std::move(waiting);
                if (message.is_atom("stop")) self.exit(term{"told_to"_atom});
                if (message.arity() == 2 && message.element(0).is_atom("watch")) {
                    watched = self.monitor(*message.element(1).as<pid>());
                } else if (message.arity() == 2 && message.element(0).is_atom("leave")) {
                    self.demonitor(watched);
                } else if (message.arity() == 2 && message.element(0).is_atom("link")) {
                    self.link(*message.element(1).as<pid>());
                } else if (message.arity() == 2 && message.element(0).is_atom("unlink")) {
                    self.unlink(*message.element(1).as<pid>());
                } else {
                    env.post([this, text = to_erlang(message)] { heard.push_back(text); });
                }
            }
        },
        {.label = "ear", .name = "ear"_atom, .worker = last_worker});

    void SetUp() override {
        ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
        us.node.spawn(echo, {.label = "echo", .name = "echo"_atom, .worker = last_worker});
        otp.erl("Ear = rpc:call('sedge@127.0.0.1', erlang, whereis, [ear])");
    }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }

    pid theirs_called(const std::string& name) {
        auto asked = run(otp::erpc_call(us.node, atom{otp.name()}, "erlang"_atom, "whereis"_atom, {term{atom{name}}},
                                        in(5s)));
        return asked.body.as<pid>().value_or(pid{});
    }
    bool hears(const std::string& text) {
        bool found = eventually([&] { return std::find(heard.begin(), heard.end(), text) != heard.end(); });
        EXPECT_TRUE(found) << text << " not in\n" << testing::PrintToString(heard);
        return found;
    }

private:
    [[nodiscard]] sedge_options options() const {
        sedge_options made{.roles = everything_allowed()};
        made.more = [count = workers](node_options& o) { o.workers = count; };
        return made;
    }
};

/// Every test with one worker, and with two.
class BetweenProcesses : public ProcessesOfBoth, public testing::WithParamInterface<unsigned> {
protected:
    BetweenProcesses() : ProcessesOfBoth(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Workers, BetweenProcesses, testing::Values(1u, 2u), testing::PrintToStringParamName());

TEST_P(BetweenProcesses, MessagesGoByPidAndByName) {
    proves("Messages", "to a pid, a name, and a name on a node", direction::both);
    EXPECT_EQ(otp.erl("{echo,'sedge@127.0.0.1'} ! {self(), hello}, receive M1 -> M1 after 5000 -> none end"),
              "{echo,hello}");
    EXPECT_EQ(otp.elixir("send({:ear, :\"sedge@127.0.0.1\"}, {:to, \"Ada\"})"), "{:to, \"Ada\"}");
    hears("{to,<<\"Ada\">>}");
    otp.erl("Ear ! by_pid");
    hears("by_pid");
    us.node.send(registered{"driver"_atom, atom{otp.name()}}, term{std::tuple{"by_name"_atom, 1}});
    EXPECT_EQ(otp.erl("receive M2 -> M2 after 5000 -> none end"), "{by_name,1}");
    us.node.send(theirs_called("driver"), term{std::tuple{"by_pid"_atom, ear}});
    EXPECT_EQ(otp.erl("receive {by_pid, P} -> P =:= Ear after 5000 -> none end"), "true");
}

TEST_P(BetweenProcesses, LinkOfTheirsTellsOurs) {
    proves("Links", "a linked process ends, and its reason arrives", direction::to_us);
    otp.erl("P = spawn(fun() -> link(Ear), receive stop -> exit(bye) end end)");
    run_for(200ms);
    otp.erl("P ! stop");
    EXPECT_TRUE(eventually([&] { return heard.size() == 1; }));
    EXPECT_THAT(heard[0], testing::MatchesRegex("\\{'EXIT',<.*>,bye\\}"));
}

TEST_P(BetweenProcesses, LinkOfOursTellsTheirs) {
    proves("Links", "a linked process ends, and its reason arrives", direction::from_us);
    otp.erl("process_flag(trap_exit, true)");
    otp.erl("Ear ! {link, self()}");
    run_for(200ms);
    EXPECT_EQ(otp.erl("lists:member(Ear, element(2, process_info(self(), links)))"), "true");
    otp.erl("Ear ! stop");
    EXPECT_EQ(otp.erl("receive {'EXIT', Ear, R} -> R after 5000 -> none end"), "told_to");
}

TEST_P(BetweenProcesses, UnlinkedProcessesLeaveEachOtherAlone) {
    proves("Links", "unlink, with its acknowledgement", direction::both);
    otp.erl("process_flag(trap_exit, true)");
    otp.erl("link(Ear), unlink(Ear)");
    otp.erl("Ear ! {link, self()}, Ear ! {unlink, self()}");
    run_for(300ms);
    EXPECT_EQ(otp.erl("element(2, process_info(self(), links))"), "[]");
    otp.erl("Ear ! stop");
    EXPECT_EQ(otp.erl("receive {'EXIT', _, R} -> R after 500 -> none end"), "none");
}

/// Both sides link and unlink the same two processes as fast as they can, so that the signals cross all the time.
TEST_P(BetweenProcesses, LinksAndUnlinksThatCrossEndAlikeOnBothSides) {
    proves("Links", "thousands of links and unlinks that cross on the wire", direction::both);
    us.node.spawn(
        [](process& self) -> task<> {
            self.trap_exit(true);
            auto first = self.receive<pid>();
            const pid other = co_await std::move(first);
            for (int i = 0; i < 5000; ++i) {
                self.link(other);
                if (i % 7 == 0) {
                    auto turn = yield(self.env());
                    co_await std::move(turn);
                }
                self.unlink(other);
            }
            for (;;) { // what came of links that had not been undone yet would be exits
                self.send(other, term{std::tuple{"done"_atom, self.self()}});
                term message = co_await self.receive();
                if (message.is_atom("link")) self.link(other);
                if (message.is_atom("stop")) self.exit(term{"over"_atom});
            }
        },
        {.label = "crosser", .name = "crosser"_atom, .worker = last_worker});
    otp.erl("process_flag(trap_exit, true), C = rpc:call('sedge@127.0.0.1', erlang, whereis, [crosser]), C ! self()");
    otp.erl("[begin link(C), case I rem 5 of 0 -> erlang:yield(); _ -> ok end, unlink(C) end || "
            "I <- lists:seq(1, 5000)], ok");
    EXPECT_EQ(otp.erl("receive {done, C} -> done after 20000 -> none end", 30s), "done");
    otp.erl("unlink(C)");
    run_for(300ms);
    EXPECT_EQ(otp.erl("{element(2, process_info(self(), links)), "
                      "element(2, rpc:call('sedge@127.0.0.1', erlang, process_info, [C, links]))}"),
              "{[],[]}");
    // From there a link is a link, made by both at once, and its end is told once.
    otp.erl("C ! link, link(C)");
    EXPECT_EQ(otp.erl("receive {done, C} -> element(2, rpc:call('sedge@127.0.0.1', erlang, process_info, [C, links])) "
                      "=:= [self()] after 5000 -> none end"),
              "true");
    otp.erl("C ! stop");
    EXPECT_EQ(otp.erl("receive {'EXIT', C, R} -> R after 5000 -> none end"), "over");
    EXPECT_EQ(otp.erl("receive X -> X after 300 -> none end"), "none");
}

TEST_P(BetweenProcesses, LinkToNobodyIsNoproc) {
    proves("Links", "to a process that is not there: `noproc`", direction::both);
    otp.erl("process_flag(trap_exit, true)");
    otp.erl("Ear ! stop");
    run_for(300ms);
    EXPECT_EQ(otp.erl("link(Ear), receive {'EXIT', Ear, R} -> R after 5000 -> none end"), "noproc");
}

TEST_P(BetweenProcesses, ExitSignalsHaveTheirReasons) {
    proves("Links", "`exit/2`, trapped and not", direction::both);
    otp.erl("exit(Ear, because)");
    EXPECT_TRUE(eventually([&] { return heard.size() == 1; }));
    EXPECT_THAT(heard[0], testing::MatchesRegex("\\{'EXIT',<.*>,because\\}"));
    otp.erl("process_flag(trap_exit, true)");
    us.node.exit(theirs_called("driver"), term{std::tuple{"from"_atom, "us"_atom}});
    EXPECT_EQ(otp.erl("receive {'EXIT', _, R} -> R after 5000 -> none end"), "{from,us}");
    otp.erl("exit(Ear, kill)");
    EXPECT_TRUE(eventually([&] { return !us.node.is_alive(ear); }));
}

TEST_P(BetweenProcesses, MonitorOfTheirsSaysWhyOursEnded) {
    proves("Monitors", "of a pid and of a name; `DOWN` with the reason", direction::to_us);
    otp.erl("R1 = monitor(process, Ear), R2 = monitor(process, {ear, 'sedge@127.0.0.1'}), "
            "R3 = monitor(process, {nobody, 'sedge@127.0.0.1'})");
    EXPECT_EQ(otp.erl("receive {'DOWN', R3, process, W3, X3} -> {W3, X3} after 5000 -> none end"),
              "{{nobody,'sedge@127.0.0.1'},noproc}");
    otp.erl("Ear ! stop");
    EXPECT_EQ(otp.erl("receive {'DOWN', R1, process, Ear, X1} -> X1 after 5000 -> none end"), "told_to");
    EXPECT_EQ(otp.erl("receive {'DOWN', R2, process, W2, X2} -> {W2, X2} after 5000 -> none end"),
              "{{ear,'sedge@127.0.0.1'},told_to}");
    EXPECT_EQ(otp.erl("receive X -> X after 200 -> none end"), "none");
}

TEST_P(BetweenProcesses, DemonitoredProcessSaysNothing) {
    proves("Monitors", "demonitor", direction::to_us);
    otp.erl("R1 = monitor(process, Ear), demonitor(R1, [flush]), Ear ! stop");
    EXPECT_EQ(otp.erl("receive X -> X after 500 -> none end"), "none");
}

TEST_P(BetweenProcesses, MonitorOfOursSaysWhyTheirsEnded) {
    proves("Monitors", "of a pid and of a name; `DOWN` with the reason", direction::from_us);
    otp.erl("P = spawn(fun() -> receive stop -> exit(bye) end end), Ear ! {watch, P}");
    run_for(300ms);
    otp.erl("P ! stop");
    EXPECT_TRUE(eventually([&] { return heard.size() == 1; }));
    EXPECT_THAT(heard[0], testing::MatchesRegex("\\{'DOWN',.*,process,<.*>,bye\\}"));
}

TEST_P(BetweenProcesses, DemonitorOfOursIsKnownThere) {
    proves("Monitors", "demonitor", direction::from_us);
    otp.erl("P = spawn(fun() -> receive stop -> ok end end), Ear ! {watch, P}");
    EXPECT_EQ(otp.erl("(fun W(0) -> none; W(N) -> case process_info(P, monitored_by) of {_, [Ear]} -> known; "
                      "_ -> timer:sleep(10), W(N - 1) end end)(300)"),
              "known");
    otp.erl("Ear ! {leave, P}");
    EXPECT_EQ(otp.erl("(fun W(0) -> none; W(N) -> case process_info(P, monitored_by) of {_, []} -> gone; "
                      "_ -> timer:sleep(10), W(N - 1) end end)(300)"),
              "gone");
    otp.erl("P ! stop");
    run_for(300ms);
    EXPECT_TRUE(heard.empty()) << testing::PrintToString(heard);
}

TEST_P(BetweenProcesses, KilledOtpNodeGivesExactlyOneDown) {
    proves("Monitors", "kill -9 of the other node gives exactly one `DOWN`", direction::from_us);
    otp.erl("Ear ! {watch, self()}, Ear ! {link, self()}");
    run_for(300ms);
    otp.program().kill();
    EXPECT_TRUE(eventually([&] { return heard.size() >= 2; }));
    run_for(500ms);
    ASSERT_EQ(heard.size(), 2u) << testing::PrintToString(heard);
    for (const auto& text : heard) EXPECT_THAT(text, testing::HasSubstr("noconnection"));
    EXPECT_EQ(us.events.back(), "down otp@127.0.0.1 connection_closed");
}

TEST_P(BetweenProcesses, KilledSedgeNodeGivesExactlyOneDown) {
    proves("Monitors", "kill -9 of the other node gives exactly one `DOWN`", direction::to_us);
    auto resident = start_resident("victim@127.0.0.1");
    EXPECT_EQ(otp.elixir("Node.ping(:\"victim@127.0.0.1\")"), ":pong");
    otp.erl("process_flag(trap_exit, true), T = rpc:call('victim@127.0.0.1', erlang, whereis, [target]), "
            "link(T), Mon = monitor(process, T), monitor_node('victim@127.0.0.1', true)");
    resident->kill();
    EXPECT_EQ(otp.erl("receive {'DOWN', Mon, process, T, R1} -> R1 after 5000 -> none end"), "noconnection");
    EXPECT_EQ(otp.erl("receive {'EXIT', T, R2} -> R2 after 5000 -> none end"), "noconnection");
    EXPECT_EQ(otp.erl("receive {nodedown, N} -> N after 5000 -> none end"), "'victim@127.0.0.1'");
    EXPECT_EQ(otp.erl("receive X -> X after 300 -> none end"), "none");
}

/// Sizes that mix what fits a packet, what fills it, and what needs fragments.
std::size_t size_of(std::size_t i) { return i % 1000 == 0 ? 70'000 : i % 97 == 0 ? 1'500 : i % 13; }

TEST_P(BetweenProcesses, HundredThousandMessagesOfMixedSizeComeInOrderToUs) {
    proves("Messages", "100,000 of mixed size arrive in order", direction::to_us);
    std::atomic<std::size_t> next{1};
    std::atomic<std::size_t> wrong{0};
    us.node.spawn(
        [&](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<std::size_t, byte_buffer>();
                auto [number, bytes] = co_await std::move(waiting);
                bool right = number == next && bytes.size() == size_of(number);
                wrong += right ? 0 : 1;
                ++next;
            }
        },
        {.label = "sink", .name = "sink"_atom, .worker = last_worker});
    otp.ask_erl("[begin S = if I rem 1000 == 0 -> 70000; I rem 97 == 0 -> 1500; true -> I rem 13 end, "
                "{sink, 'sedge@127.0.0.1'} ! {I, binary:copy(<<I>>, S)} end || I <- lists:seq(1, 100000)], ok");
    EXPECT_TRUE(eventually([&] { return next == 100'001; }, 120s)) << next;
    EXPECT_EQ(otp.answer(), "ok");
    EXPECT_EQ(wrong, 0u);
}

TEST_P(BetweenProcesses, HundredThousandMessagesOfMixedSizeComeInOrderToThem) {
    proves("Messages", "100,000 of mixed size arrive in order", direction::from_us);
    // Theirs acknowledges every thousandth: a sender that never waits may only fill its queue.
    otp.ask_erl("(fun W(100001, Bad) -> Bad; W(N, Bad) -> receive {From, I, B} -> "
                "S = if I rem 1000 == 0 -> From ! {ack, I}, 70000; I rem 97 == 0 -> 1500; true -> I rem 13 end, "
                "W(N + 1, case {I, byte_size(B)} of {N, S} -> Bad; _ -> Bad + 1 end) end end)(1, 0)");
    std::atomic<bool> over{false};
    destination sink = registered{"driver"_atom, atom{otp.name()}};
    us.node.spawn(
        [&](process& self) -> task<> {
            for (std::size_t i = 1; i <= 100'000; ++i) {
                self.send(sink, std::tuple{self.self(), i, byte_buffer(size_of(i), static_cast<std::uint8_t>(i))});
                if (i % 1000 != 0) continue;
                auto waiting = self.receive<atom, std::size_t>();
                co_await std::move(waiting);
            }
            over = true;
        },
        {.worker = last_worker});
    EXPECT_TRUE(eventually([&] { return over.load(); }, 120s));
    EXPECT_EQ(otp.answer(), "0");
}

class BigMessages : public ProcessesOfBoth, public testing::WithParamInterface<int> {
protected:
    BigMessages() : ProcessesOfBoth(1) {}
};

TEST_P(BigMessages, CrossInFragmentsBothWays) {
    std::string bytes = std::to_string(GetParam() << 20);
    std::string answer = otp.erl("B = rand:bytes(" + bytes + "), {echo,'sedge@127.0.0.1'} ! {self(), B}, "
                                 "receive {echo, C} -> B =:= C after 60000 -> none end", 90s);
    EXPECT_EQ(answer, "true");
}

INSTANTIATE_TEST_SUITE_P(Sizes, BigMessages, testing::Values(1, 20),
                         [](const auto& made) { return std::to_string(made.param) + "MiB"; });

TEST_P(BetweenProcesses, FiftyBinariesOfAMegabyteComeBack) {
    proves("Messages", "binaries of a megabyte, in fragments", direction::both);
    std::string answer = otp.erl("Bs = [rand:bytes(1000000) || _ <- lists:seq(1, 50)], "
                                 "[{echo,'sedge@127.0.0.1'} ! {self(), B} || B <- Bs], "
                                 "[receive {echo, C} -> C after 60000 -> none end || _ <- Bs] =:= Bs", 120s);
    EXPECT_EQ(answer, "true");
}

TEST_P(BetweenProcesses, ThousandRandomTermsComeBackAsTheyWere) {
    proves("Messages", "1,000 random terms come back equal, and print equal", direction::both);
    // Made there, echoed here, compared there; and printed the same on both sides, in both languages.
    otp.erl("rand:seed(exsss, 7)");
    otp.erl("Int = fun() -> case rand:uniform(5) of 1 -> rand:uniform(10); 2 -> -rand:uniform(1 bsl 40); "
            "3 -> rand:uniform(1 bsl 200); 4 -> -(rand:uniform(1 bsl 70)); 5 -> 255 end end");
    otp.erl("Leaf = fun() -> case rand:uniform(11) of 1 -> Int(); 2 -> rand:normal() * 1.0e5; "
            "3 -> lists:nth(rand:uniform(7), [ok, 'A b', '', nil, true, 'Elixir.Foo', 'hé']); "
            "4 -> rand:bytes(rand:uniform(20)); 5 -> \"text \\n\"; 6 -> self(); 7 -> make_ref(); 8 -> <<5:3>>; "
            "9 -> []; 10 -> fun erlang:self/0; 11 -> <<\"bin é\"/utf8>> end end");
    otp.erl("Gen = fun G(0) -> Leaf(); G(D) -> Sub = fun() -> [G(D - 1) || _ <- lists:seq(1, rand:uniform(4))] end, "
            "case rand:uniform(5) of 1 -> list_to_tuple(Sub()); 2 -> Sub(); "
            "3 -> maps:from_list([{G(0), G(D - 1)} || _ <- lists:seq(1, 3)]); 4 -> [G(0) | G(0)]; 5 -> Leaf() end end");
    EXPECT_EQ(otp.erl("Ts = [Gen(I rem 5) || I <- lists:seq(1, 1000)], length(Ts)"), "1000");
    std::string echoed = otp.erl("[T || T <- Ts, begin {echo,'sedge@127.0.0.1'} ! {self(), T}, "
                                 "receive {echo, U} -> U =/= T after 5000 -> true end end]", 60s);
    EXPECT_EQ(echoed, "[]");
    // Pids and references are printed with numbers that each node chooses for itself, so those terms are left out.
    otp.erl("Plain = [T || T <- Ts, S <- [lists:flatten(io_lib:format(\"~0tp\", [T]))], "
            "string:find(S, \"<0.\") =:= nomatch, string:find(S, \"#Ref\") =:= nomatch]");
    EXPECT_EQ(otp.erl("[{T, X} || T <- Plain, X <- [rpc:call('sedge@127.0.0.1', io_lib, format, [\"~0tp\", [T]])], "
                      "lists:flatten(io_lib:format(\"~0tp\", [T])) =/= lists:flatten(X)]", 60s), "[]");
    EXPECT_EQ(otp.erl("[{T, X} || T <- Plain, X <- [rpc:call('sedge@127.0.0.1', 'Elixir.Kernel', inspect, [T])], "
                      "'Elixir.Kernel':inspect(T, [{limit, infinity}, {width, infinity}]) =/= X]", 60s), "[]");
    EXPECT_NE(otp.erl("length(Plain) > 400"), "false");
}

} // namespace
} // namespace sedge::test
