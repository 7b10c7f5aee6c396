// SPDX-License-Identifier: Apache-2.0
//
// rpc and erpc across. What OTP sees of a node of ours is compared with what it sees of a node of its own kind: the
// same expression, the same text. And what ours sees of OTP, with what OTP sees of itself.
#include "interop/with_otp.hpp"

#include <sedge/otp/gen.hpp>

#include <cctype>

namespace sedge::test {
namespace {

using kind = otp::remote_outcome::kind;

const std::string us_name = "sedge@127.0.0.1";
const std::string peer_name = "peer@127.0.0.1";

/// The functions that both kinds of node offer, as the module `m`.
constexpr const char* module_m =
    "defmodule :m do def add(a, b) when is_integer(a) and is_integer(b), do: a + b; def toss, do: throw(:ball); "
    "def leave, do: exit(:gone); def fail, do: :erlang.error(:bad); def lie, do: {:EXIT, :not_really}; "
    "def bad, do: {:badrpc, :not_really}; def slow, do: Process.sleep(3000); def die, do: Process.exit(self(), :kill); "
    "def wait(ms), do: Process.sleep(ms) end; "
    "p = spawn(fn -> f = fn f -> receive do {from, q} when is_pid(from) -> send(from, {:server, node(), {:got, q}}); _ "
    "-> :ok end; f.(f) end; f.(f) end); Process.register(p, :server)";

void add_module_m(otp::function_table& table) {
    using otp::outcome;
    using otp::raised;
    table.add("m", "add", [](std::int64_t a, std::int64_t b) { return a + b; });
    table.add("m", "toss", []() -> int { throw raised{outcome::thrown(term{"ball"_atom})}; });
    table.add("m", "leave", [](otp::call_context& c) { c.self.exit(term{"gone"_atom}); });
    table.add("m", "fail", []() -> int { throw raised{outcome::failed(term{"bad"_atom})}; });
    table.add("m", "lie", [] { return std::tuple{"EXIT"_atom, "not_really"_atom}; });
    table.add("m", "bad", [] { return std::tuple{"badrpc"_atom, "not_really"_atom}; });
    table.add("m", "slow", [](otp::call_context& c) -> task<> { co_await c.self.sleep(3s); });
    table.add("m", "wait", [](otp::call_context& c, int ms) -> task<> { co_await c.self.sleep(milliseconds{ms}); });
    table.add("m", "die", [](otp::call_context& c) -> task<> {
        c.self.exit(c.self.self(), term{"kill"_atom});
        co_await c.self.sleep(60s);
    });
}

/// Answers `{From, Q}` with `{server, Node, {got, Q}}`.
task<> wrapping_server(process& self) {
    for (;;) {
        auto waiting = self.receive<pid, term>();
        auto [from, question] = co_await std::move(waiting);
        self.send(from, term{std::tuple{"server"_atom, self.node().name(), std::tuple{"got"_atom, question}}});
    }
}

class RemoteForms : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();
    otp_node& peer = start_otp(peer_name);

    void SetUp() override {
        ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
        add_module_m(us.kernel.functions());
        us.node.spawn(wrapping_server, {.label = "server", .name = "server"_atom});
        peer.elixir(module_m);
    }
    void TearDown() override {
        EXPECT_EQ(otp.complaints(expected), "");
        expected.insert(expected.end(), {"Process #PID", "m.", ":m."});
        EXPECT_EQ(peer.complaints(expected), "");
    }

    std::vector<std::string> expected; ///< Lines that OTP logs for what a test does, without us as well.

