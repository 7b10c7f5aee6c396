// SPDX-License-Identifier: Apache-2.0
#include <sedge/epmd/directory.hpp>
#include <sedge/wire/simulation.hpp>

#include <gmock/gmock.h>

using namespace sedge;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

namespace {

const std::string one = "172.24.176.1";
const std::string two = "172.24.176.2";

wire::ip_address ip(std::string_view text) { return wire::ip_address::parse(text).value(); }

/// A program that has a node's name and nothing else of a node.
struct named {
    environment& env;
    epmd::directory where;
    std::string alive;

    named(environment& e, std::string alive_name, std::string host, epmd::directory_options options = {})
        : env(e), where(e, with(std::move(options), std::move(host))), alive(std::move(alive_name)) {}
    static epmd::directory_options with(epmd::directory_options options, std::string host) {
        options.own_host = std::move(host);
        options.port = 4369;
        return options;
    }
};

struct Machines : testing::Test {
    wire::simulation sim{7};

    result<std::uint32_t> publish(named& who, std::uint16_t port = 5000) {
        return sim.block_on(who.where.publish({who.alive, port, false}));
    }
    result<std::vector<wire::endpoint>> locate(named& asker, std::string alive, std::string host) {
        return sim.block_on(asker.where.locate(std::move(alive), std::move(host)));
    }
    std::vector<std::string> names(environment& env) {
        const wire::endpoint home{wire::ip_address::loopback_v4(), 4369};
        auto answer = sim.block_on(epmd::names(env, home, sim.now() + 2s));
        std::vector<std::string> all;
        if (answer) {
            for (auto& n : answer->names) all.push_back(n.name);
        }
        return all;
    }
    std::string log(environment& env) {
        std::string all;
        for (const auto& line : sim.log(env)) all += line.text + "\n";
        return all;
    }
    bool is_found(named& asker, std::string alive, const std::string& host) {
        return locate(asker, std::move(alive), host).has_value();
    }
};

} // namespace

TEST_F(Machines, RunAMapperInTheirFirstNode) {
    named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one};
    EXPECT_TRUE(publish(a).has_value());
    EXPECT_TRUE(publish(b).has_value());
    EXPECT_TRUE(a.where.is_mapper());
    EXPECT_FALSE(b.where.is_mapper());
    EXPECT_THAT(names(b.env), ElementsAre("b", "a"));
    EXPECT_THAT(log(a.env), HasSubstr("this program is the port mapper of the machine, on 127.0.0.1:4369"));
}

TEST_F(Machines, FindEachOthersNodes) {
    named a{sim.machine(one), "a", one}, b{sim.machine(two), "b", two};
    publish(a, 5001).value();
    publish(b, 5002).value();
    EXPECT_THAT(locate(a, "b", two).value(), ElementsAre(wire::endpoint{ip(two), 5002}));
    EXPECT_THAT(locate(b, "a", one).value(), ElementsAre(wire::endpoint{ip(one), 5001}));
    EXPECT_THAT(locate(a, "a", one).value(), ElementsAre(wire::endpoint{ip(one), 5001}));
    EXPECT_THAT(locate(a, "a", "127.0.0.1").value(),
                ElementsAre(wire::endpoint{wire::ip_address::loopback_v4(), 5001}));
}

TEST_F(Machines, FindNodesByHostName) {
    sim.name("edge1", one);
    named a{sim.machine(one), "a", "edge1"}, b{sim.machine(two), "b", two};
    publish(a, 5001).value();
    EXPECT_THAT(locate(b, "a", "edge1").value(), ElementsAre(wire::endpoint{ip(one), 5001}));
}

TEST_F(Machines, ThatCannotResolveTheirOwnHostNameAreFoundByOthers) {
    named a{sim.machine(one), "a", "edge1"}, b{sim.machine(two), "b", two};
    publish(a, 5001).value();
    EXPECT_TRUE(is_found(b, "a", one));
}

TEST_F(Machines, MayServeAllTheirAddresses) {
    named a{sim.program(one, "a"), "a", one, {.addresses = {wire::ip_address::any_v4()}}};
    named b{sim.program(one, "b"), "b", one}, asker{sim.machine(two), "x", two};
    publish(a).value();
    publish(b).value();
    EXPECT_THAT(log(a.env), HasSubstr("0.0.0.0:4369"));
    EXPECT_TRUE(is_found(asker, "a", one));
    sim.add_address(one, "172.24.176.9");
    EXPECT_TRUE(is_found(asker, "b", "172.24.176.9"));
}

