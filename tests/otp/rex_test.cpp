// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"

#include <sedge/otp/gen.hpp>

namespace sedge::test {
namespace {

class Rex : public Kernels {
protected:
    destination rex = registered{atom{"rex"}, name_of('b')};

    /// Sends `{Self, what}` to rex and gives the next message.
    template <class T>
    std::string plain(const T& what) {
        std::string seen;
        on_a([&](process& self) -> task<> {
            self.send(rex, term{std::tuple{self.self(), what}});
            auto waiting = self.receive();
            term answer = co_await std::move(waiting);
            seen = to_erlang(answer);
        });
        return seen;
    }
    std::string gen_call(const term& request) {
        auto answer = sim.block_on(otp::call(*a, rex, request, in(60s)));
        return answer ? to_erlang(*answer) : answer.error().message();
    }
};

const std::vector<term> none{};

TEST_F(Rex, TellsItsFeatures) {
    EXPECT_EQ(plain(atom{"features_request"}), "{features_reply,'b@10.0.0.2',[erpc]}");
}

TEST_F(Rex, ServesErlInterface) {
    EXPECT_EQ(plain(std::tuple{atom{"call"}, atom{"erlang"}, atom{"node"}, none, atom{"user"}}), "{rex,'b@10.0.0.2'}");
    EXPECT_EQ(plain(std::tuple{atom{"call"}, atom{"a"}, atom{"b"}, none, atom{"user"}}),
              "{rex,{badrpc,{'EXIT',{undef,[{a,b,[],[]}]}}}}");
}

TEST_F(Rex, CallsHaveTheGroupLeaderOfTheirCaller) {
    at_b->functions().add("who", "leads", [](otp::call_context& c) { return c.self.group_leader(); });
    pid leader{a->name(), 77, 0, a->creation()};
    auto asked = [&](const term& group_leader) {
        term request{std::tuple{atom{"call"}, atom{"who"}, atom{"leads"}, none, group_leader}};
        return *sim.block_on(otp::call(*a, rex, request, in(60s)))->as<pid>();
    };
    EXPECT_EQ(asked(term{leader}), leader);
    EXPECT_EQ(asked(term{atom{"user"}}), b->whereis(atom{"user"}));
    EXPECT_EQ(ask("who", "leads").body.as<pid>(), a->group_leader());
}

TEST_F(Rex, ServesCallsOfOldPeers) {
    EXPECT_EQ(gen_call(term{std::tuple{atom{"call"}, atom{"erlang"}, atom{"node"}, none, atom{"user"}}}),
              "'b@10.0.0.2'");
}

TEST_F(Rex, RunsBlockCallsOneAfterAnother) {
    std::vector<std::string> order;
    at_b->functions().add("m", "f", [&order](otp::call_context& c, std::string name) -> task<> {
        order.push_back("start " + name);
        co_await c.self.sleep(5s);
        order.push_back("end " + name);
    });
    nursery jobs;
    auto forget = [](auto job) -> task<> { co_await std::move(job); };
    for (const char* name : {"1", "2"}) {
        std::vector<term> arguments{term{name}};
        term request{std::tuple{atom{"block_call"}, atom{"m"}, atom{"f"}, arguments, atom{"user"}}};
        jobs.start(forget(otp::call(*a, rex, request, in(60s))));
    }
    EXPECT_EQ(plain(atom{"features_request"}), "{features_reply,'b@10.0.0.2',[erpc]}");
    sim.run_for(30s);
    ASSERT_EQ(order.size(), 4u);
    EXPECT_TRUE(order[0].starts_with("start") && order[1].starts_with("end") && order[2].starts_with("start"));
}

TEST_F(Rex, CastRunsWithoutAnswer) {
    int ran = 0;
    at_b->functions().add("m", "f", [&ran](int n) { ran = n; });
    std::vector<term> arguments{term{9}};
    on_a([&](process& self) -> task<> {
        otp::cast(self, rex, term{std::tuple{atom{"cast"}, atom{"m"}, atom{"f"}, arguments, self.self()}});
        co_return;
    });
    settle();
    EXPECT_EQ(ran, 9);
}

TEST_F(Rex, PassesMessagesToNames) {
    auto heard = make_inbox();
    b->spawn(recorder(heard), {.label = "ear", .name = atom{"ear"}});
    EXPECT_EQ(plain(std::tuple{atom{"sbcast"}, atom{"ear"}, 7}), "{rex,'b@10.0.0.2','b@10.0.0.2'}");
    EXPECT_EQ(plain(std::tuple{atom{"sbcast"}, atom{"nose"}, 7}), "{rex,'b@10.0.0.2',{nonexisting_name,nose}}");
    EXPECT_EQ(plain(std::tuple{atom{"send"}, atom{"nose"}, 7}), "{rex,'b@10.0.0.2',{nonexisting_name,nose}}");
    settle();
    EXPECT_EQ(*heard, (std::vector<std::string>{"7"}));
}

TEST_F(Rex, SurvivesMessagesOfAnyForm) {
    on_a([&](process& self) -> task<> {
        self.send(rex, term{1});
        self.send(rex, term{std::tuple{self.self(), std::tuple{atom{"call"}, 1, 2, 3, 4}}});
        self.send(rex, term{std::tuple{atom{"$gen_cast"}, std::tuple{atom{"cast"}, 1, 2, 3, 4}}});
        self.send(rex, term{std::tuple{atom{"DOWN"}, 1, 2, 3, 4}});
        self.send(rex, term{std::tuple{self.self(), std::tuple{atom{"sbcast"}, 1, 2}}});
        co_return;
    });
    EXPECT_EQ(plain(atom{"features_request"}), "{features_reply,'b@10.0.0.2',[erpc]}");
}

} // namespace
} // namespace sedge::test
