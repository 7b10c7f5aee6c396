// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;

namespace {

// The sentence about what is wrong, or about the first topology that cannot be made.
std::string complaint(std::string_view text, const std::vector<assignment>& over = {}) {
    auto config = parse_toml(text, "sedge.toml", over);
    if (!config) return config.error().message();
    for (const auto& settings : config->topologies) {
        auto made = strategies{}.make(settings, config->file);
        if (!made) return made.error().message();
    }
    return {};
}

std::string known_strategies() {
    std::string out;
    const strategies built_in;
    for (const auto& known : built_in.all()) out += (out.empty() ? "" : ", ") + known.name;
    return out;
}

} // namespace

TEST(Configuration, WholeFileIsRead) {
    auto config = parse_toml(R"(
[node]
name = "node1@172.24.176.1"
cookie_file = "/etc/sedge/cookie"
hidden = true
listen = "172.24.176.1"
port_min = 9100
port_max = 9110
tick_time = 30
setup_time = 3000
spin = 50
workers = 2
message_bytes_max = 200000000
[epmd]
port = 4370
embedded = false
names = "lan"
listen = "10.0.0.1"
[log]
level = "debug"
[topologies.clusters1]
strategy = "gossip"
trust = ["node*@172.24.176.*"]
config = { port = 45893, if_addr = "0.0.0.0", multicast_if = "172.24.176.1", secret = "s" }
[topologies.again]
strategy = "epmd"
[topologies.again.config]
hosts = ["node2@172.24.176.2"]
timeout = 30000
)",
                             "sedge.toml");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->node.name, "node1@172.24.176.1");
    EXPECT_EQ(config->node.cookie_file, "/etc/sedge/cookie");
    EXPECT_TRUE(config->node.hidden);
    EXPECT_EQ(config->node.listen, "172.24.176.1");
    EXPECT_EQ(config->node.port_min, 9100);
    EXPECT_EQ(config->node.port_max, 9110);
    EXPECT_EQ(config->node.tick_time, 30);
    EXPECT_EQ(config->node.setup_time, 3000);
    EXPECT_EQ(config->node.spin, 50);
    EXPECT_EQ(config->node.workers, 2);
    EXPECT_EQ(config->node.message_bytes_max, 200'000'000);
    EXPECT_EQ(config->epmd.port, 4370);
    EXPECT_FALSE(config->epmd.embedded);
    EXPECT_EQ(config->epmd.names, "lan");
    EXPECT_EQ(config->epmd.listen, "10.0.0.1");
    EXPECT_EQ(config->log_level, "debug");
    ASSERT_EQ(config->topologies.size(), 2u);
    const auto& gossip = config->topologies[0];
    EXPECT_EQ(gossip.name, "clusters1") << "in the order of the file";
    EXPECT_EQ(gossip.strategy, "gossip");
    ASSERT_EQ(gossip.trust.items.size(), 1u);
    EXPECT_EQ(gossip.config.find("port")->number, 45893);
    EXPECT_EQ(config->topologies[1].config.find("hosts")->items[0].text, "node2@172.24.176.2");
    EXPECT_EQ(complaint("[topologies.a]\nstrategy = \"epmd\"\nconfig = { hosts = [\"a@b\"] }\n"), "");
}

