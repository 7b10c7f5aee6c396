// SPDX-License-Identifier: Apache-2.0
//
// Whole nodes whose connections are TLS, in virtual time.
#include "process/nodes.hpp"
#include "support/test_authority.hpp"

#include <gmock/gmock.h>

using namespace sedge;
using namespace sedge::test;
using testing::HasSubstr;

namespace {

class NodesOverTls : public Nodes {
protected:
    test_authority authority{sim.machine(address_of('a')).wall_clock()};

    NodesOverTls() {
        adjust = [this](node_options& options) {
            const auto host = options.name.substr(options.name.find('@') + 1);
            options.tls = authority.issue(host, {host});
        };
    }

    std::string log_of(char alive) {
        std::string text;
        for (const auto& line : sim.log(sim.machine(address_of(alive)))) text += line.text + "\n";
        return text;
    }
};

} // namespace

TEST_F(NodesOverTls, ConnectInBothDirections) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& c = boot('c');
    ASSERT_TRUE(connect(a, 'b'));
    ASSERT_TRUE(connect(c, 'a'));
    EXPECT_EQ(a.events, (std::vector<std::string>{"up b@10.0.0.2", "up c@10.0.0.3"}));
    EXPECT_EQ(b->certificate_of(name_of('a')), "10.0.0.1");
    EXPECT_EQ(a->peer_details().front().certificate, "10.0.0.2");
    EXPECT_EQ(a->certificate_of(name_of('z')), "");
}

TEST_F(NodesOverTls, SimultaneousDialsLeaveOneConnection) {
    auto& a = boot('a');
    auto& b = boot('b');
    nursery dials;
    auto dial = [](sedge::node* from, atom to) -> task<> {
        auto connecting = from->connect(to);
        auto done = co_await std::move(connecting);
        EXPECT_TRUE(done) << done.error().message();
    };
    dials.start(dial(a.node.get(), name_of('b')));
    dials.start(dial(b.node.get(), name_of('a')));
    ASSERT_TRUE(sim.run_until([&] { return dials.empty(); }, 20s));
    sim.run_for(10s);
    EXPECT_EQ(a.events.size(), 1u);
    EXPECT_EQ(b.events.size(), 1u);
}

