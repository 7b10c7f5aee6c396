// SPDX-License-Identifier: Apache-2.0
//
// `sedge cert` as a user runs it. No network, and no time passes.
#include "support/program.hpp"

#include <sedge/wire/certificate.hpp>
#include <sedge/wire/tls.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <vector>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

struct outcome {
    int status = -1;
    std::string output;
};

class SedgeCert : public testing::Test {
protected:
    SedgeCert() {
        home = (fs::temp_directory_path() / "sedge-cert-test-XXXXXX").string();
        EXPECT_NE(::mkdtemp(home.data()), nullptr);
    }
    ~SedgeCert() override { fs::remove_all(home); }

    outcome run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {SEDGE_PROGRAM, "cert"});
        program running{{std::move(arguments), {{"HOME", home}}, home}};
        running.close_input();
        const int status = running.wait_for_end();
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, running.output()};
    }
    std::string read(const std::string& file) {
        std::stringstream text;
        text << std::ifstream{home + "/" + file}.rdbuf();
        return text.str();
    }
    unsigned mode_of(const std::string& file) {
        struct stat info {};
        return ::stat((home + "/" + file).c_str(), &info) == 0 ? info.st_mode & 0777u : 0u;
    }

    std::string home;
};

TEST_F(SedgeCert, MakesACaWhoseKeyOnlyItsOwnerReads) {
    const auto made = run({"init", "ca"});
    EXPECT_EQ(made.status, 0) << made.output;
    EXPECT_EQ(mode_of("ca"), 0700u);
    EXPECT_EQ(mode_of("ca/ca.key"), 0400u);
    EXPECT_EQ(mode_of("ca/ca.crt"), 0644u);
    EXPECT_THAT(made.output, HasSubstr("Next: sedge cert issue"));
    const auto ca = wire::read_certificates(read("ca/ca.crt")).value().front();
    EXPECT_TRUE(ca.is_authority);
    EXPECT_EQ(ca.subject, "CN=sedge cluster");
}

TEST_F(SedgeCert, IssuesWhatANodeNeeds) {
    run({"init", "ca"});
    const auto made = run({"issue", "node1@10.0.0.5", "--ca", "ca"});
    ASSERT_EQ(made.status, 0) << made.output;
    EXPECT_EQ(mode_of("ca/node1@10.0.0.5.key"), 0400u);
    wire::tls_options files;
    files.ca_file = home + "/ca/ca.crt";
    files.certificate_file = home + "/ca/node1@10.0.0.5.crt";
    files.key_file = home + "/ca/node1@10.0.0.5.key";
    const auto loaded = wire::tls_context::load(files);
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(wire::names_of(*(*loaded)->own()), "10.0.0.5");
    EXPECT_EQ((*loaded)->own()->dns_names, std::vector<std::string>{"10.0.0.5"}) << "OTP looks for it there";

    const auto otp = read("ca/node1@10.0.0.5.ssl_dist");
    EXPECT_THAT(made.output, HasSubstr(otp)) << "the file is shown as it is";
    EXPECT_THAT(otp, HasSubstr("{fail_if_no_peer_cert, true}"));
    EXPECT_THAT(otp, HasSubstr("{cacertfile, \"" + fs::canonical(home).string() + "/ca/ca.crt\"}"));
    for (const auto* line :
         {"erl -name node1@10.0.0.5 -proto_dist inet_tls -ssl_dist_optfile",
          "iex --name node1@10.0.0.5 --erl \"-proto_dist inet_tls", "sedge start --name node1@10.0.0.5 --tls-ca"})
        EXPECT_THAT(made.output, HasSubstr(line));
}

TEST_F(SedgeCert, FilesForAnotherMachineAreNamedAsTheyWillBeThere) {
    run({"init", "ca"});
    const auto made = run({"issue", "node1@box", "--ca", "ca", "--out", "box", "--place", "/etc/sedge", "--host",
                           "10.0.0.7", "--host", "box.example.org", "--only-this-node"});
    ASSERT_EQ(made.status, 0) << made.output;
    EXPECT_THAT(made.output, HasSubstr("-sname node1@box"));
    EXPECT_THAT(read("box/node1@box.ssl_dist"), HasSubstr("{keyfile, \"/etc/sedge/node1@box.key\"}"));
    EXPECT_EQ(read("box/ca.crt"), read("ca/ca.crt"));
    EXPECT_FALSE(fs::exists(home + "/box/ca.key"));
    EXPECT_EQ(wire::names_of(wire::read_certificates(read("box/node1@box.crt")).value().front()),
              "10.0.0.7, box, box.example.org, erlang://node1@box");
}

TEST_F(SedgeCert, OverwritesNothingUnlessItIsTold) {
    run({"init", "ca"});
    run({"issue", "node1@10.0.0.5", "--ca", "ca"});
    const auto ca = read("ca/ca.crt");
    const auto node = read("ca/node1@10.0.0.5.crt");
    const auto again = run({"init", "ca"});
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.output, HasSubstr("is there already and was left alone; --force replaces it"));
    EXPECT_EQ(run({"issue", "node1@10.0.0.5", "--ca", "ca"}).status, 1);
    EXPECT_EQ(read("ca/ca.crt"), ca);
    EXPECT_EQ(read("ca/node1@10.0.0.5.crt"), node);
    EXPECT_EQ(run({"issue", "node1@10.0.0.5", "--ca", "ca", "--force"}).status, 0);
    EXPECT_NE(read("ca/node1@10.0.0.5.crt"), node);
}

