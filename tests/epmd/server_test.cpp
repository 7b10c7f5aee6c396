// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/nursery.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/simulation.hpp>

#include <gmock/gmock.h>

using namespace sedge;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

const std::string here = "172.24.176.1";
const std::string there = "172.24.176.2";
constexpr std::uint16_t port = 4369;

wire::ip_address ip(std::string_view text) { return wire::ip_address::parse(text).value(); }

epmd::node_entry node(std::string name, std::uint16_t at = 5555) {
    epmd::node_entry entry;
    entry.name = std::move(name);
    entry.port = at;
    return entry;
}

/// One machine with a mapper, a program beside it, and another machine.
struct Mapper : testing::Test {
    wire::simulation sim{1};
    environment& own = sim.machine(here);
    environment& local = sim.program(here, "local");
    environment& remote = sim.machine(there);
    std::unique_ptr<epmd::server> mapper;
    const wire::endpoint home{wire::ip_address::loopback_v4(), port};
    const wire::endpoint outside{ip(here), port};

    void SetUp() override {
        sim.link(here, there, {.delay_least = 100us, .delay_most = 100us});
        start({});
    }
    void start(epmd::access_rules access) {
        mapper.reset();
        epmd::server_options options;
        options.port = port;
        options.addresses = {ip(here)};
        options.access = access;
        mapper = epmd::server::start(own, options).value();
    }

    result<epmd::registration> enroll(environment& env, wire::endpoint where, epmd::node_entry entry) {
        return sim.block_on(epmd::register_node(env, where, std::move(entry), sim.now() + 5s));
    }
    result<epmd::node_entry> look_up(environment& env, wire::endpoint where, std::string name) {
        return sim.block_on(epmd::look_up(env, where, std::move(name), sim.now() + 5s));
    }
    std::vector<std::string> list(environment& env, wire::endpoint where) {
        auto answer = sim.block_on(epmd::names(env, where, sim.now() + 5s));
        std::vector<std::string> names;
        if (answer) {
            for (auto& n : answer->names) names.push_back(n.name);
        }
        return names;
    }
    std::unique_ptr<wire::stream> connect(environment& env, wire::endpoint to) {
        return sim.block_on(env.net().connect(to)).value();
    }
    void send(wire::stream& to, byte_view bytes) { sim.block_on(wire::write_all(to, bytes)).value(); }
    /// Everything until the mapper closes.
    static task<std::string> read_to_end(wire::stream& from) {
        std::string text;
        std::uint8_t chunk[64];
        for (;;) {
            auto count = co_await wire::read_some(from, chunk);
            if (!count) co_return text;
            text += as_text(byte_view{chunk}.first(*count));
        }
    }
    bool is_closed(wire::stream& s) {
        std::uint8_t chunk[1];
        return s.try_read(chunk).what != wire::io_step::outcome::would_block;
    }
};

} // namespace

TEST_F(Mapper, AnswersWhereANodeIs) {
    auto entry = node("one");
    entry.extra = {1, 2, 3};
    auto one = enroll(local, home, entry);
    ASSERT_TRUE(one.has_value()) << one.error().message();
    EXPECT_GE(one->creation(), 4u);
    EXPECT_EQ(look_up(remote, outside, "one").value(), entry);
    EXPECT_EQ(look_up(local, home, "one").value(), entry);
    auto missing = look_up(remote, outside, "two");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error(), make_error_code(epmd::errc::not_found));
    EXPECT_EQ(missing.error().message(), "look up two at the port mapper on 172.24.176.1:4369: it is not running, or "
                                         "registered under another name");
}

TEST_F(Mapper, TellsAllNamesToItsOwnMachineOnly) {
    auto one = enroll(local, home, node("one"));
    auto two = enroll(local, outside, node("two"));
    EXPECT_THAT(list(local, home), ElementsAre("two", "one"));
    EXPECT_THAT(list(local, outside), ElementsAre("two", "one"));
    EXPECT_THAT(list(remote, outside), IsEmpty());
    start({.names = epmd::audience::on_link, .look_ups = epmd::audience::on_link, .look_ups_also = {}});
    auto three = enroll(local, home, node("three"));
    EXPECT_THAT(list(remote, outside), ElementsAre("three"));
}

