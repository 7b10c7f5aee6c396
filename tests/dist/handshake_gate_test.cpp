// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/error.hpp>
#include <sedge/dist/handshake_gate.hpp>

#include <gtest/gtest.h>

#include <vector>

using namespace sedge;
using dist::handshake_gate;
using outcome = handshake_gate::outcome;

namespace {

wire::ip_address source(int i) { return wire::ip_address::v4(0x0a000000u + static_cast<std::uint32_t>(i)); }

struct Gate : testing::Test {
    handshake_gate gate;
    time_point now{};

    handshake_gate::admission enter(const wire::ip_address& from) { return gate.enter(from, now); }
    void fail_once(const wire::ip_address& from) { gate.leave(*enter(from).admitted, outcome::failed, now); }
};

} // namespace

TEST_F(Gate, OneSourceHasEightPlacesAndTheOldestOfThemGoes) {
    std::vector<handshake_gate::ticket> tickets;
    for (std::size_t i = 0; i < limits::handshake_connections_per_source_max; ++i) {
        const auto entered = enter(source(1));
        EXPECT_FALSE(entered.evicted);
        tickets.push_back(entered.admitted.value());
    }
    const auto ninth = enter(source(1));
    EXPECT_TRUE(ninth.admitted);
    EXPECT_EQ(ninth.evicted, tickets[0]);
    EXPECT_EQ(gate.inside(), 8u);
    EXPECT_FALSE(enter(source(2)).evicted);
}

TEST_F(Gate, LoopbackHasNoBoundOfItsOwn) {
    for (std::size_t i = 0; i < limits::handshake_connections_max; ++i)
        EXPECT_FALSE(enter(wire::ip_address::loopback_v4()).evicted);
    EXPECT_TRUE(enter(wire::ip_address::loopback_v4()).evicted);
}

TEST_F(Gate, WhenFullTheOldestOfTheGreediestSourceGoes) {
    const auto first = enter(source(0)).admitted.value();
    const auto greedy = enter(source(1)).admitted.value();
    enter(source(1));
    for (int i = 2; gate.inside() < limits::handshake_connections_max; ++i) EXPECT_FALSE(enter(source(i)).evicted);
    const auto late = enter(source(1000));
    EXPECT_TRUE(late.admitted);
    EXPECT_EQ(late.evicted, greedy);
    EXPECT_NE(late.evicted, first);
    EXPECT_EQ(gate.inside(), limits::handshake_connections_max);
}

TEST_F(Gate, OfEquallyGreedySourcesTheOldestConnectionGoes) {
    const auto first = enter(source(500)).admitted;
    const auto second = enter(source(499)).admitted;
    for (int i = 2; i < static_cast<int>(limits::handshake_connections_max); ++i)
        EXPECT_FALSE(enter(source(i)).evicted);
    const auto honest = enter(source(1)); // the least address of all, and just begun
    EXPECT_EQ(honest.evicted, first);
    EXPECT_EQ(enter(source(600)).evicted, second);
    for (int i = 601; i < 700; ++i) EXPECT_NE(enter(source(i)).evicted, honest.admitted);
}

TEST_F(Gate, PlacesAreFreeAgainAfterLeaving) {
    for (int i = 0; i < 1000; ++i) {
        const auto entered = enter(source(1));
        EXPECT_FALSE(entered.evicted);
        gate.leave(*entered.admitted, outcome::passed, now);
        gate.leave(*entered.admitted, outcome::failed, now); // a second time: nothing
    }
    EXPECT_EQ(gate.inside(), 0u);
    EXPECT_FALSE(gate.is_blocked(source(1), now));
}

TEST_F(Gate, FiveFailuresInAMinuteShutASourceOutForAnother) {
    for (int i = 0; i < 4; ++i) fail_once(source(1));
    EXPECT_FALSE(gate.is_blocked(source(1), now));
    fail_once(source(1));
    EXPECT_TRUE(gate.is_blocked(source(1), now));
    EXPECT_FALSE(enter(source(1)).admitted);
    EXPECT_TRUE(enter(source(2)).admitted);
    now += seconds{59};
    EXPECT_FALSE(enter(source(1)).admitted);
    now += seconds{1};
    EXPECT_TRUE(enter(source(1)).admitted);
}

TEST_F(Gate, FailuresThatAreFarApartBlockNobody) {
    for (int i = 0; i < 20; ++i) {
        fail_once(source(1));
        now += seconds{15};
    }
    EXPECT_FALSE(gate.is_blocked(source(1), now));
}

TEST_F(Gate, LoopbackIsNeverBlocked) {
    for (int i = 0; i < 50; ++i) fail_once(wire::ip_address::loopback_v6());
    EXPECT_FALSE(gate.is_blocked(wire::ip_address::loopback_v6(), now));
}

TEST_F(Gate, MemoryOfFailuresIsBounded) {
    for (std::size_t i = 0; i < limits::handshake_sources_remembered_max + 1; ++i) {
        for (std::size_t k = 0; k < limits::handshake_failures_max; ++k) fail_once(source(static_cast<int>(i)));
        now += milliseconds{1};
    }
    EXPECT_FALSE(gate.is_blocked(source(0), now)) << "the stalest record has made room";
    EXPECT_TRUE(gate.is_blocked(source(1), now));
}

TEST(OutcomeAtTheGate, CountsWhatAnHonestPeerDoesNotDo) {
    EXPECT_EQ(dist::outcome_of(make_error_code(dist::errc::wrong_cookie)), outcome::failed);
    EXPECT_EQ(dist::outcome_of(make_error_code(dist::errc::bad_handshake)), outcome::failed);
    EXPECT_EQ(dist::outcome_of(make_error_code(errc::timed_out)), outcome::failed);
    EXPECT_EQ(dist::outcome_of(make_error_code(dist::errc::already_connected)), outcome::passed);
    EXPECT_EQ(dist::outcome_of(make_error_code(dist::errc::refused)), outcome::passed);
}
