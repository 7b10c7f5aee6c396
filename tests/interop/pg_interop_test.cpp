// SPDX-License-Identifier: Apache-2.0
//
// Process groups shared with real OTP nodes, whose own pg plays the other side.
#include "interop/with_otp.hpp"

#include <sedge/otp/pg.hpp>

#include <algorithm>

namespace sedge::test {
namespace {

class Groups : public WithOtp {
protected:
    sedge_side& us = start_sedge({.roles = everything_allowed()});
    otp_node& otp = start_otp();
    std::shared_ptr<std::vector<std::string>> heard = std::make_shared<std::vector<std::string>>();

    otp::pg& groups() { return us.kernel.pg(); }
    void SetUp() override {
        otp.erl("{ok, Pg} = pg:start(pg)");
        ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    }
    void TearDown() override {
        for (auto& each : theirs) EXPECT_EQ(each->complaints(), "");
        EXPECT_EQ(otp.erl("whereis(pg) =:= Pg"), "true") << "the scope of the OTP node was started again";
    }

    /// A process of ours that waits.
    pid sleeper(const char* name = "") {
        return us.node.spawn([](process& self) -> task<> { co_await self.sleep(1h); },
                             {.label = "sleeper", .name = atom{name}});
    }
    /// A process of ours that writes down what it gets.
    pid ear() {
        return us.node.spawn([heard = heard](process& self) -> task<> {
            for (;;) {
                term message = co_await self.receive();
                heard->push_back(to_erlang(message));
            }
        });
    }
    /// Waits until the expression gives this on the OTP node.
    std::string becomes(otp_node& at, const std::string& expression, const std::string& wanted, duration most = 10s) {
        std::string last;
        eventually([&] { return (last = at.erl(expression)) == wanted; }, most);
        return last;
    }
    std::string becomes(const std::string& expression, const std::string& wanted) {
        return becomes(otp, expression, wanted);
    }
    bool have(const term& group, std::size_t members, duration most = 10s) {
        return eventually([&] { return groups().members(group).size() == members; }, most);
    }
};

TEST_F(Groups, MembersOfBothSidesAreSeenOnBoth) {
    proves("Groups", "`pg`: join, leave, members, local members", direction::both);
    pid here = sleeper("ours");
    ASSERT_TRUE(groups().join("g"_atom, here));
    EXPECT_EQ(becomes("[node(P) || P <- pg:get_members(g)]", "['sedge@127.0.0.1']"), "['sedge@127.0.0.1']");
    EXPECT_EQ(otp.erl("pg:get_members(g) =:= [rpc:call('sedge@127.0.0.1', erlang, whereis, [ours])]"), "true");
    EXPECT_EQ(otp.erl("pg:get_local_members(g)"), "[]");
    otp.erl("pg:join(g, self())");
    EXPECT_TRUE(have("g"_atom, 2));
    EXPECT_EQ(groups().local_members("g"_atom), std::vector{here});
    EXPECT_EQ(groups().members("g"_atom)[1].node, atom{otp.name()});
    EXPECT_EQ(otp.erl("lists:sort(rpc:call('sedge@127.0.0.1', pg, get_members, [g])) =:= "
                      "lists:sort(pg:get_members(g))"),
              "true");
    EXPECT_TRUE(groups().leave("g"_atom, here));
    EXPECT_EQ(becomes("pg:get_members(g) =:= [self()]", "true"), "true");
    otp.erl("pg:leave(g, self())");
    EXPECT_TRUE(have("g"_atom, 0));
    EXPECT_EQ(becomes("pg:which_groups()", "[]"), "[]");
}

} // namespace
} // namespace sedge::test