TEST_F(Machines, SayPlainlyWhatIsWrong) {
    named a{sim.machine(one), "a", one}, b{sim.machine(two), "b", two};
    publish(b).value();
    EXPECT_EQ(locate(a, "c", two).error().message(),
              "no node named c on host 172.24.176.2: it is not running, or registered under another name");
    EXPECT_EQ(locate(a, "c", one).error().message(),
              "find c on host 172.24.176.1: look up c at the port mapper on 172.24.176.1:4369: no port mapper answers");
    EXPECT_EQ(locate(a, "c", "nowhere").error(), make_error_code(wire::errc::name_not_found));
    named b2{sim.program(two, "b2"), "b", two};
    EXPECT_THAT(publish(b2).error().message(),
                HasSubstr("the name b at the port mapper on 127.0.0.1:4369 is registered already: another program"));
    EXPECT_EQ(publish(b).error(), make_error_code(sedge::errc::invalid_argument));
    named odd{sim.machine(one), "a\nb", one};
    EXPECT_EQ(publish(odd).error(), make_error_code(epmd::errc::name_refused));
}

TEST_F(Machines, DoNotWaitLongForAMachineThatIsGone) {
    named a{sim.machine(one), "a", one}, b{sim.machine(two), "b", two};
    publish(b).value();
    sim.power_off(two);
    const auto before = sim.now();
    EXPECT_EQ(locate(a, "b", two).error(), make_error_code(epmd::errc::silent));
    EXPECT_LE(sim.now() - before, 2100ms);
}

TEST_F(Machines, AreRefusedAMapperIfTheyMayNotRunOne) {
    named a{sim.machine(one), "a", one, {.embedded = false}};
    auto outcome = publish(a);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error(), make_error_code(epmd::errc::no_answer));
}

TEST_F(Machines, SayThatSomethingElseHasThePort) {
    named a{sim.machine(one), "a", one};
    auto other = sim.program(one, "web").net().listen({wire::ip_address::loopback_v4(), 4369}).value();
    auto outcome = publish(a);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().message(),
              "the name a at the port mapper on 127.0.0.1:4369 gets no answer: the program on that "
              "port is not a port mapper (epmd); stop it or use another port");
}

TEST_F(Machines, GiveTheirNameBack) {
    named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one};
    publish(a).value();
    publish(b).value();
    b.where.withdraw();
    sim.run_for(10ms);
    EXPECT_THAT(names(a.env), ElementsAre("a"));
    EXPECT_TRUE(publish(b).has_value());
}

TEST_F(Machines, HandTheMapperOverWhenItsProgramDies) {
    named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one}, c{sim.program(one, "c"), "c", one};
    named asker{sim.machine(two), "x", two};
    for (named* n : {&a, &b, &c}) publish(*n).value();
    sim.crash(a.env);
    sim.run_for(2s);
    EXPECT_THAT(names(b.env), UnorderedElementsAre("b", "c"));
    EXPECT_NE(b.where.is_mapper(), c.where.is_mapper()) << "one of them";
    EXPECT_TRUE(is_found(asker, "b", one));
    EXPECT_TRUE(is_found(asker, "c", one));
    EXPECT_THAT(log(b.env), HasSubstr("b is registered again after"));

    named& next = b.where.is_mapper() ? b : c;
    named& last = b.where.is_mapper() ? c : b;
    next.where.withdraw();
    sim.run_for(2s);
    EXPECT_THAT(names(last.env), ElementsAre(last.alive));
    EXPECT_TRUE(last.where.is_mapper());
}

TEST_F(Machines, HandTheMapperOverUnderEverySeed) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        wire::simulation world{seed};
        std::vector<std::unique_ptr<named>> nodes;
        std::vector<std::string> expected;
        for (int i = 0; i < 6; ++i) {
            const std::string name = "n" + std::to_string(i);
            nodes.push_back(std::make_unique<named>(world.program(one, name), name, one));
            if (i > 0) expected.push_back(name);
        }
        for (auto& n : nodes) world.block_on(n->where.publish({n->alive, 5000, false})).value();
        world.crash(nodes[0]->env);
        world.run_for(2s);
        const wire::endpoint home{wire::ip_address::loopback_v4(), 4369};
        auto answer = world.block_on(epmd::names(nodes[1]->env, home, world.now() + 2s)).value();
        std::vector<std::string> found;
        for (auto& n : answer.names) found.push_back(n.name);
        EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected));
    }
}

TEST_F(Machines, StartSeveralNodesAtOnce) {
    std::vector<std::unique_ptr<named>> nodes;
    nursery tasks;
    std::size_t published = 0;
    struct starter {
        static task<> run(named& n, std::size_t& count) {
            wire::publication what{n.alive, 5000, false};
            auto outcome = co_await n.where.publish(std::move(what));
            if (outcome) ++count;
        }
    };
    for (int i = 0; i < 5; ++i) {
        const std::string name = "n" + std::to_string(i);
        nodes.push_back(std::make_unique<named>(sim.program(one, name), name, one));
    }
    for (auto& n : nodes) tasks.start(starter::run(*n, published));
    sim.run_for(1s);
    EXPECT_EQ(published, 5u);
    EXPECT_EQ(names(nodes[0]->env).size(), 5u);
    EXPECT_EQ(std::ranges::count_if(nodes, [](auto& n) { return n->where.is_mapper(); }), 1);
}

