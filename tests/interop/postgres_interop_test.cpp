// SPDX-License-Identifier: Apache-2.0
//
// The strategy postgres against Debian's PostgreSQL 15, which each test starts in a folder of its own, on loopback and
// a Unix socket. The other side of the channel is `psql`, which does what libcluster_postgres does.
#include "interop/with_otp.hpp"

#include <sedge/cluster/topology.hpp>
#include <sedge/postgres/postgres.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace sedge;
using namespace sedge::test;
using cluster::postgres_strategy;
using testing::HasSubstr;
using testing::Not;

namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";

class Postgres : public WithOtp {
protected:
    std::map<sedge_side*, std::unique_ptr<cluster::topologies>> topologies;
    const std::filesystem::path folder = make_folder();
    const std::uint16_t port = free_port();
    std::unique_ptr<program> server;

    Postgres() {
        run_to_end({programs + "initdb", "-D", data(), "-U", "plant", "--auth-local=trust", "--auth-host=scram-sha-256",
                    "--pwfile", secret("right"), "-E", "UTF8", "--no-locale", "--no-sync"});
        serve();
    }
    ~Postgres() override {
        topologies.clear();
        if (HasFailure() && server) std::printf("--- PostgreSQL\n%s\n", server->output().c_str());
        server.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    static std::string make_folder() {
        char name[] = "/tmp/sedge-postgres-XXXXXX";
        return mkdtemp(name);
    }
    [[nodiscard]] std::string data() const { return folder / "data"; }
    std::string secret(const std::string& text) {
        const auto path = folder / "secret";
        std::ofstream{path} << text << '\n';
        std::filesystem::permissions(folder, std::filesystem::perms::all);
        return path;
    }
    /// PostgreSQL refuses to run as root.
    static std::vector<std::string> as_user(std::vector<std::string> command) {
        if (geteuid() == 0) {
            const std::vector<std::string> change{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"};
            command.insert(command.begin(), change.begin(), change.end());
        }
        return command;
    }
    void run_to_end(std::vector<std::string> command) {
        auto running = start(as_user(std::move(command)));
        const int status = running->wait_for_end(60s);
        if (status != 0) throw std::runtime_error(running->output());
    }
    void serve() {
        server = start(as_user({programs + "postgres", "-D", data(), "-p", std::to_string(port), "-c",
                                "listen_addresses=127.0.0.1", "-k", folder, "-c", "fsync=off"}));
        server->wait_for("database system is ready to accept connections");
    }
    void stop_server() {
        server->signal(SIGINT); // fast shutdown
        server->wait_for_end();
    }
    /// A session is a program of its own, a child of the server, and in no group with it.
    void signal_sessions(int number) {
        std::ifstream children{"/proc/" + std::to_string(server->id()) + "/task/" + std::to_string(server->id()) +
                               "/children"};
        for (pid_t child = 0; children >> child;) ::kill(child, number);
    }
    std::unique_ptr<program> psql() {
        auto console = start({"psql", "-h", folder, "-p", std::to_string(port), "-U", "plant", "-d", "postgres", "-X",
                              "-q", "-v", "ON_ERROR_STOP=1"});
        return console;
    }
    void sql(const std::string& statements) {
        auto console = psql();
        console->write(statements + "\n\\q\n");
        EXPECT_EQ(console->wait_for_end(), 0) << console->output();
    }

    postgres_strategy options() const {
        postgres_strategy how;
        how.hostname = "localhost";
        how.port = port;
        how.username = "plant";
        how.password = "right";
        how.database = "postgres";
        how.heartbeat_interval = 300ms;
        return how;
    }
    void use(sedge_side& side, postgres_strategy how) {
        auto& running = topologies[&side];
        running = std::make_unique<cluster::topologies>(side.node);
        EXPECT_TRUE(running->add({"plant", postgres::make(std::move(how))}));
    }
    bool sees(sedge_side& side, const std::vector<std::string>& nodes, duration most = 20s) {
        return eventually(
            [&] {
                std::vector<std::string> now;
                for (const auto& peer : side.node.peers()) now.push_back(peer.str());
                return now == nodes;
            },
            most);
    }
    std::uint64_t counted(sedge_side& side, const std::string& what) {
        return topologies.at(&side)->counters("plant")[what];
    }
    bool logged(std::string_view text, duration most = 20s) {
        return eventually([&] { return log->text.find(text) != std::string::npos; }, most);
    }
};

} // namespace

TEST_F(Postgres, NodesOnOneChannelMeetAndNodesOnAnotherDoNot) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto& b = start_sedge({.name = "b@127.0.0.1"});
    auto& c = start_sedge({.name = "c@127.0.0.1"});
    use(a, options());
    use(b, options());
    auto elsewhere = options();
    elsewhere.channel_name = "elsewhere";
    use(c, elsewhere);
    EXPECT_TRUE(sees(a, {"b@127.0.0.1"})) << log->text;
    EXPECT_TRUE(sees(b, {"a@127.0.0.1"}));
    run_for(1s);
    EXPECT_TRUE(sees(c, {}, 0s));
}

