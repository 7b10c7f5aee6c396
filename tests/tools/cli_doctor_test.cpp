// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"
#include "tools/sedge_program.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include <string>

// Each cause has its test with two machines in tests/machines/doctor_test.py; here the commands themselves.
namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string a = "a@127.0.0.1", b = "b@127.0.0.1";

TEST_F(Sedge, WhySaysThatNothingIsWrong) {
    node(a);
    const auto shown = run({"why", a, "--cookie-file", "cookie"});
    EXPECT_EQ(shown.status, 0) << shown.output;
    EXPECT_THAT(shown.output, testing::StartsWith("this machine to a@127.0.0.1\n  ok       name"));
    EXPECT_THAT(shown.output, HasSubstr("ok       cookie         the same on both sides"));
    EXPECT_THAT(shown.output, HasSubstr("ok       large packets  64 KiB there and back in "));
    EXPECT_THAT(shown.output, testing::EndsWith("\nthey can connect\n"));
    EXPECT_THAT(shown.output, HasSubstr("the node there is sedge"));
}

TEST_F(Sedge, WhyEndsWithTheCauseAndSaysWhatToDo) {
    node(a);
    const auto stranger = run({"why", a, "--cookie", "another-secret-of-somebody"});
    EXPECT_EQ(stranger.status, 3);
    EXPECT_THAT(stranger.output, HasSubstr("problem  cookie         wrong cookie: a@127.0.0.1 closed the connection"));
    EXPECT_THAT(stranger.output, HasSubstr("what to do: Give both nodes the same cookie"));
    EXPECT_THAT(stranger.output, HasSubstr("-        tick           not reached"));
    EXPECT_THAT(stranger.output, testing::EndsWith("\nwrong cookie\n"));
    EXPECT_THAT(stranger.output, Not(HasSubstr("another-secret")));
    const auto absent = run({"why", b, "--cookie-file", "cookie", "--json"});
    EXPECT_EQ(absent.status, 3);
    EXPECT_EQ(boost::json::parse(absent.output).at("cause"), "name_not_registered") << absent.output;
    EXPECT_EQ(run({"why", "b", "--cookie-file", "cookie"}).status, 2);
    EXPECT_EQ(run({"why"}).status, 2);
}

TEST_F(Sedge, WhyGoesAsFarAsItCanWithoutACookie) {
    node(a);
    const auto shown = run({"why", a});
    EXPECT_EQ(shown.status, 5);
    EXPECT_THAT(shown.output, HasSubstr("ok       port mapper    answers in "));
    EXPECT_THAT(shown.output, HasSubstr("problem  own settings   unusable cookie: no cookie was given"));
}

TEST_F(Sedge, WhyBetweenTwoNodesAsksBoth) {
    node(a);
    node(b);
    const auto told = boost::json::parse(run({"why", a, b, "--cookie-file", "cookie", "--json"}).output);
    std::vector<std::string> ways;
    for (const auto& section : told.at("sections").as_array()) {
        ways.push_back(std::string{section.at("from").as_string()} + " " + std::string{section.at("to").as_string()});
        EXPECT_EQ(section.at("verdict"), "ok") << section;
    }
    EXPECT_EQ(ways, (std::vector<std::string>{"this machine " + a, a + " " + b, "this machine " + b, b + " " + a}));
}

TEST_F(Sedge, DoctorExaminesTheMachineBeforeANodeRuns) {
    const auto well = run({"doctor", "--name", a, "--cookie-file", "cookie"});
    EXPECT_EQ(well.status, 0) << well.output;
    EXPECT_THAT(well.output, HasSubstr("ok       cookie"));
    EXPECT_THAT(well.output, HasSubstr("none runs; the first node will be it"));
    EXPECT_THAT(well.output, HasSubstr("name leads to loopback: a@127.0.0.1 leads to 127.0.0.1"));
    EXPECT_FALSE(fs::exists(home / ".sedge.cookie")) << "it changes nothing";
    write("sedge.toml", "[node]\ncoookie_file = \"cookie\"\n");
    const auto wrong = run({"doctor", "--config", "sedge.toml"});
    EXPECT_EQ(wrong.status, 5);
    EXPECT_THAT(wrong.output, HasSubstr("problem  configuration  wrong configuration: "));
    EXPECT_EQ(run({"doctor", "--banana"}).status, 2);
}

TEST_F(Sedge, ALogNamesTheCauseAsTheToolsDo) {
    node(b);
    write("another", "a cookie of another cluster altogether");
    fs::permissions(home / "another", fs::perms::owner_read);
    auto first =
        start({"start", "--name", a, "--cookie-file", "another", "--set", "topologies.clusters1.strategy=\"epmd\"",
               "--set", "topologies.clusters1.config={ hosts = [\"b@127.0.0.1\"] }"});
    first->wait_for("[sedge:clusters1] unable to connect to :\"b@127.0.0.1\": wrong cookie: ");
    const auto listed = run({"topology", "list", a, "--cookie-file", "another"});
    EXPECT_THAT(listed.output, HasSubstr("wrong cookie: "));
    const auto ping = boost::json::parse(run({"ping", b, "--cookie-file", "another", "--json"}).output);
    EXPECT_EQ(ping.at("cause"), "wrong_cookie");
}

TEST_F(Sedge, CompletionOffersCommandsAndOptions) {
    const auto bash = run({"completion", "bash"});
    EXPECT_EQ(bash.status, 0);
    write("complete", bash.output);
    const auto completed = [&](const std::string& line) {
        program_options options;
        options.arguments = {"/bin/bash", "-c",
                             "source complete; COMP_WORDS=(" + line +
                                 "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _sedge; echo ${COMPREPLY[@]}"};
        options.directory = home.string();
        program running{std::move(options)};
        running.close_input();
        running.wait_for_end();
        return running.output();
    };
    EXPECT_EQ(completed("sedge wh"), "why\n");
    EXPECT_EQ(completed("sedge topology ad"), "add\n");
    EXPECT_EQ(completed("sedge why --js"), "--json\n");
    EXPECT_THAT(run({"completion", "fish"}).output, HasSubstr("complete -c sedge"));
    EXPECT_EQ(run({"completion", "tcsh"}).status, 2);
}

} // namespace
} // namespace sedge::test
