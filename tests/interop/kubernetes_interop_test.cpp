// SPDX-License-Identifier: Apache-2.0
//
// The strategies `kubernetes` and `rancher` against a server that behaves like theirs, over TLS and plain HTTP.
#include "interop/api_server.hpp"
#include "interop/sources.hpp"
#include "support/run_program.hpp"

#include <gmock/gmock.h>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using names = std::vector<std::string>;

class Kubernetes : public Sources {
protected:
    void SetUp() override {
        Sources::SetUp();
        authority("ca");
        certificate("server", "ca", "DNS:localhost,IP:127.0.0.1");
        std::filesystem::create_directory(home / "account");
        std::filesystem::copy(home / "ca.pem", home / "account/ca.crt");
        write("account/namespace", "ns\n");
        write("account/token", "first\n");
        serve();
    }

    void authority(const std::string& name) {
        run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-days", "2", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".pem"},
                    home.string());
    }
    void certificate(const std::string& name, const std::string& from, const std::string& hosts) {
        write(name + ".ext", "subjectAltName=" + hosts + "\nextendedKeyUsage=serverAuth\n");
        run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr"},
                    home.string());
        run_program({"openssl", "x509", "-req", "-in", name + ".csr", "-CA", from + ".pem", "-CAkey", from + ".key",
                     "-CAcreateserial", "-days", "2", "-extfile", name + ".ext", "-out", name + ".pem"},
                    home.string());
    }
    void serve(const std::string& who = "server", int port = 0) {
        server.reset();
        server = std::make_unique<api_server>(
            std::vector<std::string>{"--certificate", home / (who + ".pem"), "--key", home / (who + ".key")}, port);
    }

    /// The options that all tests have, and `more`.
    [[nodiscard]] std::string options(const std::string& more = {}) const {
        std::string out = "strategy = \"kubernetes\"\n[topologies.t.config]\nkubernetes_node_basename = \"app\"\n"
                          "kubernetes_selector = \"app=app\"\npolling_interval = 100\n";
        out += "kubernetes_service_account_path = \"" + (home / "account").string() + "\"\n";
        if (more.find("kubernetes_master") == std::string::npos)
            out += "kubernetes_master = \"localhost:" + std::to_string(server->port()) + "\"\n";
        return out + more;
    }

    std::unique_ptr<api_server> server;
    written_down seen{env};
};

class Rancher : public Sources {
protected:
    [[nodiscard]] std::string options(const std::string& path = {}) const {
        return "strategy = \"rancher\"\nconfig = { node_basename = \"app\", polling_interval = 100, url = "
               "\"http://127.0.0.1:" +
               std::to_string(server.port()) + path + "\" }\n";
    }
    api_server server;
    written_down seen{env};
};

const names three{"app@10.0.0.1", "app@10.0.0.2", "app@10.0.0.3"};

} // namespace

// -- what is found -------------------------------------------------------------------------------------------------

TEST_F(Kubernetes, NodesAppearAndVanish) {
    server->tell("nodes 10.0.0.1 10.0.0.2");
    run(seen, options());
    ASSERT_TRUE(comes(seen, {"app@10.0.0.1", "app@10.0.0.2"})) << testing::PrintToString(seen.lines);
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    ASSERT_TRUE(comes(seen, three));
    server->tell("nodes 10.0.0.1 10.0.0.3");
    EXPECT_TRUE(comes(seen, {"app@10.0.0.1", "app@10.0.0.3"}));
    EXPECT_TRUE(strategies_running[0]->rules().owns_removal);
    EXPECT_THAT(server->requests(),
                HasSubstr("request /api/v1/namespaces/ns/endpoints?labelSelector=app%3Dapp&limit=500 token=first\n"));
}

TEST_F(Kubernetes, LongAnswerComesInPages) {
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    server->tell("page 1");
    run(seen, options());
    EXPECT_TRUE(comes(seen, three));
    EXPECT_THAT(server->requests(), HasSubstr("&continue="));
}

