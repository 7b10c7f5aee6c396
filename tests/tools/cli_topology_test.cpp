// SPDX-License-Identifier: Apache-2.0
//
// Readiness, and topologies that change while the node runs: `sedge start --wait-for`, systemd, SIGHUP,
// `sedge topology`.
#include "support/json.hpp"
#include "tools/sedge_program.hpp"

#include <array>
#include <boost/json/parse.hpp>
#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class SedgeTopologies : public Sedge {
protected:
    /// A node with `sedge.toml` in the folder of the test.
    program& configured(const std::string& name, const std::string& toml, std::vector<std::string> more = {}) {
        write("sedge.toml", toml);
        std::vector<std::string> arguments{"start",  "--name",   name,        "--cookie-file",
                                           "cookie", "--config", "sedge.toml"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return *started.emplace_back(start(std::move(arguments)));
    }
    static std::string topology(const std::string& name, const std::string& hosts) {
        return "[topologies." + name + "]\nstrategy = \"epmd\"\nconfig = { hosts = [" + hosts + "] }\n";
    }
    outcome ask(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "topology");
        arguments.insert(arguments.end(), {"--cookie-file", "cookie"});
        return run(std::move(arguments));
    }
    /// The names of a running node's peers, as Elixir shows them.
    std::string peers_of(const std::string& name) {
        return run({"call", name, "erlang", "nodes", "--cookie-file", "cookie"}).output;
    }
};

const std::string b = "\"b@127.0.0.1\"";
const std::string c = "\"c@127.0.0.1\"";

} // namespace

TEST_F(SedgeTopologies, ProgramBeginsWhenTheNodesThatMustBeThereAre) {
    auto& a = configured("a@127.0.0.1", topology("t", b + ", " + c) + "[ready]\nnodes = [" + c + "]\nat_least = 2\n");
    a.wait_for("a@127.0.0.1 is up");
    node("b@127.0.0.1");
    a.wait_for("connected to :\"b@127.0.0.1\"");
    EXPECT_THAT(a.output(), Not(HasSubstr("accepts peers on port")));
    node("c@127.0.0.1");
    a.wait_for("[sedge] ready: 2 other nodes are connected");
    a.wait_for("2 nodes are connected");
}

TEST_F(SedgeTopologies, ProgramEndsWithFourWhenTheyAreNot) {
    write("sedge.toml", topology("t", b));
    const auto late = run({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--config", "sedge.toml",
                           "--wait-for", "b@127.0.0.1", "--timeout", "500ms"});
    EXPECT_EQ(late.status, 4);
    EXPECT_THAT(late.output, HasSubstr("not ready: 0 of 1 nodes are connected; missing: b@127.0.0.1 ("));
    EXPECT_THAT(late.output, HasSubstr("after 0.5 s"));
    EXPECT_THAT(late.output, HasSubstr("a@127.0.0.1 has left")) << "in order";
    for (const auto* wrong : {"soon", "-1", "3 weeks"}) {
        const auto refused = run({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--wait-for", "1",
                                  "--timeout=" + std::string{wrong}});
        EXPECT_EQ(refused.status, 2) << wrong << refused.output;
    }
    EXPECT_EQ(run({"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--wait-for", "nobody"}).status, 2);
}