    /// The expression with N as that node, and of the answer what does not differ between any two nodes.
    std::string ask(std::string expression, const std::string& node) {
        const std::string quoted = "'" + node + "'";
        for (std::size_t at = 0; (at = expression.find('N', at)) != std::string::npos; ++at)
            if (!is_letter(expression[at - 1]) && !is_letter(expression[at + 1])) expression.replace(at, 1, quoted);
        std::string answer = otp.erl(expression);
        for (std::size_t at; (at = answer.find(quoted)) != std::string::npos;) answer.replace(at, quoted.size(), "N");
        for (std::size_t at; (at = answer.find("{file,")) != std::string::npos;)
            answer.erase(at, answer.find(']', at) - at);
        return answer;
    }
    static bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
    void same(const std::string& expression) {
        EXPECT_EQ(ask(expression, us_name), ask(expression, peer_name)) << expression;
    }
    void same_of_all_outcomes(const std::string& before, const std::string& after) {
        for (const char* call : {"m, add, [1, 2]", "m, toss, []", "m, leave, []", "m, fail, []", "m, lie, []",
                                 "m, bad, []", "m, none, [x]", "none, none, []"})
            same(before + call + after);
    }
};

TEST_F(RemoteForms, RpcCall) {
    proves("Remote functions", "`:rpc.call`: value, throw, exit, error, undef, killed, timeout as from a BEAM",
           direction::to_us);
    same_of_all_outcomes("rpc:call(N, ", ")");
    same("rpc:call(N, m, die, [])");
    same("rpc:call(N, m, slow, [], 200)");
    same("rpc:call(N, m, add, not_a_list)");
    // Not the stack: the compiler of that module has put one function into the other.
    same("element(1, element(2, element(2, rpc:call(N, m, add, [x, y]))))");
    EXPECT_EQ(ask("rpc:call(N, m, add, [1, y])", us_name), "{badrpc,{'EXIT',{function_clause,[{m,add,[1,y],[]}]}}}");
    same("rpc:call(N, erlang, whereis, [1])");
}

TEST_F(RemoteForms, RpcBlockCall) {
    proves("Remote functions", "`:rpc.block_call`: value, throw, exit, error, undef, timeout as from a BEAM",
           direction::to_us);
    same_of_all_outcomes("rpc:block_call(N, ", ")");
    same("rpc:block_call(N, m, wait, [1000], 200)");
}

TEST_F(RemoteForms, RpcAsyncCall) {
    proves("Remote functions", "`:rpc.async_call`, `yield`, `nb_yield`", direction::to_us);
    same_of_all_outcomes("rpc:yield(rpc:async_call(N, ", "))");
    same("rpc:yield(rpc:async_call(N, m, die, []))");
    same("rpc:nb_yield(rpc:async_call(N, m, slow, []), 200)");
}

TEST_F(RemoteForms, RpcMulticall) {
    proves("Remote functions", "`:rpc.multicall`", direction::to_us);
    same_of_all_outcomes("rpc:multicall([N, node(), 'no@127.0.0.1'], ", ")");
    same("rpc:multicall([N], m, die, [])");
    same("rpc:multicall([N], m, slow, [], 200)");
}

TEST_F(RemoteForms, RpcCastsAndBroadcasts) {
    proves("Remote functions", "`:rpc.cast`, `abcast`, `sbcast`, `eval_everywhere`", direction::to_us);
    same("rpc:cast(N, m, add, [1, 2])");
    same("rpc:eval_everywhere([N], m, add, [1, 2])");
    same("rpc:abcast([N], server, hello)");
    same("rpc:sbcast([N, 'no@127.0.0.1'], server, hello)");
    same("rpc:sbcast([N], nobody, hello)");
}

TEST_F(RemoteForms, RpcServerCall) {
    proves("Remote functions", "`:rpc.server_call`, `multi_server_call`", direction::to_us);
    same("rpc:server_call(N, server, server, question)");
    same("rpc:multi_server_call([N], server, question)");
}

TEST_F(RemoteForms, ErpcCall) {
    proves("Remote functions", "`:erpc.call`: value, throw, exit, error, undef, killed, timeout as from a BEAM",
           direction::to_us);
    same_of_all_outcomes("erpc:call(N, ", ")");
    same("erpc:call(N, m, die, [])");
    same("erpc:call(N, m, slow, [], 200)");
    same("erpc:call(N, m, add, not_a_list)");
    same("try erpc:call(N, m, add, [x, y]) catch error:{exception, Why, _} -> Why end");
    same("erpc:call(N, erlang, binary_to_term, [<<1>>])");
}

TEST_F(RemoteForms, ErpcRequests) {
    proves("Remote functions", "`:erpc.send_request`, `receive_response`, `wait_response`", direction::to_us);
    same_of_all_outcomes("erpc:receive_response(erpc:send_request(N, ", "))");
    same("erpc:receive_response(erpc:send_request(N, m, slow, []), 200)");
    same("erpc:wait_response(erpc:send_request(N, m, slow, []), 200)");
    same("erpc:receive_response(erpc:send_request(N, m, die, []))");
    same("element(2, erpc:receive_response(erpc:send_request(N, m, add, [1, 2], label, erpc:reqids_new()), 5000, "
         "true))");
}

TEST_F(RemoteForms, ErpcMulticallAndCasts) {
    proves("Remote functions", "`:erpc.multicall`, `cast`, `multicast`", direction::to_us);
    same_of_all_outcomes("erpc:multicall([N, node(), 'no@127.0.0.1'], ", ")");
    same("erpc:multicall([N], m, die, [])");
    same("erpc:multicall([N], m, slow, [], 200)");
    same("erpc:cast(N, m, add, [1, 2])");
    same("erpc:multicast([N], m, add, [1, 2])");
}

TEST_F(RemoteForms, LostConnectionEndsCalls) {
    proves("Remote functions", "calls end with `noconnection` and `nodedown` when the connection is lost",
           direction::to_us);
    expected = {"in order to prevent overlapping partitions"}; // one of three nodes disconnects from another
    const std::string cut = "spawn(fun() -> timer:sleep(300), erlang:disconnect_node(N) end), ";
    for (const char* call : {"erpc:call(N, m, slow, [])", "rpc:call(N, m, slow, [])", "rpc:block_call(N, m, slow, [])",
                             "rpc:multicall([N], m, slow, [])"}) {
        same(cut + call);
        run_for(200ms);
    }
}

TEST_F(RemoteForms, OurCallsShowWhatOtpShows) {
    proves("Remote functions", "`otp::erpc_call`, `rpc_call`: all outcomes as OTP sees them", direction::from_us);
    for (const char* function : {"toss", "leave", "fail", "lie", "bad", "die", "none"}) {
        auto calling = otp::erpc_call(us.node, atom{peer_name}, "m"_atom, atom{function}, {}, in(10s));
        EXPECT_EQ(to_erlang(otp::rpc_value(run(std::move(calling)))),
                  otp.erl("rpc:call('" + peer_name + "', m, " + function + ", [])"))
            << function;
    }
    EXPECT_EQ(rpc(us, peer_name, "m", "add", 1, 2), "3");
    auto slow = run(otp::erpc_call(us.node, atom{peer_name}, "m"_atom, "slow"_atom, {}, in(200ms)));
    EXPECT_EQ(to_erlang(otp::rpc_value(slow)), "{badrpc,timeout}");
}

TEST_F(RemoteForms, LostConnectionEndsCallsOfOurs) {
    proves("Remote functions", "calls end with `noconnection` and `nodedown` when the connection is lost",
           direction::from_us);
    expected = {"in order to prevent overlapping partitions"}; // one of three nodes disconnects from another
    const atom there{peer_name};
    const auto cut_soon = [&] {
        ASSERT_TRUE(eventually([&] { return run(us.node.connect(there)).has_value(); }));
        us.node.spawn([this, there](process& self) -> task<> {
            co_await self.sleep(300ms);
            env.post([this, there] { us.node.disconnect(there); });
        });
    };
    cut_soon();
    auto one = run(otp::erpc_call(us.node, there, "m"_atom, "slow"_atom, {}, in(10s)));
    EXPECT_EQ(one.what, kind::no_connection);
    EXPECT_EQ(to_erlang(otp::rpc_value(one)), "{badrpc,nodedown}");
    cut_soon();
    EXPECT_EQ(run(otp::rpc_call(us.node, there, "m"_atom, "slow"_atom, {}, in(10s))).error(),
              make_error_code(otp::errc::no_connection));
    cut_soon();
    std::vector<term> five_seconds{term{5000}};
    EXPECT_EQ(run(otp::rpc_block_call(us.node, there, "m"_atom, "wait"_atom, five_seconds, in(10s))).error(),
              make_error_code(otp::errc::no_connection));
    cut_soon();
    std::vector<atom> nodes{there, us.node.name()};
    auto many = run(otp::rpc_multicall(us.node, nodes, "m"_atom, "slow"_atom, {}, in(10s)));
    EXPECT_EQ(many.bad_nodes, std::vector{there});
    EXPECT_EQ(many.values.size(), 1u);
    cut_soon();
    peer.erl("register(mute, spawn(fun() -> timer:sleep(60000) end))");
    const auto asked = run(otp::rpc_server_call(us.node, there, "mute"_atom, "never"_atom, term{1}, in(10s)));
    EXPECT_EQ(asked.error(), make_error_code(otp::errc::no_connection));
    for (const auto& who : us.node.processes()) {
        const auto info = us.node.info(who);
        ASSERT_TRUE(info);
        EXPECT_EQ(info->label.find("call"), std::string::npos) << info->label << " is left";
    }
}

TEST_F(RemoteForms, OurMulticallBlockCallAndCast) {
    proves("Remote functions", "`otp::erpc_multicall`, `rpc_multicall`, `rpc_block_call`, `erpc_cast`",
           direction::from_us);
    proves("Remote functions", "`otp::rpc_sbcast`, `rpc_server_call`", direction::from_us);
    std::vector<atom> nodes{atom{peer_name}, "no@127.0.0.1"_atom, us.node.name()};
    std::vector<term> arguments{term{1}, term{2}};
    auto all = run(otp::rpc_multicall(us.node, nodes, "m"_atom, "add"_atom, arguments, in(10s)));
    EXPECT_EQ(to_erlang(term{all.values}), "[3,3]");
    EXPECT_EQ(all.bad_nodes, (std::vector<atom>{"no@127.0.0.1"_atom}));

    auto outcomes = run(otp::erpc_multicall(us.node, nodes, "m"_atom, "fail"_atom, {}, in(10s)));
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes[0].what, kind::failed);
    EXPECT_EQ(outcomes[1].what, kind::no_connection);
    EXPECT_EQ(outcomes[2].what, kind::failed);

