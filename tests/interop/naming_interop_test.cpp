// SPDX-License-Identifier: Apache-2.0
//
// Nodes without a name of their own (`-name undefined`), and peers that stop reading.
#include "interop/with_otp.hpp"

#include <sedge/otp/gen.hpp>

#include <algorithm>
#include <csignal>

namespace sedge::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Names : public WithOtp {};

TEST_F(Names, OtpIsGivenANameByUs) {
    proves("Handshake", "a node without a name (`-name undefined`) is given one", direction::to_us);
    auto& us = start_sedge();
    auto& otp = start_otp("undefined@127.0.0.1");
    auto& other = start_otp("other@127.0.0.1");
    EXPECT_EQ(otp.erl("node()"), "nonode@nohost");
    EXPECT_EQ(otp.erl("net_kernel:connect_node('sedge@127.0.0.1')"), "true");
    const std::string quoted = otp.erl("node()");
    EXPECT_THAT(quoted, EndsWith("@127.0.0.1'"));
    const std::string name = quoted.substr(1, quoted.size() - 2);
    EXPECT_EQ(us.node.peers(true), std::vector{atom{name}});
    EXPECT_TRUE(us.node.peers().empty()) << "it is hidden, as between two nodes of OTP";
    EXPECT_EQ(otp.erl("nodes(hidden)"), "['sedge@127.0.0.1']");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', erlang, node, [])"), "'sedge@127.0.0.1'");
    EXPECT_EQ(rpc(us, name, "erlang", "node"), quoted);
    EXPECT_EQ(otp.erl("R = monitor(process, {nobody, 'sedge@127.0.0.1'}), "
                      "receive {'DOWN', R, process, P, W} -> {P, W} after 5000 -> none end"),
              "{{nobody,'sedge@127.0.0.1'},noproc}");
    EXPECT_EQ(otp.erl("net_kernel:connect_node('other@127.0.0.1')"), "true");
    EXPECT_EQ(other.erl("nodes(hidden)"), "[" + quoted + "]") << "the name holds everywhere";

    us.node.disconnect(atom{name});
    EXPECT_TRUE(eventually([&] { return otp.erl("node()") == "nonode@nohost"; })) << "OTP gives the name up then";
    EXPECT_EQ(otp.erl("net_kernel:connect_node('sedge@127.0.0.1')"), "true");
    EXPECT_THAT(otp.erl("node()"), EndsWith("@127.0.0.1'"));
    EXPECT_EQ(otp.complaints(), "");
    EXPECT_EQ(other.complaints(), "");
}

TEST_F(Names, WeAreGivenANameByOtp) {
    proves("Handshake", "a node without a name (`-name undefined`) is given one", direction::from_us);
    sedge_options mapper; // OTP needs a port mapper to start
    mapper.name = "mapper@127.0.0.1";
    start_sedge(mapper);
    auto& otp = start_otp();
    auto& other = start_otp("other@127.0.0.1");
    sedge_options options;
    options.name = "undefined@127.0.0.1";
    options.more = [](node_options& o) { o.named_by = "otp@127.0.0.1"; };
    auto& us = start_sedge(options);
    ASSERT_TRUE(run(us.node.connect("other@127.0.0.1"_atom)));
    const std::string name = us.node.name().str();
    const std::string quoted = "'" + name + "'";
    EXPECT_THAT(name, EndsWith("@127.0.0.1"));
    EXPECT_EQ(otp.erl("nodes(hidden)"), "[" + quoted + "]");
    EXPECT_EQ(otp.erl("net_adm:ping(" + quoted + ")"), "pong");
    EXPECT_EQ(otp.erl("rpc:call(" + quoted + ", erlang, node, [])"), quoted);
    EXPECT_EQ(otp.erl("P = rpc:call(" + quoted + ", erlang, whereis, [rex]), node(P)"), quoted);
    EXPECT_EQ(otp.erl("R = monitor(process, P), demonitor(R, [flush])"), "true");
    EXPECT_EQ(rpc(us, "otp@127.0.0.1", "erlang", "node"), "'otp@127.0.0.1'");
    EXPECT_EQ(rpc(us, "other@127.0.0.1", "erlang", "nodes", "hidden"_atom), "[" + quoted + "]");

    otp.erl("erlang:disconnect_node(" + quoted + ")");
    EXPECT_TRUE(eventually([&] { return us.events.size() == 4; }));
    EXPECT_EQ(us.events[2], "down otp@127.0.0.1 connection_closed");
    EXPECT_EQ(us.events[3], "down other@127.0.0.1 name_lost");
    EXPECT_EQ(run(us.node.connect("other@127.0.0.1"_atom)).error(), make_error_code(errc::stopped));
    EXPECT_THAT(log->text, HasSubstr("which had given this node its name"));
    EXPECT_EQ(otp.complaints(), "");
    EXPECT_EQ(other.complaints(), "");
}