TEST_F(Kubernetes, ListThatTheServerHasForgottenIsBegunAnew) {
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    server->tell("page 2");
    server->tell("forget");
    run(seen, options());
    EXPECT_TRUE(comes(seen, three));
    EXPECT_EQ(seen.counters["list_begun_anew"], 1);
    EXPECT_EQ(seen.counters["polls_failed"], 0);
}

TEST_F(Kubernetes, EachOptionHasItsEffect) {
    server->tell("nodes 10.0.0.1 fd00::1");
    server->tell("cached 10.0.0.7");
    server->tell("selector tier in (web)");
    struct row {
        std::string more;
        names wanted;
    };
    const std::string fits = "kubernetes_selector = \"tier in (web)\"\n";
    const std::vector<row> rows{
        {"", {"app@10.0.0.1", "app@fd00::1"}},
        {"kubernetes_ip_lookup_mode = \"pods\"\n", {"app@10.0.0.1", "app@fd00::1"}},
        {"kubernetes_use_cached_resources = true\n", {"app@10.0.0.7"}},
        {"mode = \"dns\"\n", {"app@10-0-0-1.ns1.pod.cluster.local", "app@fd00--1.ns1.pod.cluster.local"}},
        {"mode = \"dns\"\nkubernetes_cluster_name = \"plant\"\n",
         {"app@10-0-0-1.ns1.pod.plant.local", "app@fd00--1.ns1.pod.plant.local"}},
        {"mode = \"hostname\"\nkubernetes_service_name = \"s\"\n",
         {"app@h-10-0-0-1.s.ns1.svc.cluster.local", "app@h-fd00--1.s.ns1.svc.cluster.local"}},
        {"kubernetes_master = \"127.0.0.1:" + std::to_string(server->port()) + "\"\n", {"app@10.0.0.1", "app@fd00::1"}},
    };
    for (const auto& each : rows) {
        written_down here{env};
        auto text = options(each.more);
        const auto usual = text.find("kubernetes_selector");
        text.replace(usual, text.find('\n', usual) + 1 - usual, fits);
        run(here, text);
        EXPECT_TRUE(comes(here, each.wanted)) << each.more << testing::PrintToString(here.lines);
        tasks.cancel();
    }
    EXPECT_THAT(server->requests(), HasSubstr("/pods?"));
    EXPECT_THAT(server->requests(), HasSubstr("labelSelector=tier%20in%20%28web%29"));

    server->tell("namespace other");
    written_down here{env};
    auto text = options("kubernetes_namespace = \"other\"\n");
    const auto usual = text.find("kubernetes_selector");
    text.replace(usual, text.find('\n', usual) + 1 - usual, fits);
    run(here, text);
    EXPECT_TRUE(comes(here, {"app@10.0.0.1", "app@fd00::1"})) << "before the one of the file";
    tasks.cancel();

    written_down slow{env};
    server->tell("namespace ns");
    auto seldom = options();
    seldom.replace(seldom.find("polling_interval = 100"), 22, "polling_interval = 60000");
    run(slow, seldom);
    ASSERT_TRUE(comes([&slow] { return slow.counters["polls"] == 1; }));
    pass(seconds{1});
    EXPECT_EQ(slow.counters["polls"], 1);
}

TEST_F(Kubernetes, WrongOptionsAreSentences) {
    const std::string begin = "strategy = \"kubernetes\"\nconfig = { ";
    EXPECT_THAT(complaint(begin + "kubernetes_selector = \"a\" }\n"), HasSubstr("kubernetes_node_basename must be"));
    EXPECT_THAT(complaint(begin + "kubernetes_node_basename = \"a\" }\n"), HasSubstr("kubernetes_selector must say"));
    const auto both = begin + "kubernetes_node_basename = \"a\", kubernetes_selector = \"b\", ";
    EXPECT_EQ(complaint(both + "mode = \"ip\" }\n"), "");
    EXPECT_THAT(complaint(both + "mode = \"name\" }\n"), HasSubstr("mode must be"));
    EXPECT_THAT(complaint(both + "mode = \"hostname\" }\n"), HasSubstr("needs kubernetes_service_name"));
    EXPECT_THAT(complaint(both + "kubernetes_ip_lookup_mode = \"nodes\" }\n"), HasSubstr("must be \"endpoints\""));
    EXPECT_THAT(complaint(both + "kubernetes_master = \"a b\" }\n"), HasSubstr("kubernetes_master: "));
    EXPECT_THAT(complaint(both + "polling_interval = 1 }\n"), HasSubstr("from 100"));
}