    auto block = [&](const char* function, const std::vector<term>& with, duration most) {
        return run(otp::rpc_block_call(us.node, atom{peer_name}, "m"_atom, atom{function}, with, in(most)));
    };
    EXPECT_EQ(to_erlang(block("add", arguments, 10s).value()), "3");
    EXPECT_EQ(block("leave", {}, 10s).error(), make_error_code(otp::errc::remote_failure));
    std::vector<term> a_second{term{1000}};
    EXPECT_EQ(block("wait", a_second, 100ms).error(), make_error_code(errc::timed_out));

    otp::broadcast_outcome told = run(otp::rpc_sbcast(us.node, nodes, "server"_atom, term{"hello"_atom}, in(10s)));
    EXPECT_EQ(told.good_nodes, (std::vector<atom>{atom{peer_name}, us.node.name()}));
    EXPECT_EQ(told.bad_nodes, (std::vector<atom>{"no@127.0.0.1"_atom}));
    told = run(otp::rpc_sbcast(us.node, {atom{peer_name}}, "nobody"_atom, term{"hello"_atom}, in(10s)));
    EXPECT_EQ(told.bad_nodes, (std::vector<atom>{atom{peer_name}}));

    auto ask_server = [&](const char* on, const char* name) {
        return run(otp::rpc_server_call(us.node, atom{on}, atom{name}, "server"_atom, term{"question"_atom}, in(10s)));
    };
    EXPECT_EQ(to_erlang(ask_server(peer_name.c_str(), "server").value()), "{got,question}");
    EXPECT_EQ(ask_server(peer_name.c_str(), "nobody").error(), make_error_code(otp::errc::no_process));
    EXPECT_EQ(ask_server("no@127.0.0.1", "server").error(), make_error_code(otp::errc::no_connection));