TEST_F(Machines, KeepTheCreationThroughANewMapper) {
    named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one};
    publish(a).value();
    const auto creation = publish(b).value();
    EXPECT_GE(creation, 4u);
    sim.crash(a.env);
    sim.run_for(2s);
    named a2{sim.program(one, "a"), "a", one};
    EXPECT_TRUE(publish(a2).has_value());
    EXPECT_FALSE(a2.where.is_mapper());
}

TEST_F(Machines, GiveARestartedNodeAnotherCreationEvenWithinASecond) {
    auto first = std::make_unique<named>(sim.program(one, "a"), "a", one);
    const auto creation = publish(*first).value();
    sim.crash(first->env);
    named again{sim.program(one, "a"), "a", one};
    EXPECT_NE(publish(again).value(), creation);
}

TEST_F(Machines, WaitWhileANameIsTakenAndGetItBack) {
    named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one};
    publish(a).value();
    publish(b).value();
    // The mapper dies, and before b notices somebody else has a mapper there and b's name in it.
    sim.pause(b.env, 1s);
    sim.crash(a.env);
    environment& thief = sim.program(one, "thief");
    epmd::server_options options;
    options.port = 4369;
    auto mapper = epmd::server::start(thief, options).value();
    const wire::endpoint home{wire::ip_address::loopback_v4(), 4369};
    epmd::node_entry entry;
    entry.name = "b";
    entry.port = 6000;
    auto stolen = std::make_unique<epmd::registration>(
        sim.block_on(epmd::register_node(thief, home, entry, sim.now() + 1s)).value());
    sim.run_for(5s);
    EXPECT_THAT(log(b.env),
                HasSubstr("trying again: the name b at the port mapper on 127.0.0.1:4369 is registered already"));
    stolen.reset();
    sim.run_for(1s);
    EXPECT_EQ(locate(b, "b", "127.0.0.1").value().front().port, 5000);
}

TEST_F(Machines, ServeNodesWithDifferentAddresses) {
    // The first node is for this machine only, so its mapper listens on loopback only.
    named local{sim.program(one, "local"), "local", "127.0.0.1"};
    named edge{sim.program(one, "edge"), "edge", one}, edge2{sim.program(one, "edge2"), "edge2", one};
    named asker{sim.machine(two), "x", two};
    publish(local, 5001).value();
    publish(edge, 5002).value();
    publish(edge2, 5003).value();
    EXPECT_TRUE(is_found(asker, "edge", one));
    EXPECT_TRUE(is_found(asker, "edge2", one));
    EXPECT_THAT(names(edge.env), ElementsAre("edge2", "edge", "local"));

    sim.crash(edge.env); // it served the outer address
    sim.run_for(2s);
    EXPECT_TRUE(is_found(asker, "edge2", one));
    sim.crash(local.env); // it served loopback
    sim.run_for(2s);
    EXPECT_TRUE(is_found(asker, "edge2", one));
    EXPECT_THAT(names(edge2.env), ElementsAre("edge2"));
}

TEST_F(Machines, SurviveEveryOrderOfDeathsWithDifferentAddresses) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        wire::simulation world{seed};
        const char* hosts[] = {"127.0.0.1", "172.24.176.1", "172.24.176.1", "localhost", "172.24.176.1"};
        std::vector<std::unique_ptr<named>> nodes;
        for (int i = 0; i < 5; ++i) {
            const std::string name = "n" + std::to_string(i);
            nodes.push_back(std::make_unique<named>(world.program(one, name), name, hosts[i]));
            world.block_on(nodes.back()->where.publish({name, 5000, false})).value();
        }
        named asker{world.machine(two), "x", two};
        while (nodes.size() > 1) {
            const auto victim = world.machine(two).random_below(nodes.size());
            world.crash(nodes[victim]->env);
            nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(victim));
            world.run_for(2s);
            for (auto& n : nodes) {
                const bool is_outer = n->alive == "n1" || n->alive == "n2" || n->alive == "n4";
                auto found = world.block_on(asker.where.locate(n->alive, one));
                EXPECT_TRUE(!is_outer || found.has_value()) << n->alive << "\n" << world.story();
                auto at_home = world.block_on(n->where.locate(n->alive, "127.0.0.1"));
                EXPECT_TRUE(at_home.has_value()) << n->alive;
            }
        }
    }
}

TEST_F(Machines, LeaveNothingOpen) {
    {
        named a{sim.program(one, "a"), "a", one}, b{sim.program(one, "b"), "b", one};
        publish(a).value();
        publish(b).value();
        sim.crash(a.env);
        sim.run_for(50ms);
    }
    sim.run_for(1s);
    EXPECT_EQ(sim.open_streams(), 0u);
}
