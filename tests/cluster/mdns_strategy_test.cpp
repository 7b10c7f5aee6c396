// SPDX-License-Identifier: Apache-2.0
#include "cluster/clusters.hpp"

#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/mdns.hpp>

using namespace sedge;
using namespace sedge::test;
using cluster::mdns_strategy;

namespace {

const std::vector<std::string> lan{"*"};
const wire::endpoint group{wire::ip_address::v4(224, 0, 0, 251), 5353};

class MdnsNodes : public Clusters {
protected:
    static mdns_strategy trusting() {
        mdns_strategy out;
        out.trust = lan;
        return out;
    }
    /// The socket of a responder that is no node, Avahi say.
    std::unique_ptr<wire::datagram_socket> outsider(const std::string& address, std::uint16_t port = 5353) {
        wire::datagram_options options;
        options.bind = {wire::ip_address::any_v4(), port};
        options.reuse_address = true;
        options.multicast = wire::multicast_options{group.address, std::nullopt, 255, true};
        return sim.machine(address).net().open_datagram(options).value();
    }
    std::uint64_t counted(char alive, const std::string& what) { return running[alive]->counters("clusters1")[what]; }
    static cluster::mdns_instance instance(const std::string& node) {
        return {node, 4369, {wire::ip_address::v4(10, 0, 0, 66)}};
    }
};

} // namespace

TEST_F(MdnsNodes, ThatKnowNothingOfEachOtherMeetAtOnce) {
    auto& a = join('a', trusting());
    auto& b = join('b', trusting());
    auto& c = join('c', trusting());
    EXPECT_TRUE(meet({&a, &b, &c}, 3s)) << sim.story();
}

TEST_F(MdnsNodes, ThatAppearJoinAndThatComeBackRejoin) {
    auto& a = join('a', trusting());
    sim.run_for(1h);
    auto& b = join('b', trusting());
    ASSERT_TRUE(meet({&a, &b}, 3s));
    lose('b', b);
    sim.run_for(30min);
    auto& again = join('b', trusting());
    EXPECT_TRUE(meet({&a, &again}, 3s)) << sim.story();
}

TEST_F(MdnsNodes, ThatLeaveSayGoodbyeAndAreNoLongerDialled) {
    auto& a = join('a', trusting());
    auto& b = join('b', trusting());
    ASSERT_TRUE(meet({&a, &b}, 3s));
    running['b']->stop();
    sim.run_for(1s);
    EXPECT_EQ(a->peers().size(), 1u) << "a connection stays until its node ends it";
    lose('b', b);
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty());
    EXPECT_TRUE(running['a']->nodes().empty()) << "it is not dialled any more";
    EXPECT_EQ(events['a'].back(), "disconnected clusters1 b@10.0.0.2");
}

TEST_F(MdnsNodes, ThatAreKilledAreDialledUntilTheyAreBack) {
    auto& a = join('a', trusting());
    auto& b = join('b', trusting());
    ASSERT_TRUE(meet({&a, &b}, 3s));
    sim.cut("10.0.0.1", "10.0.0.2");
    sim.run_for(3min);
    EXPECT_TRUE(a->peers().empty());
    sim.heal("10.0.0.1", "10.0.0.2");
    EXPECT_TRUE(meet({&a, &b}, 8s)) << sim.story();
}

TEST_F(MdnsNodes, UntrustedNamesAreShownAndNotDialled) {
    auto& a = join('a', mdns_strategy{});
    auto& b = join('b', mdns_strategy{});
    sim.run_for(1min);
    EXPECT_TRUE(a->peers().empty() && b->peers().empty());
    EXPECT_EQ(said(a, "discovered :\"b@10.0.0.2\", not dialled: set trust").size(), 1u) << sim.story();
}

TEST_F(MdnsNodes, PatternsOfTrustChooseWhoIsDialled) {
    mdns_strategy choosy;
    choosy.trust = {"b@*"};
    auto& a = join('a', choosy);
    join('b', mdns_strategy{});
    join('c', mdns_strategy{});
    sim.run_for(10s);
    EXPECT_EQ(a->peers(), std::vector{name_of('b')});
}

TEST_F(MdnsNodes, QuestionsAreSeldomHoweverManyAsk) {
    for (char alive : {'a', 'b', 'c', 'd'}) join(alive, trusting());
    sim.run_for(10min);
    std::uint64_t asked = 0;
    for (char alive : {'a', 'b', 'c', 'd'}) asked += counted(alive, "mdns_asked");
    EXPECT_LE(asked, 4 * 3 + 2 * 10u) << "three each at the start, then about one a minute of all together";
    EXPECT_GE(asked, 4 * 1 + 9u);
}

