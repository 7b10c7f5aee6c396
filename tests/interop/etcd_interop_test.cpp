// SPDX-License-Identifier: Apache-2.0
//
// The strategy `etcd` against etcd itself.
#include "cluster/http_client.hpp"
#include "cluster/strategies/etcd_api.hpp"
#include "interop/sources.hpp"
#include "support/free_port.hpp"
#include "support/run_program.hpp"

#include <gmock/gmock.h>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using names = std::vector<std::string>;
namespace etcd = cluster::etcd;

class Etcd : public Sources {
protected:
    void TearDown() override {
        Sources::TearDown();
        server.reset();
    }

    /// Starts etcd, with what it knew before; it is at `url()` then.
    void serve(std::vector<std::string> more = {}, const std::string& scheme = "http") {
        server.reset();
        const auto clients = scheme + "://127.0.0.1:" + std::to_string(port);
        const auto peers = "http://127.0.0.1:" + std::to_string(peers_port);
        program_options options;
        options.arguments = {"etcd",
                             "--data-dir",
                             home / "etcd",
                             "--listen-client-urls",
                             clients,
                             "--advertise-client-urls",
                             clients,
                             "--listen-peer-urls",
                             peers,
                             "--initial-advertise-peer-urls",
                             peers,
                             "--initial-cluster",
                             "default=" + peers};
        options.arguments.insert(options.arguments.end(), more.begin(), more.end());
        options.environment = {{"ETCD_UNSUPPORTED_ARCH", "arm64"}}; // ignored where etcd is at home
        options.directory = home.string();
        server = std::make_unique<program>(std::move(options));
        server->wait_for("ready to serve client requests", seconds{60});
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }

    /// One request to etcd, as the test itself makes it.
    std::string ask(cluster::http_request what) {
        cluster::http_client client{env, cluster::parse_url(url()).value()};
        auto answer = env.block_on(client.send(std::move(what), env.now() + seconds{10}));
        if (!answer) throw std::runtime_error{answer.error().message()};
        if (answer->status != 200) throw std::runtime_error{etcd::refusal(*answer)};
        return answer->body;
    }
    std::string ask(const std::string& target, const std::string& body) {
        cluster::http_request request;
        request.method = "POST";
        request.target = target;
        request.body = body;
        return ask(std::move(request));
    }
    void put(const std::string& key) { ask(etcd::put(key, "x", "0")); }
    void remove(const std::string& key) { ask("/v3/kv/deleterange", R"({"key":")" + etcd::to_base64(key) + "\"}"); }

    [[nodiscard]] std::string options(const std::string& more = {}) const {
        auto out = std::string{"strategy = \"etcd\"\n[topologies.t.config]\n"};
        if (more.find("endpoints") == std::string::npos) out += "endpoints = [\"" + url() + "\"]\n";
        if (more.find("lease_ttl") == std::string::npos) out += "lease_ttl = 2\n";
        return out + more;
    }

    const int port = free_port();
    const int peers_port = free_port();
    std::unique_ptr<program> server;
    written_down a{env, "a@10.0.0.1"};
    written_down b{env, "b@10.0.0.2"};
};

const names only_a{"a@10.0.0.1"};
const names both{"a@10.0.0.1", "b@10.0.0.2"};

} // namespace

TEST_F(Etcd, NodesFindEachOtherAndAreGoneWhenTheirLeaseRunsOut) {
    serve();
    run(a, options());
    ASSERT_TRUE(comes(a, only_a)) << testing::PrintToString(a.lines);
    nursery second; // which ends before the first
    auto config = cluster::parse_toml("[topologies.t]\n" + options(), "sedge.toml").value();
    auto how = cluster::strategies{}.make(config.topologies.at(0)).value();
    second.start(how->run(b));
    ASSERT_TRUE(comes([&] { return a.wanted == both && b.wanted == both; }));
    pass(seconds{5});
    EXPECT_EQ(a.wanted, both) << "leases are refreshed";
    EXPECT_GE(b.counters["lease_refreshed"], 4) << "three times in lease_ttl";
    second.cancel();
    EXPECT_TRUE(comes(a, only_a)) << "after lease_ttl, and a little for etcd";
    EXPECT_FALSE(how->rules().owns_removal) << "a lost lease is no reason to hang up";
}

TEST_F(Etcd, KeysAreWatchedAndBadNamesLeftOut) {
    serve();
    put("/sedge/nodes/b@10.0.0.2");
    run(a, options());
    ASSERT_TRUE(comes(a, both)) << "what was there before";
    put("/sedge/nodes/c@10.0.0.3");
    ASSERT_TRUE(comes(a, {"a@10.0.0.1", "b@10.0.0.2", "c@10.0.0.3"}, seconds{2})) << "at once, by the watch";
    put("/sedge/nodes/no name at all");
    put("/sedge/other/d@10.0.0.4");
    remove("/sedge/nodes/c@10.0.0.3");
    EXPECT_TRUE(comes(a, both, seconds{2}));
    EXPECT_GT(a.counters["bad_names"], 0);
}

TEST_F(Etcd, OwnKeyThatSomebodyRemovesIsPutAgain) {
    serve();
    run(a, options());
    ASSERT_TRUE(comes(a, only_a));
    remove("/sedge/nodes/a@10.0.0.1");
    ASSERT_TRUE(comes(a, {}));
    EXPECT_TRUE(comes(a, only_a));
}

TEST_F(Etcd, PrefixSeparatesClusters) {
    serve();
    put("/plant/b@10.0.0.2");
    put("/sedge/nodes/x@10.0.0.9");
    run(a, options("prefix = \"/plant/\"\n"));
    EXPECT_TRUE(comes(a, both));
}