    std::vector<term> put{term{"noted"_atom}, term{42}};
    otp::erpc_cast(us.node, atom{peer_name}, "persistent_term"_atom, "put"_atom, put);
    EXPECT_TRUE(eventually([&] { return peer.erl("persistent_term:get(noted, none)") == "42"; }));
}

/// A node of ours that lets others do little.
class Roles : public WithOtp {
protected:
    static otp::role_table little() {
        otp::role r;
        r.name = "guests";
        r.nodes = {"otp@*"};
        r.may = {otp::right::info, otp::right::send};
        r.names = {"open*"};
        return otp::role_table{{r}};
    }
    sedge_side& us = start_sedge({.roles = little()});
    otp_node& otp = start_otp();
    std::vector<std::string> heard;

    pid ear(const char* name) {
        return us.node.spawn(
            [this](process& self) -> task<> {
                for (;;) {
                    auto waiting = self.receive();
                    term message = co_await std::move(waiting);
                    heard.push_back(to_erlang(message));
                }
            },
            {.label = name, .name = atom{name}});
    }
    void SetUp() override { ASSERT_TRUE(run(us.node.connect(atom{otp.name()}))); }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }
};

TEST_F(Roles, GuestsReadPingAndMonitor) {
    proves("Roles", "a node without rights still pings, reads, monitors", direction::to_us);
    ear("open");
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', erlang, node, [])"), "'sedge@127.0.0.1'");
    us.kernel.functions().add("m", "f", [] { return 1; });
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', m, f, [])"), "{badrpc,{'EXIT',{not_permitted,[{m,f,[],[]}]}}}");
    EXPECT_EQ(otp.erl("rpc:block_call('sedge@127.0.0.1', m, f, [])"),
              "{badrpc,{'EXIT',{not_permitted,[{m,f,[],[]}]}}}");
    EXPECT_EQ(otp.erl("{P, M} = spawn_monitor('sedge@127.0.0.1', m, f, []), "
                      "receive {'DOWN', M, process, P, R} -> R after 5000 -> none end"),
              "{undef,[{m,f,[],[]}]}");
}

