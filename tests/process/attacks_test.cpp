// SPDX-License-Identifier: Apache-2.0
//
// Attacks by somebody on the network who does not know the cookie, aimed at whole nodes. Each must fail.
#include "dist/handshake_messages.hpp"
#include "process/node_impl.hpp"
#include "process/nodes.hpp"

#include <sedge/wire/framing.hpp>

using namespace sedge;
using namespace sedge::test;
namespace messages = sedge::dist::handshake_messages;

namespace {

constexpr const char* attacker_address = "10.0.0.66";

/// The attacker's end of one stream: sends and receives handshake messages.
struct raw_peer {
    std::unique_ptr<wire::stream> stream;

    task<bool> send(byte_buffer message) {
        byte_buffer framed;
        writer{framed}.u16(static_cast<std::uint16_t>(message.size())).bytes(message);
        auto writing = wire::write_all(*stream, framed);
        auto done = co_await std::move(writing);
        co_return done.has_value();
    }
    /// Empty if the other side has closed.
    task<byte_buffer> receive() {
        byte_buffer length(2);
        auto head = wire::read_exactly(*stream, length);
        if (auto got = co_await std::move(head); !got) co_return byte_buffer{};
        byte_buffer message(static_cast<std::size_t>(length[0]) << 8 | length[1]);
        auto body = wire::read_exactly(*stream, message);
        if (auto got = co_await std::move(body); !got) co_return byte_buffer{};
        co_return message;
    }
};

dist::identity ghost() {
    return {*node_name::parse("ghost@" + std::string{attacker_address}), 7, dist::announced(false)};
}

task<raw_peer> dial(environment& from, wire::endpoint to) {
    auto connecting = from.net().connect(to);
    auto stream = co_await std::move(connecting);
    if (!stream) co_return raw_peer{};
    co_return raw_peer{std::move(*stream)};
}

byte_buffer name_message(const dist::identity& who) {
    byte_buffer m;
    messages::write_name(m, who);
    return m;
}

} // namespace

class Attacks : public Nodes {
protected:
    environment& attacker = sim.machine(attacker_address);
    nursery attack; // goes before the machines do

    static wire::endpoint listener_of(machine_node& n) {
        return {*wire::ip_address::parse(n.address), n->listening_at().port};
    }
};

TEST_F(Attacks, AChallengeRelayedBackToItsOwnNodeIsNotAnswered) {
    auto& b = boot('b');
    auto listening = attacker.net().listen({*wire::ip_address::parse(attacker_address), 9000});
    ASSERT_TRUE(listening.has_value());
    auto ghost_port = std::move(*listening);
    table.where[ghost().name.full.str()] = {*wire::ip_address::parse(attacker_address), 9000};

    // The node dials the attacker, who at the same time dials the node under the name that was dialled, and hands the
    // node's own challenge back to it: the node's answer there would be the proof that is wanted here.
    bool challenge_relayed = false;
    bool answered = false;
    auto relay = [&]() -> task<> {
        auto accepting = ghost_port->accept();
        auto accepted = co_await std::move(accepting);
        raw_peer victim_dials{std::move(*accepted)};
        auto dialling = dial(attacker, listener_of(b));
        auto we_dial = co_await std::move(dialling);

        auto name = victim_dials.receive();
        (void)co_await std::move(name);
        auto claim = we_dial.send(name_message(ghost()));
        (void)co_await std::move(claim);
        auto status = we_dial.receive();
        (void)co_await std::move(status);
        auto challenge = we_dial.receive();
        auto their_challenge = co_await std::move(challenge);
        auto read = messages::read_challenge(their_challenge);
        if (!read) co_return;

        byte_buffer ok, relayed;
        messages::write_status(ok, "ok");
        messages::write_challenge(relayed, ghost(), read->value);
        auto first = victim_dials.send(ok);
        (void)co_await std::move(first);
        auto second = victim_dials.send(relayed);
        challenge_relayed = co_await std::move(second);
        auto reply = victim_dials.receive();
        auto proof = co_await std::move(reply);
        answered = !proof.empty();
        if (!answered) co_return;
        auto forward = we_dial.send(proof);
        (void)co_await std::move(forward);
        auto ack = we_dial.receive();
        (void)co_await std::move(ack);
    };
    attack.start(relay());
    auto outcome = sim.block_on(b->connect(ghost().name.full));
    sim.run_for(20s);
    EXPECT_TRUE(challenge_relayed);
    EXPECT_FALSE(answered);
    EXPECT_FALSE(outcome.has_value());
    EXPECT_TRUE(b->peers(true).empty());
}

