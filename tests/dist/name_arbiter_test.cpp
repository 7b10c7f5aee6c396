// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/name_arbiter.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;
using dist::accept_status;
using dist::name_arbiter;
using verdict = name_arbiter::verdict;

namespace {

/// `m` in the middle, with a lesser and a greater peer.
struct Arbiter : testing::Test {
    name_arbiter at{"m@h"_atom};
    const atom lesser = "a@h"_atom;
    const atom greater = "z@h"_atom;

    /// A dial of ours whose name has gone out.
    name_arbiter::attempt dial_to(const atom& peer) {
        const auto a = at.begin_dial(peer).value();
        EXPECT_TRUE(at.dial_connected(peer, a));
        return a;
    }
    name_arbiter::attempt link_with(const atom& peer) {
        const auto told = at.status_for(peer);
        EXPECT_EQ(told.status, accept_status::ok);
        EXPECT_EQ(at.claim(peer, told.number), verdict::accept);
        return told.number;
    }
};

} // namespace

TEST_F(Arbiter, StatusFollowsTheStateAlone) {
    EXPECT_EQ(at.status_for(lesser).status, accept_status::ok);

    const auto to_lesser = at.begin_dial(lesser).value();
    EXPECT_EQ(at.status_for(lesser).status, accept_status::ok) << "our name has not gone out yet";
    EXPECT_TRUE(at.dial_connected(lesser, to_lesser));
    EXPECT_EQ(at.status_for(lesser).status, accept_status::nok);

    dial_to(greater);
    EXPECT_EQ(at.status_for(greater).status, accept_status::ok_simultaneous);
}

TEST_F(Arbiter, ClaimsWithoutProofLeaveNoTrace) {
    const auto ours = dial_to(greater);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(at.status_for(greater).status, accept_status::ok_simultaneous);
    EXPECT_TRUE(at.dial_won(greater, ours));
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(at.status_for(greater).status, accept_status::alive);
    EXPECT_TRUE(at.is_up(greater));
}

TEST_F(Arbiter, OneDialAtATimeForAName) {
    const auto first = at.begin_dial(lesser);
    EXPECT_FALSE(at.begin_dial(lesser));
    at.dial_ended(lesser, *first);
    EXPECT_TRUE(at.begin_dial(lesser));
}

TEST_F(Arbiter, NoDialWhileThereIsALink) {
    link_with(lesser);
    EXPECT_FALSE(at.begin_dial(lesser));
}

TEST_F(Arbiter, GreaterPeerWinsOverOurDial) {
    const auto ours = dial_to(greater);
    const auto theirs = at.status_for(greater);
    EXPECT_EQ(at.claim(greater, theirs.number), verdict::accept);
    EXPECT_FALSE(at.dial_won(greater, ours));
    EXPECT_TRUE(at.is_up(greater));
}

TEST_F(Arbiter, OurDialWinsOverALesserPeerThatWasToldOkBefore) {
    const auto ours = at.begin_dial(lesser).value();
    const auto theirs = at.status_for(lesser);
    EXPECT_EQ(theirs.status, accept_status::ok);
    EXPECT_TRUE(at.dial_connected(lesser, ours));
    EXPECT_EQ(at.claim(lesser, theirs.number), verdict::wait);
    EXPECT_TRUE(at.dial_won(lesser, ours));
    EXPECT_EQ(at.claim(lesser, theirs.number), verdict::refuse);
}

TEST_F(Arbiter, LesserPeerIsAcceptedWhenOurDialFails) {
    const auto ours = at.begin_dial(lesser).value();
    const auto theirs = at.status_for(lesser);
    EXPECT_TRUE(at.dial_connected(lesser, ours));
    EXPECT_EQ(at.claim(lesser, theirs.number), verdict::wait);
    at.dial_ended(lesser, ours);
    EXPECT_EQ(at.claim(lesser, theirs.number), verdict::accept);
}

TEST_F(Arbiter, DialThatIsNotConnectedYetGivesWay) {
    const auto ours = at.begin_dial(lesser).value();
    const auto theirs = at.status_for(lesser);
    EXPECT_EQ(at.claim(lesser, theirs.number), verdict::accept);
    EXPECT_FALSE(at.dial_connected(lesser, ours)) << "our name must not go out any more";
}

TEST_F(Arbiter, AliveIsInsistedOnOnlyWhileNothingWasAccepted) {
    const auto ours = dial_to(greater);
    EXPECT_TRUE(at.dial_still_wanted(greater, ours));
    const auto theirs = at.status_for(greater);
    EXPECT_EQ(at.claim(greater, theirs.number), verdict::accept);
    EXPECT_FALSE(at.dial_still_wanted(greater, ours));
}

TEST_F(Arbiter, YoungerAttemptReplacesTheLinkOnceItIsDown) {
    const auto old = link_with(lesser);
    const auto again = at.status_for(lesser);
    EXPECT_EQ(again.status, accept_status::alive);
    EXPECT_EQ(at.claim(lesser, again.number), verdict::replace);
    EXPECT_EQ(at.status_for(lesser).status, accept_status::drop);
    at.link_down(lesser, old);
    EXPECT_TRUE(at.is_up(lesser));
    EXPECT_EQ(at.status_for(lesser).status, accept_status::alive);
    at.link_down(lesser, again.number);
    EXPECT_FALSE(at.is_up(lesser));
}

