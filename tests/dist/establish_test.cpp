// SPDX-License-Identifier: Apache-2.0

#include "dist/two_machines.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;

namespace {

struct Handshake : testing::Test, test::two_machines {
    /// Connects to b without being a node.
    std::unique_ptr<wire::stream> connect_plainly() {
        tasks.start(accept_one());
        return world.block_on(a.net().connect(there())).value();
    }
    void say(wire::stream& to, std::string_view text) {
        ASSERT_TRUE(world.block_on(wire::write_all(to, as_bytes(text))));
    }
    bool ends(duration within) {
        return world.run_until([this] { return accepted.has_value(); }, within);
    }
    error refused_dial() { return dialled.value().error(); }
    error refused_accept() { return accepted.value().error(); }
};

} // namespace

TEST_F(Handshake, BothSidesLearnWhoTheOtherIs) {
    shake();
    ASSERT_TRUE(dialled.value()) << refused_dial().message();
    ASSERT_TRUE(accepted.value()) << refused_accept().message();
    const auto& here = **dialled;
    const auto& there = **accepted;
    EXPECT_EQ(here.peer.name.full, "b@10.0.0.2");
    EXPECT_EQ(here.self, "a@10.0.0.1");
    EXPECT_TRUE(here.initiated_here);
    EXPECT_TRUE(here.peer.is_visible());
    EXPECT_EQ(there.peer.name.full, "a@10.0.0.1");
    EXPECT_EQ(there.self, "b@10.0.0.2");
    EXPECT_FALSE(there.initiated_here);
    EXPECT_EQ(door_says.admitted, 1);
}

TEST_F(Handshake, WorksByteByByte) {
    test::two_machines slow{3, {.step_bytes_max = 1}};
    slow.shake();
    EXPECT_TRUE(slow.dialled.value());
    EXPECT_TRUE(slow.accepted.value());
}

TEST_F(Handshake, WrongCookieIsNamedOnBothSides) {
    door_says.secret = cookie::from_text("ANOTHER").value();
    shake();
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::wrong_cookie));
    EXPECT_EQ(refused_accept(), make_error_code(dist::errc::wrong_cookie));
    EXPECT_NE(refused_accept().context().find("10.0.0.1"), std::string::npos);
    EXPECT_EQ(door_says.admitted, 0);
}

TEST_F(Handshake, RefusedClaimIsExplainedToTheOtherSide) {
    door_says.status = accept_status::not_allowed;
    shake();
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::not_allowed));
    EXPECT_EQ(refused_accept(), make_error_code(dist::errc::not_allowed));
}

TEST_F(Handshake, AliveGoesOnIfTheDiallerInsists) {
    door_says.status = accept_status::alive;
    shake();
    EXPECT_TRUE(dialled.value());
    EXPECT_TRUE(accepted.value());
}

TEST_F(Handshake, AnotherNameThereIsNotTakenForThePeer) {
    shake(options("c@10.0.0.2"));
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::name_mismatch));
}

TEST_F(Handshake, ShortNameIsNotDialledByALongOne) {
    tasks.start(dial_once(options("b@box")));
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::name_kind));
}

TEST_F(Handshake, OwnNameIsNotDialled) {
    tasks.start(dial_once(options("a@10.0.0.1")));
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::name_invalid));
}

TEST_F(Handshake, ClosedPortIsNamedWithItsAddress) {
    listener.reset();
    tasks.start(dial_once(options()));
    world.run_until([this] { return dialled.has_value(); });
    EXPECT_EQ(refused_dial().code(), std::errc::connection_refused);
    EXPECT_NE(refused_dial().context().find("10.0.0.2:5000"), std::string::npos);
}

TEST_F(Handshake, NextAddressIsTriedWhenTheFirstHangs) {
    auto o = options();
    o.candidates.insert(o.candidates.begin(), {wire::ip_address::v4(10, 0, 0, 9), port});
    world.machine("10.0.0.9");
    world.cut("10.0.0.1", "10.0.0.9");
    shake(std::move(o));
    EXPECT_TRUE(dialled.value()) << refused_dial().message();
}

