// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

namespace sedge::test {
namespace {

using kind = otp::remote_outcome::kind;

class RemoteCalls : public Kernels {};

TEST_F(RemoteCalls, ReachThisNodeTooWithoutAnyConnection) {
    auto what = sim.block_on(otp::erpc_call(*a, a->name(), atom{"erlang"}, atom{"node"}, {}, in(1s)));
    EXPECT_EQ(to_erlang(otp::rpc_value(what)), "'a@10.0.0.1'");
}

TEST_F(RemoteCalls, ConnectByThemselves) {
    a->disconnect(b->name());
    settle();
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
}

TEST_F(RemoteCalls, NodeThatIsNotThereIsNodedown) {
    auto what = sim.block_on(otp::erpc_call(*a, name_of('x'), atom{"erlang"}, atom{"node"}, {}, in(60s)));
    EXPECT_EQ(what.what, kind::no_connection);
    EXPECT_EQ(to_erlang(otp::rpc_value(what)), "{badrpc,nodedown}");
}

TEST_F(RemoteCalls, LostConnectionIsNodedown) {
    at_b->functions().add("m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.receive(); });
    std::string seen;
    nursery jobs;
    auto record = [](auto job, auto& into) -> task<> {
        auto what = co_await std::move(job);
        into = to_erlang(otp::rpc_value(what));
    };
    jobs.start(record(otp::erpc_call(*a, b->name(), atom{"m"}, atom{"wait"}, {}, in(600s)), seen));
    settle();
    b->disconnect(a->name());
    settle();
    EXPECT_EQ(seen, "{badrpc,nodedown}");
}

/// Monitors of processes there; the node's own services have some.
std::size_t monitors_at(machine_node& at) {
    std::size_t count = 0;
    for (const auto& p : at->processes()) count += at->info(p)->monitored_by.size();
    return count;
}

TEST_F(RemoteCalls, DeadlineEndsTheWaitAndLeavesNothing) {
    at_b->functions().add("m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.sleep(60s); });
    auto before = a->processes().size();
    settle(); // the services have met
    auto watched = monitors_at(b);
    auto what = sim.block_on(otp::erpc_call(*a, b->name(), atom{"m"}, atom{"wait"}, {}, in(5s)));
    EXPECT_EQ(to_erlang(otp::rpc_value(what)), "{badrpc,timeout}");
    settle();
    EXPECT_EQ(a->processes().size(), before);
    EXPECT_EQ(monitors_at(b), watched);
}

TEST_F(RemoteCalls, DestroyedTaskLeavesNoProcessAndNoMonitor) {
    at_b->functions().add("m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.sleep(60s); });
    auto before = a->processes().size();
    settle(); // the services have met
    auto watched = monitors_at(b);
    {
        nursery jobs;
        auto forget = [](auto job) -> task<> { co_await std::move(job); };
        jobs.start(forget(otp::erpc_call(*a, b->name(), atom{"m"}, atom{"wait"}, {}, in(600s))));
        settle();
        EXPECT_EQ(a->processes().size(), before + 1);
    }
    settle();
    EXPECT_EQ(a->processes().size(), before);
    EXPECT_EQ(monitors_at(b), watched);
}

TEST_F(RemoteCalls, RpcCallMakesErrorsOfBadrpc) {
    auto call = [&](const char* function, std::vector<term> arguments, atom on) {
        return sim.block_on(otp::rpc_call(*a, on, atom{"erlang"}, atom{function}, arguments, in(60s)));
    };
    EXPECT_EQ(to_erlang(call("node", {}, b->name()).value()), "'b@10.0.0.2'");
    auto undefined = call("halt", {}, b->name());
    EXPECT_EQ(undefined.error(), make_error_code(otp::errc::remote_failure));
    EXPECT_EQ(undefined.error().context(),
              "rpc erlang:halt/0 on b@10.0.0.2: {'EXIT',{undef,[{erlang,halt,[],[]}]}}");
    EXPECT_EQ(call("node", {}, name_of('x')).error(), make_error_code(otp::errc::no_connection));
}

TEST_F(RemoteCalls, MulticallAsksAllAtOnceAndKeepsTheOrder) {
    for (auto* kernel : {&*at_a, &*at_b})
        kernel->functions().add("m", "slow", [](otp::call_context& c) -> task<atom> {
            co_await c.self.sleep(5s);
            co_return c.self.node().name();
        });
    std::vector<atom> nodes{b->name(), name_of('x'), a->name()};
    auto began = sim.now();
    auto seen = sim.block_on(otp::rpc_multicall(*a, nodes, atom{"m"}, atom{"slow"}, {}, in(60s)));
    EXPECT_LT(sim.now() - began, 9s);
    EXPECT_EQ(to_erlang(term{seen.values}), "['b@10.0.0.2','a@10.0.0.1']");
    EXPECT_EQ(seen.bad_nodes, (std::vector<atom>{name_of('x')}));
}

TEST_F(RemoteCalls, MulticallGivesWhatCameUntilTheDeadline) {
    at_b->functions().add("m", "f", [](otp::call_context& c) -> task<> { co_await c.self.sleep(60s); });
    at_a->functions().add("m", "f", [] { return 1; });
    std::vector<atom> nodes{b->name(), a->name()};
    auto seen = sim.block_on(otp::erpc_multicall(*a, nodes, atom{"m"}, atom{"f"}, {}, in(5s)));
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].what, kind::timed_out);
    EXPECT_EQ(to_erlang(seen[1].body), "1");
}

TEST_F(RemoteCalls, CastRunsAndLeavesNoProcess) {
    int ran = 0;
    at_b->functions().add("m", "f", [&ran](int n) { ran += n; });
    auto before = a->processes().size();
    std::vector<term> arguments{term{2}};
    otp::erpc_cast(*a, b->name(), atom{"m"}, atom{"f"}, arguments);
    otp::erpc_cast(*a, name_of('x'), atom{"m"}, atom{"f"}, arguments);
    settle();
    EXPECT_EQ(ran, 2);
    EXPECT_EQ(a->processes().size(), before);
}

TEST_F(RemoteCalls, BlockCallGivesTheValueOrWhyNot) {
    at_b->functions().add("m", "f", [] { return 1; });
    auto ask_rex = [&](const char* function, const atom& on) {
        return sim.block_on(otp::rpc_block_call(*a, on, atom{"m"}, atom{function}, {}, in(60s)));
    };
    EXPECT_EQ(to_erlang(ask_rex("f", b->name()).value()), "1");
    auto failed = ask_rex("g", b->name());
    EXPECT_EQ(failed.error(), make_error_code(otp::errc::remote_failure));
    EXPECT_EQ(failed.error().context(), "block_call m:g/0 on b@10.0.0.2: {'EXIT',{undef,[{m,g,[],[]}]}}");
    EXPECT_EQ(ask_rex("f", name_of('x')).error(), make_error_code(otp::errc::no_connection));
}

TEST_F(RemoteCalls, PingAsksNetKernel) {
    EXPECT_TRUE(sim.block_on(otp::ping(*a, b->name(), in(10s))));
    EXPECT_TRUE(sim.block_on(otp::ping(*a, a->name(), in(10s))));
    at_b->stop();
    settle();
    auto silent = sim.block_on(otp::ping(*a, b->name(), in(10s)));
    EXPECT_EQ(silent.error(), make_error_code(otp::errc::no_process));
    EXPECT_FALSE(sim.block_on(otp::ping(*a, name_of('x'), in(10s))));
}

} // namespace
} // namespace sedge::test
