// SPDX-License-Identifier: Apache-2.0

#include "dist/two_machines.hpp"

#include <sedge/dist/connection.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

const pid on_a{"a@10.0.0.1"_atom, 1, 0, 1};
const pid on_b{"b@10.0.0.2"_atom, 1, 0, 1};

struct listener final : connection_events {
    std::vector<term> messages;
    std::vector<error> downs;
    std::function<void(connection&, incoming&)> also;
    std::function<void()> at_end;

    void on_message(connection& from, incoming&& m) override {
        if (also) also(from, m);
        messages.push_back(m.payload ? *m.payload : term{});
    }
    void on_down(connection&, const error& why) override {
        downs.push_back(why);
        if (at_end) at_end();
    }
};

struct Connection : testing::Test {
    test::two_machines net;
    listener at_a;
    listener at_b;
    std::unique_ptr<connection> a;
    std::unique_ptr<connection> b;

    void SetUp() override { connect({}); }
    void connect(connection_options options) {
        net.dialled.reset();
        net.accepted.reset();
        net.shake();
        a = std::make_unique<connection>(net.a, std::move(**net.dialled), at_a, options);
        b = std::make_unique<connection>(net.b, std::move(**net.accepted), at_b, options);
        a->start();
        b->start();
    }
    result<void> send(const term& message) { return a->send(control::send{on_a, on_b}, &message); }
    bool until(const std::function<bool()>& done, duration most = 10s) { return net.world.run_until(done, most); }
};

/// b's side as a bare stream.
struct AgainstAScript : testing::Test {
    test::two_machines net;
    listener at_a;
    std::unique_ptr<connection> a;
    std::unique_ptr<wire::stream> peer;

    void SetUp() override { connect({}); }
    void connect(connection_options options) {
        net.dialled.reset();
        net.accepted.reset();
        net.shake();
        a = std::make_unique<connection>(net.a, std::move(**net.dialled), at_a, options);
        a->start();
        peer = std::move((*net.accepted)->stream);
    }
    void say(std::string_view hex) {
        const auto bytes = from_hex(hex).value();
        ASSERT_TRUE(net.world.block_on(wire::write_all(*peer, bytes)));
    }
    std::string hear(duration time) {
        net.world.run_for(time);
        byte_buffer all(1 << 20);
        const auto step = peer->try_read(all);
        all.resize(step.what == wire::io_step::outcome::done ? step.count : 0);
        return to_hex(all);
    }
};

} // namespace

