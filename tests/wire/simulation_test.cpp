// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/simulation.hpp>

#include "wire/tasks.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace std::chrono_literals;

namespace {

const std::string one = "172.24.176.1";
const std::string two = "172.24.176.2";
const std::string three = "172.24.176.3";

wire::endpoint at(const std::string& address, std::uint16_t port) {
    return {wire::ip_address::parse(address).value(), port};
}

/// Accepts one stream after another and gives every byte back.
struct echo_server {
    environment& env;
    std::unique_ptr<wire::listener> listener;
    nursery tasks;

    echo_server(environment& e, std::uint16_t port) : env(e) {
        listener = env.net().listen({wire::ip_address::any_v4(), port}).value();
        tasks.start(accept_all(this));
    }
    static task<> accept_all(echo_server* self) {
        for (;;) {
            auto next = co_await self->listener->accept();
            if (!next) co_return;
            self->tasks.start(echo(std::move(*next)));
        }
    }
    static task<> echo(std::unique_ptr<wire::stream> s) {
        std::vector<std::uint8_t> buffer(4096);
        for (;;) {
            auto got = co_await wire::read_some(*s, buffer);
            if (!got) co_return;
            auto written = co_await wire::write_all(*s, byte_view{buffer.data(), *got});
            if (!written) co_return;
        }
    }
};

/// Sends a line every second and counts the answers, until the stream ends.
struct talker {
    environment& env;
    std::size_t answers = 0;
    std::optional<error> ended;
    nursery tasks;

    talker(environment& e, wire::endpoint to) : env(e) { tasks.start(talk(this, to)); }
    static task<> talk(talker* self, wire::endpoint to) {
        auto connected = co_await self->env.net().connect(to);
        if (!connected) {
            self->ended = connected.error();
            co_return;
        }
        const byte_buffer line(100, 'x');
        byte_buffer answer(100);
        for (;;) {
            auto written = co_await wire::write_all(**connected, line);
            if (!written) {
                self->ended = written.error();
                co_return;
            }
            auto read = co_await wire::read_exactly(**connected, answer);
            if (!read) {
                self->ended = read.error();
                co_return;
            }
            ++self->answers;
            co_await sleep_for(self->env, 1s);
        }
    }
};

std::uint64_t hash_of_a_run(std::uint64_t seed) {
    wire::simulation_options options;
    options.link.datagram_loss = 0.1;
    wire::simulation sim{seed, options};
    echo_server server{sim.machine(one), 4000};
    talker a{sim.machine(two), at(one, 4000)};
    talker b{sim.machine(three), at(one, 4000)};
    sim.run_for(60s);
    sim.cut(one, two);
    sim.run_for(30s);
    sim.heal(one, two);
    sim.run_for(30s);
    EXPECT_GT(a.answers, 50u);
    return sim.trace_hash();
}

} // namespace

TEST(Simulation, SameSeedGivesTheSameTrace) {
    EXPECT_EQ(hash_of_a_run(7), hash_of_a_run(7));
    EXPECT_NE(hash_of_a_run(7), hash_of_a_run(8));
}

TEST(Simulation, CutHoldsBytesBackAndHealDeliversThem) {
    wire::simulation sim{1};
    echo_server server{sim.machine(one), 4000};
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(10s);
    const auto before = t.answers;
    EXPECT_GE(before, 8u);
    sim.cut(one, two);
    sim.run_for(100s);
    EXPECT_LE(t.answers, before + 1);
    EXPECT_FALSE(t.ended);
    sim.heal(one, two);
    sim.run_for(10s);
    EXPECT_GT(t.answers, before + 5);
}

TEST(Simulation, ConnectHangsOverACutAndCompletesWhenItHeals) {
    wire::simulation sim{2};
    echo_server server{sim.machine(one), 4000};
    sim.machine(two);
    sim.cut(one, two);
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(30s);
    EXPECT_EQ(t.answers, 0u);
    EXPECT_FALSE(t.ended);
    sim.heal(one, two);
    sim.run_for(2s);
    EXPECT_GE(t.answers, 1u);
}

TEST(Simulation, ConnectThatWasGivenUpOverACutNeverArrives) {
    wire::simulation sim{2};
    echo_server server{sim.machine(one), 4000};
    sim.machine(two);
    sim.cut(one, two);
    std::optional<talker> t;
    t.emplace(sim.machine(two), at(one, 4000));
    sim.run_for(3s);
    t.reset();
    sim.heal(one, two);
    sim.run_for(3s);
    EXPECT_EQ(server.tasks.size(), 1u);
    EXPECT_EQ(sim.open_streams(), 0u);
}

