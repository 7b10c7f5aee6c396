// SPDX-License-Identifier: Apache-2.0
#include "cluster/clusters.hpp"

#include <sedge/cluster/gossip_packet.hpp>

#include <set>

using namespace sedge;
using namespace sedge::test;
using cluster::gossip_strategy;

namespace {

const std::vector<std::string> lan{"*"};
const wire::endpoint group{wire::ip_address::v4(233, 252, 1, 32), 45892};

class Gossip : public Clusters {
protected:
    /// Datagrams of a machine that is no node. Its socket shares the port, as a BEAM's does.
    std::unique_ptr<wire::datagram_socket> outsider(const std::string& address) {
        wire::datagram_options options;
        options.bind = {wire::ip_address::any_v4(), group.port};
        options.reuse_address = true;
        options.broadcast = true;
        options.multicast = wire::multicast_options{group.address, std::nullopt, 1, true};
        return sim.machine(address).net().open_datagram(options).value();
    }
    std::uint64_t counted(char alive, const std::string& what) {
        auto counters = running[alive]->counters("clusters1");
        auto at = counters.find(what);
        return at == counters.end() ? 0 : at->second;
    }
};

// Counts what it hears, by who is named.
task<> listen(wire::datagram_socket& on, environment& env, std::vector<std::pair<time_point, byte_buffer>>& heard) {
    for (;;) {
        std::array<std::uint8_t, 2000> buffer;
        auto arrived = co_await on.receive(buffer);
        if (!arrived) co_return;
        heard.emplace_back(env.now(),
                           byte_buffer(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(arrived->size)));
    }
}

} // namespace

TEST_F(Gossip, ThreeNodesThatKnowNothingOfEachOtherBecomeOneCluster) {
    std::vector nodes{&join('a', gossip_strategy{.trust = lan}), &join('b', gossip_strategy{.trust = lan}),
                      &join('c', gossip_strategy{.trust = lan})};
    EXPECT_TRUE(meet(nodes, 10s)) << sim.story();
}

TEST_F(Gossip, NodeThatAppearsJoinsAndOneThatComesBackRejoins) {
    auto& a = join('a', gossip_strategy{.trust = lan});
    auto& b = join('b', gossip_strategy{.trust = lan});
    ASSERT_TRUE(meet({&a, &b}, 10s));
    sim.run_for(1h);
    auto& c = join('c', gossip_strategy{.trust = lan});
    ASSERT_TRUE(meet({&a, &b, &c}, 5s)) << "its first heartbeat leaves at once";
    lose('b', b);
    sim.run_for(5min);
    auto& again = join('b', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &again, &c}, 5s)) << sim.story();
}

TEST_F(Gossip, NodeThatIsStartedAgainIsBackAtOnceThoughItWasDialledInVainJustBefore) {
    auto& a = join('a', gossip_strategy{.trust = lan});
    auto& b = join('b', gossip_strategy{.trust = lan});
    ASSERT_TRUE(meet({&a, &b}, 10s));
    sim.run_for(1min);
    lose('b', b);
    const auto was_dialled = [&] { return !said(a, "unable to connect to").empty(); };
    ASSERT_TRUE(sim.run_until(was_dialled, 1s)) << sim.story();
    auto& again = join('b', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &again}, 100ms)) << "a may not dial it for a second, but it can be heard";
}

TEST_F(Gossip, WhoeverForgesTheNamesOfAbsentNodesGetsNoMoreThanAHeartbeatASecond) {
    join('a', gossip_strategy{.trust = lan});
    auto socket = outsider("10.0.0.66");
    sim.run_for(10s);
    const auto before = counted('a', "gossip_sent");
    for (int i = 0; i < 600; ++i) {
        ASSERT_TRUE(socket->send(group, cluster::encode_heartbeat("x" + std::to_string(i % 4) + "@10.0.0.66")));
        sim.run_for(100ms);
    }
    EXPECT_LE(counted('a', "gossip_sent") - before, 60u + 60u) << "its own ones, and those besides";
}

