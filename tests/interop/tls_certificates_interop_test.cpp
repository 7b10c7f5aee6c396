// SPDX-License-Identifier: Apache-2.0
//
// TLS with certificates that others have made, here the command `openssl`: keys of several kinds, an authority between
// the root and the nodes, files with several certificates; and what peers may not do.
#include "interop/tls_with_otp.hpp"

namespace sedge::test {
namespace {

using testing::HasSubstr;

const std::string for_both_ends = "serverAuth,clientAuth";

class ForeignCertificates : public TlsWithOtp {
protected:
    void openssl(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "openssl");
        auto running = start(std::move(arguments));
        running->close_input();
        const int status = running->wait_for_end();
        ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << running->output();
    }
    [[nodiscard]] std::string at(const std::string& file) const { return folder + "/" + file; }
    std::string read(const std::string& file) {
        std::stringstream text;
        text << std::ifstream{at(file)}.rdbuf();
        return text.str();
    }
    void write(const std::string& file, const std::string& text) { std::ofstream{at(file)} << text; }

    /// A key of that kind, and a certificate for it by `issuer`; without one, signed by itself.
    void make(const std::string& name, const std::string& kind, const std::string& extensions,
              const std::string& issuer = {}) {
        std::vector<std::string> request{"req", "-nodes", "-keyout", at(name + ".key"), "-subj", "/CN=" + name};
        if (kind.starts_with("ec:"))
            request.insert(request.end(), {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + kind.substr(3)});
        else
            request.insert(request.end(), {"-newkey", kind});
        request.insert(request.end(), {"-new", "-out", at(name + ".csr")});
        openssl(request);
        write(name + ".ext", extensions);
        std::vector<std::string> sign{
            "x509", "-req",           "-in", at(name + ".csr"), "-days", "2", "-extfile", at(name + ".ext"),
            "-out", at(name + ".crt")};
        if (issuer.empty())
            sign.insert(sign.end(), {"-signkey", at(name + ".key")});
        else
            sign.insert(sign.end(), {"-CA", at(issuer + ".crt"), "-CAkey", at(issuer + ".key"), "-CAcreateserial"});
        openssl(sign);
        fs::permissions(at(name + ".key"), fs::perms::owner_read);
    }
    void make_authority(const std::string& name, const std::string& kind, const std::string& issuer = {}) {
        make(name, kind, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n", issuer);
    }
    void make_node(const std::string& name, const std::string& kind, const std::string& use = for_both_ends) {
        make(name, kind,
             "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
             "subjectAltName=DNS:127.0.0.1,IP:127.0.0.1\nextendedKeyUsage=" +
                 use + "\n",
             "mid");
    }
    /// A root, an authority below it, a node of each side; and a file of trusted ones that begins with a stranger.
    void make_all(const std::string& kind) {
        make_authority("stranger", "ec:P-256");
        make_authority("root", kind);
        make_authority("mid", kind, "root");
        make_node("ours", kind);
        make_node("theirs", kind);
        for (const char* node : {"ours", "theirs"})
            write(std::string{node} + ".chain", read(std::string{node} + ".crt") + read("mid.crt"));
        write("trusted", read("stranger.crt") + read("root.crt"));
        write("trusted.otp", read("stranger.crt") + read("root.crt") + read("mid.crt"));
    }
    sedge_side& start_with_chain() {
        wire::tls_options files;
        files.ca_file = at("trusted");
        files.certificate_file = at("ours.chain");
        files.key_file = at("ours.key");
        return start_sedge(ours_with(files));
    }
    otp_node& start_otp_with_chain(const std::string& more, const std::string& of_server = "") {
        const std::string both = "{certfile, \"" + at("theirs.chain") + "\"}, {keyfile, \"" + at("theirs.key") +
                                 "\"}, {cacertfile, \"" + at("trusted.otp") + "\"}, {verify, verify_peer}" + more;
        const std::string name = "otp@127.0.0.1";
        std::ofstream{file_of(name, ".ssl_dist")}
            << "[{server, [{fail_if_no_peer_cert, true}, " + both + of_server + "]}, {client, [" + both + "]}].\n";
        return start_otp_with(name);
    }
};

struct kind_and_version {
    std::string kind;
    std::string version;
};

class KeysOfAllKinds : public ForeignCertificates, public testing::WithParamInterface<kind_and_version> {};

TEST_P(KeysOfAllKinds, WithAnAuthorityBetweenAndSeveralInAFile) {
    proves("TLS", "RSA, P-256, P-384 and Ed25519 keys; an intermediate CA; several CAs in a file", direction::both);
    make_all(GetParam().kind);
    auto& us = start_with_chain();
    auto& otp = start_otp_with_chain(", {versions, ['" + GetParam().version + "']}");
    auto connected = run(us.node.connect(atom{otp.name()}));
    ASSERT_TRUE(connected) << connected.error().message();
    EXPECT_EQ(rpc(us, otp.name(), "erlang", "abs", -5), "5");
    EXPECT_EQ(otp.erl("disconnect_node('sedge@127.0.0.1')"), "true");
    EXPECT_TRUE(eventually([&] { return us.node.peers(true).empty(); }));
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    EXPECT_EQ(us.node.certificate_of(atom{otp.name()}), "127.0.0.1");
    EXPECT_EQ(otp.complaints(), "");
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeysOfAllKinds,
                         testing::Values(kind_and_version{"rsa:2048", "tlsv1.2"},
                                         kind_and_version{"rsa:2048", "tlsv1.3"},
                                         kind_and_version{"ec:P-256", "tlsv1.2"},
                                         kind_and_version{"ec:P-384", "tlsv1.3"},
                                         kind_and_version{"ed25519", "tlsv1.3"}));

TEST_F(ForeignCertificates, CertificateForServersOnlyMayNotDial) {
    proves("TLS", "certificate made for the other end only: refused, and said why", direction::both);
    make_all("ec:P-256");
    auto& us = start_with_chain();
    fs::remove(at("theirs.key"));
    make_node("theirs", "ec:P-256", "serverAuth");
    write("theirs.chain", read("theirs.crt") + read("mid.crt"));
    auto& otp = start_otp_with_chain("");
    EXPECT_THAT(refused_dial_of(otp), HasSubstr("it may not be used for this end of a connection"));
    fs::remove(at("theirs.key"));
    make_node("theirs", "ec:P-256", "clientAuth");
    write("theirs.chain", read("theirs.crt") + read("mid.crt"));
    theirs.clear(); // it keeps what it has read
    auto& again = start_otp_with_chain("");
    EXPECT_THAT(refused_dial_to(again, us), HasSubstr("it may not be used for this end of a connection"));
}

TEST_F(ForeignCertificates, OldCiphersAreNotSpoken) {
    proves("TLS", "RSA key exchange and CBC: refused, and said why", direction::both);
    make_all("rsa:2048");
    auto& us = start_with_chain();
    for (const char* suites : {"#{key_exchange => rsa, cipher => aes_128_gcm, mac => aead, prf => sha256}",
                               "#{key_exchange => ecdhe_rsa, cipher => aes_128_cbc, mac => sha256, prf => sha256}"}) {
        theirs.clear();
        log->text.clear();
        auto& otp = start_otp_with_chain(std::string{", {versions, ['tlsv1.2']}, {ciphers, ["} + suites + "]}");
        EXPECT_THAT(refused_dial_of(otp), HasSubstr("no TLS version or cipher in common")) << suites;
        EXPECT_THAT(refused_dial_to(otp, us), HasSubstr("there is no cipher in common")) << suites;
    }
}

TEST_F(ForeignCertificates, PeerThatAsksForNoCertificateIsStillVerified) {
    proves("TLS", "a node of OTP with verify_none: we verify it all the same", direction::both);
    make_all("ec:P-256");
    auto& us = start_with_chain();
    const std::string careless =
        "[{certfile, \"" + at("theirs.chain") + "\"}, {keyfile, \"" + at("theirs.key") + "\"}, {verify, verify_none}]";
    const std::string name = "otp@127.0.0.1";
    std::ofstream{file_of(name, ".ssl_dist")} << "[{server, " + careless + "}, {client, " + careless + "}].\n";
    auto& otp = start_otp_with(name);
    auto connected = run(us.node.connect(atom{name}));
    ASSERT_TRUE(connected) << connected.error().message();
    EXPECT_EQ(us.node.certificate_of(atom{name}), "127.0.0.1");
    otp.erl("disconnect_node('sedge@127.0.0.1')");
    EXPECT_TRUE(eventually([&] { return us.node.peers(true).empty(); }));
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    // The same with a certificate that is none of ours: it would accept us, we do not accept it.
    theirs.clear();
    make_authority("mid2", "ec:P-256");
    for (const char* file : {".crt", ".key"}) {
        fs::remove(at("mid" + std::string{file}));
        fs::rename(at("mid2" + std::string{file}), at("mid" + std::string{file}));
    }
    fs::remove(at("theirs.key"));
    make_node("theirs", "ec:P-256");
    write("theirs.chain", read("theirs.crt") + read("mid.crt"));
    auto& other = start_otp_with(name);
    EXPECT_THAT(refused_dial_of(other), HasSubstr("it is signed by no authority that is known here"));
    EXPECT_THAT(refused_dial_to(other, us), HasSubstr("it is signed by no authority that is known here"));
}

// OTP begins one after 2^28 records, unless it speaks TLS 1.3, which needs none; here sooner.
TEST_F(ForeignCertificates, RenegotiationEndsTheConnectionAndTheNextOneIsMade) {
    proves("TLS", "renegotiation (TLS 1.2, at the latest after 268 million messages): the nodes connect anew",
           direction::to_us);
    make_all("ec:P-256");
    auto& us = start_with_chain();
    auto& otp = start_otp_with_chain(", {versions, ['tlsv1.2']}, {renegotiate_at, 300}");
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    const std::string calls = "lists:usort([rpc:call('sedge@127.0.0.1', erlang, node, []) || _ <- lists:seq(1, N)])";
    EXPECT_EQ(otp.erl("N = 100, " + calls), "['sedge@127.0.0.1']");
    EXPECT_EQ(otp.erl("element(1, lists:last(lists:usort([rpc:call('sedge@127.0.0.1', erlang, node, []) "
                      "|| _ <- lists:seq(1, 400)])))",
                      60s),
              "badrpc");
    EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pong");
    EXPECT_GE(us.events.size(), 3u) << "up, down, up";
    EXPECT_EQ(otp.complaints(), "");
}

} // namespace
} // namespace sedge::test