TEST_F(Attacks, ClaimingAPeersNameDoesNotKeepThePeerAway) {
    auto& a = boot('a');
    auto& b = boot('b');
    dist::identity claimed = ghost();
    claimed.name = *node_name::parse(name_of('a').str());
    auto claim_for_ever = [&]() -> task<> {
        for (;;) {
            auto dialling = dial(attacker, listener_of(b));
            auto we_dial = co_await std::move(dialling);
            if (we_dial.stream) {
                auto claim = we_dial.send(name_message(claimed));
                (void)co_await std::move(claim);
                auto status = we_dial.receive();
                (void)co_await std::move(status);
            }
            auto pause = sleep_for(attacker, 500ms);
            co_await std::move(pause);
        }
    };
    attack.start(claim_for_ever());
    sim.run_for(5s);
    auto before = sim.now();
    EXPECT_TRUE(connect(a, 'b').has_value());
    EXPECT_LT(sim.now() - before, 1s);
    sim.run_for(30s);
    EXPECT_EQ(a.events.size(), 1u);
    EXPECT_EQ(b.events.size(), 1u);
    EXPECT_TRUE(a->disconnect(name_of('b')));
    sim.run_for(1s);
    EXPECT_TRUE(connect(b, 'a').has_value());
}

TEST_F(Attacks, IdleConnectionsDoNotLockOutThePeer) {
    auto& a = boot('a');
    auto& b = boot('b');
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 300; ++i) {
        auto& source = sim.machine("10.0.1." + std::to_string(i % 100 + 1));
        auto stream = sim.block_on(source.net().connect(listener_of(b)));
        if (stream) idle.push_back(std::move(*stream));
    }
    EXPECT_GT(idle.size(), 200u);
    EXPECT_TRUE(connect(a, 'b').has_value());
    sim.run_for(6s); // handshake_time_max has passed: all idle ones are closed
    std::size_t open = 0;
    std::uint8_t byte[1];
    for (auto& s : idle) open += s->try_read(byte).what == wire::io_step::outcome::would_block;
    EXPECT_EQ(open, 0u);
}

TEST_F(Attacks, AHandshakeIsOverAfterFourKibibytes) {
    auto& b = boot('b');
    bool closed = false;
    auto flood = [&]() -> task<> {
        auto dialling = dial(attacker, listener_of(b));
        auto we_dial = co_await std::move(dialling);
        byte_buffer garbage(1020, 'x');
        for (int i = 0; i < 5; ++i) {
            auto sending = we_dial.send(garbage);
            (void)co_await std::move(sending);
        }
        auto answer = we_dial.receive();
        auto nothing = co_await std::move(answer);
        closed = nothing.empty();
    };
    attack.start(flood());
    sim.run_for(2s);
    EXPECT_TRUE(closed);
}

TEST_F(Attacks, GuessingCookiesShutsTheSourceOutForAMinute) {
    auto& b = boot('b');
    int tried = 0;
    auto guess = [&]() -> task<> {
        for (int i = 0; i < 40; ++i) {
            auto dialling = dial(attacker, listener_of(b));
            auto we_dial = co_await std::move(dialling);
            if (!we_dial.stream) continue;
            auto claim = we_dial.send(name_message(ghost()));
            (void)co_await std::move(claim);
            auto status = we_dial.receive();
            auto answer = co_await std::move(status);
            if (answer.empty()) continue;
            auto challenge = we_dial.receive();
            (void)co_await std::move(challenge);
            byte_buffer reply;
            messages::write_reply(reply, 1, dist::digest{});
            auto sending = we_dial.send(reply);
            (void)co_await std::move(sending);
            auto ack = we_dial.receive();
            (void)co_await std::move(ack);
            ++tried;
        }
    };
    attack.start(guess());
    sim.run_for(30s);
    EXPECT_GE(tried, 1);
    EXPECT_LE(tried, static_cast<int>(limits::handshake_failures_max));
    EXPECT_TRUE(b->peers(true).empty());
}

TEST_F(Attacks, AMemberThatSpeaksForAnotherLosesItsConnectionAndNobodyElse) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& c = boot('c');
    ASSERT_TRUE(connect(a, 'b').has_value());
    ASSERT_TRUE(connect(c, 'b').has_value());
    auto victim = b->spawn([](process& self) -> task<> { (void)co_await self.receive(); });
    pid forged{name_of('a'), 1, 0, a->creation()};
    c->internals().peers.send(name_of('b'), dist::control::link{forged, victim}, std::nullopt);
    sim.run_for(1s);
    EXPECT_EQ(b->peers(), std::vector{name_of('a')});
    EXPECT_TRUE(b->is_alive(victim));
    EXPECT_TRUE(b->info(victim)->links.empty());
}