TEST_F(Arbiter, OnlyOneAttemptWaitsToReplace) {
    link_with(lesser);
    const auto second = at.status_for(lesser);
    const auto third = at.status_for(lesser);
    EXPECT_EQ(at.claim(lesser, second.number), verdict::replace);
    EXPECT_EQ(at.claim(lesser, third.number), verdict::refuse);
}

TEST_F(Arbiter, ReplacementThatGivesUpLeavesTheLink) {
    link_with(lesser);
    const auto again = at.status_for(lesser);
    EXPECT_EQ(at.claim(lesser, again.number), verdict::replace);
    at.link_down(lesser, again.number);
    EXPECT_TRUE(at.is_up(lesser));
    EXPECT_EQ(at.status_for(lesser).status, accept_status::alive);
}

TEST_F(Arbiter, AttemptThatThePeerGaveUpDoesNotReplaceAYoungerLink) {
    const auto slow = at.status_for(lesser);
    link_with(lesser);
    EXPECT_EQ(at.claim(lesser, slow.number), verdict::refuse);
}

TEST_F(Arbiter, AttemptThatIsYoungerThanOurDialReplacesItsLink) {
    const auto ours = dial_to(greater);
    const auto theirs = at.status_for(greater);
    EXPECT_TRUE(at.dial_won(greater, ours));
    EXPECT_EQ(at.claim(greater, theirs.number), verdict::replace);
}

TEST_F(Arbiter, EndsThatComeLateChangeNothing) {
    const auto first = dial_to(lesser);
    at.dial_ended(lesser, first);
    const auto second = dial_to(lesser);
    at.dial_ended(lesser, first);
    at.link_down(lesser, first);
    EXPECT_TRUE(at.is_dialling(lesser));
    EXPECT_FALSE(at.dial_won(lesser, first));
    EXPECT_TRUE(at.dial_won(lesser, second));
}

// Two arbiters that dial each other, with every order in which their messages can arrive.
namespace {

struct side {
    explicit side(const char* name) : self(atom{std::string_view{name}}), at(self) {}
    atom self;
    name_arbiter at;
    std::optional<name_arbiter::attempt> dial; // ours, alive
    bool named = false;
    bool told = false;          // our dial got ok
    bool proved = false;        // ... and our proof was sent
    name_arbiter::attempt claim = 0; // the peer's attempt here
    bool waits = false;
    std::optional<bool> link_is_ours; // which connection is the link
};

/// One run; true if both end up with the same connection.
bool agree(unsigned order) {
    side a{"a@h"};
    side b{"b@h"};
    a.dial = a.at.begin_dial(b.self);
    b.dial = b.at.begin_dial(a.self);
    const auto end_dial = [](side& s, const side& peer) {
        if (s.dial) s.at.dial_ended(peer.self, *s.dial);
        s.dial.reset();
    };
    const auto settle = [&](side& s, side& peer) {
        // The acceptor's verdict on the peer's proved attempt.
        if (!peer.dial && !s.waits) return;
        switch (s.at.claim(peer.self, s.claim)) {
        case verdict::accept:
            end_dial(s, peer);
            s.link_is_ours = false;
            s.waits = false;
            if (peer.dial && peer.at.dial_won(s.self, *peer.dial)) peer.link_is_ours = true;
            peer.dial.reset();
            break;
        case verdict::wait: s.waits = true; break;
        case verdict::replace:
        case verdict::refuse:
            s.waits = false;
            end_dial(peer, s);
            break;
        }
    };
    // One step of the attempt that `s` makes towards `peer`; the next one that is possible.
    const auto advance = [&](side& s, side& peer) {
        if (!s.dial) return false;
        if (!s.named) {
            s.named = s.at.dial_connected(peer.self, *s.dial);
            if (!s.named) end_dial(s, peer);
            return true;
        }
        if (!s.told) {
            const auto answer = peer.at.status_for(s.self);
            peer.claim = answer.number;
            if (answer.status == accept_status::ok || answer.status == accept_status::ok_simultaneous) {
                s.told = true;
            } else if (answer.status == accept_status::alive && s.at.dial_still_wanted(peer.self, *s.dial)) {
                s.told = true;
            } else {
                end_dial(s, peer);
            }
            return true;
        }
        if (!s.proved) {
            s.proved = true;
            settle(peer, s);
            return true;
        }
        if (peer.waits && !peer.dial) {
            settle(peer, s);
            return true;
        }
        return false;
    };
    for (int turn = 0; turn < 32; ++turn) {
        const bool a_first = (order >> (turn % 16) & 1) != 0;
        if (a_first ? advance(a, b) : advance(b, a)) continue;
        if (!(a_first ? advance(b, a) : advance(a, b))) break;
    }
    return a.link_is_ours.has_value() && b.link_is_ours.has_value() && *a.link_is_ours != *b.link_is_ours &&
           a.at.is_up(b.self) && b.at.is_up(a.self);
}

} // namespace

TEST(SimultaneousDials, EndInOneLinkInEveryOrder) {
    for (unsigned order = 0; order < 1u << 12; ++order) EXPECT_TRUE(agree(order)) << "order " << order;
}
