// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

#include <sedge/otp/server.hpp>

namespace sedge::test {
namespace {

/// Counts; answers `later` when it is told to, by a message.
struct counter {
    int count = 0;
    std::optional<otp::reply_to> waiting;

    void init(process&) { count += 100; }
    std::optional<term> handle_call(process& self, const otp::gen_request& call) {
        if (call.request.is_atom("next")) return term{++count};
        if (call.request.is_atom("fail")) throw std::runtime_error("no");
        if (call.request.is_atom("later")) {
            waiting = call.from;
            return std::nullopt;
        }
        if (call.request.is_atom("stop")) {
            otp::reply(self, call.from, term{atom{"bye"}});
            self.exit(term{atom{"normal"}});
        }
        return otp::unknown_request();
    }
    task<> handle_cast(process& self, const term& request) {
        co_await self.sleep(1s); // waits without taking the next message
        if (auto n = request.as<int>()) count = *n;
    }
    void handle_info(process& self, const term& message) {
        if (waiting) otp::reply(self, *waiting, message);
        waiting.reset();
    }
    term state() const { return term{count}; }
};

/// The least that a server can be.
struct echo {
    task<std::optional<term>> handle_call(process&, const otp::gen_request& call) { co_return call.request; }
};

class Servers : public Kernels {
protected:
    destination there = registered{atom{"server"}, name_of('b')};
    pid server;

    template <class S>
    void serve(S s) {
        server = b->spawn(otp::server(s), {.label = "server", .name = atom{"server"}});
    }
    std::string call(const char* request, duration most = 10s) {
        auto answer = sim.block_on(otp::call(*a, there, term{atom{request}}, in(most)));
        return answer ? to_erlang(*answer) : answer.error().message();
    }
    /// As `sys` does it.
    std::string sys(const term& request) {
        std::string seen = "nothing";
        on_a([&](process& self) -> task<> {
            self.send(there, term{std::tuple{atom{"system"}, std::tuple{self.self(), atom{"tag"}}, request}});
            auto waiting = self.receive_if({}, self.env().now() + 10s);
            auto answer = co_await std::move(waiting);
            if (answer) seen = to_erlang(answer->element(1));
        });
        return seen;
    }
};

TEST_F(Servers, CallsCastsAndOtherMessagesReachTheirHandlers) {
    serve(counter{});
    EXPECT_EQ(call("next"), "101");
    on_a([&](process& self) -> task<> {
        otp::cast(self, there, term{7});
        co_return;
    });
    EXPECT_EQ(call("next"), "8");
    EXPECT_EQ(call("what"), "{error,unknown_request}");
}

TEST_F(Servers, AnswerCanComeLaterAndFromAnotherHandler) {
    serve(counter{});
    std::string seen;
    nursery jobs;
    auto record = [](auto job, auto& into) -> task<> {
        auto answer = co_await std::move(job);
        into = to_erlang(*answer);
    };
    jobs.start(record(otp::call(*a, there, term{atom{"later"}}, in(60s)), seen));
    settle();
    EXPECT_EQ(call("next"), "101");
    b->send(server, term{atom{"now"}});
    settle();
    EXPECT_EQ(seen, "now");
}

TEST_F(Servers, HandlerEndsTheProcess) {
    serve(counter{});
    EXPECT_EQ(call("stop"), "bye");
    EXPECT_FALSE(b->is_alive(server));
    serve(counter{});
    EXPECT_EQ(call("fail"),
              "call server on b@10.0.0.2: {cxx_exception,<<\"no\">>}: the process ended before it answered");
}

TEST_F(Servers, ProcessStartedAgainBeginsAgain) {
    auto body = otp::server(counter{});
    for (int i = 0; i < 2; ++i) {
        server = b->spawn(body, {.label = "server", .name = atom{"server"}});
        EXPECT_EQ(call("next"), "101");
        EXPECT_EQ(call("stop"), "bye");
    }
}

TEST_F(Servers, HandlersMayBeCoroutinesAndMissing) {
    serve(echo{});
    EXPECT_EQ(call("x"), "x");
    b->send(server, term{1});
    EXPECT_EQ(call("y"), "y");
    EXPECT_EQ(sys(term{atom{"get_state"}}), "undefined");
}

TEST_F(Servers, SysIsAnswered) {
    serve(counter{});
    EXPECT_EQ(sys(term{atom{"get_state"}}), "100");
    const std::string me = to_erlang(term{server});
    EXPECT_EQ(sys(term{atom{"get_status"}}),
              "{status," + me + ",{module,sedge_server},[[],running," + me +
                  ",[],[{header,\"Status for generic server server\"},{data,[{\"Status\",running},{\"Parent\"," + me +
                  "},{\"Logged events\",[]}]},{data,[{\"State\",100}]}]]}");
    EXPECT_EQ(sys(term{atom{"suspend"}}), "{error,not_permitted}"); // a member without `control`
    EXPECT_EQ(sys(term{std::tuple{atom{"terminate"}, atom{"normal"}}}), "{error,not_permitted}");
    EXPECT_EQ(call("next"), "101");
}

class ControlledServers : public Servers {
protected:
    ControlledServers() {
        otp::role r;
        r.name = "default";
        r.may.insert(otp::right::control);
        options_of_b.roles = otp::role_table{{r}};
    }
};

TEST_F(ControlledServers, SuspendedServerAnswersSysOnlyUntilItIsResumed) {
    serve(counter{});
    EXPECT_EQ(sys(term{atom{"suspend"}}), "ok");
    EXPECT_NE(call("next", 2s).find("timed out"), std::string::npos);
    EXPECT_EQ(sys(term{atom{"get_state"}}), "100");
    EXPECT_EQ(sys(term{atom{"resume"}}), "ok");
    EXPECT_EQ(call("next"), "102"); // the first request had waited
}

TEST_F(ControlledServers, SysTerminates) {
    serve(counter{});
    EXPECT_EQ(sys(term{std::tuple{atom{"terminate"}, atom{"shutdown"}}}), "ok");
    EXPECT_FALSE(b->is_alive(server));
}

TEST_F(ControlledServers, UnknownAndOddSystemRequestsAreAnsweredToo) {
    serve(counter{});
    EXPECT_EQ(sys(term{std::tuple{atom{"replace_state"}, 1}}), "{error,{unknown_system_msg,{replace_state,1}}}");
    EXPECT_EQ(sys(term{std::tuple{atom{"debug"}, atom{"no_debug"}}}), "ok");
    EXPECT_EQ(sys(term{std::tuple{atom{"debug"}, std::tuple{atom{"log"}, atom{"get"}}}}), "{ok,[]}");
    EXPECT_EQ(sys(term{std::tuple{atom{"debug"}, std::tuple{atom{"statistics"}, atom{"get"}}}}), "{ok,no_statistics}");
    EXPECT_EQ(sys(term{std::tuple{atom{"debug"}, 1}}), "{unknown_debug,1}");
    b->send(server, term{std::tuple{atom{"system"}, 1, 2}}); // no request at all: handle_info
    EXPECT_EQ(call("next"), "101");
}

} // namespace
} // namespace sedge::test
