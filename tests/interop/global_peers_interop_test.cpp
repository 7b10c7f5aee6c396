// SPDX-License-Identifier: Apache-2.0
//
// `global` with peers that are not as usual: hidden, without `connect_all`, ended and started again; and with arguments
// that are seldom given.
#include "interop/globals.hpp"

namespace sedge::test {
namespace {

class GlobalPeers : public Global {
protected:
    otp_node& start_otp_with(std::vector<std::string> more, const std::string& name = "otp@127.0.0.1") {
        otp_options options;
        options.more = std::move(more);
        return start_otp(name, std::move(options));
    }
    /// A process of `at` that holds the lock until it ends; nothing if it did not get it.
    std::optional<pid> hold(sedge_side& at, const otp::global_lock& lock, std::optional<std::vector<atom>> nodes = {}) {
        std::optional<bool> got;
        const auto holder = at.node.spawn([&](process& self) -> task<> {
            auto locking = at.kernel.global().set_lock(self, lock, self.env().now() + 1s, nodes);
            got = co_await std::move(locking);
            if (*got) co_await self.sleep(std::chrono::hours{1});
        });
        EXPECT_TRUE(eventually([&] { return got.has_value(); }, 30s));
        return got.value_or(false) ? std::optional{holder} : std::nullopt;
    }
    /// Whether the two have been connected for a while and are no members of one cluster.
    void expect_apart(sedge_side& us, otp_node& other) {
        ASSERT_TRUE(run(us.node.connect(atom{other.name()})));
        EXPECT_TRUE(add(us, "ours"_atom, spawn_at(us)));
        EXPECT_EQ(other.erl("global:register_name(theirs, self())"), "yes");
        run_for(1500ms); // two nodes that pair need half of that
        EXPECT_EQ(us.kernel.global().known(), std::vector<atom>{});
        EXPECT_EQ(node_of(us, "theirs"_atom), "");
        EXPECT_EQ(other.erl("global:whereis_name(ours)"), "undefined");
        EXPECT_TRUE(us.node.is_connected(atom{other.name()}));
    }
    /// Locks on a list of nodes are for all who are connected.
    void expect_locks_by_list(sedge_side& us, otp_node& other) {
        const otp::global_lock lock{"door"_atom, "us"_atom};
        EXPECT_EQ(other.erl("global:set_lock({door, them}, ['sedge@127.0.0.1'])"), "true");
        EXPECT_FALSE(hold(us, lock, std::vector{us.node.name()}));
        EXPECT_EQ(other.erl("global:del_lock({door, them}, ['sedge@127.0.0.1'])"), "true");
        auto holder = hold(us, lock, std::vector{us.node.name()});
        ASSERT_TRUE(holder);
        EXPECT_EQ(other.erl("global:set_lock({door, them}, ['sedge@127.0.0.1'], 0)"), "false");
        EXPECT_EQ(other.erl("global:set_lock({door, them}, [node()], 0)"), "true");
        EXPECT_EQ(other.erl("global:del_lock({door, them}, [node()])"), "true");
        us.node.exit(*holder, term{"kill"_atom});
        EXPECT_EQ(other.erl("global:trans({door, them}, fun() -> mine end, ['sedge@127.0.0.1'], 3)"), "mine");
    }
};

TEST_F(GlobalPeers, HiddenNodesShareNoNames) {
    proves("Global names", "a hidden node shares no names, and may lock on a list of nodes", direction::both);
    auto& us = start_sedge();
    auto& hidden = start_otp_with({"-hidden"});
    expect_apart(us, hidden);
    expect_locks_by_list(us, hidden);
    auto& secret = start_sedge({.name = "secret@127.0.0.1", .hidden = true});
    auto& visible = start_otp("visible@127.0.0.1");
    ASSERT_TRUE(run(secret.node.connect(atom{visible.name()})));
    EXPECT_EQ(visible.erl("global:register_name(x, self())"), "yes");
    EXPECT_EQ(visible.erl("global:sync()"), "ok");
    run_for(1s);
    EXPECT_EQ(node_of(secret, "x"_atom), "");
}

TEST_F(GlobalPeers, NodesWithoutConnectAllShareNoNames) {
    proves("Global names", "a node with `connect_all = false` shares no names", direction::both);
    auto& us = start_sedge();
    auto& loner = start_otp_with({"-connect_all", "false"});
    expect_apart(us, loner);
    expect_locks_by_list(us, loner);
    auto& alone = start_sedge({.name = "alone@127.0.0.1", .connect_all = false});
    auto& usual = start_otp("usual@127.0.0.1");
    ASSERT_TRUE(run(alone.node.connect(atom{usual.name()})));
    EXPECT_EQ(usual.erl("global:register_name(x, self())"), "yes"); // nobody waits for us
    EXPECT_EQ(usual.erl("global:trans({door, 1}, fun() -> in end)"), "in");
    EXPECT_EQ(usual.erl("global:whereis_name(x) =:= self()"), "true");
    EXPECT_EQ(node_of(alone, "x"_atom), "");
}

TEST_F(GlobalPeers, NodesThatDoNotPreventOverlapsAreMembers) {
    proves("Global names", "an OTP node with `prevent_overlapping_partitions false`", direction::both);
    auto& us = start_sedge({.name = "s1@127.0.0.1", .lost_connections = otp::loss_reports::always});
    auto& more = start_sedge({.name = "s2@127.0.0.1", .lost_connections = otp::loss_reports::always});
    auto& otp = start_otp_with({"-kernel", "prevent_overlapping_partitions", "false"});
    meet(us, otp);
    ASSERT_TRUE(run(more.node.connect(us.node.name())));
    ASSERT_TRUE(eventually([&] { return more.kernel.global().known().size() == 2; }));
    ASSERT_TRUE(eventually([&] { return otp.erl("length(nodes())") == "2"; }));
    auto mine = spawn_at(more);
    EXPECT_TRUE(add(more, "x"_atom, mine));
    EXPECT_EQ(otp.erl("node(global:whereis_name(x))"), "'s2@127.0.0.1'");
    // It tells nobody of what it loses, and hears of no loss; what nodes of sedge lose, these settle between them.
    us.node.disconnect(more.node.name());
    EXPECT_TRUE(eventually([&] { return us.kernel.global().known() == std::vector{atom{otp.name()}}; }));
    run_for(1s);
    EXPECT_EQ(otp.erl("lists:sort(nodes())"), "['s1@127.0.0.1','s2@127.0.0.1']");
    EXPECT_EQ(otp.erl("node(global:whereis_name(x))"), "'s2@127.0.0.1'");
}

TEST_F(GlobalPeers, NodeThatComesBackHoldsNothingOfBefore) {
    proves("Global locks", "a node that was killed and comes back under its name holds nothing of before",
           direction::both);
    start_sedge({.name = "mapper@127.0.0.1", .hidden = true}); // the port mapper, which stays
    auto& us = start_sedge();
    auto* otp = &start_otp();
    meet(us, *otp);
    EXPECT_EQ(otp->erl("global:set_lock({door, them})"), "true");
    EXPECT_EQ(otp->erl("global:set_lock({global, self()})"), "true"); // nobody can register meanwhile
    EXPECT_EQ(otp->erl("catch gen_server:call({global_name_server, 'sedge@127.0.0.1'}, {register, x, self(), "
                       "fun global:random_exit_name/3})"),
              "yes");
    EXPECT_EQ(node_of(us, "x"_atom), otp->name());
    otp->program().kill();
    theirs.pop_back();
    otp = &start_otp();
    EXPECT_EQ(otp->erl("global:register_name(x, self())"), "yes");
    meet(us, *otp);
    EXPECT_EQ(node_of(us, "x"_atom), otp->name());
    EXPECT_EQ(otp->erl("global:set_lock({door, others}, ['sedge@127.0.0.1'], 0)"), "true");
    EXPECT_EQ(otp->erl("global:del_lock({door, others}, ['sedge@127.0.0.1'])"), "true");

    ASSERT_TRUE(hold(us, {"door"_atom, "us"_atom}));
    EXPECT_EQ(otp->erl("global:set_lock({door, them}, [node()], 0)"), "false");
    us.kernel.stop();
    run(us.node.stop());
    ours.pop_back();
    auto& again = start_sedge();
    meet(again, *otp);
    EXPECT_EQ(otp->erl("global:set_lock({door, them}, [node() | nodes()], 0)"), "true");
    EXPECT_TRUE(add(again, "y"_atom, spawn_at(again)));
}

TEST_F(GlobalPeers, ProcessThatHasEndedKeepsNoName) {
    proves("Global names", "register_name of a process that has ended", direction::both);
    auto& us = start_sedge();
    auto& otp = start_otp();
    meet(us, otp);
    const auto ended = us.node.spawn([](process&) -> task<> { co_return; });
    ASSERT_TRUE(eventually([&] { return !us.node.is_alive(ended); }));
    EXPECT_TRUE(add(us, "ours"_atom, ended)); // as in OTP
    EXPECT_TRUE(eventually([&] { return otp.erl("global:registered_names()") == "[]"; }));
    otp.erl("Gone = spawn(fun() -> ok end), timer:sleep(50)");
    EXPECT_EQ(otp.erl("global:register_name(theirs, Gone)"), "yes");
    EXPECT_TRUE(eventually([&] { return us.kernel.global().registered_names().empty(); }));
    // And one of the other side, registered here.
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', global, register_name, [theirs, Gone])"), "yes");
    EXPECT_TRUE(eventually([&] { return us.kernel.global().registered_names().empty(); }));
    EXPECT_TRUE(eventually([&] { return otp.erl("global:registered_names()") == "[]"; }));
}

TEST_F(GlobalPeers, FunctionsOfOtpAreCalledFromHere) {
    proves("Global names", "rpc to `global`: register_name, whereis_name, send, sync", direction::from_us);
    auto& us = start_sedge();
    auto& otp = start_otp();
    meet(us, otp);
    const auto mine = spawn_at(us);
    auto ask = [&](std::string_view function, const auto&... arguments) {
        return rpc(us, otp.name(), "global", function, arguments...);
    };
    EXPECT_EQ(ask("register_name", "x"_atom, mine, otp::conflict_resolver{conflict_method::notify_all}.fun()), "yes");
    EXPECT_EQ(node_of(us, "x"_atom), us.node.name().str());
    EXPECT_EQ(ask("register_name", "x"_atom, mine), "no");
    EXPECT_EQ(ask("whereis_name", "x"_atom), to_erlang(term{mine}));
    EXPECT_EQ(ask("registered_names"), "[x]");
    EXPECT_EQ(ask("send", "x"_atom, "hello"_atom), to_erlang(term{mine}));
    EXPECT_TRUE(eventually([&] { return heard == std::vector<std::string>{"hello"}; }));
    EXPECT_EQ(ask("re_register_name", "x"_atom, spawn_at(us)), "yes");
    EXPECT_EQ(ask("unregister_name", "x"_atom), "ok");
    EXPECT_EQ(us.kernel.global().whereis_name("x"_atom), std::nullopt);
    EXPECT_EQ(ask("sync"), "ok");
    EXPECT_EQ(ask("set_lock", std::pair{"door"_atom, 1}, std::vector{us.node.name()}, 0), "true"); // ends with the call
}

TEST_F(GlobalPeers, WhoeverCallsDisconnectLeavesInPeace) {
    proves("Global names", "`global:disconnect` on the other side, and meeting again", direction::to_us);
    auto& us = start_sedge();
    auto& more = start_sedge({.name = "more@127.0.0.1"});
    auto& otp = start_otp();
    meet(us, otp);
    ASSERT_TRUE(run(more.node.connect(us.node.name())));
    ASSERT_TRUE(eventually([&] { return more.kernel.global().known().size() == 2; }));
    ASSERT_TRUE(eventually([&] { return otp.erl("length(nodes())") == "2"; }));
    EXPECT_EQ(otp.erl("global:register_name(x, self())"), "yes");
    EXPECT_EQ(otp.erl("lists:sort(global:disconnect())"), "['more@127.0.0.1','sedge@127.0.0.1']");
    EXPECT_TRUE(eventually([&] { return us.kernel.global().known() == std::vector{more.node.name()}; }));
    EXPECT_TRUE(eventually([&] { return more.kernel.global().known() == std::vector{us.node.name()}; }));
    EXPECT_EQ(node_of(us, "x"_atom) + node_of(more, "x"_atom), "");
    run_for(500ms);
    EXPECT_EQ(otp.erl("nodes()"), "[]");
    EXPECT_TRUE(us.node.is_connected(more.node.name()));
    meet(us, otp);
    EXPECT_TRUE(eventually([&] { return node_of(more, "x"_atom) == otp.name(); }));
}

TEST_F(GlobalPeers, GroupsOfNodesAreLeftAlone) {
    proves("Global names", "OTP nodes with `global_groups`, in which sedge is or is not", direction::to_us);
    auto& us = start_sedge();
    auto& with =
        start_otp_with({"-kernel", "global_groups", "[{one,['with@127.0.0.1','sedge@127.0.0.1']}]"}, "with@127.0.0.1");
    auto& without = start_otp_with({"-kernel", "global_groups", "[{one,['without@127.0.0.1']}]"}, "without@127.0.0.1");
    for (auto* each : {&with, &without}) {
        EXPECT_EQ(each->erl("net_kernel:connect_node('sedge@127.0.0.1')"), "true");
        EXPECT_EQ(each->erl("global:register_name(" + each->name().substr(0, each->name().find('@')) + ", self())"),
                  "yes");
    }
    run_for(2s);
    EXPECT_TRUE(us.kernel.global().known().empty());
    EXPECT_TRUE(add(us, "ours"_atom, spawn_at(us)));
    for (auto* each : {&with, &without}) EXPECT_EQ(each->erl("global:whereis_name(ours)"), "undefined");
}

} // namespace
} // namespace sedge::test
