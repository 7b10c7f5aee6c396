// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

namespace sedge::test {
namespace {

using kind = otp::remote_outcome::kind;

class RemoteFunctions : public Kernels {};

TEST_F(RemoteFunctions, TypedFunctionTakesAndGivesCxxValues) {
    at_b->functions().add("calc", "add", [](std::int64_t x, std::int64_t y) { return x + y; });
    EXPECT_EQ(rpc("calc", "add", 1, 2), "3");
}

TEST_F(RemoteFunctions, ContextNamesTheCaller) {
    at_b->functions().add("who", "calls", [](otp::call_context& c, std::string greeting) {
        return std::tuple{greeting, c.caller.node, c.function};
    });
    EXPECT_EQ(rpc("who", "calls", "hi"), R"({<<"hi">>,'a@10.0.0.1',calls})");
}

TEST_F(RemoteFunctions, ReturnTypesMapToTheirErlangForms) {
    auto& served = at_b->functions();
    served.add("m", "nothing", [] {});
    served.add("m", "good", []() -> result<int> { return 7; });
    served.add("m", "bad", []() -> result<int> { return error{errc::timed_out, "the door"}; });
    served.add("m", "done", []() -> result<void> { return {}; });
    served.add("m", "own", [] { return otp::outcome::thrown(term{atom{"ball"}}); });
    EXPECT_EQ(rpc("m", "nothing"), "ok");
    EXPECT_EQ(rpc("m", "good"), "{ok,7}");
    EXPECT_TRUE(rpc("m", "bad").starts_with(R"({error,<<"the door: )"));
    EXPECT_EQ(rpc("m", "done"), "ok");
    EXPECT_EQ(rpc("m", "own"), "ball");
    EXPECT_EQ(ask("m", "own").what, kind::thrown);
}

TEST_F(RemoteFunctions, UnknownFunctionIsUndef) {
    EXPECT_EQ(rpc("foo", "bar", 1), "{badrpc,{'EXIT',{undef,[{foo,bar,[1],[]}]}}}");
    at_b->functions().add("foo", "bar", [](int, int) {});
    EXPECT_EQ(rpc("foo", "bar", 1), "{badrpc,{'EXIT',{undef,[{foo,bar,[1],[]}]}}}");
}

TEST_F(RemoteFunctions, ArgumentsOfOtherTypesMatchNoClause) {
    at_b->functions().add("calc", "neg", [](std::int64_t x) { return -x; });
    EXPECT_EQ(rpc("calc", "neg", atom{"x"}), "{badrpc,{'EXIT',{function_clause,[{calc,neg,[x],[]}]}}}");
}

TEST_F(RemoteFunctions, CxxExceptionBecomesAnErrorAndALogLine) {
    at_b->functions().add("m", "f", []() -> int { throw std::runtime_error{"out of cheese"}; });
    EXPECT_EQ(rpc("m", "f"), R"({badrpc,{'EXIT',{{cxx_exception,<<"out of cheese">>},[{m,f,0,[]}]}}})");
    EXPECT_NE(sim.story().find("[sedge:rpc] m:f/0 for a@10.0.0.1 ended with a C++ exception: out of cheese"),
              std::string::npos);
}

TEST_F(RemoteFunctions, ExceptionThatIsNoStdExceptionStopsNobody) {
    at_b->functions().add("m", "f", []() -> int { throw 7; });
    EXPECT_EQ(ask("m", "f").what, kind::failed);
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
}

TEST_F(RemoteFunctions, FourErlangWaysToEndReachErpc) {
    auto& served = at_b->functions();
    served.add("m", "throws", []() -> int { throw otp::raised{otp::outcome::thrown(term{1})}; });
    served.add("m", "fails", []() -> int { throw otp::raised{otp::outcome::failed(term{atom{"badarith"}})}; });
    served.add("m", "exits", [](otp::call_context& c) { c.self.exit(term{atom{"gone"}}); });
    EXPECT_EQ(ask("m", "throws").what, kind::thrown);
    EXPECT_EQ(ask("m", "fails").what, kind::failed);
    EXPECT_EQ(ask("m", "exits").what, kind::exited);
    EXPECT_EQ(rpc("m", "fails"), "{badrpc,{'EXIT',{badarith,[{m,fails,0,[]}]}}}");
    EXPECT_EQ(rpc("m", "exits"), "{badrpc,{'EXIT',gone}}");
}

TEST_F(RemoteFunctions, CallEndedByASignalShowsItsReason) {
    at_b->functions().add("m", "wait", [](otp::call_context& c) -> task<> { co_await c.self.receive(); });
    sim.run_until([] { return false; }, 1s);
    bool killed = false;
    at_b->functions().add("m", "kill", [&killed](otp::call_context& c) {
        for (const auto& p : c.self.node().processes())
            if (c.self.node().info(p)->label == "erpc:execute_call/4" && p != c.self.self())
                c.self.exit(p, term{atom{"stop_it"}}), killed = true;
    });
    auto waiting = otp::erpc_call(*a, b->name(), atom{"m"}, atom{"wait"}, {}, in(60s));
    std::optional<otp::remote_outcome> seen;
    nursery jobs;
    jobs.start([](auto job, auto& into) -> task<> { into = co_await std::move(job); }(std::move(waiting), seen));
    settle();
    ask("m", "kill");
    settle();
    EXPECT_TRUE(killed);
    ASSERT_TRUE(seen);
    EXPECT_EQ(to_erlang(otp::rpc_value(*seen)), "{badrpc,{'EXIT',stop_it}}");
}

TEST_F(RemoteFunctions, SlowCoroutineHoldsUpNobody) {
    at_b->functions().add("slow", "one", [](otp::call_context& c, int n) -> task<int> {
        co_await c.self.sleep(30s);
        co_return n;
    });
    nursery jobs;
    std::vector<std::string> seen;
    auto record = [](auto job, auto& into) -> task<> {
        auto what = co_await std::move(job);
        into.push_back(to_erlang(otp::rpc_value(what)));
    };
    for (int n = 0; n < 3; ++n) {
        std::vector<term> arguments{term{n}};
        jobs.start(record(otp::erpc_call(*a, b->name(), atom{"slow"}, atom{"one"}, arguments, in(60s)), seen));
    }
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
    EXPECT_TRUE(seen.empty());
    sim.run_for(31s);
    EXPECT_EQ(seen.size(), 3u);
}

TEST_F(RemoteFunctions, ClosureOfACoroutineOutlivesItsRemovalFromTheTable) {
    auto text = std::make_shared<std::string>("still here");
    at_b->functions().add("m", "f", [text](otp::call_context& c) -> task<std::string> {
        co_await c.self.sleep(5s);
        co_return *text;
    });
    std::string seen;
    nursery jobs;
    auto record = [](auto job, auto& into) -> task<> {
        auto what = co_await std::move(job);
        into = to_erlang(otp::rpc_value(what));
    };
    jobs.start(record(otp::erpc_call(*a, b->name(), atom{"m"}, atom{"f"}, {}, in(60s)), seen));
    sim.run_for(1s);
    EXPECT_TRUE(at_b->functions().remove("m", "f", 0));
    text.reset();
    sim.run_for(10s);
    EXPECT_EQ(seen, R"(<<"still here">>)");
}

TEST_F(RemoteFunctions, RawFunctionOfAnyArityYieldsToAnExactOne) {
    auto& served = at_b->functions();
    served.add_raw("m", "f", otp::function_table::any_arity,
                   otp::handler{[](otp::call_context&, std::span<const term> given) {
                       return otp::outcome::value(term{given.size()});
                   }});
    served.add("m", "f", [](int) { return atom{"one"}; });
    EXPECT_EQ(rpc("m", "f", 1), "one");
    EXPECT_EQ(rpc("m", "f", 1, 2, 3), "3");
}

TEST_F(RemoteFunctions, SpawnRequestRunsOnlyFunctionsOfLevelSpawn) {
    int ran = 0;
    auto& served = at_b->functions();
    served.add(
        "m", "may", [&ran](int n) { ran += n; }, otp::access::spawn);
    served.add("m", "may_not", [&ran](int n) { ran += n; });
    std::vector<std::string> reasons;
    on_a([&](process& self) -> task<> {
        for (const char* function : {"may", "may_not"}) {
            auto ref = self.spawn_request(b->name(), atom{"m"}, atom{function}, {term{5}});
            std::function<bool(const term_view&)> is_down = [ref](const term_view& m) {
                return m.kind() == term_kind::tuple && m.arity() == 5 && m.element(1).as<reference>() == ref;
            };
            auto waiting = self.receive_if(std::move(is_down), self.env().now() + 10s);
            auto down = co_await std::move(waiting);
            reasons.push_back(down ? to_erlang(down->element(4)) : "none");
        }
    });
    EXPECT_EQ(ran, 5);
    EXPECT_EQ(reasons, (std::vector<std::string>{"normal", "{undef,[{m,may_not,[5],[]}]}"}));
}

class GuardedFunctions : public Kernels {
protected:
    GuardedFunctions() {
        options_of_b.permit = [](const atom&, const otp::function_entry& wanted) {
            return wanted.level == otp::access::info;
        };
    }
};

TEST_F(GuardedFunctions, ForbiddenLevelIsRefusedAndLogged) {
    at_b->functions().add("m", "f", [] {});
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
    EXPECT_EQ(rpc("m", "f"), "{badrpc,{'EXIT',{not_permitted,[{m,f,[],[]}]}}}");
    EXPECT_NE(sim.story().find("refused: a@10.0.0.1 (by kernel_options::permit) call of m:f/0"), std::string::npos);
}

} // namespace
} // namespace sedge::test