class SlowPeers : public WithOtp {
protected:
    /// How long small calls of `server` took, sorted.
    std::vector<duration> took;
    bool calling = true;

    void call_again_and_again(sedge_side& us, const destination& server) {
        us.node.spawn([this, server](process& self) -> task<> {
            for (int i = 0; calling; ++i) {
                const auto begun = self.env().now();
                self.send(server, term{std::tuple{self.self(), i}});
                auto waiting = self.receive<int>();
                co_await std::move(waiting);
                took.push_back(self.env().now() - begun);
                auto pause = self.sleep(1ms);
                co_await std::move(pause);
            }
        });
    }
    duration p99() {
        std::sort(took.begin(), took.end());
        return took.empty() ? duration::max() : took[took.size() * 99 / 100];
    }
};

TEST_F(SlowPeers, ProgramThatIsStoppedIsCutAndOthersAreServedMeanwhile) {
    proves("Flow", "a peer that stops reading is cut after `send_stall_time`; others are served meanwhile",
           direction::from_us);
    auto& us = start_sedge({.more = [](node_options& o) {
        o.send_stall_time = 3s;
        o.auto_connect = false;
    }});
    otp_options alone_together; // else `global` would connect the two, and act on the cut
    alone_together.more = {"-connect_all", "false"};
    auto& otp = start_otp("otp@127.0.0.1", alone_together);
    auto& other = start_otp("other@127.0.0.1", alone_together);
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    ASSERT_TRUE(run(us.node.connect(atom{other.name()})));
    other.erl("register(small, spawn(fun F() -> receive {From, N} -> From ! N, F() end end))");
    call_again_and_again(us, registered{"small"_atom, atom{other.name()}});
    run_for(1s);
    const auto alone = p99();
    took.clear();

    otp.program().signal(SIGSTOP);
    const auto stopped = env.now();
    us.node.spawn([&](process& self) -> task<> {
        const destination sink = registered{"sink"_atom, atom{otp.name()}};
        while (us.node.is_connected(atom{otp.name()})) {
            auto sending = self.send_wait(sink, term{byte_buffer(64 * 1024, 'x')});
            co_await std::move(sending);
        }
    });
    EXPECT_TRUE(eventually([&] { return us.events.size() == 3; }));
    EXPECT_EQ(us.events.back(), "down otp@127.0.0.1 slow_peer");
    EXPECT_GE(env.now() - stopped, 3s);
    EXPECT_THAT(log->text, HasSubstr("has taken nothing for 3 s"));
    const auto beside = p99();
    calling = false;
    otp.program().signal(SIGCONT);
    EXPECT_GT(took.size(), 100u);
    EXPECT_LT(beside, 3 * alone / 2 + 20ms) << "of other work on the machine";
    EXPECT_TRUE(eventually([&] { return otp.erl("nodes()") == "[]"; }));
    EXPECT_EQ(otp.complaints(), "");
    EXPECT_EQ(other.complaints(), "");
}

} // namespace
} // namespace sedge::test
