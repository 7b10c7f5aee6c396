// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

#include <sedge/otp/gen.hpp>

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

TEST_F(GenCalls, OddMessagesAreNoCalls) {
    for (const char* text : {"x"}) EXPECT_FALSE(otp::as_call(term{text}));
    EXPECT_FALSE(otp::as_call(term{std::tuple{atom{"$gen_call"}, atom{"x"}, 1}}));
    EXPECT_FALSE(otp::as_call(term{std::tuple{atom{"$gen_call"}, std::tuple{1, 2}, 1}}));
    EXPECT_FALSE(otp::as_cast(term{std::tuple{atom{"$gen_call"}, 1}}));
    EXPECT_EQ(to_erlang(*otp::as_cast(term{std::tuple{atom{"$gen_cast"}, 1}})), "1");
}

} // namespace
} // namespace sedge::test