TEST_F(Etcd, WhatWasKnownStaysWhileEtcdIsDownAndItIsAskedAgain) {
    serve();
    put("/sedge/nodes/b@10.0.0.2");
    run(a, options("lease_ttl = 3\n"));
    ASSERT_TRUE(comes(a, both));
    server.reset();
    ASSERT_TRUE(comes([&] { return a.counters["sessions_failed"] >= 2; }, seconds{30}));
    EXPECT_EQ(a.wanted, both);
    EXPECT_TRUE(said(a, "the nodes that etcd named stay wanted")) << testing::PrintToString(a.lines);
    serve();
    put("/sedge/nodes/c@10.0.0.3");
    EXPECT_TRUE(comes(a, {"a@10.0.0.1", "b@10.0.0.2", "c@10.0.0.3"}, seconds{30}));
}

TEST_F(Etcd, NodesAnnounceThemselvesAnewInAnEtcdThatHasForgottenAll) {
    serve();
    run(a, options());
    run(b, options());
    ASSERT_TRUE(comes([&] { return a.wanted == both && b.wanted == both; }));
    server.reset();
    std::filesystem::remove_all(home / "etcd");
    ASSERT_TRUE(comes([&] { return a.counters["sessions_failed"] && b.counters["sessions_failed"]; }, seconds{30}));
    serve();
    EXPECT_TRUE(
        comes([&] { return a.counters["sessions"] >= 2 && a.wanted == both && b.wanted == both; }, seconds{30}));
}

TEST_F(Etcd, NextServerIsTriedWhenOneIsDown) {
    serve();
    run(a, options("endpoints = [\"http://127.0.0.1:1\", \"" + url() + "\"]\n"));
    EXPECT_TRUE(comes(a, only_a));
    EXPECT_TRUE(said(a, "etcd at 127.0.0.1:1: "));
}

TEST_F(Etcd, PasswordIsAskedForWhereAuthenticationIsOn) {
    serve();
    ask("/v3/auth/user/add", R"({"name":"root","password":"the word"})");
    ask("/v3/auth/role/add", R"({"name":"root"})");
    ask("/v3/auth/user/grant", R"({"user":"root","role":"root"})");
    ask("/v3/auth/enable", "{}");
    run(a, options());
    ASSERT_TRUE(comes([&] { return a.counters["sessions_failed"] > 0; }));
    EXPECT_FALSE(a.wanted);
    write("password", "the word\n");
    run(b, options("user_name = \"root\"\npassword_file = \"" + (home / "password").string() + "\"\n"));
    EXPECT_TRUE(comes(b, {"b@10.0.0.2"})) << testing::PrintToString(b.lines);
    write("wrong", "another word\n");
    written_down c{env, "c@10.0.0.3"};
    run(c, options("user_name = \"root\"\npassword_file = \"" + (home / "wrong").string() + "\"\n"));
    ASSERT_TRUE(comes([&] { return c.counters["sessions_failed"] > 0; }));
    for (const auto& line : c.lines) EXPECT_THAT(line, Not(HasSubstr("another word")));
}

TEST_F(Etcd, CertificatesOfBothSidesAreUsed) {
    const auto in = home.string();
    run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                 "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"},
                in);
    write("ext", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    for (const std::string who : {"server", "client"}) {
        run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     "/CN=" + who, "-keyout", who + ".key", "-out", who + ".csr"},
                    in);
        run_program({"openssl", "x509", "-req", "-in", who + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", who + ".pem"},
                    in);
        std::filesystem::permissions(home / (who + ".key"), std::filesystem::perms::owner_read);
    }
    serve(
        {"--cert-file", "server.pem", "--key-file", "server.key", "--client-cert-auth", "--trusted-ca-file", "ca.pem"},
        "https");
    const auto secure = "endpoints = [\"https://127.0.0.1:" + std::to_string(port) + "\"]\n";
    const auto authority = "ca_file = \"" + in + "/ca.pem\"\n";
    run(a, options(secure + authority + "certificate_file = \"" + in + "/client.pem\"\nkey_file = \"" + in +
                   "/client.key\"\n"));
    EXPECT_TRUE(comes(a, only_a)) << testing::PrintToString(a.lines);
    run(b, options(secure + authority));
    ASSERT_TRUE(comes([&] { return b.counters["sessions_failed"] > 0; }));
    EXPECT_FALSE(b.wanted) << "a client without certificate is refused";
    written_down c{env, "c@10.0.0.3"};
    run(c, options(secure));
    ASSERT_TRUE(comes([&] { return c.counters["sessions_failed"] > 0; }));
    EXPECT_FALSE(c.wanted) << "the system's authorities do not know this one";
}

TEST_F(Etcd, WrongOptionsAreSentences) {
    const std::string begin = "strategy = \"etcd\"\nconfig = { ";
    EXPECT_EQ(complaint("strategy = \"etcd\"\n"), "");
    EXPECT_THAT(complaint(begin + "endpoints = [] }\n"), HasSubstr("endpoints needs a URL"));
    EXPECT_THAT(complaint(begin + "endpoints = [\"10.0.0.1:2379\"] }\n"), HasSubstr("is no URL"));
    EXPECT_THAT(complaint(begin + "prefix = \"\" }\n"), HasSubstr("prefix must not be empty"));
    EXPECT_THAT(complaint(begin + "lease_ttl = 1 }\n"), HasSubstr("from 2"));
    EXPECT_THAT(complaint(begin + "key_file = \"k\" }\n"), HasSubstr("together"));
    EXPECT_THAT(complaint(begin + "user_name = \"u\" }\n"), HasSubstr("together"));
}

} // namespace sedge::test
