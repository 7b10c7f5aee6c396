// SPDX-License-Identifier: Apache-2.0
//
// TLS between nodes of sedge and of OTP (`-proto_dist inet_tls`), with certificates and option files that `sedge cert`
// made.
#include "interop/tls_with_otp.hpp"

#include <sedge/wire/certificate_authority.hpp>
#include <sedge/wire/tls.hpp>

namespace sedge::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class TlsVersions : public TlsWithOtp, public testing::WithParamInterface<version> {
protected:
    [[nodiscard]] std::string named(const std::string& feature) const {
        return feature + (GetParam() == version::v1_3 ? ", TLS 1.3" : ", TLS 1.2 (OTP's default)");
    }
};

TEST_P(TlsVersions, SedgeDialsOtp) {
    proves("TLS", named("dial and call"), direction::from_us);
    auto& us = start_ours();
    auto& otp = start_theirs(GetParam());
    auto connected = run(us.node.connect(atom{otp.name()}));
    ASSERT_TRUE(connected) << connected.error().message();
    EXPECT_EQ(us.node.certificate_of(atom{otp.name()}), "127.0.0.1");
    EXPECT_EQ(otp.erl("nodes()"), "['sedge@127.0.0.1']");
    EXPECT_EQ(rpc(us, otp.name(), "erlang", "abs", -5), "5");
    EXPECT_EQ(otp.complaints(), "");
}

TEST_P(TlsVersions, OtpDialsSedge) {
    proves("TLS", named("dial and call"), direction::to_us);
    auto& us = start_ours();
    auto& otp = start_theirs(GetParam());
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    EXPECT_EQ(otp.elixir("Node.list()"), "[:\"sedge@127.0.0.1\"]");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', erlang, node, [])"), "'sedge@127.0.0.1'");
    EXPECT_EQ(us.node.certificate_of(atom{otp.name()}), "127.0.0.1");
    EXPECT_EQ(otp.complaints(), "");
}

TEST_P(TlsVersions, TenMegabytesCrossBothWaysUnchanged) {
    proves("TLS", named("10 MB messages"), direction::both);
    auto& us = start_ours();
    auto& otp = start_theirs(GetParam());
    us.node.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid, term>();
                auto [from, message] = co_await std::move(waiting);
                self.send(from, message);
            }
        },
        {.label = "echo", .name = "echo"_atom});
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    EXPECT_EQ(otp.erl("B = crypto:strong_rand_bytes(10000000), {echo, 'sedge@127.0.0.1'} ! {self(), B}, "
                      "receive B -> same; Other -> {other, byte_size(Other)} after 30000 -> none end",
                      60s),
              "same");
    EXPECT_EQ(otp.complaints(), "");
}

TEST_P(TlsVersions, TicksKeepAnIdleConnection) {
    proves("TLS", named("ticks"), direction::both);
    issue("sedge@127.0.0.1");
    auto options = ours_with(files_of("sedge@127.0.0.1"));
    options.tick_time = 4s;
    auto& us = start_sedge(options);
    issue("otp@127.0.0.1");
    if (GetParam() == version::otp_default)
        change_options("otp@127.0.0.1", "{versions, ['tlsv1.3', 'tlsv1.2']}", "{depth, 2}");
    auto& otp =
        start_otp("otp@127.0.0.1", {.more = {"-proto_dist", "inet_tls", "-ssl_dist_optfile",
                                             file_of("otp@127.0.0.1", ".ssl_dist"), "-kernel", "net_ticktime", "4"}});
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    run_for(9s);
    EXPECT_TRUE(us.node.is_connected(atom{otp.name()}));
    EXPECT_EQ(otp.erl("nodes()"), "['sedge@127.0.0.1']");
    otp.program().signal(SIGSTOP);
    EXPECT_TRUE(eventually([&] { return !us.node.is_connected(atom{otp.name()}); }, 10s));
    EXPECT_EQ(us.events.back(), "down otp@127.0.0.1 net_tick_timeout");
    otp.program().signal(SIGCONT);
}

TEST_P(TlsVersions, NodeThatHangsIsDownLongBeforeItsTickTime) {
    proves("TLS", named("a node that hangs is down within 12 s, with a tick time of a minute"), direction::from_us);
    auto& us = start_ours();
    auto& otp = start_theirs();
    std::vector<std::string> states;
    auto watching = us.node.watch([&states](const node_event& e) { states.emplace_back(to_string(e.state)); });
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    run_for(8s);
    EXPECT_EQ(states, std::vector<std::string>{"up"});
    EXPECT_EQ(otp.complaints(), "");
    const auto hung = env.now();
    otp.program().signal(SIGSTOP);
    EXPECT_TRUE(eventually([&] { return states.back() == "down"; }, 20s));
    EXPECT_LE(env.now() - hung, 12s);
    EXPECT_EQ(states, (std::vector<std::string>{"up", "suspect", "down"}));
    otp.program().signal(SIGCONT);
}