TEST(Configuration, MistakesAreNamedWithLineAndNearestKey) {
    struct row {
        const char* text;
        std::string sentence;
    };
    const row rows[] = {
        {"[node]\nnmae = \"x\"\n", "sedge.toml:2: unknown key \"nmae\" in node; did you mean \"name\"?"},
        {"[nodes]\nname = \"x\"\n", "sedge.toml:1: unknown key \"nodes\"; did you mean \"node\"?"},
        {"x = 1\n", "sedge.toml:1: unknown key \"x\"; valid are node, detection, epmd, pg, events, metrics, tls, "
                    "log, ready, topologies, roles"},
        {"[node]\n\nhidden = \"yes\"\n", "sedge.toml:3: \"hidden\" in node must be true or false, not text"},
        {"[node]\nname = 7\n", "sedge.toml:2: \"name\" in node must be text, not a whole number"},
        {"[node]\ntick_time = 1.5\n",
         "sedge.toml:2: \"tick_time\" in node must be a whole number, not a number with a point"},
        {"[node]\ntick_time = 3\n", "sedge.toml:2: \"tick_time\" in node must be from 4 to 86400"},
        {"[detection]\nsuspect_time = 0\n", "sedge.toml:2: \"suspect_time\" in detection must be from 1 to 600000"},
        {"[detection]\nsuspecttime = 1\n",
         "sedge.toml:2: unknown key \"suspecttime\" in detection; did you mean \"suspect_time\"?"},
        {"[epmd]\nport = 65536\n", "sedge.toml:2: \"port\" in epmd must be from 0 to 65535"},
        {"[log]\nlevel = \"loud\"\n",
         "sedge.toml:2: \"level\" in log must be one of debug, info, warning, error, off, not \"loud\""},
        {"node = 1\n", "sedge.toml:1: node must be a table, not a whole number"},
        {"topologies = []\n", "sedge.toml:1: topologies must be a table, not a list"},
        {"[topologies]\na = 1\n", "sedge.toml:2: topologies.a must be a table, not a whole number"},
        {"[topologies.a]\n", "sedge.toml:1: topologies.a needs a strategy: strategy = \"epmd\" or \"gossip\""},
        {"[topologies.a]\nstrategy = 1\n",
         "sedge.toml:2: \"strategy\" in topologies.a must be text, not a whole number"},
        {"[topologies.a]\nstrategie = \"epmd\"\n",
         "sedge.toml:2: unknown key \"strategie\" in topologies.a; did you mean \"strategy\"?"},
        {"[topologies.a]\nstrategy = \"gosip\"\n", "sedge.toml:2: no strategy \"gosip\" for topologies.a (there are: " +
                                                       known_strategies() + "); did you mean \"gossip\"?"},
        {"[topologies.a]\nstrategy = \"gossip\"\n[topologies.a.config]\nport = 1\nmulticst_if = \"x\"\n",
         "sedge.toml:5: unknown key \"multicst_if\" in topologies.a.config; did you mean \"multicast_if\"?"},
        {"[topologies.a]\nstrategy = \"gossip\"\nconfig = { port = \"x\" }\n",
         "sedge.toml:3: \"port\" in topologies.a.config must be a whole number, not text"},
        {"[topologies.a]\nstrategy = \"gossip\"\nconfig = { port = 70000 }\n",
         "sedge.toml:3: \"port\" in topologies.a.config must be from 1 to 65535"},
        {"[topologies.a]\nstrategy = \"gossip\"\nconfig = { if_addr = \"eth0\" }\n",
         "sedge.toml:3: \"if_addr\" in topologies.a.config is no IP address: \"eth0\""},
        {"[topologies.a]\nstrategy = \"gossip\"\nconfig = { multicast_addr = \"10.0.0.255\" }\n",
         "sedge.toml:3: in topologies.a.config: multicast_addr 10.0.0.255 is no multicast address; for a broadcast "
         "address set broadcast_only = true"},
        {"[topologies.a]\nstrategy = \"gossip\"\nconfig = 7\n",
         "sedge.toml:3: topologies.a.config must be a table of options"},
        {"[topologies.a]\nstrategy = \"gossip\"\ntrust = \"all\"\n",
         "sedge.toml:3: \"trust\" in topologies.a must be \"lan\" or a list of node-name patterns"},
        {"[topologies.a]\nstrategy = \"epmd\"\ntrust = \"lan\"\n",
         "sedge.toml:3: strategy epmd takes no \"trust\" (in topologies.a): it dials no nodes but those it was given"},
        {"[topologies.a]\nstrategy = \"epmd\"\nconfig = { hosts = \"a@b\" }\n",
         "sedge.toml:3: \"hosts\" in topologies.a.config must be a list of texts, not text"},
        {"[topologies.a]\nstrategy = \"epmd\"\nconfig = { hosts = [\"ab\"] }\n",
         "sedge.toml:3: in topologies.a.config: hosts: \"ab\" has no @; a node name is name@host"},
        {"[topologies.a]\nstrategy = \"epmd\"\nconfig = { timeout = -1 }\n",
         "sedge.toml:3: \"timeout\" in topologies.a.config must not be negative"},
        {"[topologies.a]\nstrategy = \"epmd\"\nconfig = { timeout = \"never\" }\n",
         "sedge.toml:3: \"timeout\" in topologies.a.config must be a number of milliseconds, or \"infinity\", not "
         "text"},
        {"[roles]\na = 1\n", "sedge.toml:2: roles.a must be a table, not a whole number"},
        {"[roles.a]\nmay = []\n", "sedge.toml:1: roles.a needs nodes, as in nodes = [\"web*@10.0.0.*\"]; only the role "
                                  "default is for all others"},
        {"[roles.a]\nnode = []\n", "sedge.toml:2: unknown key \"node\" in roles.a; did you mean \"nodes\"?"},
        {"[roles.a]\nmay = [\"kill\"]\n",
         "sedge.toml:2: \"may\" in roles.a has no right \"kill\"; there are info, call, "
         "spawn, send, link, control"},
        {"[roles.a]\nnodes = \"*\"\n", "sedge.toml:2: \"nodes\" in roles.a must be a list of texts, not text"},
        {"[roles.a]\nnames = [1]\n",
         "sedge.toml:2: \"names\" in roles.a must be a list of texts; one is a whole number"},
        {"[roles.a]\ncalls_max = 10001\n",
         "sedge.toml:2: \"calls_max\" in roles.a must be a whole number from 0 to 10000"},
        {"[node]\nname = 1979-05-27\n", "sedge.toml:2: dates and times have no meaning here"},
    };
    for (const auto& r : rows) EXPECT_EQ(complaint(r.text), r.sentence) << r.text;
}