TEST_F(Gossip, FirstHeartbeatLeavesAtOnceAndTheNextWithinFiveSeconds) {
    auto socket = outsider("10.0.0.99");
    std::vector<std::pair<time_point, byte_buffer>> heard;
    nursery listener;
    listener.start(listen(*socket, sim.machine("10.0.0.99"), heard));
    auto began = sim.now();
    join('a', gossip_strategy{});
    sim.run_for(100s);
    ASSERT_GT(heard.size(), 20u);
    EXPECT_LE(heard[0].first - began, 100ms);
    for (std::size_t i = 0; i < heard.size(); ++i) {
        EXPECT_EQ(heard[i].second, cluster::encode_heartbeat("a@10.0.0.1"));
        auto pause = heard[i].first - heard[i == 0 ? 0 : i - 1].first;
        EXPECT_LE(pause, 5s + 100ms);
    }
    EXPECT_EQ(counted('a', "gossip_sent"), heard.size());
}

TEST_F(Gossip, ManyThatKnowEachOtherSpeakMoreSeldomUntilSomebodyNewIsHeard) {
    constexpr std::size_t count = 24;
    std::vector<machine_node*> nodes;
    for (std::size_t i = 0; i < count; ++i)
        nodes.push_back(&join(static_cast<char>('a' + i), gossip_strategy{.trust = lan}));
    ASSERT_TRUE(meet(nodes, 30s)) << sim.story();
    sim.run_for(30s);

    auto socket = outsider("10.0.0.99");
    std::vector<std::pair<time_point, byte_buffer>> heard;
    nursery listener;
    listener.start(listen(*socket, sim.machine("10.0.0.99"), heard));
    sim.run_for(100s);
    EXPECT_NEAR(static_cast<double>(heard.size()), 160, 60) << "a sixth of the usual 960";

    heard.clear();
    ASSERT_TRUE(socket->send(group, cluster::encode_heartbeat("new@10.0.0.99")));
    sim.run_for(5s + 200ms);
    std::set<byte_buffer> who;
    for (const auto& [at, packet] : heard) who.insert(packet);
    EXPECT_EQ(who.size(), count + 1) << "all nodes, and the one that is new";
}

TEST_F(Gossip, ForgedNameIsShownAndNotDialled) {
    auto& a = join('a', gossip_strategy{});
    auto socket = outsider("10.0.0.66");
    auto forged = cluster::encode_heartbeat("evil@10.0.0.66");
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(socket->send(group, forged));
        sim.run_for(1s);
    }
    auto lines = said(a, "evil");
    ASSERT_EQ(lines.size(), 1u) << "one line for each name";
    EXPECT_EQ(lines[0], "[sedge:clusters1] discovered :\"evil@10.0.0.66\", not dialled: set trust = \"lan\" or a list "
                        "of names in [topologies.clusters1], or a secret on all nodes");
    EXPECT_EQ(events['a'], std::vector<std::string>{"discovered clusters1 evil@10.0.0.66"});
    EXPECT_GE(counted('a', "gossip_heard"), 29u);
}

TEST_F(Gossip, PatternsOfTrustChooseWhoIsDialled) {
    auto& a = join('a', gossip_strategy{.trust = {"b@10.0.0.*"}});
    auto& b = join('b', gossip_strategy{});
    auto& c = join('c', gossip_strategy{});
    sim.run_for(20s);
    EXPECT_EQ(a->peers(), std::vector{name_of('b')});
    EXPECT_EQ(b->peers(), std::vector{name_of('a')});
    EXPECT_TRUE(c->peers().empty());
    EXPECT_EQ(said(a, "no pattern of trust").size(), 1u);
}

TEST_F(Gossip, SecretIsTrustedAndStrangersAreNotHeard) {
    gossip_strategy shared{.secret = "only these two machines share it", .trust = {}};
    auto& a = join('a', shared);
    auto& b = join('b', shared);
    auto& c = join('c', gossip_strategy{.secret = "and this one has another of them", .trust = {}});
    auto& d = join('d', gossip_strategy{.trust = {}});
    EXPECT_TRUE(meet({&a, &b}, 10s));
    sim.run_for(1min);
    EXPECT_EQ(a->peers().size(), 1u);
    EXPECT_TRUE(c->peers().empty());
    EXPECT_TRUE(d->peers().empty());
    EXPECT_GT(counted('a', "gossip_dropped_undecryptable"), 5u);
    EXPECT_GT(counted('d', "gossip_dropped_not_gossip"), 5u);
}