TEST_F(Mapper, RegistersNobodyFromAnotherMachine) {
    auto outcome = enroll(remote, outside, node("stranger"));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error(), make_error_code(epmd::errc::closed_unanswered));
    EXPECT_THAT(list(local, home), IsEmpty());
}

TEST_F(Mapper, RefusesASecondNodeOfOneNameInPlainWords) {
    auto first = enroll(local, home, node("node1"));
    auto second = enroll(own, home, node("node1"));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().message(),
              "the name node1 at the port mapper on 127.0.0.1:4369 is registered already: another "
              "program with this name runs; choose another name or stop it");
    EXPECT_THAT(list(local, home), ElementsAre("node1"));
}

TEST_F(Mapper, ForgetsANameWithItsProgram) {
    auto one = enroll(local, home, node("one"));
    sim.crash(local);
    sim.run_for(10ms);
    EXPECT_THAT(mapper->names(), IsEmpty());
    EXPECT_GT(enroll(own, home, node("one"))->creation(), one->creation());
}

TEST_F(Mapper, EndsARegistrationOnAnyByte) {
    auto connection = connect(local, home);
    send(*connection, encode(epmd::alive_request{node("one")}));
    sim.run_for(10ms);
    EXPECT_EQ(mapper->names().size(), 1u);
    send(*connection, as_bytes("x"));
    sim.run_for(10ms);
    EXPECT_THAT(mapper->names(), IsEmpty());
}

TEST_F(Mapper, HoldsARegistrationForAsLongAsItsConnection) {
    auto one = enroll(local, home, node("one"));
    sim.run_for(24h);
    EXPECT_THAT(list(local, home), ElementsAre("one"));
}

TEST_F(Mapper, TakesARequestInPieces) {
    auto connection = connect(local, home);
    for (auto byte : encode(epmd::request{epmd::names_request{}})) {
        send(*connection, byte_view{&byte, 1});
        sim.run_for(200ms);
    }
    EXPECT_EQ(sim.block_on(read_to_end(*connection)), std::string("\0\0\x11\x11", 4));
}

TEST_F(Mapper, ClosesGarbageWithoutAWord) {
    for (const char* garbage : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02", "\n\n\n\n"}) {
        auto connection = connect(remote, outside);
        send(*connection, as_bytes(garbage));
        const auto before = sim.now();
        EXPECT_EQ(sim.block_on(read_to_end(*connection)), "");
        EXPECT_LE(sim.now() - before, 2s + 100ms);
    }
}

TEST_F(Mapper, ClosesAConnectionThatSaysNothingAfterTwoSeconds) {
    auto connection = connect(remote, outside);
    sim.run_for(1900ms);
    EXPECT_FALSE(is_closed(*connection));
    sim.run_for(200ms);
    EXPECT_TRUE(is_closed(*connection));
}

TEST_F(Mapper, GivesASlowRequestTwoSecondsAllTold) {
    auto connection = connect(remote, outside);
    const auto before = sim.now();
    while (!is_closed(*connection)) {
        const auto byte = std::uint8_t{0};
        static_cast<void>(connection->try_write({&byte, 1}));
        sim.run_for(100ms);
        ASSERT_LE(sim.now() - before, 3s);
    }
}

TEST_F(Mapper, StaysOfServiceUnder1100IdleConnections) {
    auto one = enroll(local, home, node("one"));
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 1100; ++i) idle.push_back(connect(remote, outside));
    sim.run_for(100ms);
    const auto open = std::ranges::count_if(idle, [&](auto& s) { return !is_closed(*s); });
    EXPECT_EQ(open, static_cast<std::ptrdiff_t>(limits::epmd_connections_max));
    const auto before = sim.now();
    EXPECT_TRUE(look_up(remote, outside, "one").has_value());
    EXPECT_THAT(list(local, home), ElementsAre("one"));
    auto two = enroll(local, home, node("two"));
    EXPECT_TRUE(two.has_value());
    EXPECT_LE(sim.now() - before, 50ms);
    sim.run_for(3s);
    EXPECT_TRUE(std::ranges::all_of(idle, [&](auto& s) { return is_closed(*s); }));
    EXPECT_THAT(list(local, home), ElementsAre("two", "one"));
}

