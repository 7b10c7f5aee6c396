// SPDX-License-Identifier: Apache-2.0
//
// Our port mapper and its client against OTP's daemon, nodes and tools, on a port of their own.
#include "support/free_port.hpp"
#include "support/program.hpp"
#include "support/proves.hpp"

#include <sedge/epmd/client.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/system.hpp>

#include <csignal>
#include <cstdio>
#include <gmock/gmock.h>
#include <sys/resource.h>

using namespace sedge;
using namespace std::chrono_literals;
using sedge::test::direction;
using sedge::test::proves;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

namespace {

/// A machine's port mapper port that nobody else uses, and programs that use it.
struct PortMapper : testing::Test {
    wire::system_environment env;
    const std::uint16_t port = test::free_port();
    const wire::endpoint home{wire::ip_address::loopback_v4(), port};

    /// Lets our own side run for a while.
    void run_for(duration d) { env.block_on(sleep_for(env, d)); }
    /// True as soon as `done` holds, looked at every few milliseconds.
    bool holds_within(duration most, const std::function<bool()>& done) {
        const auto due = env.now() + most;
        while (!done()) {
            if (env.now() > due) return false;
            run_for(5ms);
        }
        return true;
    }

    std::unique_ptr<test::program> start(std::vector<std::string> arguments) {
        auto started = std::make_unique<test::program>(
            test::program_options{std::move(arguments), {{"ERL_EPMD_PORT", std::to_string(port)}}, {}});
        started->meanwhile = [this] { run_for(1ms); };
        return started;
    }
    std::unique_ptr<test::program> start_otp_mapper() {
        auto daemon = start({"epmd", "-port", std::to_string(port), "-address", "127.0.0.1"});
        EXPECT_TRUE(holds_within(10s, [&] { return static_cast<bool>(ask_names()); }));
        return daemon;
    }
    /// An Erlang node that evaluates `then` when it runs and stays.
    std::unique_ptr<test::program> start_erl(const std::string& name, const std::string& then = "ok") {
        return start({"erl", "-noshell", "-noinput", "-start_epmd", "false", "-name", name + "@127.0.0.1", "-setcookie",
                      "interop", "-eval", "io:format(\"up~n\"), " + then + "."});
    }
    /// A sedge program with a name; becomes the mapper if there is none.
    std::unique_ptr<test::program> start_resident(const std::string& name) {
        auto resident = start({SEDGE_EPMD_RESIDENT, std::to_string(port), name, "5000"});
        resident->wait_for("published");
        return resident;
    }
    std::unique_ptr<epmd::server> start_ours() {
        epmd::server_options options;
        options.port = port;
        return epmd::server::start(env, options).value();
    }

    result<epmd::names_answer> ask_names() { return env.block_on(epmd::names(env, home, env.now() + 2s)); }
    std::vector<std::string> names() {
        auto answer = ask_names();
        std::vector<std::string> all;
        if (answer) {
            for (auto& n : answer->names) all.push_back(n.name);
        }
        return all;
    }
    bool has(const std::string& name) {
        const auto all = names();
        return std::ranges::find(all, name) != all.end();
    }
    result<epmd::registration> enroll(std::string name) {
        epmd::node_entry entry;
        entry.name = std::move(name);
        entry.port = 5000;
        return env.block_on(epmd::register_node(env, home, std::move(entry), env.now() + 5s));
    }
};

epmd::directory_options on_port(std::uint16_t port) {
    epmd::directory_options options;
    options.port = port;
    options.own_host = "127.0.0.1";
    return options;
}

} // namespace

struct OtpsMapper : PortMapper {};
struct OurMapper : PortMapper {
    std::unique_ptr<epmd::server> mapper = start_ours();
};

TEST_F(OtpsMapper, TakesOurRegistrationsAndAnswersOurQuestions) {
    proves("Port mapper", "register with and ask OTP's `epmd`", direction::from_us);
    auto daemon = start_otp_mapper();
    std::optional one = enroll("one");
    ASSERT_TRUE(one->has_value()) << one->error().message();
    EXPECT_GE((*one)->creation(), 4u);
    EXPECT_THAT(names(), ElementsAre("one"));
    EXPECT_EQ(ask_names()->mapper_port, port);
    auto found = env.block_on(epmd::look_up(env, home, "one", env.now() + 2s));
    EXPECT_EQ(found.value().port, 5000);
    auto missing = env.block_on(epmd::look_up(env, home, "two", env.now() + 2s));
    EXPECT_EQ(missing.error(), make_error_code(epmd::errc::not_found));
    EXPECT_EQ(enroll("one").error(), make_error_code(epmd::errc::name_taken));
    one.reset();
    EXPECT_TRUE(holds_within(2s, [&] { return !has("one"); }));
}

TEST_F(OtpsMapper, FindsErlangNodesForUs) {
    proves("Port mapper", "find an OTP node through OTP's `epmd`", direction::from_us);
    auto daemon = start_otp_mapper();
    auto erl = start_erl("theirs");
    erl->wait_for("up");
    epmd::directory where{env, on_port(port)};
    auto found = env.block_on(where.locate("theirs", "127.0.0.1"));
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_TRUE(env.block_on(env.net().connect(found->front())).has_value());
}