INSTANTIATE_TEST_SUITE_P(Both, TlsVersions, testing::Values(version::otp_default, version::v1_3), [](const auto& made) {
    return std::string{made.param == version::v1_3 ? "Tls13" : "OtpDefault"};
});

TEST_F(TlsWithOtp, KeysAreRenewedWhileMessagesCross) {
    proves("TLS", "new keys on a connection that is up (TLS 1.3)", direction::to_us);
    auto& us = start_ours();
    issue("otp@127.0.0.1");
    const std::string versions = "{versions, ['tlsv1.3', 'tlsv1.2']}";
    change_options("otp@127.0.0.1", versions, versions + ", {key_update_at, 100000}");
    auto& otp = start_otp_with("otp@127.0.0.1");
    us.node.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid, term>();
                auto [from, message] = co_await std::move(waiting);
                self.send(from, message);
            }
        },
        {.label = "echo", .name = "echo"_atom});
    EXPECT_EQ(
        otp.erl("lists:usort([begin B = crypto:strong_rand_bytes(20000), {echo, 'sedge@127.0.0.1'} ! {self(), B}, "
                "receive B -> same after 5000 -> none end end || _ <- lists:seq(1, 200)])",
                60s),
        "[same]");
    EXPECT_EQ(us.events.size(), 1u) << "one connection, from the beginning to the end";
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(TlsWithOtp, NodeThatDemandsTls13RefusesOtpsDefault) {
    proves("TLS", "OTP's default (TLS 1.2 only) at a node that demands 1.3: refused", direction::both);
    issue("sedge@127.0.0.1");
    auto files = files_of("sedge@127.0.0.1");
    files.version_min = wire::tls_version::v1_3;
    auto& us = start_sedge(ours_with(files));
    auto& otp = start_theirs(version::otp_default);
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("no TLS version or cipher in common"));
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("speaks no TLS version that is allowed here"));
}

TEST_F(TlsWithOtp, CertificateOfAnotherAuthorityIsRefused) {
    proves("TLS", "certificate of another CA: refused, and said why", direction::both);
    auto& us = start_ours();
    // Its own certificates from another CA, while it trusts ours, so that only our side refuses.
    sedge({"cert", "init", folder + "/other"});
    sedge({"cert", "issue", "otp@127.0.0.1", "--ca", folder + "/other"});
    issue("otp@127.0.0.1");
    for (const auto* kind : {".crt", ".key"}) {
        fs::remove(file_of("otp@127.0.0.1", kind));
        fs::copy_file(folder + "/other/otp@127.0.0.1" + kind, file_of("otp@127.0.0.1", kind));
    }
    auto& otp = start_otp_with("otp@127.0.0.1");
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("it is signed by no authority that is known here"));
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("it is signed by no authority that is known here"));
    EXPECT_TRUE(us.node.peers(true).empty());
}

TEST_F(TlsWithOtp, OurCertificateThatOtpDoesNotTrustIsToldByItsAlert) {
    proves("TLS", "OTP refuses our certificate: its alert is told", direction::from_us);
    sedge({"cert", "init", folder + "/other"});
    sedge({"cert", "issue", "sedge@127.0.0.1", "--ca", folder + "/other"});
    wire::tls_options files;
    files.ca_file = ca() + "/ca.crt";
    files.certificate_file = folder + "/other/sedge@127.0.0.1.crt";
    files.key_file = folder + "/other/sedge@127.0.0.1.key";
    auto& us = start_sedge(ours_with(files));
    auto& otp = start_theirs();
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("unknown CA"));
}

TEST_F(TlsWithOtp, CertificateForAnotherMachineIsRefused) {
    proves("TLS", "certificate for another name: refused, and said why", direction::both);
    auto& us = start_ours();
    issue("otp@10.9.9.9");
    issue("otp@127.0.0.1");
    for (const auto* kind : {".crt", ".key"}) fs::rename(file_of("otp@10.9.9.9", kind), file_of("otp@127.0.0.1", kind));
    auto& otp = start_otp_with("otp@127.0.0.1");
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("otp@127.0.0.1 was refused: its certificate is for 10.9.9.9, not for "
                                                "otp@127.0.0.1"));
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("it is for 10.9.9.9, not for otp@127.0.0.1"));
}