TEST_F(SedgeTopologies, ServiceManagerIsToldWhenItIsReadyAndWhenItLeaves) {
    const auto path = (home / "notify").string();
    const int manager = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(bind(manager, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const auto heard = [manager](int flags) {
        std::array<char, 256> buffer;
        const auto count = recv(manager, buffer.data(), buffer.size(), flags);
        return count < 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(count)};
    };
    write("sedge.toml", topology("t", b));
    more_environment = {{"NOTIFY_SOCKET", path}};
    auto a = start(
        {"start", "--name", "a@127.0.0.1", "--cookie-file", "cookie", "--config", "sedge.toml", "--wait-for", "1"});
    more_environment.clear();
    a->wait_for("a@127.0.0.1 is up");
    EXPECT_EQ(heard(MSG_DONTWAIT), "") << "not before it is ready";
    node("b@127.0.0.1");
    EXPECT_EQ(heard(0), "READY=1\nSTATUS=a@127.0.0.1 is up");
    a->signal(SIGTERM);
    EXPECT_EQ(a->wait_for_end(), 0);
    EXPECT_EQ(heard(0), "STOPPING=1");
    close(manager);
}

TEST_F(SedgeTopologies, FileIsReadAgainAtSighup) {
    auto& second = node("b@127.0.0.1");
    auto& third = node("c@127.0.0.1");
    auto& a = configured("a@127.0.0.1", topology("t", b));
    a.wait_for("connected to :\"b@127.0.0.1\"");

    write("sedge.toml", topology("t", b + ", " + c) + topology("u", b));
    a.signal(SIGHUP);
    a.wait_for("was read again; added: u; changed: t");
    a.wait_for("[sedge:t] connected to :\"c@127.0.0.1\"");

    write("sedge.toml", "[topologies.t]\nstrategy = \"epdm\"\n");
    a.signal(SIGHUP);
    a.wait_for("SIGHUP: nothing is changed: sedge.toml:2: no strategy \"epdm\"");

    write("sedge.toml", topology("u", b));
    a.signal(SIGHUP);
    a.wait_for("was read again; removed: t");
    a.wait_for("[sedge:t] disconnected from :\"c@127.0.0.1\": no longer wanted");
    EXPECT_THAT(a.output(), Not(HasSubstr("disconnected from :\"b@127.0.0.1\"")));
    EXPECT_THAT(peers_of("a@127.0.0.1"), HasSubstr("b@127.0.0.1"));
    EXPECT_TRUE(second.running());
    EXPECT_TRUE(third.running());
}

TEST_F(SedgeTopologies, OperatorListsAddsChangesAndRemoves) {
    node("b@127.0.0.1");
    auto& a = configured("a@127.0.0.1", "");
    a.wait_for("accepts peers on port");
    EXPECT_EQ(ask({"list", "a@127.0.0.1"}).output, "");
    const auto added = ask({"add", "a@127.0.0.1", "t", "epmd", "hosts=[" + b + ", " + c + "]"});
    EXPECT_EQ(added.status, 0) << added.output;
    a.wait_for("[sedge:t] connected to :\"b@127.0.0.1\"");

    const auto shown = ask({"list", "a@127.0.0.1"});
    EXPECT_THAT(shown.output, HasSubstr("t (epmd)\n"));
    EXPECT_THAT(shown.output, testing::ContainsRegex("b@127.0.0.1\" +up"));
    EXPECT_THAT(shown.output, testing::ContainsRegex("c@127.0.0.1\" +(waiting|dialling) +.*c"));
    const auto json = boost::json::parse(ask({"list", "a@127.0.0.1", "--json"}).output);
    EXPECT_EQ(json.at(0).at("name"), "t");
    EXPECT_EQ(json.at(0).at("nodes").at(0).at("state"), "up");

    const auto twice = ask({"add", "a@127.0.0.1", "t", "epmd"});
    EXPECT_EQ(twice.status, 1);
    EXPECT_THAT(twice.output, HasSubstr("there is a topology t already"));
    const auto wrong = ask({"add", "a@127.0.0.1", "u", "gossip", "prot=1"});
    EXPECT_EQ(wrong.status, 1);
    EXPECT_THAT(wrong.output, HasSubstr("did you mean \"port\"?"));
    EXPECT_EQ(ask({"add", "a@127.0.0.1", "u", "gossip", "port"}).status, 2);

    EXPECT_EQ(ask({"change", "a@127.0.0.1", "t", "epmd", "hosts=[" + c + "]"}).status, 0);
    a.wait_for("[sedge:t] disconnected from :\"b@127.0.0.1\"");
    EXPECT_EQ(ask({"remove", "a@127.0.0.1", "t"}).status, 0);
    EXPECT_EQ(ask({"remove", "a@127.0.0.1", "t"}).status, 1);

    write("sedge.toml", topology("v", b));
    const auto reloaded = ask({"reload", "a@127.0.0.1"});
    EXPECT_EQ(reloaded.output, "sedge.toml was read again; added: v\n");
    a.wait_for("[sedge:v] connected to :\"b@127.0.0.1\"");
    EXPECT_EQ(ask({"list"}).status, 2);
    EXPECT_EQ(ask({"list", "nobody@127.0.0.1"}).status, 3);
}

} // namespace sedge::test