TEST_F(OtpsMapper, IsReplacedByOursWhenItDies) {
    proves("Port mapper", "take over when OTP's `epmd` dies", direction::from_us);
    auto daemon = start_otp_mapper();
    epmd::directory where{env, on_port(port)};
    ASSERT_TRUE(env.block_on(where.publish({"ours", 5000, false})).has_value());
    EXPECT_FALSE(where.is_mapper());
    daemon->kill();
    EXPECT_TRUE(holds_within(2s, [&] { return has("ours"); }));
    EXPECT_TRUE(where.is_mapper());
}

TEST_F(OurMapper, ServesErlangNodesThatFindEachOther) {
    proves("Port mapper", "OTP nodes register with ours and find each other", direction::to_us);
    auto a = start_erl("a");
    a->wait_for("up");
    EXPECT_THAT(names(), ElementsAre("a"));
    auto b = start_erl("b", "io:format(\"ping ~p~n\", [net_adm:ping('a@127.0.0.1')]), "
                            "io:format(\"nodes ~p~n\", [nodes()]), "
                            "{ok, Names} = net_adm:names(\"127.0.0.1\"), "
                            "io:format(\"names ~p~n\", [lists:sort([N || {N, _} <- Names])])");
    EXPECT_EQ(b->wait_for_line("ping "), "pong");
    EXPECT_EQ(b->wait_for_line("nodes "), "['a@127.0.0.1']");
    EXPECT_EQ(b->wait_for_line("names "), "[\"a\",\"b\"]");
    b->kill();
    EXPECT_TRUE(holds_within(2s, [&] { return !has("b"); }));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(OurMapper, RefusesASecondErlangNodeOfOneName) {
    proves("Port mapper", "a second OTP node of one name is refused by ours", direction::to_us);
    auto a = start_erl("a");
    a->wait_for("up");
    auto again = start_erl("a");
    again->wait_for("seems to be in use by another Erlang node");
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(OurMapper, AnswersOtpsOwnTool) {
    proves("Port mapper", "`epmd -names` and `net_adm:names` on ours", direction::to_us);
    auto one = enroll("one");
    auto tool = start({"epmd", "-port", std::to_string(port), "-names"});
    EXPECT_EQ(tool->wait_for_end(), 0);
    EXPECT_EQ(tool->output(),
              "epmd: up and running on port " + std::to_string(port) + " with data:\nname one at port 5000\n");
    auto killer = start({"epmd", "-port", std::to_string(port), "-kill"});
    killer->wait_for_end();
    EXPECT_THAT(names(), ElementsAre("one")) << killer->output();
    auto stopper = start({"epmd", "-port", std::to_string(port), "-stop", "one"});
    stopper->wait_for_end();
    EXPECT_THAT(names(), ElementsAre("one")) << stopper->output();
}

TEST_F(OurMapper, IsFoundAgainByErlangNodes) {
    proves("Port mapper", "OTP nodes register again after ours has died", direction::to_us);
    auto a = start_erl("a");
    a->wait_for("up");
    mapper.reset();
    mapper = start_ours();
    EXPECT_TRUE(holds_within(10s, [&] { return has("a"); })) << "OTP tries every 2 s";
}

TEST_F(OurMapper, AnswersUnder1100IdleConnections) {
    rlimit files{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = std::max<rlim_t>(files.rlim_cur, std::min<rlim_t>(4096, files.rlim_max));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
    auto one = enroll("one");
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 1100; ++i) idle.push_back(env.block_on(env.net().connect(home)).value());
    duration worst{};
    for (int i = 0; i < 50; ++i) {
        const auto before = env.now();
        EXPECT_TRUE(env.block_on(epmd::look_up(env, home, "one", env.now() + 2s)).has_value());
        worst = std::max(worst, env.now() - before);
    }
    std::printf("slowest of 50 look-ups under 1,100 idle connections: %.1f ms\n",
                std::chrono::duration<double, std::milli>(worst).count());
    EXPECT_LE(worst, 500ms);
}

TEST_F(PortMapper, MovesToTheNextProgramWhenItsOwnIsKilled) {
    auto a = start_resident("a");
    auto b = start_resident("b");
    auto c = start_resident("c");
    EXPECT_THAT(a->output(), HasSubstr("this program is the port mapper"));
    EXPECT_THAT(b->output(), Not(HasSubstr("this program is the port mapper")));
    auto erl = start_erl("theirs");
    erl->wait_for("up");

    a->kill();
    const auto killed = env.now();
    EXPECT_TRUE(holds_within(5s, [&] { return has("b") && has("c"); }));
    const auto took = std::chrono::duration<double, std::milli>(env.now() - killed).count();
    std::printf("the mapper killed with SIGKILL; two sedge programs registered again after %.0f ms\n", took);
    EXPECT_LE(took, 2000);
    EXPECT_TRUE(holds_within(10s, [&] { return has("theirs"); }));
    EXPECT_THAT(names(), UnorderedElementsAre("b", "c", "theirs"));
    auto again = start_resident("a");
    EXPECT_THAT(names(), Contains("a"));
}

TEST_F(PortMapper, SaysInOneSentenceThatTheNameIsTaken) {
    auto a = start_resident("a");
    auto again = start({SEDGE_EPMD_RESIDENT, std::to_string(port), "a", "5000"});
    EXPECT_NE(again->wait_for_end(), 0);
    EXPECT_THAT(
        again->output(),
        HasSubstr("is registered already: another program with this name runs; choose another name or stop it"));
}