TEST_F(Postgres, PayloadIsTheNameAsLibclusterPostgresSendsIt) {
    proves("Strategies", "Postgres: a node of OTP that the channel names as libcluster_postgres does", direction::both);
    auto& a = start_sedge({.name = "a@127.0.0.1"}); // the port mapper, too
    auto& otp = start_otp("otp@127.0.0.1");
    use(a, options());
    auto console = psql();
    console->write("LISTEN \"cluster\";\n");
    ASSERT_TRUE(logged("listening on channel cluster of PostgreSQL"));
    eventually([&] { return counted(a, "postgres_sent") >= 3; });
    console->write("NOTIFY cluster, 'otp@127.0.0.1';\n"); // its notifications so far are shown after this
    EXPECT_THAT(console->wait_for("with payload \"a@127.0.0.1\""), HasSubstr("\"cluster\""));
    EXPECT_TRUE(sees(a, {"otp@127.0.0.1"})) << log->text;
    EXPECT_THAT(otp.complaints(), testing::IsEmpty());
}

TEST_F(Postgres, ServerThatIsAwayTakesNobodyAlongAndIsFoundAgain) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto& b = start_sedge({.name = "b@127.0.0.1"});
    stop_server();
    use(a, options());
    use(b, options());
    ASSERT_TRUE(logged("[sedge:plant] no connection to PostgreSQL: connect: ")) << log->text;
    serve();
    ASSERT_TRUE(sees(a, {"b@127.0.0.1"})) << log->text;
    stop_server();
    run_for(2s);
    EXPECT_TRUE(sees(a, {"b@127.0.0.1"}, 0s));
    const auto before = counted(a, "postgres_sent");
    serve();
    EXPECT_TRUE(eventually([&] { return counted(a, "postgres_sent") > before; })) << log->text;
}

TEST_F(Postgres, ServerThatHangsIsGivenUp) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    use(a, options());
    ASSERT_TRUE(eventually([&] { return counted(a, "postgres_sent") > 0; })) << log->text;
    signal_sessions(SIGSTOP);
    EXPECT_TRUE(logged("[sedge:plant] no connection to PostgreSQL: ", 25s)) << log->text;
    signal_sessions(SIGCONT);
    const auto before = counted(a, "postgres_sent");
    EXPECT_TRUE(eventually([&] { return counted(a, "postgres_sent") > before; }, 40s)) << log->text;
}

TEST_F(Postgres, ChannelFullOfLiesIsSurvived) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto& b = start_sedge({.name = "b@127.0.0.1"});
    use(a, options());
    ASSERT_TRUE(eventually([&] { return counted(a, "postgres_sent") > 0; })) << log->text;
    sql("SELECT pg_notify('cluster', 'no node'), pg_notify('cluster', ''), pg_notify('cluster', 'a@127.0.0.1'),"
        "       pg_notify('cluster', repeat('x', 7000));\n"
        "DO $$ BEGIN FOR i IN 1..10000 LOOP PERFORM pg_notify('cluster', 'n' || i || '@127.0.0.9'); END LOOP; END $$;");
    EXPECT_TRUE(eventually([&] { return counted(a, "postgres_heard") > 500; })) << log->text;
    EXPECT_EQ(counted(a, "postgres_dropped_bad_name"), 3u);
    EXPECT_LE(topologies.at(&a)->nodes().size(), limits::topology_nodes_max);
    use(b, options());
    EXPECT_TRUE(eventually([&] { return a.node.is_connected(atom{"b@127.0.0.1"}); })) << log->text;
}