TEST_F(TlsWithOtp, OtpRefusesANodeOfOursOnAnotherMachinesCertificate) {
    proves("TLS", "OTP refuses our certificate for another name", direction::to_us);
    // A node of ours does not even start with it; so its files change afterwards.
    auto& us = start_ours();
    issue("sedge@10.9.9.9");
    for (const auto* kind : {".crt", ".key"})
        fs::rename(file_of("sedge@10.9.9.9", kind), file_of("sedge@127.0.0.1", kind));
    auto& otp = start_theirs();
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pang");
    EXPECT_TRUE(us.node.peers(true).empty());
    EXPECT_THAT(log->text, AnyOf(HasSubstr("TLS handshake"), HasSubstr("alert"), HasSubstr("certificate")));
}

TEST_F(TlsWithOtp, ExpiredCertificateIsRefused) {
    proves("TLS", "expired certificate: refused, and said why", direction::both);
    auto& us = start_ours();
    issue("otp@127.0.0.1");
    wire::certificate_request wanted;
    wanted.name = "otp@127.0.0.1";
    wanted.addresses = {wire::ip_address::loopback_v4()};
    wanted.now = std::chrono::system_clock::now() - std::chrono::hours{48};
    wanted.valid_for = std::chrono::hours{24};
    const auto read = [](const std::string& path) {
        std::stringstream text;
        text << std::ifstream{path}.rdbuf();
        return text.str();
    };
    const auto old = wire::issue_certificate({read(ca() + "/ca.crt"), read(ca() + "/ca.key")}, wanted).value();
    for (const auto& [kind, text] : {std::pair{".crt", old.certificate}, std::pair{".key", old.key}}) {
        fs::remove(file_of("otp@127.0.0.1", kind));
        std::ofstream{file_of("otp@127.0.0.1", kind)} << text;
    }
    auto& otp = start_otp_with("otp@127.0.0.1");
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("UTC: it has expired"));
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("UTC: it has expired"));
}

TEST_F(TlsWithOtp, NodeWithoutCertificateIsRefused) {
    proves("TLS", "no certificate: refused, and said why", direction::to_us);
    auto& us = start_ours();
    issue("otp@127.0.0.1");
    std::ofstream{file_of("none@127.0.0.1", ".ssl_dist")}
        << "[{server, [{certfile, \"" << file_of("otp@127.0.0.1", ".crt") << "\"}, {keyfile, \""
        << file_of("otp@127.0.0.1", ".key") << "\"}]},\n {client, [{verify, verify_none}]}].\n";
    auto& otp = start_otp_with("none@127.0.0.1");
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("the peer shows no certificate"));
    EXPECT_TRUE(us.node.peers(true).empty());
}

TEST_F(TlsWithOtp, PlainNodeOfOtpIsRefused) {
    proves("TLS", "plain OTP node at a TLS node: refused, and said why", direction::both);
    auto& us = start_ours();
    auto& otp = start_otp();
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("peer speaks plain distribution, this node requires TLS"));
    EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("it may speak plain distribution, and this node requires TLS"));
    EXPECT_TRUE(us.node.peers(true).empty());
}

TEST_F(TlsWithOtp, TlsNodeOfOtpIsRefusedByAPlainNode) {
    proves("TLS", "TLS node of OTP at a plain node: refused, and said why", direction::both);
    auto& us = start_sedge();
    auto& otp = start_theirs();
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("what talks there speaks TLS, this node speaks plain distribution"));
    EXPECT_THAT(refused_dial_to(otp, us),
                HasSubstr("the node there requires TLS, this node speaks plain distribution"));
    EXPECT_TRUE(us.node.peers(true).empty());
}

TEST_F(TlsWithOtp, CommandsVisitNodesOverTls) {
    proves("TLS", "`sedge call` to a TLS node of OTP", direction::from_us);
    start_ours(); // is the port mapper, too
    auto& otp = start_theirs();
    std::ofstream{folder + "/cookie"} << "interop";
    fs::permissions(folder + "/cookie", fs::perms::owner_read);
    issue("tools@127.0.0.1");
    const auto printed = sedge({"call", otp.name(), "erlang", "node", "[]", "--cookie-file", folder + "/cookie",
                                "--tls-ca", ca() + "/ca.crt", "--tls-certificate", file_of("tools@127.0.0.1", ".crt"),
                                "--tls-key", file_of("tools@127.0.0.1", ".key")});
    EXPECT_THAT(printed, HasSubstr("otp@127.0.0.1"));
    EXPECT_EQ(otp.complaints(), "");
}

} // namespace
} // namespace sedge::test
