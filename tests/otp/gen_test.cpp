// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/server.hpp>

namespace sedge::test {
namespace {

/// A server on b: answers `double N`, keeps silent on `silence`, ends on `die`, answers late on `late`.
process_body doubler() {
    return [](process& self) -> task<> {
        for (;;) {
            auto waiting = self.receive();
            term message = co_await std::move(waiting);
            auto call = otp::as_call(message);
            if (!call) continue;
            if (call->request.is_atom("die")) self.exit(term{atom{"as_told"}});
            if (call->request.is_atom("late")) {
                co_await self.sleep(20s);
                otp::reply(self, call->from, term{atom{"too_late"}});
            }
            if (auto n = call->request.as<int>()) otp::reply(self, call->from, term{*n * 2});
        }
    };
}

class GenCalls : public Kernels {
protected:
    destination server = registered{atom{"doubler"}, name_of('b')};

    void SetUp() override {
        otp::role everything; // so that a may suspend and stop servers of b
        everything.name = "default";
        everything.may.insert(otp::right::control);
        options_of_b.roles = otp::role_table{{everything}};
        Kernels::SetUp();
        b->spawn(doubler(), {.label = "doubler", .name = atom{"doubler"}});
    }
    result<term> call(const destination& to, const term& request, duration most = 10s) {
        return sim.block_on(otp::call(*a, to, request, in(most)));
    }
};

TEST_F(GenCalls, AnswerComesBack) { EXPECT_EQ(to_erlang(call(server, term{21}).value()), "42"); }

TEST_F(GenCalls, MissingServerIsNoProcessAtOnce) {
    auto answer = call(registered{atom{"nobody"}, name_of('b')}, term{1});
    EXPECT_EQ(answer.error(), make_error_code(otp::errc::no_process));
    EXPECT_EQ(answer.error().context(), "call nobody on b@10.0.0.2");
}

TEST_F(GenCalls, ServerThatDiesEndsTheCallWithItsReason) {
    auto answer = call(server, term{atom{"die"}});
    EXPECT_EQ(answer.error(), make_error_code(otp::errc::ended));
    EXPECT_EQ(answer.error().context(), "call doubler on b@10.0.0.2: as_told");
}

TEST_F(GenCalls, UnknownNodeIsNoConnection) {
    EXPECT_EQ(call(registered{atom{"doubler"}, name_of('x')}, term{1}).error(),
              make_error_code(otp::errc::no_connection));
}

TEST_F(GenCalls, LateAnswerStaysInNoMailbox) {
    std::size_t left = 1;
    on_a([&](process& self) -> task<> {
        auto asking = otp::call(self, server, term{atom{"late"}}, self.env().now() + 5s);
        auto answer = co_await std::move(asking);
        EXPECT_EQ(answer.error(), make_error_code(errc::timed_out));
        co_await self.sleep(60s);
        auto info = self.node().info(self.self());
        left = info->message_queue_len + info->monitors.size();
    });
    EXPECT_EQ(left, 0u);
}

TEST_F(GenCalls, PlainTagsAndNestedAliasesAreAnsweredWhereTheyPoint) {
    std::vector<std::string> seen;
    on_a([&](process& self) -> task<> {
        self.send(server, term{std::tuple{atom{"$gen_call"}, std::tuple{self.self(), atom{"my_tag"}}, 4}});
        auto first = self.receive();
        term plain = co_await std::move(first);
        seen.push_back(to_erlang(plain));

        reference alias = self.alias();
        term inner{improper_list{{term{atom{"alias"}}}, term{alias}}};
        term tag{improper_list{{inner}, term{atom{"label"}}}};
        self.send(server, term{std::tuple{atom{"$gen_call"}, std::tuple{self.self(), tag}, 5}});
        auto second = self.receive();
        term labelled = co_await std::move(second);
        EXPECT_EQ(labelled.element(0), tag.view());
        seen.push_back(to_erlang(labelled.element(1)));
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"{my_tag,8}", "10"}));
}

TEST_F(GenCalls, SeveralAreUnderWayAtOnceAndAnsweredInAnyOrder) {
    std::vector<std::string> seen;
    on_a([&](process& self) -> task<> {
        otp::pending_call first{self, server, term{1}};
        otp::pending_call second{self, server, term{2}};
        for (auto* open : {&second, &first}) {
            auto waiting = open->response(self.env().now() + 5s);
            auto answer = co_await std::move(waiting);
            seen.push_back(to_erlang(*answer));
        }
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"4", "2"}));
}

TEST_F(GenCalls, AnswerNobodyWaitedForIsDroppedWithItsCall) {
    std::size_t left = 1;
    on_a([&](process& self) -> task<> {
        {
            otp::pending_call asked{self, server, term{1}};
            otp::pending_call missing{self, registered{atom{"nobody"}, name_of('b')}, term{1}};
            co_await self.sleep(5s); // both have come back, and are in the mailbox
            auto info = self.node().info(self.self());
            EXPECT_EQ(info->message_queue_len, 2u);
        }
        auto info = self.node().info(self.self());
        left = info->message_queue_len + info->monitors.size();
    });
    EXPECT_EQ(left, 0u);
}

TEST_F(GenCalls, TimedOutResponseCanBeWaitedForAgain) {
    on_a([&](process& self) -> task<> {
        otp::pending_call open{self, server, term{atom{"late"}}};
        auto soon = open.response(self.env().now() + 1s);
        auto early = co_await std::move(soon);
        EXPECT_EQ(early.error(), make_error_code(errc::timed_out));
        auto later = open.response(self.env().now() + 60s);
        auto answer = co_await std::move(later);
        EXPECT_EQ(to_erlang(*answer), "too_late");
    });
}