TEST(Configuration, RolesKeepTheOrderOfTheFileAndTheirDefaults) {
    auto config = parse_toml("[roles.web]\nnodes = [\"web*@*\"]\nmay = [\"info\", \"control\"]\nnames = []\n"
                             "functions = [\"m:*\"]\nscopes = [\"pg\"]\ncalls_max = 5\n[roles.default]\nmay = "
                             "[]\n[roles.app]\nnodes = [\"a@b\"]\n",
                             "sedge.toml");
    ASSERT_TRUE(config) << config.error().message();
    ASSERT_EQ(config->roles.size(), 3u);
    const auto& web = config->roles[0];
    EXPECT_EQ(web.name, "web");
    EXPECT_EQ(web.nodes, (std::vector<std::string>{"web*@*"}));
    EXPECT_EQ(web.may, (std::set{otp::right::info, otp::right::control}));
    EXPECT_EQ(web.functions, (std::vector<std::string>{"m:*"}));
    EXPECT_TRUE(web.names.empty());
    EXPECT_EQ(web.scopes, (std::vector<std::string>{"pg"}));
    EXPECT_EQ(web.calls_max, 5u);
    EXPECT_TRUE(config->roles[1].may.empty());
    EXPECT_EQ(config->roles[2].name, "app");
    EXPECT_EQ(config->roles[2].may, otp::role{}.may);
}

TEST(Configuration, ReadinessIsACountNodesAndATime) {
    auto config = parse_toml("[ready]\nat_least = 2\nnodes = [\"b@10.0.0.2\"]\nwithin = 1.5\n", "sedge.toml");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_TRUE(config->ready.is_asked());
    EXPECT_EQ(config->ready.at_least, 2);
    EXPECT_EQ(config->ready.nodes, std::vector<std::string>{"b@10.0.0.2"});
    EXPECT_EQ(config->ready.within, 1.5);
    EXPECT_FALSE(parse_toml("[ready]\nwithin = 60\n", "sedge.toml").value().ready.is_asked());
    EXPECT_EQ(complaint("[ready]\nat_leest = 2\n"),
              "sedge.toml:2: unknown key \"at_leest\" in ready; did you mean \"at_least\"?");
    for (const auto* wrong : {"at_least = -1", "at_least = 1025", "at_least = \"2\"", "nodes = \"b@10.0.0.2\"",
                              "nodes = [\"b\"]", "nodes = [2]", "within = 0", "within = \"30s\"", "within = 1e9"})
        EXPECT_EQ(complaint(std::string{"[ready]\n"} + wrong).find("sedge.toml:2: "), 0u) << wrong;
    EXPECT_FALSE(parse_toml("ready = 3\n", "sedge.toml"));
}