TEST_F(Handshake, SilentPeerIsGivenUpAtTheDeadlineWithTheStep) {
    const auto start = a.now();
    tasks.start(dial_once(options())); // nobody accepts: the kernel completes the connection
    world.run_until([this] { return dialled.has_value(); });
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::silent));
    EXPECT_NE(refused_dial().context().find("answer of b@10.0.0.2"), std::string::npos) << refused_dial().message();
    EXPECT_EQ(a.now() - start, seconds{7});
}

TEST_F(Handshake, LinkThatCameUpMeanwhileStopsTheDialBeforeOurNameGoesOut) {
    dial_says.wanted = false;
    shake();
    EXPECT_EQ(refused_dial(), make_error_code(dist::errc::already_connected));
    EXPECT_EQ(door_says.claims, 0);
}

TEST_F(Handshake, SilentCallerHasFiveSeconds) {
    const auto stream = connect_plainly();
    const auto start = b.now();
    ASSERT_TRUE(ends(seconds{10}));
    EXPECT_EQ(refused_accept(), make_error_code(sedge::errc::timed_out));
    EXPECT_LE(b.now() - start, limits::handshake_time_max + milliseconds{100});
}

TEST_F(Handshake, CallerThatDribblesHasFiveSecondsInAll) {
    const auto stream = connect_plainly();
    const auto start = b.now();
    for (int i = 0; i < 20 && !accepted; ++i) {
        say(*stream, i == 0 ? std::string_view{"\0\x64N", 3} : std::string_view{"x"});
        world.run_for(milliseconds{500});
    }
    ASSERT_TRUE(accepted);
    EXPECT_EQ(refused_accept(), make_error_code(sedge::errc::timed_out));
    EXPECT_LE(b.now() - start, seconds{6});
}

TEST_F(Handshake, WebBrowserIsToldNothing) {
    const auto stream = connect_plainly();
    say(*stream, "GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(ends(seconds{1}));
    EXPECT_EQ(refused_accept(), make_error_code(dist::errc::bad_handshake));
    EXPECT_EQ(door_says.claims, 0);
}

TEST_F(Handshake, MessageMayHave1024Bytes) {
    for (const std::size_t size : {1023u, 1024u, 1025u}) {
        accepted.reset();
        const auto stream = connect_plainly();
        byte_buffer message;
        writer{message}
            .u16(static_cast<std::uint16_t>(size))
            .u8('N')
            .u64(announced(false).bits())
            .u32(1)
            .u16(10)
            .text("a@10.0.0.1");
        message.resize(2 + size);
        say(*stream, as_text(message));
        const bool ended = ends(seconds{1});
        EXPECT_EQ(ended, size > 1024) << size;
        tasks.cancel();
    }
    EXPECT_EQ(door_says.claims, 2);
}

TEST_F(Handshake, RefusalAtTheLastMomentClosesTheStream) {
    door_says.refusal = error{dist::errc::already_connected, "another has won"};
    shake();
    EXPECT_FALSE(accepted.value());
    EXPECT_FALSE(dialled.value());
}

TEST_F(Handshake, NoStreamIsLeftAfterFailures) {
    door_says.secret = cookie::from_text("ANOTHER").value();
    for (int i = 0; i < 20; ++i) {
        dialled.reset();
        accepted.reset();
        shake();
    }
    world.run_for(seconds{1});
    EXPECT_EQ(world.open_streams(), 0u);
}

/// Whoever claims a peer's name without the cookie changes nothing for the true peer.
TEST_F(Handshake, HundredClaimsWithoutProofDoNotKeepThePeerOut) {
    std::vector<std::unique_ptr<wire::stream>> claims;
    byte_buffer claim;
    writer{claim}.u16(25).u8('N').u64(announced(false).bits()).u32(1).u16(10).text("a@10.0.0.1");
    for (int i = 0; i < 100; ++i) {
        claims.push_back(connect_plainly());
        say(*claims.back(), as_text(claim));
    }
    world.run_for(milliseconds{200});
    EXPECT_EQ(door_says.claims, 100);
    shake();
    EXPECT_TRUE(dialled.value());
    EXPECT_EQ(door_says.admitted, 1);
}