TEST_F(Gossip, FloodOfOneSourceIsCutAndOthersAreStillHeard) {
    auto& a = join('a', gossip_strategy{.trust = lan});
    auto socket = outsider("10.0.0.66");
    sim.run_for(2s);
    for (int i = 0; i < 1000; ++i)
        ASSERT_TRUE(socket->send(group, cluster::encode_heartbeat("x" + std::to_string(i) + "@10.0.0.66")));
    sim.run_for(500ms);
    EXPECT_LE(counted('a', "gossip_heard"), limits::gossip_packets_per_second_max);
    EXPECT_GE(counted('a', "gossip_dropped_too_many"), 1000 - limits::gossip_packets_per_second_max);
    std::size_t dials = 0;
    auto watch = running['a']->watch(
        [&](const cluster::event& e) { dials += e.what == cluster::event::kind::unable_to_connect; });
    sim.run_for(60s);
    EXPECT_LE(dials, 4u + 60 / 5 + 1) << "however many names, one host is dialled once in 5 s";
    auto& b = join('b', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &b}, 10s));
}

TEST_F(Gossip, GarbageIsCountedAndChangesNothing) {
    auto& a = join('a', gossip_strategy{.trust = lan});
    auto socket = outsider("10.0.0.66");
    const char* garbage[] = {"", "6865617274626561743a3a", "6865617274626561743a3affff",
                             "6865617274626561743a3a83740000000177046e6f646577066e6f686f7374", "00ff00ff"};
    for (const auto* each : garbage) ASSERT_TRUE(socket->send(group, from_hex(each).value()));
    ASSERT_TRUE(socket->send(group, byte_buffer(limits::gossip_packet_bytes_max + 1, 'x')));
    sim.run_for(1s);
    EXPECT_EQ(counted('a', "gossip_dropped_not_gossip"), 2u);
    EXPECT_EQ(counted('a', "gossip_dropped_malformed"), 2u);
    EXPECT_EQ(counted('a', "gossip_dropped_bad_name"), 1u);
    EXPECT_EQ(counted('a', "gossip_dropped_too_long"), 1u);
    auto& b = join('b', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &b}, 10s));
}

TEST_F(Gossip, UnicastIsNotListenedTo) {
    join('a', gossip_strategy{.trust = lan});
    auto socket = outsider("10.0.0.66");
    ASSERT_TRUE(
        socket->send({*wire::ip_address::parse("10.0.0.1"), group.port}, cluster::encode_heartbeat("b@10.0.0.2")));
    sim.run_for(1s);
    EXPECT_EQ(counted('a', "gossip_dropped_not_to_group"), 1u);
    EXPECT_EQ(counted('a', "gossip_heard"), 0u);
}

TEST_F(Gossip, BroadcastReachesNodesWithoutMulticast) {
    gossip_strategy options{
        .multicast_addr = wire::ip_address::v4(10, 0, 0, 255), .broadcast_only = true, .trust = lan};
    auto& a = join('a', options);
    auto& b = join('b', options);
    auto& c = join('c', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &b}, 10s)) << sim.story();
    EXPECT_TRUE(c->peers().empty()) << "which speaks in the group";
}

TEST_F(Gossip, PortAndGroupAreOptions) {
    gossip_strategy elsewhere{.port = 45999, .trust = lan};
    gossip_strategy other_group{.multicast_addr = wire::ip_address::v4(233, 252, 1, 40), .trust = lan};
    auto& a = join('a', elsewhere);
    auto& b = join('b', elsewhere);
    auto& c = join('c', other_group);
    auto& d = join('d', other_group);
    auto& e = join('e', gossip_strategy{.trust = lan});
    sim.run_for(20s);
    EXPECT_EQ(a->peers(), std::vector{name_of('b')});
    EXPECT_EQ(c->peers(), std::vector{name_of('d')});
    EXPECT_TRUE(e->peers().empty());
    EXPECT_EQ(b->peers().size() + d->peers().size(), 2u);
}