TEST(Configuration, TopologiesAreTheSameWhereverTheyStand) {
    auto one = [](const std::string& text) { return parse_toml(text, "f").value().topologies.at(0); };
    const auto a = one("[topologies.t]\nstrategy = \"gossip\"\nconfig = { port = 1, multicast_ttl = 2 }\n");
    EXPECT_TRUE(same(a, one("\n\n[topologies.t]\nconfig = { multicast_ttl = 2, port = 1 }\nstrategy = \"gossip\"\n")));
    EXPECT_FALSE(same(a, one("[topologies.t]\nstrategy = \"gossip\"\nconfig = { port = 1, multicast_ttl = 3 }\n")));
    EXPECT_FALSE(same(a, one("[topologies.t]\nstrategy = \"gossip\"\nconfig = { port = 1 }\n")));
    EXPECT_FALSE(same(a, one("[topologies.t]\nstrategy = \"epmd\"\nconfig = { port = 1, multicast_ttl = 2 }\n")));
    const auto trusting = "[topologies.t]\nstrategy = \"gossip\"\ntrust = [\"a@*\"]\n";
    EXPECT_FALSE(same(one(trusting), one("[topologies.t]\nstrategy = \"gossip\"\ntrust = [\"b@*\"]\n")));
    EXPECT_TRUE(same(one(trusting), one(trusting)));
}

TEST(Configuration, WhatWasLaidOverTheFileIsKept) {
    auto config = parse_toml("", "f", {{"node.name", "a@10.0.0.1"}});
    ASSERT_EQ(config.value().over.size(), 1u);
    EXPECT_EQ(config->over[0].key, "node.name");
}

TEST(Configuration, SyntaxErrorsNameTheLine) {
    EXPECT_EQ(complaint("[node]\nname = \n").find("sedge.toml:2: "), 0u) << complaint("[node]\nname = \n");
    EXPECT_EQ(complaint("\x1b[31m").find('\x1b'), std::string::npos) << "and cannot speak to the terminal";
}

TEST(Configuration, TextsThatTheParserAssertsOnAreRefusedInWords) {
    const std::string sentence = "sedge.toml: not TOML; is there a key or a value that needs quotes around it?";
    EXPECT_EQ(complaint("[:::node]\na = 1\n"), sentence);
    EXPECT_EQ(complaint(std::string_view{"\n[\0node]\n", 9}), sentence);
    EXPECT_EQ(complaint("a = [0˄]\n").find("sedge.toml:1: "), 0u);
    EXPECT_EQ(complaint("[topologies.'größe']\nstrategy = \"epmd\" # für alle\n"), "");
}

TEST(Configuration, NestingIsBounded) {
    auto nested = [](std::size_t levels) {
        return "[topologies.a]\nstrategy = \"epmd\"\nconfig = { hosts = " + std::string(levels, '[') +
               std::string(levels, ']') + " }\n";
    };
    // The root, topologies, a, config: four levels above the list, and the list's own.
    EXPECT_NE(complaint(nested(limits::config_nesting_max - 4)).find("must be a list of texts"), std::string::npos);
    EXPECT_NE(complaint(nested(limits::config_nesting_max - 3)).find("nested too deep"), std::string::npos);
}

TEST(Configuration, AssignmentsLieOverTheFile) {
    auto config =
        parse_toml("[node]\nname = \"a@b.c\"\nhidden = true\n[topologies.t]\nstrategy = \"gossip\"\n", "sedge.toml",
                   {{"node.name", "7@8.9"},
                    {"node.tick_time", "15"},
                    {"node.hidden", "false"},
                    {"topologies.t.trust", "\"lan\""},
                    {"topologies.t.config.port", "4000"},
                    {"topologies.t.config.secret", "not TOML: so text"},
                    {"topologies.new.strategy", "epmd"}});
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->node.name, "7@8.9");
    EXPECT_EQ(config->node.tick_time, 15);
    EXPECT_FALSE(config->node.hidden);
    ASSERT_EQ(config->topologies.size(), 2u);
    EXPECT_EQ(config->topologies[0].trust.text, "lan");
    EXPECT_EQ(config->topologies[0].config.find("port")->number, 4000);
    EXPECT_EQ(config->topologies[0].config.find("secret")->text, "not TOML: so text");
    EXPECT_EQ(config->topologies[1].strategy, "epmd");
}