TEST(Simulation, CrashEndsThePeersStreamsAndFreesThePort) {
    wire::simulation sim{3};
    std::optional<echo_server> server;
    auto& first = sim.machine(one);
    server.emplace(first, 4000);
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    sim.crash(one);
    sim.run_for(2s);
    EXPECT_TRUE(t.ended);
    auto& second = sim.machine(one);
    EXPECT_NE(&first, &second);
    echo_server again{second, 4000};
    talker t2{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    EXPECT_GE(t2.answers, 3u);
    server.reset(); // what stood on the dead program goes last
    sim.run_for(5s);
    EXPECT_GE(t2.answers, 7u);
}

TEST(Simulation, PowerOffTellsNobodyUntilTheMachineIsBack) {
    wire::simulation sim{4};
    echo_server server{sim.machine(one), 4000};
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    sim.power_off(one);
    sim.run_for(1000s);
    EXPECT_FALSE(t.ended);
    sim.machine(one);
    sim.run_for(1s);
    ASSERT_TRUE(t.ended);
    EXPECT_EQ(t.ended->code(), std::errc::connection_reset);
}

TEST(Simulation, PausedProgramCatchesUpAtOnce) {
    wire::simulation sim{5};
    auto& env = sim.machine(one);
    std::vector<time_point> woken;
    nursery tasks;
    auto ticker = [](environment* e, std::vector<time_point>* out) -> task<> {
        for (int i = 0; i < 10; ++i) {
            co_await sleep_for(*e, 1s);
            out->push_back(e->now());
        }
    };
    tasks.start(ticker(&env, &woken));
    const auto start = sim.now();
    sim.run_for(2500ms);
    EXPECT_EQ(woken.size(), 2u);
    sim.pause(one, 4s);
    sim.run_for(3900ms);
    EXPECT_EQ(woken.size(), 2u);
    sim.run_for(200ms);
    ASSERT_EQ(woken.size(), 3u);
    EXPECT_EQ(woken[2] - start, 6500ms);
}

TEST(Simulation, KernelOfAPausedProgramGoesOnAcceptingConnections) {
    wire::simulation sim{6};
    echo_server server{sim.machine(one), 4000};
    sim.pause(one, 10s);
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    EXPECT_EQ(t.answers, 0u);
    EXPECT_FALSE(t.ended);
    sim.run_for(6s);
    EXPECT_GE(t.answers, 1u);
}

TEST(Simulation, ProgramsOfOneMachineShareItsPorts) {
    wire::simulation sim{7};
    echo_server server{sim.program(one, "epmd"), 4369};
    auto taken = sim.program(one, "node").net().listen({wire::ip_address::any_v4(), 4369});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), std::errc::address_in_use);
    talker t{sim.program(one, "node"), at("127.0.0.1", 4369)};
    sim.run_for(1s);
    EXPECT_EQ(t.answers, 1u);
}

TEST(Simulation, ResetIsSeenByBothSides) {
    wire::simulation sim{8};
    echo_server server{sim.machine(one), 4000};
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    sim.reset(one, two);
    sim.run_for(2s);
    ASSERT_TRUE(t.ended);
    EXPECT_EQ(t.ended->code(), std::errc::connection_reset);
    EXPECT_EQ(server.tasks.size(), 1u);
}

TEST(Simulation, AddressThatNobodyHasIsUnreachable) {
    wire::simulation sim{9};
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5s);
    ASSERT_TRUE(t.ended);
    EXPECT_EQ(t.ended->code(), std::errc::host_unreachable);
}

TEST(Simulation, NamesResolveAndUnknownOnesDoNot) {
    wire::simulation sim{10};
    sim.name("edge1", one);
    auto& env = sim.machine(two);
    auto found = sim.block_on(env.net().resolve("edge1"));
    EXPECT_EQ(found.value(), std::vector{wire::ip_address::parse(one).value()});
    auto missing = sim.block_on(env.net().resolve("edge9"));
    EXPECT_EQ(missing.error().code(), wire::errc::name_not_found);
    EXPECT_EQ(sim.machine(one).net().host_name(), "edge1");
}

