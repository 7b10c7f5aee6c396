// SPDX-License-Identifier: Apache-2.0
//
// Nodes without a name of their own, and peers that stop reading.

#include "process/nodes.hpp"

#include <sedge/dist/error.hpp>

using namespace sedge;
using namespace sedge::test;

namespace {

class Naming : public Nodes {
protected:
    /// A node `undefined` on the machine of that letter; not started.
    machine_node& nameless(char machine, const atom& named_by, std::string cookie = "a secret of the tests") {
        auto& made = *all.emplace_back(std::make_unique<machine_node>());
        made.address = address_of(machine);
        made.names = std::make_unique<fixed_directory>(table, made.address);
        node_options options;
        options.name = "undefined@" + made.address;
        options.named_by = named_by.str();
        options.cookie = *dist::cookie::from_text(cookie);
        made.node = std::make_unique<spreading_node>(std::move(options), sim.machine(made.address), *made.names);
        made.watching = made.node->watch([&made](const node_event& e) {
            if (e.what == node_event::kind::changed) return;
            made.events.push_back((e.what == node_event::kind::up ? "up " : "down ") + e.node.str() +
                                  (e.reason.empty() ? "" : " " + e.reason));
        });
        return made;
    }
    result<void> start(machine_node& n) { return sim.block_on(n.node->start()); }
};

} // namespace

TEST_F(Naming, NodeHasTheNameThatItIsGiven) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& c = nameless('c', name_of('a'));
    ASSERT_TRUE(start(c));
    const atom name = c->name();
    EXPECT_EQ(name.text().substr(name.text().find('@')), "@10.0.0.3");
    EXPECT_GE(c->creation(), 4u);
    EXPECT_EQ(a->peers(true), std::vector{name});
    EXPECT_TRUE(a->peers().empty()) << "it is hidden";
    EXPECT_EQ(a->peer_details().at(0).creation, c->creation());

    ASSERT_TRUE(connect(c, 'b'));
    EXPECT_EQ(b->peers(true), std::vector{name}) << "and has the same name everywhere";

    auto heard = make_inbox();
    const auto echo = [](process& self) -> task<> {
        auto waiting = self.receive<pid>();
        const pid from = co_await std::move(waiting);
        self.send(from, term{"answer"_atom});
    };
    a->spawn(echo, {.name = "echo"_atom});
    b->spawn(echo, {.name = "echo"_atom});
    const pid there = c->spawn(recorder(heard));
    EXPECT_EQ(there.node, name);
    c->send(registered{"echo"_atom, name_of('a')}, term{there});
    c->send(registered{"echo"_atom, name_of('b')}, term{there});
    EXPECT_TRUE(sim.run_until([&] { return heard->size() == 2; }, 5s));
}

TEST_F(Naming, EachIsGivenAnother) {
    boot('a');
    auto& c = nameless('c', name_of('a'));
    auto& d = nameless('c', name_of('a'));
    ASSERT_TRUE(start(c));
    ASSERT_TRUE(start(d));
    EXPECT_NE(c->name(), d->name());
}

TEST_F(Naming, AllConnectionsEndWithTheOneThatGaveTheName) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& c = nameless('c', name_of('a'));
    ASSERT_TRUE(start(c));
    ASSERT_TRUE(connect(c, 'b'));
    a->disconnect(c->name());
    EXPECT_TRUE(sim.run_until([&] { return b->peers(true).empty() && c.events.size() == 4; }, 5s));
    EXPECT_EQ(c.events, (std::vector<std::string>{"up a@10.0.0.1", "up b@10.0.0.2", "down a@10.0.0.1 connection_closed",
                                                  "down b@10.0.0.2 name_lost"}));
    EXPECT_EQ(connect(c, 'b').error(), make_error_code(errc::stopped));
}

TEST_F(Naming, FailureToBeNamedIsAFailureToStart) {
    boot('a');
    auto& nobody = nameless('c', atom{});
    EXPECT_EQ(start(nobody).error(), make_error_code(errc::invalid_argument));
    auto& absent = nameless('c', name_of('b'));
    const auto unknown = start(absent);
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().context().find("ask b@10.0.0.2 for a name"), std::string::npos)
        << unknown.error().message();
    auto& stranger = nameless('c', name_of('a'), "another secret of the tests");
    EXPECT_EQ(start(stranger).error(), make_error_code(dist::errc::wrong_cookie));
}

TEST_F(Naming, SenderThatWaitsForNothingKeepsNobodyWaiting) {
    auto& a = boot('a');
    int sent = 0;
    int turns = 0;
    a->spawn([&](process& self) -> task<> {
        for (; sent < 10000; ++sent) {
            auto sending = self.send_wait(registered{"sink"_atom, name_of('b')}, term{"lost"_atom});
            co_await std::move(sending);
        }
    });
    a->spawn([&](process& self) -> task<> {
        for (; sent < 10000; ++turns) {
            auto turn = yield(self.env());
            co_await std::move(turn);
        }
    });
    EXPECT_TRUE(sim.run_until([&] { return sent == 10000; }, 1s));
    EXPECT_GE(turns, 5);
}

TEST_F(Naming, PeerThatStopsReadingIsCutAndNobodyElseWaits) {
    auto& a = boot('a');
    auto& b = boot('b');
    auto& c = boot('c');
    ASSERT_TRUE(connect(a, 'b'));
    ASSERT_TRUE(connect(a, 'c'));
    b->spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid>();
                const pid from = co_await std::move(waiting);
                self.send(from, term{"pong"_atom});
            }
        },
        {.name = "echo"_atom});
    duration worst{};
    a->spawn([&](process& self) -> task<> {
        for (;;) {
            const auto asked = self.env().now();
            self.send(registered{"echo"_atom, name_of('b')}, term{self.self()});
            auto waiting = self.receive();
            co_await std::move(waiting);
            worst = std::max(worst, self.env().now() - asked);
            auto pause = self.sleep(1ms);
            co_await std::move(pause);
        }
    });
    sim.run_for(30s); // as long as it takes below: the network loses a packet now and then
    const auto alone = std::exchange(worst, duration{});
    const auto began = sim.machine(a.address).now();
    sim.pause(sim.machine(c.address), 60s);
    a->spawn([&](process& self) -> task<> {
        while (a.events.size() < 3) {
            auto sending = self.send_wait(registered{"sink"_atom, name_of('c')}, term{byte_buffer(64 * 1024, 'x')});
            co_await std::move(sending);
        }
    });
    EXPECT_TRUE(sim.run_until([&] { return a.events.size() == 3; }, 40s));
    EXPECT_EQ(a.events.back(), "down c@10.0.0.3 slow_peer");
    EXPECT_GE(sim.machine(a.address).now() - began, 30s);
    EXPECT_LE(worst, 2 * alone);
}