TEST_F(Connection, CarriesMessagesInOrder) {
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(send(term{i}));
    EXPECT_TRUE(until([&] { return at_b.messages.size() == 10'000; }));
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(at_b.messages[static_cast<std::size_t>(i)], term{i});
    EXPECT_EQ(a->counts().messages_out, 10'000u);
    EXPECT_EQ(b->counts().messages_in, 10'000u);
    EXPECT_EQ(a->counts().bytes_out, b->counts().bytes_in);
}

TEST_F(Connection, CarriesLargeMessages) {
    const term large{byte_buffer(5'000'000, 'x')};
    ASSERT_TRUE(send(large));
    EXPECT_TRUE(until([&] { return at_b.messages.size() == 1; }));
    EXPECT_EQ(at_b.messages[0], large);
}

TEST_F(Connection, LargeMessagesAndSmallOnesInBetweenArriveWhole) {
    std::vector<term> large;
    for (std::uint8_t i = 0; i < 5; ++i) large.emplace_back(std::tuple{i, byte_buffer(1'000'000u + i, i)});
    const pid other{"a@10.0.0.1"_atom, 2, 0, 1};
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(send(large[static_cast<std::size_t>(i)]));
        for (int n = 0; n < 100; ++n) ASSERT_TRUE(a->send_message(other, on_b, term{n}));
    }
    EXPECT_TRUE(until([&] { return at_b.messages.size() == 505; }));
    std::erase_if(at_b.messages, [](const term& m) { return m.kind() == term_kind::integer; });
    EXPECT_EQ(at_b.messages, large);
}

TEST_F(Connection, AnswersFromInsideADeliveryArrive) {
    at_b.also = [](connection& from, incoming&) {
        const term pong{"pong"_atom};
        EXPECT_TRUE(from.send(control::send{on_b, on_a}, &pong));
    };
    ASSERT_TRUE(send(term{"ping"_atom}));
    EXPECT_TRUE(until([&] { return at_a.messages.size() == 1; }));
}

TEST_F(Connection, FlushedCompletesWhenAllIsWritten) {
    ASSERT_TRUE(send(term{byte_buffer(3'000'000, 'x')}));
    EXPECT_GT(a->queued_bytes(), 0u);
    net.world.block_on(a->flushed());
    EXPECT_EQ(a->queued_bytes(), 0u);
}

TEST_F(Connection, EndIsReportedOnceOnBothSides) {
    a->close(error{sedge::errc::stopped, "disconnect"});
    EXPECT_TRUE(at_a.downs.empty()) << "never from inside close";
    EXPECT_FALSE(a->is_open());
    a->close(error{sedge::errc::stopped, "again"});
    EXPECT_TRUE(until([&] { return !at_a.downs.empty() && !at_b.downs.empty(); }));
    net.world.run_for(200s);
    ASSERT_EQ(at_a.downs.size(), 1u);
    EXPECT_EQ(at_a.downs[0].context(), "disconnect");
    ASSERT_EQ(at_b.downs.size(), 1u);
    EXPECT_EQ(at_b.downs[0], make_error_code(wire::errc::closed));
}

TEST_F(Connection, SendingOnAClosedConnectionIsHarmless) {
    a->close(error{sedge::errc::stopped});
    EXPECT_TRUE(send(term{1}));
    net.world.run_for(1s);
    EXPECT_TRUE(at_b.messages.empty());
}

TEST_F(Connection, MayBeDestroyedWhenItIsDown) {
    at_b.at_end = [this] { b.reset(); };
    a->close(error{sedge::errc::stopped});
    EXPECT_TRUE(until([&] { return !b; }));
}

TEST_F(Connection, MayBeClosedFromInsideADelivery) {
    at_b.also = [](connection& from, incoming&) { from.close(error{sedge::errc::stopped}); };
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(send(term{i}));
    EXPECT_TRUE(until([&] { return !at_b.downs.empty(); }));
    EXPECT_EQ(at_b.messages.size(), 1u) << "nothing is delivered after the end";
}

TEST_F(Connection, DestroyingAnOpenOneClosesItQuietly) {
    a.reset();
    EXPECT_TRUE(until([&] { return !at_b.downs.empty(); }));
    EXPECT_TRUE(at_a.downs.empty());
}

TEST_F(Connection, IdlePeersStayConnectedByTicks) {
    net.world.run_for(std::chrono::hours{1});
    EXPECT_TRUE(a->is_open());
    EXPECT_TRUE(b->is_open());
}

TEST_F(Connection, PeerThatFallsSilentIsReportedDownOnce) {
    net.world.cut("10.0.0.1", "10.0.0.2");
    const auto start = net.a.now();
    EXPECT_TRUE(until([&] { return !at_a.downs.empty(); }, 80s));
    EXPECT_GE(net.a.now() - start, 45s);
    EXPECT_LE(net.a.now() - start, 75s);
    EXPECT_EQ(at_a.downs[0], make_error_code(dist::errc::tick_timeout));
    net.world.run_for(300s);
    EXPECT_EQ(at_a.downs.size(), 1u);
}

TEST_F(Connection, PauseOfOurOwnProgramBlamesNobody) {
    net.world.run_for(1s);
    net.world.pause(net.a, 40s);
    net.world.run_for(200s);
    EXPECT_TRUE(at_a.downs.empty());
    EXPECT_TRUE(at_b.downs.empty());
}

TEST_F(Connection, PeerThatTakesNothingIsDroppedWhenTheQueueIsFull) {
    net.world.cut("10.0.0.1", "10.0.0.2");
    const term chunk{byte_buffer(60'000, 'x')};
    std::size_t most = 0;
    result<void> sent;
    for (int i = 0; i < 1000 && sent; ++i) {
        sent = send(chunk);
        most = std::max(most, a->queued_bytes());
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), make_error_code(dist::errc::queue_full));
    EXPECT_LE(most, limits::send_queue_bytes_max + 61'000);
    EXPECT_TRUE(until([&] { return !at_a.downs.empty(); }, 1s));
    EXPECT_EQ(at_a.downs[0], make_error_code(dist::errc::queue_full));
}

TEST_F(Connection, LinksAndExitsHaveRoomAboveTheQueueOfMessages) {
    connection_options options;
    options.send_queue_bytes_max = 10'000;
    a.reset();
    b.reset();
    connect(options);
    net.world.cut("10.0.0.1", "10.0.0.2");
    const term chunk{byte_buffer(4'000, 'x')};
    while (a->queued_bytes() < options.send_queue_bytes_max) ASSERT_TRUE(send(chunk));
    const term reason{"shutdown"_atom};
    EXPECT_TRUE(a->send(control::exit{on_a, on_b}, &reason));
    EXPECT_TRUE(a->send(control::unlink_id_ack{1, on_a, on_b}));
    std::size_t links = 0;
    result<void> sent;
    while (sent && links < 100'000) {
        sent = a->send(control::link{on_a, on_b});
        if (sent) ++links;
        EXPECT_LT(a->queued_bytes(), options.send_queue_bytes_max + limits::send_control_bytes + 4'200);
    }
    EXPECT_GT(links, 500u) << "64 KiB of links";
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), make_error_code(dist::errc::queue_full));
}

TEST_F(Connection, RoomAboveTheQueueIsNotForMessages) {
    connection_options options;
    options.send_queue_bytes_max = 10'000;
    a.reset();
    b.reset();
    connect(options);
    net.world.cut("10.0.0.1", "10.0.0.2");
    while (a->queued_bytes() < options.send_queue_bytes_max) ASSERT_TRUE(send(term{byte_buffer(4'000, 'x')}));
    ASSERT_TRUE(a->send(control::link{on_a, on_b}));
    EXPECT_EQ(send(term{1}).error(), make_error_code(dist::errc::queue_full));
    EXPECT_FALSE(a->is_open());
}

TEST_F(Connection, OneMessageLargerThanTheQueueStillGoes) {
    ASSERT_TRUE(send(term{byte_buffer(limits::send_queue_bytes_max + 1000, 'x')}));
    EXPECT_TRUE(until([&] { return at_b.messages.size() == 1; }, 60s));
}

TEST_F(AgainstAScript, PacketsThatCameWithTheHandshakeAreDelivered) {
    // {6, <b@10.0.0.2.1.0.1>, '', sink} and the message `ok`
    const auto packet =
        from_hex("0000002c 834400 6804 6106 58 770a 624031302e302e302e32 00000001 00000000 00000001 7700 7704 "
                 "73696e6b 7702 6f6b")
            .value();
    net.dialled.reset();
    net.accepted.reset();
    net.shake();
    (*net.dialled)->leftover = packet;
    connection early{net.a, std::move(**net.dialled), at_a};
    early.start();
    EXPECT_TRUE(at_a.messages.empty()) << "not from inside start";
    EXPECT_TRUE(net.world.run_until([&] { return !at_a.messages.empty(); }, 1s));
    EXPECT_EQ(at_a.messages[0], term{"ok"_atom});
}

TEST_F(AgainstAScript, TicksComeFourTimesInATickTime) {
    std::string heard;
    for (int i = 0; i < 4; ++i) {
        heard += hear(i == 0 ? 15100ms : 15s);
        say("00000000");
    }
    EXPECT_EQ(heard, std::string(4 * 8, '0'));
}

TEST_F(AgainstAScript, GarbageEndsTheConnectionWithAReason) {
    struct row {
        const char* what;
        const char* hex;
    };
    for (const auto& [what, hex] : {row{"no header", "00000001 83"}, row{"unknown header", "00000003 834700"},
                                    row{"unknown operation", "00000007 834400 6801 6163"},
                                    row{"length 2^31-1", "7fffffff 61626364"}, row{"text", "48545450 2f312e31"}}) {
        SCOPED_TRACE(what);
        at_a.downs.clear();
        connect({});
        say(hex);
        EXPECT_TRUE(net.world.run_until([&] { return !at_a.downs.empty(); }, 1s));
        ASSERT_EQ(at_a.downs.size(), 1u);
        EXPECT_NE(at_a.downs[0].context().find("b@10.0.0.2"), std::string::npos);
    }
}

TEST_F(AgainstAScript, PeerThatSpeaksForAThirdNodeIsDisconnected) {
    // {1, <c@h.1.0.1>, <a@10.0.0.1.1.0.1>}
    say("00000032 834400 6803 6101 58 7703 634068 00000001 00000000 00000001 "
        "58 770a 614031302e302e302e31 00000001 00000000 00000001");
    EXPECT_TRUE(net.world.run_until([&] { return !at_a.downs.empty(); }, 1s));
    EXPECT_EQ(at_a.downs.at(0), make_error_code(dist::errc::bad_packet));
    EXPECT_NE(at_a.downs[0].context().find("c@h"), std::string::npos) << at_a.downs[0].message();
}

TEST_F(AgainstAScript, PacketBeyondTheLimitIsNotTaken) {
    connection_options options;
    options.message_bytes_max = 100;
    for (const char* length : {"00000063", "00000064"}) {
        connect(options);
        say(length);
        net.world.run_for(1s);
        EXPECT_TRUE(at_a.downs.empty()) << length;
    }
    connect(options);
    say("00000065");
    EXPECT_TRUE(net.world.run_until([&] { return !at_a.downs.empty(); }, 1s));
    EXPECT_EQ(at_a.downs[0], make_error_code(sedge::errc::limit_exceeded));
    EXPECT_NE(at_a.downs[0].context().find("message_bytes_max"), std::string::npos) << "says what to change";
}

TEST_F(AgainstAScript, MessageThePeerCannotTakeIsRefusedHere) {
    net.dialled.reset();
    net.accepted.reset();
    net.shake();
    (*net.dialled)->peer.chosen = (*net.dialled)->peer.chosen.without(capability::alias);
    connection old{net.a, std::move(**net.dialled), at_a};
    old.start();
    const term message{1};
    const auto sent = old.send(control::alias_send{on_a, {"b@10.0.0.2"_atom, 1, 1, {1}}}, &message);
    EXPECT_EQ(sent.error(), make_error_code(dist::errc::not_supported));
    EXPECT_TRUE(old.is_open());
}

// -- peers that hold memory here --------------------------------------------------------------------------------------

namespace {

/// The first of two parts of a message to <a@10.0.0.1.1.0.1>: a binary of which nothing has come.
std::string first_part(std::uint64_t sequence) {
    byte_buffer packet;
    writer{packet}.u8(131).u8(69).u64(sequence).u64(2).u8(0);
    writer{packet}.bytes(
        from_hex("6803 6102 7700 58 770a 614031302e302e302e31 00000001 00000000 00000001 6d 00000001").value());
    byte_buffer framed;
    writer{framed}.u32(static_cast<std::uint32_t>(packet.size())).bytes(packet);
    return to_hex(framed);
}

} // namespace

TEST_F(AgainstAScript, PeerThatTakesNothingIsCutAfterHalfAMinute) {
    const term chunk{byte_buffer(60'000, 'x')};
    while (a->queued_bytes() == 0) {
        ASSERT_TRUE(a->send(control::send{on_a, on_b}, &chunk));
        net.world.run_for(10ms);
    }
    net.world.run_for(29s);
    EXPECT_TRUE(at_a.downs.empty());
    net.world.run_for(2s);
    ASSERT_EQ(at_a.downs.size(), 1u);
    EXPECT_EQ(at_a.downs[0], make_error_code(dist::errc::slow_peer));
    EXPECT_NE(at_a.downs[0].context().find("has taken nothing for 30 s"), std::string::npos);
}

TEST_F(AgainstAScript, PeerThatTakesALittleIsNotCut) {
    const term chunk{byte_buffer(60'000, 'x')};
    while (a->queued_bytes() == 0) {
        ASSERT_TRUE(a->send(control::send{on_a, on_b}, &chunk));
        net.world.run_for(10ms);
    }
    for (int i = 0; i < 20; ++i) {
        while (a->queued_bytes() < 100'000) ASSERT_TRUE(a->send(control::send{on_a, on_b}, &chunk));
        net.world.run_for(20s);
        byte_buffer some(50'000);
        ASSERT_EQ(peer->try_read(some).what, wire::io_step::outcome::done);
        say("00000000");
    }
    EXPECT_TRUE(at_a.downs.empty());
}

TEST_F(AgainstAScript, ThousandsOfMessagesInPartsMayBeUnderWay) {
    for (std::uint64_t sequence = 1; sequence <= limits::fragment_sequences_max; ++sequence) say(first_part(sequence));
    net.world.run_for(1s);
    EXPECT_TRUE(at_a.downs.empty());
    say(first_part(limits::fragment_sequences_max + 1));
    EXPECT_TRUE(net.world.run_until([&] { return !at_a.downs.empty(); }, 1s));
    EXPECT_EQ(at_a.downs.at(0), make_error_code(sedge::errc::limit_exceeded));
}

TEST_F(AgainstAScript, MessageInPartsThatDoesNotGoOnHasAMinute) {
    say(first_part(1));
    for (int i = 0; i < 6; ++i) {
        net.world.run_for(10s);
        say("00000000");
    }
    EXPECT_TRUE(at_a.downs.empty());
    EXPECT_TRUE(net.world.run_until([&] { return !at_a.downs.empty(); }, 16s)) << "at the next check of the ticks";
    EXPECT_EQ(at_a.downs.at(0), make_error_code(sedge::errc::limit_exceeded));
}