TEST_F(GenCalls, MultiCallAsksAllAndNamesTheBad) {
    a->spawn(doubler(), {.label = "doubler", .name = atom{"doubler"}});
    boot('c');
    std::vector<atom> nodes{b->name(), name_of('x'), a->name(), name_of('c')};
    auto seen = sim.block_on(otp::multi_call(*a, nodes, atom{"doubler"}, term{4}, in(60s)));
    ASSERT_EQ(seen.replies.size(), 2u);
    EXPECT_EQ(seen.replies[0].first, b->name());
    EXPECT_EQ(seen.replies[1].first, a->name());
    EXPECT_EQ(to_erlang(seen.replies[1].second), "8");
    EXPECT_EQ(seen.bad_nodes, (std::vector<atom>{name_of('x'), name_of('c')}));
}

TEST_F(GenCalls, MultiCallEndsAtItsDeadlineAndLeavesNothing) {
    std::size_t left = 1;
    on_a([&](process& self) -> task<> {
        std::vector<atom> nodes{name_of('b')};
        auto asking = otp::multi_call(self, nodes, atom{"doubler"}, term{atom{"late"}}, self.env().now() + 2s);
        auto seen = co_await std::move(asking);
        EXPECT_EQ(seen.bad_nodes, nodes);
        co_await self.sleep(60s);
        auto info = self.node().info(self.self());
        left = info->message_queue_len + info->monitors.size();
    });
    EXPECT_EQ(left, 0u);
}

TEST_F(GenCalls, AbcastIsACastToEach) {
    auto heard = make_inbox();
    a->spawn(recorder(heard), {.label = "ear", .name = atom{"ear"}});
    b->spawn(recorder(heard), {.label = "ear", .name = atom{"ear"}});
    on_a([&](process& self) -> task<> {
        std::vector<atom> nodes{name_of('a'), name_of('b'), name_of('x')};
        otp::abcast(self, nodes, atom{"ear"}, term{1});
        co_return;
    });
    settle();
    EXPECT_EQ(*heard, (std::vector<std::string>{"{'$gen_cast',1}", "{'$gen_cast',1}"}));
}

struct seven {
    std::optional<term> handle_call(process&, const otp::gen_request&) { return term{7}; }
    void handle_cast(process&, const term&) {}
    void handle_info(process&, const term&) {}
    term state() const { return term{7}; }
};

TEST_F(GenCalls, ServersAreStoppedAndSuspendedAcrossNodes) {
    const pid there = b->spawn(otp::server(seven{}), {.label = "seven", .name = atom{"seven"}});
    const destination whom = registered{atom{"seven"}, name_of('b')};
    const auto ask = [&](const char* what) {
        auto asking = otp::system_call(*a, whom, term{atom{what}}, in(1s));
        return to_erlang(sim.block_on(std::move(asking)).value());
    };
    EXPECT_EQ(ask("get_state"), "7");
    EXPECT_EQ(ask("suspend"), "ok");
    const auto unanswered = call(whom, term{1}, 1s);
    ASSERT_FALSE(unanswered);
    EXPECT_EQ(unanswered.error(), make_error_code(errc::timed_out));
    EXPECT_EQ(ask("resume"), "ok");
    EXPECT_EQ(to_erlang(call(whom, term{1}, 1s).value()), "7");

    EXPECT_TRUE(sim.block_on(otp::stop(*a, whom, term{atom{"normal"}}, in(1s))));
    EXPECT_FALSE(b->is_alive(there));
    const auto again = sim.block_on(otp::stop(*a, whom, term{atom{"normal"}}, in(1s)));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), make_error_code(otp::errc::no_process));
    EXPECT_EQ(again.error().context(), "stop seven on b@10.0.0.2");
    const auto nobody = sim.block_on(otp::stop(*a, registered{atom{"seven"}, name_of('x')}, term{1}, in(9s)));
    EXPECT_EQ(nobody.error(), make_error_code(otp::errc::no_connection));
}

TEST_F(GenCalls, StopThatIsNotObeyedEndsAtItsDeadlineAndLeavesNothing) {
    std::size_t left = 1;
    on_a([&](process& self) -> task<> {
        term reason{atom{"normal"}};
        auto stopping = otp::stop(self, server, reason, self.env().now() + 1s); // it takes no notice of sys
        auto stopped = co_await std::move(stopping);
        EXPECT_EQ(stopped.error(), make_error_code(errc::timed_out));
        const auto info = self.node().info(self.self());
        left = info->message_queue_len + info->monitors.size();
    });
    EXPECT_EQ(left, 0u);
    settle();
    EXPECT_TRUE(b->info(*b->whereis(atom{"doubler"}))->monitored_by.empty());
}

TEST_F(GenCalls, OddMessagesAreNoCalls) {
    for (const char* text : {"x"}) EXPECT_FALSE(otp::as_call(term{text}));
    EXPECT_FALSE(otp::as_call(term{std::tuple{atom{"$gen_call"}, atom{"x"}, 1}}));
    EXPECT_FALSE(otp::as_call(term{std::tuple{atom{"$gen_call"}, std::tuple{1, 2}, 1}}));
    EXPECT_FALSE(otp::as_cast(term{std::tuple{atom{"$gen_call"}, 1}}));
    EXPECT_EQ(to_erlang(*otp::as_cast(term{std::tuple{atom{"$gen_cast"}, 1}})), "1");
}

} // namespace
} // namespace sedge::test
