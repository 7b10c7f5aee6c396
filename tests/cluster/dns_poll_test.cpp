// SPDX-License-Identifier: Apache-2.0
#include "cluster/clusters.hpp"

#include <sedge/wire/simulated_dns.hpp>

using namespace sedge;
using namespace sedge::test;
using cluster::dns_poll_strategy;
using wire::dns_type;

namespace {

class DnsPoll : public Clusters {
protected:
    wire::simulated_dns dns{sim.machine("10.0.0.100")};
    dns_poll_strategy options(char alive) {
        dns_poll_strategy out;
        out.query = "app.internal";
        out.node_basename = std::string{alive};
        return out;
    }
    void addresses(const std::vector<std::string>& texts) {
        std::vector<wire::dns_record> v4;
        std::vector<wire::dns_record> v6;
        for (const auto& text : texts) {
            wire::dns_record r;
            r.address = wire::ip_address::parse(text).value();
            (r.address.is_v4() ? v4 : v6).push_back(r);
        }
        dns.answer("app.internal", dns_type::a, v4);
        dns.answer("app.internal", dns_type::aaaa, v6);
    }
    std::uint64_t counted(char alive, const std::string& what) { return running[alive]->counters("clusters1")[what]; }
};

} // namespace

TEST_F(DnsPoll, NodesAppearAndVanishWithTheirAddresses) {
    addresses({});
    auto& a = join('a', options('b'));
    auto& b = boot('b');
    sim.run_for(12s);
    EXPECT_TRUE(a->peers().empty());
    addresses({"10.0.0.2"});
    EXPECT_TRUE(meet({&a, &b}, 7s)) << sim.story();
    addresses({});
    sim.run_for(6s);
    EXPECT_EQ(a->peers().size(), 1u) << "one empty answer is not believed";
    sim.run_for(6s);
    EXPECT_TRUE(a->peers().empty());
    EXPECT_EQ(events['a'].back(), "disconnected clusters1 b@10.0.0.2");
}

TEST_F(DnsPoll, SourceThatIsDownSilentOrBrokenChangesNothing) {
    addresses({"10.0.0.2"});
    auto& a = join('a', options('b'));
    auto& b = boot('b');
    ASSERT_TRUE(meet({&a, &b}, 7s));
    dns.fall_silent(true);
    sim.run_for(1min);
    dns.fall_silent(false);
    dns.fail(error{wire::dns_errc::no_answer, "response code 2"});
    sim.run_for(1min);
    EXPECT_EQ(a->peers().size(), 1u);
    EXPECT_EQ(said(a, "DNS cannot be asked").size(), 2u) << "once for each reason";
    dns.fail(std::nullopt);
    sim.run_for(7s);
    EXPECT_EQ(said(a, "DNS answers again").size(), 1u);
    EXPECT_EQ(a->peers().size(), 1u);
    EXPECT_EQ(events['a'], (std::vector<std::string>{"connected clusters1 b@10.0.0.2"}));
}

TEST_F(DnsPoll, NameThatDoesNotExistIsToldOnceAndCountsAsEmpty) {
    auto& a = join('a', options('b'));
    boot('b');
    sim.run_for(30s);
    EXPECT_EQ(said(a, "DNS says that there is no name app.internal").size(), 1u) << sim.story();
    addresses({"10.0.0.2"});
    sim.run_for(7s);
    EXPECT_EQ(a->peers().size(), 1u);
    dns.forget("app.internal");
    sim.run_for(12s);
    EXPECT_TRUE(a->peers().empty());
}

TEST_F(DnsPoll, SourceThatNamesTooManyOrOurselvesIsSurvived) {
    std::vector<std::string> many{"10.0.0.1", "10.0.0.2", "fd00::7"};
    for (int i = 0; i < 4000; ++i)
        many.push_back("10.9." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
    addresses(many);
    auto& a = join('a', options('a'));
    sim.run_for(20s);
    EXPECT_EQ(said(a, "more than 1024 nodes are wanted").size(), 1u);
    EXPECT_LE(running['a']->nodes().size(), limits::topology_nodes_max);
    EXPECT_EQ(said(a, "a@10.0.0.1\"").size(), 0u) << "its own address is no peer";
}

TEST_F(DnsPoll, BothFamiliesAreAsked) {
    addresses({"10.0.0.2", "fd00::9"});
    join('a', options('b'));
    sim.run_for(2s);
    std::vector<std::string> wanted;
    for (const auto& n : running['a']->nodes()) wanted.push_back(n.name.str());
    EXPECT_EQ(wanted, (std::vector<std::string>{"b@10.0.0.2", "b@fd00::9"}));
}

TEST_F(DnsPoll, IntervalIsWhatTheOptionSays) {
    addresses({});
    auto often = options('b');
    often.polling_interval = 1s;
    join('a', often);
    join('c', options('b'));
    sim.run_for(100s);
    EXPECT_NEAR(static_cast<double>(counted('a', "polls")), 100, 10);
    EXPECT_NEAR(static_cast<double>(counted('c', "polls")), 20, 3);
}

TEST_F(DnsPoll, TimeoutOfTheResolverEndsARound) {
    dns.fall_silent(true);
    auto short_one = options('b');
    short_one.resolver_timeout = 1s;
    short_one.polling_interval = 1s;
    join('a', short_one);
    sim.run_for(21s);
    EXPECT_NEAR(static_cast<double>(counted('a', "polls_failed")), 10, 2);
}
