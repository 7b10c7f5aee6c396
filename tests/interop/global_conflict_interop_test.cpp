// SPDX-License-Identifier: Apache-2.0
//
// Two clusters that meet have the same global name, and one of them is of sedge.
#include "interop/globals.hpp"

namespace sedge::test {
namespace {

using otp::conflict_method;
using otp::conflict_resolver;

/// The name of our node decides who resolves: it is smaller or greater than theirs.
class GlobalConflict : public Global, public testing::WithParamInterface<std::string> {};

TEST_P(GlobalConflict, IsSettledAsBetweenOtpNodes) {
    proves("Global names", "conflicts on joining: random_exit_name, random_notify_name, notify_all_name",
           direction::both);
    auto& us = start_sedge({.name = GetParam()});
    auto& otp = start_otp("otp@127.0.0.1");
    bool we_are_less = GetParam() < otp.name();
    otp.erl(start_table);
    std::vector<pid> mine;
    for (auto how : {conflict_method::random_exit, conflict_method::random_notify, conflict_method::notify_all}) {
        mine.push_back(spawn_at(us));
        EXPECT_TRUE(add(us, static_cast<int>(how), mine.back(), how));
    }
    otp.erl("F = fun G() -> receive M -> ets:insert(got, {M}) end, G() end");
    otp.erl("P0 = spawn(F), P1 = spawn(F), P2 = spawn(F)");
    EXPECT_EQ(otp.erl("{global:register_name(0, P0), global:register_name(1, P1, fun global:random_notify_name/3), "
                      "global:register_name(2, P2, fun global:notify_all_name/3)}"),
              "{yes,yes,yes}");
    meet(us, otp);
    std::string kept = we_are_less ? GetParam() : otp.name();
    EXPECT_TRUE(eventually([&] { return node_of(us, 0) == kept && node_of(us, 1) == kept && node_of(us, 2).empty(); }));
    EXPECT_TRUE(eventually([&] {
        return otp.erl("[case global:whereis_name(N) of undefined -> no; P -> node(P) end || N <- [0,1,2]]") ==
               "['" + kept + "','" + kept + "',no]";
    }));
    EXPECT_TRUE(eventually([&] { return us.node.is_alive(mine[0]) == we_are_less; }));
    EXPECT_TRUE(eventually([&] { return otp.erl("is_process_alive(P0)") == (we_are_less ? "false" : "true"); }));
    auto told = [](const std::string& all, const std::string& part) { return all.find(part) != std::string::npos; };
    EXPECT_TRUE(eventually([&] {
        std::string theirs_got = otp.erl("ets:tab2list(got)");
        std::string ours_got;
        for (const auto& m : heard) ours_got += m;
        return told(theirs_got, "{global_name_conflict,2,") && told(ours_got, "{global_name_conflict,2,") &&
               told(we_are_less ? theirs_got : ours_got, "{global_name_conflict,1}");
    }));
}
INSTANTIATE_TEST_SUITE_P(BothOrders, GlobalConflict, testing::Values("a@127.0.0.1", "z@127.0.0.1"));

/// Modules for conflicts, on nodes of OTP.
const char* const arbiter =
    "defmodule Arbiter do def his(_, his, _), do: his; def mine(_, _, mine), do: mine; "
    "def nobody(_, _, _), do: :none; def fails(_, _, _), do: raise(\"no idea\"); def odd(_, _, _), do: 42 end; :ok";

class ConflictFunctions : public GlobalConflict {
protected:
    const std::vector<std::string> functions{"his", "mine", "nobody", "fails", "odd", "missing"};