// -- tokens and certificates ---------------------------------------------------------------------------------------

TEST_F(Kubernetes, TokenIsReadAnewForEachRound) {
    server->tell("nodes 10.0.0.1 10.0.0.2");
    server->tell("token first");
    run(seen, options());
    ASSERT_TRUE(comes(seen, {"app@10.0.0.1", "app@10.0.0.2"}));
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    server->tell("token second");
    ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] > 0; }));
    EXPECT_EQ(seen.wanted->size(), 2u) << "a refused round changes nothing";
    EXPECT_GT(seen.counters["token_read_again"], 0);
    EXPECT_TRUE(said(seen, "cannot query kubernetes (401 Unauthorized)")) << testing::PrintToString(seen.lines);
    write("account/token", "second\n");
    EXPECT_TRUE(comes(seen, three));
    EXPECT_TRUE(said(seen, "answers again"));
    for (const auto& line : seen.lines) EXPECT_THAT(line, Not(HasSubstr("second")));
}

TEST_F(Kubernetes, ServerWithoutAKnownAuthorityIsNotGivenTheToken) {
    authority("stranger");
    certificate("impostor", "stranger", "DNS:localhost");
    serve("impostor");
    run(seen, options());
    ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] > 1; }));
    EXPECT_TRUE(said(seen, "request to kubernetes failed!")) << testing::PrintToString(seen.lines);
    EXPECT_FALSE(seen.wanted);
    EXPECT_THAT(server->requests(), Not(HasSubstr("request /")));
}

TEST_F(Kubernetes, ServerWithAnotherNameIsNotGivenTheToken) {
    certificate("other", "ca", "DNS:other.example");
    serve("other");
    run(seen, options());
    ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] > 1; }));
    EXPECT_TRUE(said(seen, "other.example")) << testing::PrintToString(seen.lines);
    EXPECT_THAT(server->requests(), Not(HasSubstr("request /")));
}

TEST_F(Kubernetes, NobodyIsAskedWithoutTheAuthoritysCertificate) {
    std::filesystem::remove(home / "account/ca.crt");
    server->tell("nodes 10.0.0.1");
    run(seen, options());
    ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] > 1; }));
    EXPECT_TRUE(said(seen, "there is no " + (home / "account/ca.crt").string()));
    EXPECT_THAT(server->requests(), Not(HasSubstr("request /")));
    std::filesystem::copy(home / "ca.pem", home / "account/ca.crt");
    EXPECT_TRUE(comes(seen, {"app@10.0.0.1"})) << "it is looked for in each round";
}

TEST_F(Kubernetes, MissingFilesAreNamed) {
    std::filesystem::remove(home / "account/token");
    run(seen, options());
    ASSERT_TRUE(comes([&] { return said(seen, "account/token"); })) << testing::PrintToString(seen.lines);
    write("account/token", "first");
    std::filesystem::remove(home / "account/namespace");
    ASSERT_TRUE(comes([&] { return said(seen, "set kubernetes_namespace"); })) << testing::PrintToString(seen.lines);
}

// -- a source that lies, fails, comes back -------------------------------------------------------------------------

TEST_F(Kubernetes, NothingIsDroppedWhenTheServerFails) {
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    run(seen, options());
    ASSERT_TRUE(comes(seen, three));
    for (const auto* mode : {"status 500", "status 403", "status 429", "garbage", "half", "redirect"}) {
        const auto before = seen.counters["polls_failed"];
        server->tell(std::string{"mode "} + mode);
        ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] >= before + 2; })) << mode;
        EXPECT_EQ(*seen.wanted, three) << mode;
    }
    EXPECT_TRUE(said(seen, "cannot query kubernetes (unauthorized): told so"));
    EXPECT_THAT(server->requests(), Not(HasSubstr("elsewhere"))) << "redirects are not followed";
    const auto port = server->port();
    server.reset();
    const auto before = seen.counters["polls_failed"];
    ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] >= before + 2; }));
    EXPECT_EQ(*seen.wanted, three);
    serve("server", port);
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4");
    EXPECT_TRUE(comes([&] { return seen.wanted->size() == 4; })) << "and it is asked again when it is back";
}