TEST_F(NodesOverTls, LargeAndSmallMessagesArriveInOrder) {
    auto& a = boot('a');
    auto& b = boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    auto seen = std::make_shared<std::vector<std::size_t>>();
    auto measure = [seen](process& self) -> task<> {
        for (;;) {
            auto message = self.receive();
            const term m = co_await std::move(message);
            seen->push_back(m.bytes().size());
        }
    };
    const pid there = b->spawn(measure);
    const pid here = a->spawn(measure);
    std::vector<std::size_t> sizes;
    for (std::size_t size : {10u, 100'000u, 20u, 3'000'000u, 30u}) {
        const term message{std::string(size, 'x')};
        sizes.push_back(message.bytes().size());
        a->send(there, message);
    }
    ASSERT_TRUE(sim.run_until([&] { return seen->size() == sizes.size(); }, 60s));
    EXPECT_EQ(*seen, sizes);
    seen->clear();
    b->send(here, term{std::string(5'000'000, 'y')});
    b->send(here, term{1});
    ASSERT_TRUE(sim.run_until([&] { return seen->size() == 2; }, 60s));
}

TEST_F(NodesOverTls, IdleConnectionLivesByTicks) {
    auto& a = boot('a');
    boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    sim.run_for(1h);
    EXPECT_EQ(a.events, std::vector<std::string>{"up b@10.0.0.2"});
    sim.cut(address_of('a'), address_of('b'));
    sim.run_for(80s);
    EXPECT_EQ(a.events.back(), "down b@10.0.0.2 net_tick_timeout");
}

TEST_F(NodesOverTls, SilentPeersAreMissedAsOverPlainTcp) {
    auto& a = boot('a');
    auto& b = boot('b');
    std::vector<std::string> states;
    auto watching = a->watch([&states](const node_event& e) { states.emplace_back(to_string(e.state)); });
    ASSERT_TRUE(connect(a, 'b'));
    sim.run_for(1h);
    EXPECT_EQ(states, std::vector<std::string>{"up"}) << "nobody idle is suspect";
    sim.cut(address_of('a'), address_of('b'));
    sim.run_for(5s);
    EXPECT_EQ(states, (std::vector<std::string>{"up", "suspect", "down"}));
    sim.heal_all();
    sim.run_for(5s);
    states.clear();
    ASSERT_TRUE(connect(a, 'b'));
    sim.run_for(10s);
    sim.pause(b.address, 1min);
    sim.run_for(7s);
    EXPECT_EQ(states, (std::vector<std::string>{"up", "suspect", "down"})) << "a program that hangs";
}

TEST_F(NodesOverTls, KilledPeerIsDownAsOverPlainTcp) {
    auto& a = boot('a');
    auto& b = boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    kill(b);
    sim.run_for(1s);
    EXPECT_EQ(a.events.back(), "down b@10.0.0.2 connection_closed");
}

TEST_F(NodesOverTls, WhatWasSentBeforeStopArrives) {
    auto& a = boot('a');
    auto& b = boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    auto got = make_inbox();
    const pid there = b->spawn(recorder(got));
    for (int i = 0; i < 100; ++i) a->send(there, term{std::string(10'000, 'x')});
    a->send(there, term{atom{"last"}});
    sim.block_on(a->stop());
    a.watching = {};
    a.node.reset();
    sim.run_for(1s);
    ASSERT_EQ(got->size(), 101u);
    EXPECT_EQ(got->back(), "last");
}

TEST_F(NodesOverTls, PlainNodeIsRefusedAndEachSideSaysWhy) {
    auto& a = boot('a');
    adjust = nullptr;
    auto& b = boot('b');
    const auto outcome = connect(b, 'a');
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message(), HasSubstr("requires TLS, this node speaks plain distribution"));
    EXPECT_THAT(log_of('a'), HasSubstr("peer speaks plain distribution, this node requires TLS"));
    const auto back = connect(a, 'b');
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().message(), HasSubstr("it may speak plain distribution, and this node requires TLS"));
    EXPECT_THAT(log_of('b'), HasSubstr("speaks TLS, this node speaks plain distribution"));
    EXPECT_TRUE(a->peers(true).empty());
    EXPECT_TRUE(b->peers(true).empty());
}

TEST_F(NodesOverTls, NodeDoesNotStartWithACertificateOfAnother) {
    adjust = nullptr;
    fixed_directory names{table, "10.0.0.1"};
    node_options options;
    options.name = "a@10.0.0.1";
    options.cookie = *dist::cookie::from_text("a secret of the tests");
    options.tls = authority.issue("10.0.0.9");
    node wrong{options, sim.machine("10.0.0.1"), names};
    const auto started = sim.block_on(wrong.start());
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message(), HasSubstr("node.crt: is for 10.0.0.9, not for a@10.0.0.1"));
    options.tls->certificate_file = "/nowhere/node.crt";
    node missing{options, sim.machine("10.0.0.1"), names};
    EXPECT_EQ(sim.block_on(missing.start()).error(), make_error_code(wire::tls_errc::unusable_file));
    options.tls->certificate_file.clear();
    options.tls->key_file.clear();
    node without{options, sim.machine("10.0.0.1"), names};
    EXPECT_THAT(sim.block_on(without.start()).error().message(), HasSubstr("needs a certificate"));
}

TEST_F(NodesOverTls, NodeThatAsksForANameDoesSoOverTls) {
    auto& a = boot('a');
    fixed_directory names{table, "10.0.0.9"};
    node_options options;
    options.name = "undefined@10.0.0.9";
    options.named_by = name_of('a').str();
    options.cookie = *dist::cookie::from_text("a secret of the tests");
    node plain{options, sim.machine("10.0.0.9"), names};
    EXPECT_FALSE(sim.block_on(plain.start()));
    options.tls = authority.issue("10.0.0.9", {"nameless"});
    node asking{options, sim.machine("10.0.0.9"), names};
    const auto started = sim.block_on(asking.start());
    ASSERT_TRUE(started) << started.error().message();
    EXPECT_EQ(a->certificate_of(asking.name()), "10.0.0.9");
    sim.block_on(asking.stop());
}

TEST_F(NodesOverTls, CertificateIsRenewedWithoutARestart) {
    auto& a = boot('a');
    auto& b = boot('b');
    ASSERT_TRUE(connect(a, 'b'));
    sim.run_for(25h); // the certificates are valid for 24
    EXPECT_TRUE(a->is_connected(name_of('b'))) << "a connection that is up stays";
    a->disconnect(name_of('b'));
    sim.run_for(1s);
    const auto refused = connect(a, 'b');
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("expired"));
    EXPECT_THAT(log_of('b'), HasSubstr("expired"));

    for (const auto* host : {"10.0.0.1", "10.0.0.2"}) authority.issue(host, {host, 24h, 48h});
    const auto renewed = connect(a, 'b');
    EXPECT_TRUE(renewed) << renewed.error().message();
    EXPECT_EQ(b.events.back(), "up a@10.0.0.1");
}

TEST_F(NodesOverTls, BrokenRenewalIsToldAndTheOldCertificateServesOn) {
    auto& a = boot('a');
    boot('b');
    authority.write("10.0.0.1.crt", "nothing");
    EXPECT_TRUE(connect(a, 'b'));
    EXPECT_THAT(log_of('a'), HasSubstr("cannot be used, so those read before serve on"));
}

TEST_F(NodesOverTls, ConnectionsThatNeverSpeakTlsDoNotKeepAPeerAway) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& attacker = sim.machine("10.0.0.66");
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 200; ++i) {
        auto connecting = attacker.net().connect({*wire::ip_address::parse("10.0.0.2"), b->listening_at().port});
        auto stream = sim.block_on(std::move(connecting));
        if (!stream) continue;
        const byte_buffer beginning{22, 3, 1, 2, 0}; // of a record that never comes
        static_cast<void>((*stream)->try_write(beginning));
        idle.push_back(std::move(*stream));
    }
    sim.run_for(100ms);
    std::size_t open = 0;
    std::uint8_t byte[1];
    for (auto& s : idle) open += s->try_read(byte).what == wire::io_step::outcome::would_block;
    EXPECT_LE(open, limits::handshake_connections_per_source_max);
    const auto start = sim.now();
    EXPECT_TRUE(connect(a, 'b'));
    EXPECT_LT(sim.now() - start, 2s);
    sim.run_for(limits::handshake_time_max + 1s);
    open = 0;
    for (auto& s : idle) open += s->try_read(byte).what == wire::io_step::outcome::would_block;
    EXPECT_EQ(open, 0u);
}
