// SPDX-License-Identifier: Apache-2.0
#include "interop/sources.hpp"

#include <sedge/cluster/strategies/kubernetes_dns.hpp>
#include <sedge/cluster/strategies/kubernetes_dns_srv.hpp>
#include <sedge/wire/simulated_dns.hpp>
#include <sedge/wire/simulation.hpp>

using namespace sedge;
using namespace std::chrono_literals;
using sedge::test::written_down;
using sedge::wire::dns_type;
using names = std::vector<std::string>;

namespace {

class KubernetesDns : public testing::Test {
protected:
    wire::simulation sim{1};
    environment& here = sim.machine("10.0.0.1");
    wire::simulated_dns dns{here};
    written_down seen{here, "app@10.0.0.1"};
    std::unique_ptr<cluster::strategy> how;
    nursery running;

    template <class Options>
    void run(Options options) {
        how = make_strategy(std::move(options));
        running.start(how->run(seen));
    }
    void addresses(const names& all) {
        std::vector<wire::dns_record> v4, v6;
        for (const auto& text : all) {
            wire::dns_record record;
            record.address = wire::ip_address::parse(text).value();
            (record.address.is_v4() ? v4 : v6).push_back(record);
        }
        dns.answer("svc", dns_type::a, v4);
        dns.answer("svc", dns_type::aaaa, v6);
    }
    void targets(const names& all, const std::string& name = "svc.ns.svc.cluster.local") {
        std::vector<wire::dns_record> records;
        for (const auto& text : all) {
            wire::dns_record record;
            record.target = text;
            record.port = 4369;
            records.push_back(record);
        }
        dns.answer(name, dns_type::srv, records);
    }
    bool comes(const names& wanted, duration most = 7s) {
        return sim.run_until([&] { return seen.wanted == wanted; }, most);
    }
    /// What is wrong with the options that a file gives, or nothing.
    static std::string complaint(const std::string& topology) {
        auto config = cluster::parse_toml("[topologies.t]\n" + topology, "sedge.toml");
        if (!config) return config.error().message();
        auto made = cluster::strategies{}.make(config->topologies.at(0), "sedge.toml");
        return made ? std::string{} : made.error().message();
    }
};

cluster::kubernetes_dns_strategy by_address() { return {.service = "svc", .application_name = "app"}; }
cluster::kubernetes_dns_srv_strategy by_service() {
    return {.service = "svc", .name_space = "ns", .application_name = "app"};
}

} // namespace

TEST_F(KubernetesDns, NodesAppearAndVanishWithTheirAddresses) {
    addresses({"10.0.0.1", "10.0.0.2", "fd00::1"});
    run(by_address());
    ASSERT_TRUE(comes({"app@10.0.0.1", "app@10.0.0.2", "app@fd00::1"}, 1s)) << "IPv6 as well, unlike in libcluster";
    addresses({"10.0.0.1", "10.0.0.2"});
    EXPECT_TRUE(comes({"app@10.0.0.1", "app@10.0.0.2"}));
    EXPECT_TRUE(how->rules().owns_removal);
}

TEST_F(KubernetesDns, PollingIntervalIsTheOneThatIsGiven) {
    addresses({"10.0.0.1"});
    auto options = by_address();
    options.polling_interval = 1s;
    run(options);
    sim.run_for(100s);
    EXPECT_NEAR(seen.counters["polls"], 100, 10) << "libcluster asks twice as often";
}

TEST_F(KubernetesDns, FailureChangesNothingAndAnEmptyAnswerCountsTheSecondTime) {
    addresses({"10.0.0.1", "10.0.0.2"});
    run(by_address());
    const names both{"app@10.0.0.1", "app@10.0.0.2"};
    ASSERT_TRUE(comes(both));
    dns.fall_silent(true);
    sim.run_for(1min);
    EXPECT_GT(seen.counters["polls_failed"], 3);
    dns.fall_silent(false);
    dns.fail(error{wire::dns_errc::no_answer});
    sim.run_for(1min);
    EXPECT_EQ(seen.wanted, both);
    dns.fail(std::nullopt);
    addresses({});
    ASSERT_TRUE(sim.run_until([&] { return seen.counters["polls_in_doubt"] == 1; }, 20s));
    EXPECT_EQ(seen.wanted, both);
    EXPECT_TRUE(comes({}, 10s));
}

TEST_F(KubernetesDns, TargetsOfAServiceAreNodes) {
    targets({"app-0.svc.ns.svc.cluster.local", "app-1.svc.ns.svc.cluster.local"});
    run(by_service());
    EXPECT_TRUE(comes({"app@app-0.svc.ns.svc.cluster.local", "app@app-1.svc.ns.svc.cluster.local"}));
}

TEST_F(KubernetesDns, DomainOfTheClusterIsPartOfTheQuestion) {
    targets({"app-0.svc.ns.svc.plant.internal"}, "svc.ns.svc.plant.internal");
    auto options = by_service();
    options.domain = "plant.internal.";
    run(options);
    EXPECT_TRUE(comes({"app@app-0.svc.ns.svc.plant.internal"}));
}

TEST_F(KubernetesDns, TargetsThatAreNoNamesAreLeftOutAndCounted) {
    targets({"app-0.svc.ns.svc.cluster.local", "no\\032name", ""});
    run(by_service());
    EXPECT_TRUE(comes({"app@app-0.svc.ns.svc.cluster.local"}));
    EXPECT_GE(seen.counters["bad_names"], 1);
}

TEST_F(KubernetesDns, OptionsAreThoseOfLibcluster) {
    EXPECT_EQ(complaint("strategy = \"Cluster.Strategy.Kubernetes.DNS\"\n"
                        "config = { service = \"svc\", application_name = \"app\", polling_interval = 1000 }\n"),
              "");
    EXPECT_EQ(complaint("strategy = \"Cluster.Strategy.Kubernetes.DNSSRV\"\nconfig = { service = \"svc\", "
                        "application_name = \"app\", namespace = \"ns\", servers = [\"10.96.0.10\"] }\n"),
              "");
    for (const auto* lacking :
         {"service = \"svc\"", "application_name = \"app\"", "service = \"..\", application_name = \"a\"",
          "service = \"svc\", application_name = \"a@b\""})
        EXPECT_NE(complaint(std::string{"strategy = \"kubernetes_dns\"\nconfig = { "} + lacking + " }\n"), "")
            << lacking;
    EXPECT_NE(
        complaint("strategy = \"kubernetes_dns_srv\"\nconfig = { service = \"svc\", application_name = \"app\" }\n"),
        "");
}