TEST_F(Roles, NamesThatAreNotExportedDoNotExist) {
    proves("Roles", "sends, calls and monitors reach exported names only", direction::to_us);
    ear("open");
    ear("closed");
    otp.erl("{open, 'sedge@127.0.0.1'} ! 1, {closed, 'sedge@127.0.0.1'} ! 2");
    EXPECT_TRUE(eventually([&] { return !heard.empty(); }));
    run_for(200ms);
    EXPECT_EQ(heard, (std::vector<std::string>{"1"}));
    EXPECT_EQ(otp.elixir("try do GenServer.call({:closed, :\"sedge@127.0.0.1\"}, 1) catch :exit, {r, _} -> r end"),
              ":noproc");
    EXPECT_EQ(otp.erl("rpc:sbcast(['sedge@127.0.0.1'], closed, 3)"), "{[],['sedge@127.0.0.1']}");
    EXPECT_EQ(heard.size(), 1u);
}

TEST_F(Roles, StrangersNeitherLinkNorKill) {
    proves("Roles", "links and exit signals without the right have no effect", direction::to_us);
    pid target = ear("open");
    otp.erl("E = rpc:call('sedge@127.0.0.1', erlang, whereis, [open])");
    otp.erl("exit(E, kill), exit(E, stop)");
    otp.erl("process_flag(trap_exit, true)");
    EXPECT_EQ(otp.erl("link(E), receive {'EXIT', E, R} -> R after 5000 -> none end"), "noproc");
    run_for(200ms);
    EXPECT_TRUE(us.node.is_alive(target));
    EXPECT_THAT(log->text, testing::HasSubstr("refused: otp@127.0.0.1 (role guests, may not control) exit signal to"));
}

} // namespace
} // namespace sedge::test