TEST_F(Mapper, LetsAFloodFromOneMachinePushOutOnlyItself) {
    environment& third = sim.machine("172.24.176.3");
    sim.link(here, "172.24.176.3", {.delay_least = 100us, .delay_most = 100us});
    auto patient = connect(third, outside);
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 600; ++i) idle.push_back(connect(remote, outside));
    sim.run_for(100ms);
    EXPECT_FALSE(is_closed(*patient));
}

TEST_F(Mapper, DoesNotCountRegistrationsAsWaiting) {
    std::vector<epmd::registration> nodes;
    for (std::size_t i = 0; i < limits::epmd_registrations_max; ++i) {
        nodes.push_back(enroll(local, home, node("n" + std::to_string(i))).value());
    }
    std::vector<std::unique_ptr<wire::stream>> idle;
    for (int i = 0; i < 300; ++i) idle.push_back(connect(local, home));
    sim.run_for(5s);
    EXPECT_EQ(mapper->names().size(), limits::epmd_registrations_max);
}

TEST_F(Mapper, ClosesARefusedConnectionThatTheNodeForgets) {
    auto one = enroll(local, home, node("one"));
    auto connection = connect(local, home);
    send(*connection, encode(epmd::alive_request{node("one")}));
    sim.run_for(1s);
    std::uint8_t answer[6];
    EXPECT_EQ(connection->try_read(answer).count, 6u);
    EXPECT_FALSE(is_closed(*connection)) << "OTP's nodes close it themselves";
    sim.run_for(2s);
    EXPECT_TRUE(is_closed(*connection));
}

TEST_F(Mapper, SaysThatItsPortIsTaken) {
    epmd::server_options options;
    options.port = port;
    auto second = epmd::server::start(local, options);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().message(),
              "listen as port mapper on 127.0.0.1:4369: the port is taken by another program");
}

TEST_F(Mapper, LeavesNothingOpen) {
    {
        auto one = enroll(local, home, node("one"));
        auto idle = connect(remote, outside);
        sim.run_for(10ms);
        mapper.reset();
        sim.run_for(1s);
    }
    sim.run_for(1s);
    EXPECT_EQ(sim.open_streams(), 0u);
}

TEST(Client, SaysWhatIsWrongWithWhatAnswers) {
    wire::simulation sim{2};
    environment& env = sim.machine(here);
    const wire::endpoint home{wire::ip_address::loopback_v4(), port};
    auto ask = [&] { return sim.block_on(epmd::look_up(env, home, "one", sim.now() + 3s)); };
    EXPECT_EQ(ask().error(), make_error_code(epmd::errc::no_answer));

    auto listener = env.net().listen(home).value();
    EXPECT_EQ(ask().error(), make_error_code(epmd::errc::silent)) << "it accepts and says nothing";

    struct greeter {
        static task<> run(wire::listener& at, std::string text) {
            for (;;) {
                auto came = co_await at.accept();
                if (!came) co_return;
                auto written = co_await wire::write_all(**came, as_bytes(text));
                static_cast<void>(written);
            }
        }
    };
    {
        nursery tasks;
        tasks.start(greeter::run(*listener, "SSH-2.0-OpenSSH_9.2\r\n"));
        EXPECT_EQ(ask().error(), make_error_code(epmd::errc::not_a_mapper));
    }
    {
        nursery tasks;
        tasks.start(greeter::run(*listener, ""));
        EXPECT_EQ(ask().error(), make_error_code(epmd::errc::closed_unanswered));
    }
    {
        auto old = node("one");
        old.highest = old.lowest = 4;
        nursery tasks;
        tasks.start(greeter::run(*listener, std::string{as_text(encode(epmd::port_answer{old}))}));
        EXPECT_EQ(ask().error(), make_error_code(epmd::errc::version_mismatch));
    }
}
