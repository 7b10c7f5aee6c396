// SPDX-License-Identifier: Apache-2.0
//
// Strategies that ask somebody, against real counterparts: DNS (Debian's dnsmasq, on a port of its own on loopback),
// and the port mapper with nodes of OTP.
#include "interop/with_otp.hpp"

#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/wire/dns.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace sedge;
using namespace sedge::test;
using testing::ElementsAre;
using wire::dns_type;

namespace {

class Strategies : public WithOtp {
protected:
    std::map<sedge_side*, std::unique_ptr<cluster::topologies>> topologies;
    const std::filesystem::path folder = make_folder();

    ~Strategies() override {
        topologies.clear();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    static std::string make_folder() {
        char name[] = "/tmp/sedge-interop-XXXXXX";
        return mkdtemp(name);
    }
    template <class Options>
    void use(sedge_side& side, Options how) {
        auto& running = topologies[&side];
        if (!running) running = std::make_unique<cluster::topologies>(side.node);
        EXPECT_TRUE(running->add({"plant", make_strategy(std::move(how))}));
    }
    bool sees(sedge_side& side, const std::vector<std::string>& nodes, duration most = 20s) {
        return eventually(
            [&] {
                std::vector<std::string> now;
                for (const auto& peer : side.node.peers()) now.push_back(peer.str());
                return now == nodes;
            },
            most);
    }
};

class NameServer : public Strategies {
protected:
    const std::uint16_t port = free_port();
    std::unique_ptr<program> server;