TEST_F(MdnsNodes, QueryIntervalIsAnOption) {
    auto often = trusting();
    often.query_interval = 2s;
    join('a', often);
    sim.run_for(60s);
    EXPECT_NEAR(static_cast<double>(counted('a', "mdns_asked")), 30, 6);
}

TEST_F(MdnsNodes, FamiliesAndPortAreOptions) {
    sim.add_address("10.0.0.1", "fd00::1");
    sim.add_address("10.0.0.2", "fd00::2");
    auto v6_only = trusting();
    v6_only.ipv4 = false;
    auto v4_only = trusting();
    v4_only.ipv6 = false;
    auto elsewhere = trusting();
    elsewhere.port = 5454;
    auto& a = join('a', v6_only);
    auto& b = join('b', v6_only);
    auto& c = join('c', v4_only);
    auto& d = join('d', elsewhere);
    sim.run_for(10s);
    EXPECT_EQ(a->peers(), std::vector{name_of('b')}) << sim.story();
    EXPECT_EQ(b->peers(), std::vector{name_of('a')});
    EXPECT_TRUE(c->peers().empty());
    EXPECT_TRUE(d->peers().empty());
}

TEST_F(MdnsNodes, InterfaceThatIsNotThereIsSaidAndTriedAgain) {
    auto options = trusting();
    options.multicast_if = wire::ip_address::parse("10.9.9.9").value();
    auto& a = join('a', options);
    sim.run_for(30s);
    EXPECT_EQ(said(a, "mdns cannot use UDP port 5353: no interface of this machine has the address 10.9.9.9").size(),
              1u)
        << sim.story();
    sim.add_address("10.0.0.1", "10.9.9.9");
    sim.run_for(6s);
    EXPECT_GT(counted('a', "mdns_sent"), 0u);
}

TEST_F(MdnsNodes, ResponderOfSomebodyElseSharesThePort) {
    auto avahi = outsider("10.0.0.1");
    auto& a = join('a', trusting());
    auto& b = join('b', trusting());
    EXPECT_TRUE(meet({&a, &b}, 3s)) << sim.story();
}

TEST_F(MdnsNodes, GarbageBadNamesAndFloodsAreSurvived) {
    auto& a = join('a', trusting());
    auto socket = outsider("10.0.0.66");
    sim.run_for(2s);
    ASSERT_TRUE(socket->send(group, byte_buffer{1, 2, 3}));
    ASSERT_TRUE(socket->send(group, byte_buffer(limits::mdns_packet_bytes_max + 1, 0)));
    ASSERT_TRUE(socket->send(group, cluster::encode_mdns_announcement(instance("no node"))));
    ASSERT_TRUE(socket->send(group, cluster::encode_mdns_announcement(instance("a@10.0.0.1"))));
    sim.run_for(1s);
    EXPECT_EQ(counted('a', "mdns_dropped_malformed"), 2u);
    EXPECT_EQ(counted('a', "mdns_dropped_bad_name"), 1u);
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(
            socket->send(group, cluster::encode_mdns_announcement(instance("x" + std::to_string(i) + "@10.0.0.66"))));
    std::size_t dials = 0;
    auto watch = running['a']->watch(
        [&](const cluster::event& e) { dials += e.what == cluster::event::kind::unable_to_connect; });
    sim.run_for(60s);
    EXPECT_GE(counted('a', "mdns_dropped_too_many"), 100u);
    EXPECT_LE(dials, 4u + 60 / 5 + 1) << "however many names, one host is dialled once in 5 s";
    auto& b = join('b', trusting());
    EXPECT_TRUE(meet({&a, &b}, 10s));
}

TEST_F(MdnsNodes, FloodOfQuestionsGetsOneAnswerASecond) {
    join('a', trusting());
    auto socket = outsider("10.0.0.66");
    sim.run_for(10s);
    const auto before = counted('a', "mdns_answered");
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(socket->send(group, cluster::encode_mdns_query()));
        sim.run_for(33ms);
    }
    EXPECT_LE(counted('a', "mdns_answered") - before, 12u);
    EXPECT_GE(counted('a', "mdns_answered") - before, 8u);
}