TEST_F(Gossip, InterfaceIsChosenByItsAddress) {
    gossip_strategy by_multicast_if{.multicast_if = *wire::ip_address::parse("10.0.0.1"), .trust = lan};
    gossip_strategy by_if_addr{.if_addr = *wire::ip_address::parse("10.0.0.2"), .trust = lan};
    auto& a = join('a', by_multicast_if);
    auto& b = join('b', by_if_addr);
    EXPECT_TRUE(meet({&a, &b}, 10s)) << sim.story();
}

TEST_F(Gossip, InterfaceThatIsNotThereIsSaidOnceAndTriedAgain) {
    auto& a = join('a', gossip_strategy{.multicast_if = *wire::ip_address::parse("10.9.9.9"), .trust = lan});
    sim.run_for(1min);
    auto lines = said(a, "10.9.9.9");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].find("[sedge:clusters1] gossip cannot use UDP port 45892: no interface of this machine has the "
                            "address 10.9.9.9; set multicast_if to one"),
              0u)
        << lines[0];
    sim.add_address("10.0.0.1", "10.9.9.9"); // the cable is plugged in
    sim.run_for(10s);
    EXPECT_GT(counted('a', "gossip_sent"), 0u);
}

TEST_F(Gossip, NetworkThatDropsMulticastChangesNothingButIsSurvived) {
    sim.cut("10.0.0.1", "10.0.0.2");
    auto& a = join('a', gossip_strategy{.trust = lan});
    auto& b = join('b', gossip_strategy{.trust = lan});
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty());
    sim.heal("10.0.0.1", "10.0.0.2");
    EXPECT_TRUE(meet({&a, &b}, 10s));
}

TEST_F(Gossip, PortThatSomebodyHasForHimselfIsSaid) {
    wire::datagram_options selfish;
    selfish.bind = {wire::ip_address::any_v4(), group.port};
    auto taken = sim.machine("10.0.0.1").net().open_datagram(selfish).value();
    auto& a = join('a', gossip_strategy{.trust = lan});
    sim.run_for(1min);
    auto lines = said(a, "gossip cannot use UDP port 45892");
    ASSERT_EQ(lines.size(), 1u);
    taken.reset();
    sim.run_for(10s);
    EXPECT_GT(counted('a', "gossip_sent"), 0u);
}

TEST_F(Gossip, GroupOfIpv6IsSpokenIn) {
    for (int i : {1, 2, 3}) sim.add_address("10.0.0." + std::to_string(i), "fd00::" + std::to_string(i));
    gossip_strategy v6{.multicast_addr = *wire::ip_address::parse("ff02::5ed9:e"), .trust = lan};
    auto& a = join('a', v6);
    auto& b = join('b', v6);
    auto& c = join('c', gossip_strategy{.trust = lan});
    EXPECT_TRUE(meet({&a, &b}, 10s)) << sim.story();
    EXPECT_TRUE(c->peers().empty()) << "which speaks in the group of IPv4";
    EXPECT_EQ(counted('a', "gossip_dropped_off_link"), 0u);
}

TEST_F(Gossip, InterfaceForAGroupOfIpv6IsChosenByAnyOfItsAddresses) {
    for (int i : {1, 2}) sim.add_address("10.0.0." + std::to_string(i), "fd00::" + std::to_string(i));
    const auto group_v6 = *wire::ip_address::parse("ff02::5ed9:e");
    gossip_strategy by_v6{
        .multicast_addr = group_v6, .multicast_if = *wire::ip_address::parse("fd00::1"), .trust = lan};
    gossip_strategy by_if_addr{
        .if_addr = *wire::ip_address::parse("fd00::2"), .multicast_addr = group_v6, .trust = lan};
    gossip_strategy nowhere{
        .multicast_addr = group_v6, .multicast_if = *wire::ip_address::parse("fd00::9"), .trust = lan};
    auto& a = join('a', by_v6);
    auto& b = join('b', by_if_addr);
    auto& c = join('c', nowhere);
    EXPECT_TRUE(meet({&a, &b}, 10s)) << sim.story();
    EXPECT_EQ(said(c, "no interface of this machine has the address fd00::9; set multicast_if to one").size(), 1u);
}