    /// dnsmasq with these lines of configuration; everything else is unknown to it.
    void serve(const std::string& lines) {
        server.reset();
        std::ofstream{folder / "dnsmasq.conf"}
            << "no-resolv\nno-hosts\nport=" << port
            << "\nlisten-address=127.0.0.1\nbind-interfaces\nlocal=/test/\nlocal-ttl=7\n"
            << lines;
        // Debian puts it where users do not look. It would change to another user, who may not write here.
        server =
            start({"/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=" + (folder / "dnsmasq.conf").string(),
                   "--user=root", "--pid-file=" + (folder / "pid").string(), "--log-facility=-"});
        server->wait_for("started");
    }
    result<std::vector<wire::dns_record>> ask(const std::string& name, dns_type type, duration patience = 5s) {
        wire::dns_question question;
        question.name = name;
        question.type = type;
        question.servers = {{wire::ip_address::loopback_v4(), port}};
        question.patience = patience;
        return run(wire::query(env, question));
    }
    cluster::dns_poll_strategy poll() const {
        cluster::dns_poll_strategy how;
        how.query = "plant.test";
        how.node_basename = "plant";
        how.polling_interval = 200ms;
        how.resolver_timeout = 1s;
        how.servers = {{wire::ip_address::loopback_v4(), port}};
        return how;
    }
};

} // namespace

TEST_F(NameServer, AddressesServicesAndAliasesAreRead) {
    serve("host-record=app.test,10.0.0.1,fd00::1\nhost-record=app.test,10.0.0.2\ncname=alias.test,app.test\n"
          "srv-host=_sedge._tcp.test,app.test,4370,5,6\n");
    auto v4 = ask("app.test", dns_type::a);
    ASSERT_TRUE(v4) << v4.error().message();
    EXPECT_EQ(v4->size(), 2u);
    EXPECT_EQ(v4->front().ttl, seconds{7});
    auto v6 = ask("App.Test", dns_type::aaaa);
    ASSERT_TRUE(v6) << v6.error().message();
    ASSERT_EQ(v6->size(), 1u);
    EXPECT_EQ(to_string(v6->front().address), "fd00::1");
    auto alias = ask("alias.test", dns_type::a);
    ASSERT_TRUE(alias) << alias.error().message();
    EXPECT_EQ(alias->size(), 2u);
    auto services = ask("_sedge._tcp.test", dns_type::srv);
    ASSERT_TRUE(services) << services.error().message();
    ASSERT_EQ(services->size(), 1u);
    EXPECT_EQ(services->front().target, "app.test");
    EXPECT_EQ(services->front().port, 4370);
    EXPECT_EQ(services->front().priority, 5);
    EXPECT_EQ(services->front().weight, 6);
    EXPECT_TRUE(ask("app.test", dns_type::srv).value().empty()) << "a name without such records";
    EXPECT_EQ(ask("nobody.test", dns_type::a).error().code(), make_error_code(wire::dns_errc::no_such_name));
}

TEST_F(NameServer, AnswerThatIsTooLongForADatagramComesByTcp) {
    std::string lines;
    for (int i = 1; i <= 200; ++i) lines += "host-record=many.test,10.1.0." + std::to_string(i) + "\n";
    serve(lines);
    auto all = ask("many.test", dns_type::a);
    ASSERT_TRUE(all) << all.error().message();
    EXPECT_EQ(all->size(), 200u);
}

TEST_F(NameServer, ServerThatIsStoppedIsNoAnswerAndOneThatHangsRunsOutOfTime) {
    serve("host-record=app.test,10.0.0.1\n");
    server->signal(SIGSTOP);
    EXPECT_EQ(ask("app.test", dns_type::a, 500ms).error().code(), make_error_code(sedge::errc::timed_out));
    server->signal(SIGCONT);
    EXPECT_TRUE(ask("app.test", dns_type::a));
    server->kill();
    EXPECT_EQ(ask("app.test", dns_type::a).error().code(), make_error_code(wire::dns_errc::no_answer));
}

TEST_F(NameServer, NodesOfOtpThatItNamesJoinAndLeave) {
    proves("Strategies", "DNSPoll with dnsmasq: nodes join, stay while it is away, leave when it says so twice",
           direction::from_us);
    serve("host-record=other.test,127.0.0.1\n");
    auto& ours_here = start_sedge({.name = "hub@127.0.0.1"});
    auto& otp = start_otp("plant@127.0.0.1");
    use(ours_here, poll());
    run_for(1s);
    EXPECT_TRUE(ours_here.node.peers().empty());
    serve("host-record=plant.test,127.0.0.1\n");
    EXPECT_TRUE(sees(ours_here, {"plant@127.0.0.1"})) << log->text;
    server->kill();
    run_for(2s);
    EXPECT_TRUE(sees(ours_here, {"plant@127.0.0.1"}, 0s)) << "the name server is away";
    serve("host-record=other.test,127.0.0.1\n");
    EXPECT_TRUE(sees(ours_here, {})) << log->text;
    EXPECT_THAT(otp.complaints(), testing::IsEmpty());
}

TEST_F(Strategies, LocalEpmdFindsTheNodesOfOtpOnThisMachine) {
    proves("Strategies", "LocalEpmd finds nodes of the same machine, also such as start later", direction::from_us);
    auto& ours_here = start_sedge();
    auto& first = start_otp("first@127.0.0.1");
    use(ours_here, cluster::local_epmd_strategy{.polling_interval = 200ms, .epmd_port = epmd_port});
    EXPECT_TRUE(sees(ours_here, {"first@127.0.0.1"})) << log->text;
    auto& second = start_otp("second@127.0.0.1");
    EXPECT_TRUE(sees(ours_here, {"first@127.0.0.1", "second@127.0.0.1"})) << log->text;
    EXPECT_THAT(first.complaints(), testing::IsEmpty());
    EXPECT_THAT(second.complaints(), testing::IsEmpty());
}

TEST_F(Strategies, ErlangHostsReadsTheFileThatOtpReads) {
    proves("Strategies", "ErlangHosts: the `.hosts.erlang` that `:net_adm.host_file/0` reads, and its nodes",
           direction::from_us);
    std::ofstream{folder / ".hosts.erlang"} << "% the plant\n'127.0.0.1'.\n";
    auto& ours_here = start_sedge(); // the port mapper, too
    const char* home = std::getenv("HOME");
    const std::string before = home ? home : "";
    setenv("HOME", folder.c_str(), 1);
    auto& otp = start_otp("first@127.0.0.1");
    setenv("HOME", before.c_str(), 1);
    use(ours_here, cluster::erlang_hosts_strategy{
                       .timeout = 200ms, .file = (folder / ".hosts.erlang").string(), .epmd_port = epmd_port});
    EXPECT_TRUE(sees(ours_here, {"first@127.0.0.1"})) << log->text;
    EXPECT_EQ(rpc(ours_here, "first@127.0.0.1", "net_adm", "host_file"), "['127.0.0.1']");
    EXPECT_THAT(otp.complaints(), testing::IsEmpty());
}
