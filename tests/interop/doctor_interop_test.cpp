// SPDX-License-Identifier: Apache-2.0
//
// `sedge why` of real nodes of OTP: what is in order, and what is wrong with them, by name. With machines of their own,
// firewalls and bad routes: tests/machines/doctor_test.py.
#include "interop/with_otp.hpp"
#include "support/json.hpp"

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace sedge::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class Why : public WithOtp {
protected:
    fs::path folder = fs::path{testing::TempDir()} / ("sedge-why-" + std::to_string(getpid()));
    sedge_side& us = start_sedge(); // is the port mapper

    void SetUp() override {
        fs::create_directories(folder);
        std::ofstream{folder / "cookie"} << "interop";
        fs::permissions(folder / "cookie", fs::perms::owner_read);
    }
    void TearDown() override { fs::remove_all(folder); }

    struct answer {
        int status = -1;
        std::vector<std::string> steps;                         ///< In all sections, that are in order.
        std::vector<std::pair<std::string, std::string>> found; ///< Step and cause.
        std::string text;
    };
    answer why(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {SEDGE_PROGRAM, "why"});
        arguments.insert(arguments.end(), {"--cookie-file", folder / "cookie", "--json"});
        auto running = start(std::move(arguments));
        running->close_input();
        const int status = running->wait_for_end();
        answer out{WIFEXITED(status) ? WEXITSTATUS(status) : -1, {}, {}, running->output()};
        const auto parsed = boost::json::parse(out.text);
        for (const auto& section : parsed.at("sections").as_array())
            for (const auto& each : section.at("findings").as_array()) {
                const auto& finding = each.as_object();
                const std::string step{finding.at("step").as_string()};
                if (finding.contains("cause"))
                    out.found.emplace_back(step, std::string{finding.at("cause").as_string()});
                else if (finding.at("verdict") == "ok")
                    out.steps.push_back(step);
            }
        return out;
    }
};

TEST_F(Why, EveryStepToAHealthyNodeIsInOrder) {
    proves("Diagnosis", "`sedge why`: each step to a node, its tick time, clock and release", direction::from_us);
    auto& otp = start_otp();
    const auto said = why({otp.name()});
    EXPECT_THAT(said.found, IsEmpty()) << said.text;
    EXPECT_EQ(said.status, 0);
    EXPECT_THAT(said.steps, ElementsAre("name", "host", "route", "port mapper", "port", "handshake", "cookie", "tick",
                                        "clock", "large packets"))
        << said.text;
    EXPECT_THAT(said.text, HasSubstr("the node there is"));
    EXPECT_EQ(otp.erl("nodes(connected)"), "[]") << "who asked has left";
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(Why, BothEndsAreAskedWhatTheySee) {
    proves("Diagnosis", "`sedge why A B`: a node is asked whether it reaches another", direction::both);
    auto& otp = start_otp();
    auto edge = start({SEDGE_PROGRAM, "start", "--name", "edge@127.0.0.1", "--cookie-file", folder / "cookie"});
    edge->wait_for("accepts peers on port");
    for (const auto& [one, other] :
         {std::pair{otp.name(), std::string{"edge@127.0.0.1"}}, std::pair{std::string{"edge@127.0.0.1"}, otp.name()}}) {
        const auto said = why({one, other});
        EXPECT_THAT(said.found, IsEmpty()) << said.text;
        EXPECT_EQ(said.status, 0);
    }
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(Why, NodeWithoutFunctionsThatTellIsNotBlamedForItsHost) {
    auto& otp = start_otp();
    for (const auto& [one, other] :
         {std::pair{us.node.name().str(), otp.name()}, std::pair{otp.name(), us.node.name().str()}}) {
        const auto said = why({one, other});
        EXPECT_THAT(said.found, IsEmpty()) << said.text;
        EXPECT_EQ(said.status, 0) << said.text;
        EXPECT_THAT(said.text, HasSubstr(us.node.name().str() + " has no functions that tell: neither those of OTP"));
    }
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(Why, AnotherCookieIsFound) {
    proves("Diagnosis", "`sedge why`: wrong cookie", direction::from_us);
    auto& otp = start_otp("otp@127.0.0.1", {.cookie = "another"});
    const auto said = why({otp.name()});
    EXPECT_THAT(said.found, ElementsAre(Pair("cookie", "wrong_cookie"))) << said.text;
    EXPECT_EQ(said.status, 3);
}

TEST_F(Why, ListOfAllowedNodesIsFound) {
    proves("Diagnosis", "`sedge why`: `net_kernel:allow` without us", direction::from_us);
    auto& otp = start_otp();
    ASSERT_EQ(otp.erl("net_kernel:allow(['friend@127.0.0.1'])"), "ok");
    const auto said = why({otp.name()});
    EXPECT_THAT(said.found, ElementsAre(Pair("handshake", "not_allowed"))) << said.text;
    EXPECT_EQ(said.status, 3);
}

TEST_F(Why, OtherTickTimeIsFound) {
    proves("Diagnosis", "`sedge why`: tick times differ", direction::from_us);
    auto& otp = start_otp("otp@127.0.0.1", {.more = {"-kernel", "net_ticktime", "15"}});
    const auto said = why({otp.name()});
    EXPECT_THAT(said.found, ElementsAre(Pair("tick", "tick_times_differ"))) << said.text;
    EXPECT_EQ(said.status, 0) << "it works";
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(Why, NodeThatHangsIsFound) {
    proves("Diagnosis", "`sedge why`: a node that hangs", direction::from_us);
    auto& otp = start_otp();
    otp.program().signal(SIGSTOP);
    const auto said = why({otp.name(), "--setup-time", "2000"});
    otp.program().signal(SIGCONT);
    EXPECT_THAT(said.found, ElementsAre(Pair("handshake", "handshake_silent"))) << said.text;
    EXPECT_EQ(said.status, 4);
}

TEST_F(Why, NodeThatHasEndedIsFound) {
    proves("Diagnosis", "`sedge why`: a node that is not there any more", direction::from_us);
    auto& otp = start_otp();
    otp.ask_erl("halt()");
    ASSERT_TRUE(eventually([&] { return why({otp.name()}).status == 3; }));
    EXPECT_THAT(why({otp.name()}).found, ElementsAre(Pair("port mapper", "name_not_registered")));
}

} // namespace
} // namespace sedge::test