TEST(Configuration, MistakesInAssignmentsSayWhereTheyComeFrom) {
    EXPECT_EQ(complaint("", {{"node.nmae", "x"}}),
              "command line: unknown key \"nmae\" in node; did you mean \"name\"?");
    EXPECT_EQ(complaint("", {{"node.tick_time", "soon"}}),
              "command line: \"tick_time\" in node must be a whole number, not text");
    EXPECT_EQ(complaint("[node]\nname = \"a@b\"\n", {{"node.name.x", "1"}}),
              "command line: \"node.name.x\" would be inside of a value that is no table");
}

TEST(Configuration, CookieFileIsBesideTheFileThatNamesIt) {
    auto config = parse_toml("[node]\ncookie_file = \"cookie\"\n", "/etc/sedge/sedge.toml");
    EXPECT_EQ(config->node.cookie_file, "/etc/sedge/cookie");
    config =
        parse_toml("[tls]\nca = \"ca.crt\"\ncertificate = \"a.crt\"\nkey = \"/keys/a.key\"\n", "/etc/sedge/sedge.toml");
    EXPECT_EQ(config->tls.ca, "/etc/sedge/ca.crt");
    EXPECT_EQ(config->tls.certificate, "/etc/sedge/a.crt");
    EXPECT_EQ(config->tls.key, "/keys/a.key");
    config = parse_toml("[node]\ncookie_file = \"cookie\"\n", "sedge.toml");
    EXPECT_EQ(config->node.cookie_file, "cookie");
    config = parse_toml("[node]\ncookie_file = \"cookie\"\n", "/etc/sedge/sedge.toml", {{"node.cookie_file", "here"}});
    EXPECT_EQ(config->node.cookie_file, "here") << "on the command line it is relative to where we are";
}

TEST(Configuration, CookiesOfSinglePeersAreFiles) {
    const std::string text = "[node.peer_cookies]\n\"gateway@10.0.0.9\" = \"gateway.cookie\"\n\"b@h\" = \"/etc/b\"\n";
    auto config = parse_toml(text, "/etc/sedge/sedge.toml");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->node.peer_cookies, (std::vector<std::pair<std::string, std::string>>{
                                             {"gateway@10.0.0.9", "/etc/sedge/gateway.cookie"}, {"b@h", "/etc/b"}}));
    EXPECT_EQ(complaint("[node.peer_cookies]\n\"b@h\" = 5\n"),
              "sedge.toml:2: \"b@h\" in node.peer_cookies must be the name of a file, not a whole number");
    EXPECT_EQ(complaint("[node.peer_cookies]\n\"gateway\" = \"f\"\n"),
              "sedge.toml:2: node.peer_cookies: \"gateway\" has no @; a node name is name@host");
    EXPECT_EQ(complaint("[node]\npeer_cookies = \"f\"\n"), "sedge.toml:2: node.peer_cookies must be a table, not text");
}

TEST(Configuration, FileThatCannotBeReadIsNamed) {
    auto config = load_configuration("/nonexistent/sedge.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code(), make_error_code(config_errc::unreadable));
    EXPECT_EQ(config.error().message(), "/nonexistent/sedge.toml: No such file or directory");
    EXPECT_FALSE(load_configuration("/tmp")) << "a directory";
    EXPECT_TRUE(load_configuration("")) << "no file";
}

TEST(NearestKey, IsOneOrTwoSlipsAway) {
    const std::vector<std::string> keys{"multicast_addr", "multicast_if", "port", "secret"};
    EXPECT_EQ(nearest("multicastif", keys), "multicast_if");
    EXPECT_EQ(nearest("prot", keys), "port") << "two letters that changed places are one slip";
    EXPECT_EQ(nearest("perk", keys), std::nullopt) << "two slips in four letters are another word";
    EXPECT_EQ(nearest("prt", keys), "port");
    EXPECT_EQ(nearest("secretx", keys), "secret");
    EXPECT_EQ(nearest("", keys), std::nullopt);
    EXPECT_EQ(nearest(std::string(10'000, 'x'), keys), std::nullopt);
}