TEST_F(Postgres, CapitalsInTheChannelsNameAreHeardInBothSpellings) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto capital = options();
    capital.channel_name = "Plant";
    use(a, capital);
    ASSERT_TRUE(logged("listening on channel Plant"));
    sql("NOTIFY Plant, 'x@127.0.0.1'; NOTIFY \"Plant\", 'y@127.0.0.1';");
    EXPECT_TRUE(eventually([&] { return counted(a, "postgres_heard") == 2; })) << log->text;
}

TEST_F(Postgres, SocketUrlAndParametersAreOptions) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto& b = start_sedge({.name = "b@127.0.0.1"});
    postgres_strategy by_socket;
    by_socket.socket_dir = folder;
    by_socket.port = port;
    by_socket.username = "plant";
    by_socket.database = "postgres";
    by_socket.heartbeat_interval = 300ms;
    by_socket.parameters = {"search_path=\"no such place\", plant"};
    postgres_strategy by_url;
    by_url.url = "postgres://plant:right@127.0.0.1:" + std::to_string(port) + "/postgres";
    by_url.heartbeat_interval = 300ms;
    use(a, by_socket);
    use(b, by_url);
    EXPECT_TRUE(sees(a, {"b@127.0.0.1"})) << log->text;
    auto console = psql();
    console->write("SELECT 'called ' || application_name FROM pg_stat_activity ORDER BY 1;\n");
    EXPECT_THAT(console->wait_for("called sedge b@127.0.0.1"), HasSubstr("called")) << log->text;
}

TEST_F(Postgres, WhatIsWrongIsSaidOnceWithTheServersWords) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto wrong = options();
    wrong.password = "wrong";
    use(a, wrong);
    EXPECT_TRUE(logged("password authentication failed for user \"plant\"")) << log->text;
    auto& b = start_sedge({.name = "b@127.0.0.1"});
    wrong = options();
    wrong.database = "nowhere";
    use(b, wrong);
    EXPECT_TRUE(logged("database \"nowhere\" does not exist")) << log->text;
    auto& c = start_sedge({.name = "c@127.0.0.1"});
    wrong = options();
    wrong.ssl = true;
    use(c, wrong);
    EXPECT_TRUE(logged("server does not support SSL")) << log->text;
    auto& d = start_sedge({.name = "d@127.0.0.1"});
    wrong = options();
    wrong.username = "nobody";
    use(d, wrong);
    EXPECT_TRUE(logged("authentication failed for user \"nobody\"")) << log->text;
    auto& e = start_sedge({.name = "e@127.0.0.1"});
    wrong = options();
    wrong.hostname = "nobody.invalid";
    use(e, wrong);
    EXPECT_TRUE(logged("resolve nobody.invalid")) << log->text;
    auto& f = start_sedge({.name = "f@127.0.0.1"});
    wrong = options();
    wrong.sslrootcert = folder / "absent.pem"; // which demands TLS as well
    const auto before = log->text.size();
    use(f, wrong);
    EXPECT_TRUE(eventually([&] { return log->text.find("SSL", before) != std::string::npos; })) << log->text;
    auto& g = start_sedge({.name = "g@127.0.0.1"});
    wrong = options();
    wrong.parameters = {"no_such_setting=1"};
    use(g, wrong);
    EXPECT_TRUE(logged("unrecognized configuration parameter \"no_such_setting\"")) << log->text;
    run_for(3s);
    const auto first = log->text.find("password authentication failed for user \"plant\"");
    EXPECT_EQ(log->text.find("password authentication failed for user \"plant\"", first + 1), std::string::npos);
}

TEST_F(Postgres, HeartbeatsComeAsOftenAsTheOptionSays) {
    auto& a = start_sedge({.name = "a@127.0.0.1"});
    auto seldom = options();
    seldom.heartbeat_interval = 1s;
    use(a, seldom);
    ASSERT_TRUE(eventually([&] { return counted(a, "postgres_sent") > 0; })) << log->text;
    run_for(5500ms);
    EXPECT_GE(counted(a, "postgres_sent"), 4u);
    EXPECT_LE(counted(a, "postgres_sent"), 7u);
}