TEST_F(Kubernetes, EmptyAnswerIsBelievedTheSecondTime) {
    server->tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    run(seen, options("polling_interval = 600\n").replace(options().find("polling_interval = 100\n"), 23, ""));
    ASSERT_TRUE(comes(seen, three));
    server->tell("mode empty");
    ASSERT_TRUE(comes([&] { return seen.counters["polls_in_doubt"] == 1; }));
    EXPECT_EQ(*seen.wanted, three);
    EXPECT_TRUE(comes(seen, {}));
}

TEST_F(Kubernetes, NamesThatAreNoneAreLeftOut) {
    server->tell(R"(raw {"items":[{"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"a@b"},{"ip":"two words"},)"
                 R"({"ip":"\u001b[31m"},{"ip":""},{"hostname":"h"},{"ip":7}]}]}]})");
    written_down own{env, "app@10.0.0.1"};
    run(own, options());
    ASSERT_TRUE(comes([&] { return own.wanted.has_value(); }));
    EXPECT_EQ(*own.wanted, names{"app@10.0.0.1"}) << "the own name may be there; the topology skips it";
    EXPECT_GE(own.counters["bad_names"], 3);
    EXPECT_GE(own.counters["incomplete_items"], 3);
}

TEST_F(Kubernetes, TenThousandEntriesAreRead) {
    server->tell("many 10000");
    run(seen, options());
    ASSERT_TRUE(comes([&] { return seen.wanted && seen.wanted->size() == 10'000; }, seconds{60}));
}

// -- Rancher -------------------------------------------------------------------------------------------------------

TEST_F(Rancher, NodesAppearAndVanish) {
    server.tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    run(seen, options());
    ASSERT_TRUE(comes(seen, three)) << testing::PrintToString(seen.lines);
    server.tell("nodes 10.0.0.1 10.0.0.2");
    EXPECT_TRUE(comes(seen, {"app@10.0.0.1", "app@10.0.0.2"}));
    EXPECT_THAT(server.requests(), HasSubstr("request /latest/self/service"));
}

TEST_F(Rancher, UrlMayHaveAPath) {
    server.tell("nodes 10.0.0.1");
    run(seen, options("/base"));
    EXPECT_TRUE(comes(seen, {"app@10.0.0.1"}));
    EXPECT_THAT(complaint("strategy = \"rancher\"\n"), HasSubstr("node_basename must be"));
    EXPECT_THAT(complaint("strategy = \"rancher\"\nconfig = { node_basename = \"a\", url = \"x\" }\n"),
                HasSubstr("is no URL"));
    EXPECT_THAT(complaint("strategy = \"rancher\"\nconfig = { node_basename = \"a\", url = \"https://x\" }\n"),
                HasSubstr("http"));
}

TEST_F(Rancher, NothingIsDroppedWhenTheServiceFails) {
    server.tell("nodes 10.0.0.1 10.0.0.2 10.0.0.3");
    run(seen, options());
    ASSERT_TRUE(comes(seen, three));
    for (const auto* mode : {"status 500", "garbage", "half"}) {
        const auto before = seen.counters["polls_failed"];
        server.tell(std::string{"mode "} + mode);
        ASSERT_TRUE(comes([&] { return seen.counters["polls_failed"] >= before + 2; })) << mode;
        EXPECT_EQ(*seen.wanted, three) << mode;
    }
    EXPECT_TRUE(said(seen, "cannot query Rancher Metadata API (500 Internal Server Error)"));
    server.tell("mode ok");
    server.tell(R"(raw {"containers":[{"ips":["10.0.0.9"]},{},{"ips":[4]},{"ips":"x"},7,{"ips":["no name"]}]})");
    EXPECT_TRUE(comes(seen, {"app@10.0.0.9"})) << "after two rounds, since nearly all are gone";
}

} // namespace sedge::test
