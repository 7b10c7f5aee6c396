// SPDX-License-Identifier: Apache-2.0
//
// What is told of attempts to connect that fail again and again.
#include "process/nodes.hpp"

#include <sedge/dist/error.hpp>

#include <gmock/gmock.h>

using namespace sedge;
using namespace sedge::test;
using testing::HasSubstr;
using testing::Not;

namespace {

const auto wrong_cookie = make_error_code(dist::errc::wrong_cookie);
constexpr auto shut_out = "after several such attempts it answers none for a minute";

class Dials : public Nodes {
protected:
    machine_node& b = boot('b', "another cookie than the others have");

    void fail_until_shut_out(machine_node& a) {
        for (std::size_t i = 0; i < limits::handshake_failures_max; ++i) {
            const auto outcome = connect(a, 'b');
            ASSERT_EQ(outcome.error(), wrong_cookie) << i;
            EXPECT_THAT(outcome.error().context(), Not(HasSubstr(shut_out))) << i;
        }
    }
};

} // namespace

TEST_F(Dials, ReasonIsToldOnWhileThePeerShutsUsOut) {
    auto& a = boot('a');
    fail_until_shut_out(a);
    for (int i = 0; i < 20; ++i) {
        const auto outcome = connect(a, 'b');
        ASSERT_EQ(outcome.error(), wrong_cookie) << i;
        EXPECT_THAT(outcome.error().context(), HasSubstr("connect b@10.0.0.2: b@10.0.0.2 closed the connection after "
                                                         "our proof, so its cookie is another one"));
        EXPECT_THAT(outcome.error().context(), HasSubstr(shut_out));
    }
}

TEST_F(Dials, WhoDoesNotKnowTheReasonIsToldThatItIsTurnedAway) {
    auto& a = boot('a');
    fail_until_shut_out(a);
    kill(a);
    auto& again = boot('a');
    const auto outcome = connect(again, 'b');
    EXPECT_EQ(outcome.error(), make_error_code(wire::errc::closed));
    EXPECT_THAT(outcome.error().context(), HasSubstr("after several failed attempts from this address"));
}

TEST_F(Dials, ReasonIsForgottenWithTheConnectionThatFollows) {
    auto& a = boot('a');
    fail_until_shut_out(a);
    ASSERT_TRUE(a->set_cookie(name_of('b'), *dist::cookie::from_text("another cookie than the others have")));
    EXPECT_EQ(connect(a, 'b').error(), wrong_cookie) << "still shut out";
    sim.run_for(limits::handshake_block_time);
    ASSERT_TRUE(connect(a, 'b'));
    // Others at that address fail as well, and this node has no part in it.
    a->disconnect(name_of('b'));
    sim.run_for(1s);
    ASSERT_TRUE(a->set_cookie(name_of('b'), *dist::cookie::from_text("a third one, which is wrong")));
    fail_until_shut_out(a);
}

TEST_F(Dials, PeerThatIsGoneIsNotSaidToHaveAWrongCookie) {
    auto& a = boot('a');
    fail_until_shut_out(a);
    kill(b);
    const auto outcome = connect(a, 'b');
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error(), wrong_cookie);
}
