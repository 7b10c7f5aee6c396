// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

namespace sedge::test {
namespace {

class GroupLeader : public Kernels {
protected:
    /// The reply to an io request.
    std::string io(const term& request) {
        std::string seen;
        on_a([&](process& self) -> task<> {
            self.send(registered{atom{"user"}, b->name()},
                      term{std::tuple{atom{"io_request"}, self.self(), atom{"my_ref"}, request}});
            auto waiting = self.receive();
            term answer = co_await std::move(waiting);
            EXPECT_TRUE(answer.element(0).is_atom("io_reply") && answer.element(1).is_atom("my_ref"));
            seen = to_erlang(answer.element(2));
        });
        return seen;
    }
};

TEST_F(GroupLeader, TakesCharacters) {
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, atom{"unicode"}, "hello\n"}}), "ok");
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, atom{"latin1"}, byte_buffer{0xe9}}}), "ok");
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, charlist{"old"}}}), "ok");
    EXPECT_EQ(written, "hello\n\xc3\xa9old");
}

TEST_F(GroupLeader, FormatsForTheCaller) {
    std::vector<term> arguments{term{charlist{"~p and ~s~n"}}, term{std::vector<term>{term{1}, term{atom{"x"}}}}};
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, atom{"unicode"}, atom{"io_lib"}, atom{"format"}, arguments}}),
              "ok");
    EXPECT_EQ(written, "1 and x\n");
}

TEST_F(GroupLeader, ShowsCallsThatItCannotRun) {
    std::vector<term> arguments{term{1}};
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, atom{"unicode"}, atom{"my"}, atom{"fun"}, arguments}}), "ok");
    EXPECT_EQ(written, "'fun' [1]\n");
}

TEST_F(GroupLeader, AnswersEveryRequest) {
    EXPECT_EQ(io(term{std::tuple{atom{"get_line"}, atom{"unicode"}, ""}}), "eof");
    EXPECT_EQ(io(term{std::tuple{atom{"get_geometry"}, atom{"columns"}}}), "{error,enotsup}");
    EXPECT_EQ(io(term{atom{"getopts"}}), "{error,enotsup}");
    EXPECT_EQ(io(term{std::tuple{atom{"put_chars"}, atom{"unicode"}, 7}}), "{error,put_chars}");
    EXPECT_EQ(io(term{atom{"put_chars"}}), "{error,request}");
    EXPECT_EQ(io(term{std::tuple{atom{"dance"}, 1}}), "{error,request}");
    EXPECT_EQ(io(term{1}), "{error,request}");
}

TEST_F(GroupLeader, RunsSeveralRequestsUntilOneFails) {
    auto put = [](const char* text) { return term{std::tuple{atom{"put_chars"}, atom{"unicode"}, text}}; };
    std::vector<term> good{put("a"), put("b")};
    std::vector<term> bad{put("c"), term{atom{"dance"}}, put("d")};
    EXPECT_EQ(io(term{std::tuple{atom{"requests"}, good}}), "ok");
    EXPECT_EQ(io(term{std::tuple{atom{"requests"}, bad}}), "{error,request}");
    EXPECT_EQ(written, "abc");
}

TEST_F(GroupLeader, RemoteLogEventsBecomeLogLines) {
    on_a([&](process& self) -> task<> {
        destination proxy = registered{atom{"logger_proxy"}, b->name()};
        std::vector<term> arguments{term{7}};
        self.send(proxy, term{std::tuple{atom{"log"}, atom{"error"}, charlist{"bad ~p"}, arguments, atom{"meta"}}});
        self.send(proxy, term{std::tuple{atom{"log"}, atom{"notice"}, charlist{"fine"}, atom{"meta"}}});
        self.send(proxy, term{std::tuple{atom{"log"}, atom{"info"}, std::tuple{1, 2}, atom{"meta"}}});
        self.send(proxy, term{atom{"nonsense"}});
        co_return;
    });
    settle();
    for (const char* line : {"[sedge:remote] bad 7", "[sedge:remote] fine", "[sedge:remote] {1,2}"})
        EXPECT_NE(sim.story().find(line), std::string::npos) << sim.story();
}

} // namespace
} // namespace sedge::test