TEST_F(SedgeCert, ShowsWhatACertificateSays) {
    run({"init", "ca"});
    run({"issue", "node1@10.0.0.5", "--ca", "ca"});
    const auto shown = run({"show", "ca/node1@10.0.0.5.crt"});
    EXPECT_EQ(shown.status, 0);
    for (const auto* text : {"subject      CN=node1@10.0.0.5", "issuer       CN=sedge cluster", "names        10.0.0.5",
                             "89 days left", "use          both ends of connections", "sha256       "})
        EXPECT_THAT(shown.output, HasSubstr(text));
    const auto json = run({"show", "ca/ca.crt", "--json"});
    EXPECT_THAT(json.output, HasSubstr("\"use\":\"signing certificates (a CA)\""));
}

TEST_F(SedgeCert, PathsForOtpAreWholeAlsoInANewDirectory) {
    run({"init", "ca"});
    ASSERT_EQ(run({"issue", "node1@10.0.0.5", "--ca", "ca", "--out", "new/place"}).status, 0);
    EXPECT_THAT(read("new/place/node1@10.0.0.5.ssl_dist"),
                HasSubstr("{certfile, \"" + fs::canonical(home).string() + "/new/place/node1@10.0.0.5.crt\"}"));
}

TEST_F(SedgeCert, AuthoritiesOfOthersIssueToo) {
    const auto make = [this](const std::string& kind) {
        fs::remove_all(home + "/own");
        fs::create_directory(home + "/own");
        program openssl{{{"openssl", "req", "-x509", "-newkey", kind, "-nodes", "-keyout", home + "/own/ca.key", "-out",
                          home + "/own/ca.crt", "-days", "100", "-subj", "/CN=own"},
                         {{"HOME", home}},
                         home}};
        openssl.close_input();
        EXPECT_EQ(openssl.wait_for_end(), 0) << openssl.output();
    };
    for (const char* kind : {"rsa:2048", "ed25519"}) {
        make(kind);
        const auto made = run({"issue", "n@10.0.0.1", "--ca", "own"});
        EXPECT_EQ(made.status, 0) << kind << ": " << made.output;
        EXPECT_EQ(wire::read_certificates(read("own/n@10.0.0.1.crt")).value().front().issuer, "CN=own");
    }
    std::ofstream{home + "/own/ca.key"} << "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n"
                                           "-----END ENCRYPTED PRIVATE KEY-----\n";
    EXPECT_THAT(run({"issue", "m@10.0.0.1", "--ca", "own"}).output,
                HasSubstr("the CA's key is encrypted, and there is nobody to ask for its password"));
}

TEST_F(SedgeCert, NothingOutlivesItsAuthority) {
    run({"init", "ca", "--days", "10"});
    const auto made = run({"issue", "node1@10.0.0.5", "--ca", "ca"});
    EXPECT_EQ(made.status, 0);
    EXPECT_THAT(made.output, HasSubstr("But no longer than its CA, which ends at "));
    const auto all = wire::read_certificates(read("ca/node1@10.0.0.5.crt") + read("ca/ca.crt")).value();
    EXPECT_LE(all[0].not_after, all[1].not_after);
    EXPECT_THAT(run({"issue", "node2@10.0.0.5", "--ca", "ca", "--days", "5"}).output, Not(HasSubstr("But no longer")));
}

TEST_F(SedgeCert, TellsWhatIsMissing) {
    EXPECT_EQ(run({}).status, 2);
    EXPECT_EQ(run({"init"}).status, 2);
    const auto name = run({"issue", "node1"});
    EXPECT_EQ(name.status, 2);
    const auto no_ca = run({"issue", "node1@10.0.0.5", "--ca", "nowhere"});
    EXPECT_EQ(no_ca.status, 1);
    EXPECT_THAT(no_ca.output, HasSubstr("sedge cert init makes one"));
    EXPECT_EQ(run({"show", "none.crt"}).status, 1);
    std::ofstream{home + "/text"} << "no certificate";
    EXPECT_THAT(run({"show", "text"}).output, HasSubstr("there is no certificate in it"));
    const auto directory = run({"show", "."});
    EXPECT_EQ(directory.status, 1);
    EXPECT_THAT(directory.output, HasSubstr("Is a directory"));
    run({"init", "ca"});
    EXPECT_THAT(run({"issue", "n@h", "--ca", "ca", "--host", "*.example.org"}).output,
                HasSubstr("--host *.example.org: wildcards do not count between nodes"));
    EXPECT_EQ(run({"issue", "n@h", "--ca", "ca", "--host", "two words"}).status, 2);
    EXPECT_THAT(run({"--help"}).output, HasSubstr("issue"));
    EXPECT_EQ(run({"issue", "--help"}).status, 0);
}

} // namespace
} // namespace sedge::test