TEST(Simulation, MulticastReachesAllMembersAndLossIsSeeded) {
    wire::simulation_options options;
    options.link.datagram_loss = 0.5;
    wire::simulation sim{11, options};
    const wire::ip_address group = wire::ip_address::v4(233, 252, 1, 32);
    wire::datagram_options shared{{wire::ip_address::any_v4(), 45892}, true, false, wire::multicast_options{group}};
    std::vector<std::unique_ptr<wire::datagram_socket>> sockets;
    for (const auto& address : {one, two, three})
        sockets.push_back(sim.machine(address).net().open_datagram(shared).value());
    std::vector<int> heard(3);
    auto listen = [](wire::datagram_socket* s, int* count) -> task<> {
        std::uint8_t buffer[100];
        for (;;) {
            auto got = co_await s->receive(buffer);
            if (!got) co_return;
            ++*count;
        }
    };
    nursery tasks;
    for (int i = 0; i < 3; ++i) tasks.start(listen(sockets[i].get(), &heard[i]));
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(sockets[0]->send({group, 45892}, as_bytes("hello")));
    sim.run_for(1s);
    EXPECT_EQ(heard[0], 100);
    EXPECT_GT(heard[1], 30);
    EXPECT_LT(heard[1], 70);
    EXPECT_NE(heard[1], heard[2]);
}

TEST(Simulation, DatagramsMayComeTwiceOrNotPassASwitchAtAll) {
    wire::simulation_options options;
    options.multicast = false;
    options.link.datagram_duplicate = 1;
    wire::simulation sim{13, options};
    const wire::ip_address group = wire::ip_address::v4(233, 252, 1, 32);
    const wire::endpoint any{wire::ip_address::any_v4(), 45892};
    wire::datagram_options shared{any, true, true, wire::multicast_options{group}};
    auto sender = sim.machine(one).net().open_datagram(shared).value();
    auto other = sim.machine(two).net().open_datagram(shared).value();
    std::vector<test::heard> here, there;
    nursery tasks;
    tasks.start(test::listen_to(sender.get(), &here));
    tasks.start(test::listen_to(other.get(), &there));
    ASSERT_TRUE(sender->send({group, 45892}, as_bytes("multicast")));
    sim.run_for(1s);
    EXPECT_EQ(here.size(), 1u) << "one's own machine needs no switch";
    EXPECT_TRUE(there.empty());
    ASSERT_TRUE(sender->send(at("172.24.176.255", 45892), as_bytes("broadcast")));
    sim.run_for(1s);
    EXPECT_EQ(there.size(), 2u);
    ASSERT_TRUE(sender->send(at(two, 45892), as_bytes("unicast")));
    sim.cut_one_way(one, two);
    sim.run_for(1s);
    EXPECT_EQ(there.size(), 2u) << "what is on its way over a cut is lost";
}

TEST(Simulation, OneWayCutHoldsBackOneDirectionOnly) {
    wire::simulation sim{14};
    echo_server server{sim.machine(one), 4000};
    talker t{sim.machine(two), at(one, 4000)};
    sim.run_for(5500ms);
    const auto before = t.answers;
    sim.cut_one_way(one, two);
    sim.run_for(10s);
    EXPECT_EQ(t.answers, before);
    sim.heal_all();
    sim.run_for(5s);
    EXPECT_GT(t.answers, before + 3);
}

TEST(Simulation, SecondAddressOfAMachineReachesTheSamePrograms) {
    wire::simulation sim{15};
    echo_server server{sim.machine(one), 4000};
    sim.add_address(one, "10.0.0.1");
    talker t{sim.machine(two), at("10.0.0.1", 4000)};
    sim.run_for(2s);
    EXPECT_GE(t.answers, 1u);
    EXPECT_EQ(sim.machine(one).net().interfaces().size(), 4u);
}

TEST(Simulation, VirtualWeekOfOneTimerIsCheap) {
    wire::simulation sim{16};
    for (int i = 1; i <= 100; ++i) sim.machine("10.0.1." + std::to_string(i));
    auto hourly = [](environment* e, int* count) -> task<> {
        for (;;) {
            co_await sleep_for(*e, 1h);
            ++*count;
        }
    };
    int count = 0;
    nursery tasks;
    tasks.start(hourly(&sim.machine("10.0.1.50"), &count));
    sim.run_for(24h * 7);
    EXPECT_EQ(count, 24 * 7);
}

TEST(Simulation, TaskThatDoesNotEndIsReportedAndDestroyed) {
    wire::simulation sim{17};
    event never{sim.machine(one)};
    EXPECT_THROW(sim.block_on(never.wait(), 1min), std::runtime_error);
}

TEST(Simulation, LogIsKeptPerProgramAndToldInOrder) {
    wire::simulation sim{12};
    auto& a = sim.machine(one);
    auto& b = sim.machine(two);
    a.log(log_level::info, "first");
    sim.run_for(1500ms);
    b.log(log_level::warning, "second");
    a.log(log_level::debug, "not wanted");
    ASSERT_EQ(sim.log(a).size(), 1u);
    EXPECT_EQ(sim.log(a)[0].text, "first");
    EXPECT_EQ(sim.story(), "     0.000 s 172.24.176.1/main [info] first\n"
                           "     1.500 s 172.24.176.2/main [warning] second\n");
}