    /// The same functions, on a node of ours.
    void serve(sedge_side& at) {
        auto add_function = [&](std::string_view name, std::function<term(std::span<const term>)> run) {
            at.kernel.functions().add_raw("Elixir.Arbiter", name, 3, [run](otp::call_context&, auto arguments) {
                return otp::outcome::value(run(arguments));
            });
        };
        add_function("his", [](auto arguments) { return arguments[1]; });
        add_function("mine", [](auto arguments) { return arguments[2]; });
        add_function("nobody", [](auto) { return term{"none"_atom}; });
        add_function("fails", [](auto) -> term { throw std::runtime_error{"no idea"}; });
        add_function("odd", [](auto) { return term{42}; });
    }
    /// Where the names are in the end, in the order of `functions`, if each node sees the same.
    std::string holders(otp_node& seen_by) {
        return seen_by.elixir("for n <- [:his, :mine, :nobody, :fails, :odd, :missing], do: "
                              "(case :global.whereis_name(n) do :undefined -> :no; p -> node(p) end)");
    }
    std::string holders(sedge_side& seen_by) {
        std::string text;
        for (const auto& f : functions) {
            auto node = node_of(seen_by, atom{f});
            text += (text.empty() ? "[" : ", ") + (node.empty() ? ":no" : ":\"" + node + "\"");
        }
        return text + "]";
    }
};

TEST_P(ConflictFunctions, AreCalledWhereTheProcessIs) {
    proves("Global names", "conflicts on joining: any `fun M:F/3`, also one that fails or is not there",
           direction::both);
    auto& us = start_sedge({.name = GetParam()});
    auto& otp = start_otp("otp@127.0.0.1");
    const bool we_decide = GetParam() < otp.name();
    serve(us);
    ASSERT_EQ(otp.elixir(arbiter), ":ok");
    std::vector<pid> mine;
    for (const auto& f : functions) {
        mine.push_back(spawn_at(us));
        // The other side's method has no say.
        auto how = we_decide ? conflict_resolver::function("Elixir.Arbiter", f)
                             : conflict_resolver{conflict_method::random_exit};
        EXPECT_TRUE(add(us, atom{f}, mine.back(), how));
        const std::string theirs_how = we_decide ? "&:global.random_exit_name/3" : "&Arbiter." + f + "/3";
        EXPECT_EQ(otp.elixir(":global.register_name(:" + f + ", spawn(fn -> Process.sleep(:infinity) end), " +
                             theirs_how + ")"),
                  ":yes");
    }
    meet(us, otp);
    const std::string our_name = ":\"" + GetParam() + "\"";
    const std::string its_name = ":\"otp@127.0.0.1\"";
    const std::string his = we_decide ? its_name : our_name;
    const std::string my = we_decide ? our_name : its_name;
    const std::string expected = "[" + his + ", " + my + ", :no, " + his + ", :no, " + his + "]";
    EXPECT_TRUE(eventually([&] { return holders(us) == expected; })) << holders(us);
    EXPECT_TRUE(eventually([&] { return holders(otp) == expected; })) << holders(otp);
    for (const auto& who : mine) EXPECT_TRUE(us.node.is_alive(who));
}

/// The process is not at the node that decides: that one asks the process's node.
TEST_P(ConflictFunctions, AreCalledByAnotherNodeOfThePartToo) {
    proves("Global names", "conflicts on joining: `global:resolve_it` on the node of the process", direction::both);
    auto& us = start_sedge({.name = GetParam()});
    auto& near = start_otp("m@127.0.0.1");
    auto& far = start_otp("zz@127.0.0.1");
    const bool we_decide = GetParam() < near.name();
    serve(us);
    ASSERT_EQ(near.elixir(arbiter), ":ok");
    meet(us, near);
    for (const auto& f : functions) {
        if (we_decide)
            EXPECT_EQ(near.elixir(":global.register_name(:" + f +
                                  ", spawn(fn -> Process.sleep(:infinity) end), "
                                  "&Arbiter." +
                                  f + "/3)"),
                      ":yes");
        else
            EXPECT_TRUE(add(us, atom{f}, spawn_at(us), conflict_resolver::function("Elixir.Arbiter", f)));
        EXPECT_EQ(far.elixir(":global.register_name(:" + f + ", spawn(fn -> Process.sleep(:infinity) end))"), ":yes");
    }
    if (we_decide)
        ASSERT_TRUE(run(us.node.connect(atom{far.name()})));
    else
        ASSERT_EQ(near.elixir("Node.connect(:\"zz@127.0.0.1\")"), "true");
    const std::string held_by = we_decide ? near.name() : GetParam();
    const std::string his = ":\"zz@127.0.0.1\"";
    const std::string expected = "[" + his + ", :\"" + held_by + "\", :no, " + his + ", :no, " + his + "]";
    EXPECT_TRUE(eventually([&] { return holders(us) == expected; })) << holders(us);
    EXPECT_TRUE(eventually([&] { return holders(near) == expected; })) << holders(near);
    EXPECT_TRUE(eventually([&] { return holders(far) == expected; })) << holders(far);
}
INSTANTIATE_TEST_SUITE_P(BothOrders, ConflictFunctions, testing::Values("a@127.0.0.1", "z@127.0.0.1"));

TEST_F(Global, FunsThatOnlyErlangCanRunPassThroughUs) {
    proves("Global names", "register_name/3 by rpc with a fun, a closure, `{Module, Function}`", direction::to_us);
    auto& us = start_sedge();
    auto& otp = start_otp();
    meet(us, otp);
    otp.erl(start_p);
    auto add_by_rpc = [&](const std::string& name, const std::string& how) {
        return otp.erl("rpc:call('sedge@127.0.0.1', global, re_register_name, [" + name + ", P, " + how + "])");
    };
    auto method = [&](otp_node& at, const std::string& name) {
        return at.erl("element(3, hd(ets:lookup(global_names, " + name + ")))");
    };
    otp.erl("C = fun(_, _, Mine) -> Mine end");
    EXPECT_EQ(add_by_rpc("c", "C"), "yes");
    EXPECT_EQ(otp.erl("element(3, hd(ets:lookup(global_names, c))) =:= C"), "true");
    EXPECT_EQ(add_by_rpc("p", "{lists, keyfind}"), "yes");
    EXPECT_EQ(method(otp, "p"), "fun lists:keyfind/3");
    EXPECT_EQ(add_by_rpc("n", "fun global:notify_all_name/3"), "yes");
    EXPECT_EQ(method(otp, "n"), "fun global:notify_all_name/3");
    EXPECT_EQ(add_by_rpc("x", "fun lists:keyfind/4").substr(0, 33), "{badrpc,{'EXIT',{function_clause,");
    EXPECT_EQ(add_by_rpc("x", "notify").substr(0, 33), "{badrpc,{'EXIT',{function_clause,");
    auto& later = start_otp("later@127.0.0.1"); // hears of them when it pairs with us
    meet(us, later);
    EXPECT_EQ(method(later, "p"), "fun lists:keyfind/3");
    EXPECT_EQ(later.erl("is_function(element(3, hd(ets:lookup(global_names, c))), 3)"), "true");
}

} // namespace
} // namespace sedge::test
