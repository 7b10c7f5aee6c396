// SPDX-License-Identifier: Apache-2.0
#include "process/nodes.hpp"

using namespace sedge;
using namespace sedge::test;

/// Every test with one worker a node, and with processes spread over two.
class OneNode : public Nodes, public ::testing::WithParamInterface<unsigned> {
protected:
    OneNode() : Nodes(1, GetParam()) {}
    machine_node& a = boot('a');
    void settle() { sim.run_for(1s); }
};

/// Where it matters that all run on the same one.
class OneWorker : public Nodes {
protected:
    machine_node& a = boot('a');
    void settle() { sim.run_for(1s); }
};

INSTANTIATE_TEST_SUITE_P(WithWorkers, OneNode, ::testing::Values(1u, 2u), ::testing::PrintToStringParamName());

TEST_P(OneNode, MessagesArriveInTheOrderSent) {
    auto seen = make_inbox();
    auto to = a->spawn(recorder(seen));
    for (int i = 0; i < 5; ++i) a->send(to, term{i});
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST_P(OneNode, ReceiveTakesTheFirstMessageThatFitsAndLeavesTheOthers) {
    auto seen = make_inbox();
    auto to = a->spawn([seen](process& self) -> task<> {
        auto [who, n] = co_await self.receive<std::string, int>();
        seen->push_back(who + std::to_string(n));
        auto first = co_await self.receive();
        seen->push_back(to_erlang(first.view()));
    });
    a->send(to, term{"other"_atom});
    a->send(to, term{std::tuple{std::string{"Ada"}, 7}});
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"Ada7", "other"}));
}

TEST_P(OneNode, ReceiveGivesUpAtItsDeadline) {
    auto seen = make_inbox();
    a->spawn([seen](process& self) -> task<> {
        auto deadline = self.env().now() + 5s;
        auto got = co_await self.receive_until<int>(deadline);
        seen->push_back(got ? "got" : "nothing");
    });
    sim.run_for(4s);
    EXPECT_TRUE(seen->empty());
    sim.run_for(2s);
    EXPECT_EQ(*seen, (std::vector<std::string>{"nothing"}));
}

TEST_P(OneNode, MonitorFiresOnceWithTheReason) {
    auto seen = make_inbox();
    auto target = a->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"done"_atom});
    });
    a->spawn([seen, target](process& self) -> task<> {
        self.monitor(target);
        for (;;) {
            auto m = co_await self.receive();
            seen->push_back(to_erlang(m.element(4)));
        }
    });
    settle();
    a->send(target, term{1});
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"done"}));
    EXPECT_FALSE(a->is_alive(target));
}

TEST_P(OneNode, MonitorOfNobodyFiresAtOnce) {
    auto seen = make_inbox();
    a->spawn([seen](process& self) -> task<> {
        self.monitor("nobody"_atom);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(3)) + " " + to_erlang(m.element(4)));
    });
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"{nobody,'a@10.0.0.1'} noproc"}));
}

TEST_P(OneNode, DemonitorTakesBackADownThatHasComeAlready) {
    auto seen = make_inbox();
    a->spawn([seen](process& self) -> task<> {
        auto ref = self.monitor("nobody"_atom);
        co_await self.sleep(1s);
        self.demonitor(ref);
        auto deadline = self.env().now() + 1s;
        auto got = co_await self.receive_if({}, deadline);
        seen->push_back(got ? "a message" : "nothing");
    });
    sim.run_for(5s);
    EXPECT_EQ(*seen, (std::vector<std::string>{"nothing"}));
}

TEST_P(OneNode, LinkedProcessesDieTogetherUnlessTheyTrapExits) {
    auto seen = make_inbox();
    auto first = a->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"boom"_atom});
    });
    auto second = a->spawn([first](process& self) -> task<> {
        self.link(first);
        (void)co_await self.receive();
    });
    a->spawn([second, seen](process& self) -> task<> {
        self.trap_exit(true);
        self.link(second);
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(0)) + " " + to_erlang(m.element(2)));
    });
    settle();
    a->send(first, term{1});
    settle();
    EXPECT_FALSE(a->is_alive(second));
    EXPECT_EQ(*seen, (std::vector<std::string>{"'EXIT' boom"}));
}

TEST_P(OneNode, AChainOfAHundredThousandLinksEndsWithoutRecursion) {
    auto previous = a->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"x"_atom});
    });
    auto first = previous;
    for (int i = 0; i < 100'000; ++i)
        previous = a->spawn([previous](process& self) -> task<> {
            self.link(previous);
            (void)co_await self.receive();
        });
    settle();
    a->send(first, term{1});
    sim.run_for(10s); // from worker to worker takes its time
    EXPECT_TRUE(a->processes().empty());
}

TEST_P(OneNode, UnlinkedProcessSurvives) {
    auto first = a->spawn([](process& self) -> task<> {
        (void)co_await self.receive();
        self.exit(term{"x"_atom});
    });
    auto second = a->spawn([first](process& self) -> task<> {
        self.link(first);
        co_await self.sleep(1s);
        self.unlink(first);
        (void)co_await self.receive();
    });
    sim.run_for(3s);
    a->send(first, term{1});
    settle();
    EXPECT_TRUE(a->is_alive(second));
}

TEST_P(OneNode, KillCannotBeTrapped) {
    auto seen = make_inbox();
    auto target = a->spawn(recorder(seen, true));
    settle();
    a->exit(target, term{"shutdown"_atom});
    settle();
    EXPECT_TRUE(a->is_alive(target));
    EXPECT_EQ(seen->size(), 1u);
    a->exit(target, term{"kill"_atom});
    settle();
    EXPECT_FALSE(a->is_alive(target));
}

TEST_P(OneNode, AnExceptionBecomesTheExitReasonAndIsLogged) {
    auto seen = make_inbox();
    a->spawn([seen](process& self) -> task<> {
        auto [child, ref] = self.spawn_monitor([](process&) -> task<> {
            throw std::runtime_error{"no camera"};
            co_return;
        });
        auto m = co_await self.receive();
        seen->push_back(to_erlang(m.element(4)));
    });
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"{cxx_exception,<<\"no camera\">>}"}));
    EXPECT_NE(sim.story().find("no camera"), std::string::npos);
}

TEST_P(OneNode, NamesLeadToTheirProcessUntilItEnds) {
    auto who =
        a->spawn([](process& self) -> task<> { (void)co_await self.receive(); }, {.label = "w", .name = "worker"_atom});
    EXPECT_EQ(a->whereis("worker"_atom), who);
    EXPECT_FALSE(a->register_name("worker"_atom, who).has_value());
    EXPECT_FALSE(a->register_name("undefined"_atom, who).has_value());
    a->send("worker"_atom, term{1});
    settle();
    EXPECT_FALSE(a->whereis("worker"_atom).has_value());
    EXPECT_FALSE(a->register_name("worker"_atom, who).has_value());
}

TEST_P(OneNode, AnAliasIsAnAddressUntilItIsTakenBack) {
    auto seen = make_inbox();
    auto ref = std::make_shared<reference>();
    auto owner = a->spawn([seen, ref](process& self) -> task<> {
        *ref = self.alias();
        auto first = co_await self.receive();
        seen->push_back(to_erlang(first.view()));
        self.unalias(*ref);
        for (;;) {
            auto m = co_await self.receive();
            seen->push_back(to_erlang(m.view()));
        }
    });
    settle();
    auto send = [&](int n) {
        a->spawn([ref, n](process& self) -> task<> {
            self.send(*ref, term{n});
            co_return;
        });
        settle();
    };
    send(1);
    send(2);
    EXPECT_EQ(*seen, (std::vector<std::string>{"1"}));
    EXPECT_TRUE(a->is_alive(owner));
}

TEST_P(OneNode, AMillionMessagesPassThroughOneLoop) {
    auto count = std::make_shared<int>(0);
    auto to = a->spawn([count](process& self) -> task<> {
        for (;;) {
            (void)co_await self.receive();
            ++*count;
        }
    });
    for (int i = 0; i < 10; ++i) {
        for (int j = 0; j < 100'000; ++j) a->send(to, term{j});
        settle();
    }
    EXPECT_EQ(*count, 1'000'000);
}

TEST_P(OneNode, AFullMailboxDropsWhatComesAndSaysSoOnce) {
    auto to = a->spawn([](process& self) -> task<> { co_await self.sleep(1h); });
    settle();
    for (std::size_t i = 0; i < limits::mailbox_messages_max + 10; ++i) a->send(to, term{1});
    EXPECT_EQ(a->info(to)->message_queue_len, limits::mailbox_messages_max);
    auto story = sim.story();
    auto first = story.find("is full");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(story.find("is full", first + 1), std::string::npos);
}

TEST_P(OneNode, InfoTellsWhatAProcessHolds) {
    auto who = a->spawn(
        [](process& self) -> task<> {
            self.monitor("nobody_yet"_atom);
            (void)co_await self.receive<std::string>();
        },
        {.label = "greeter", .name = "greeter"_atom, .trap_exit = true});
    settle();
    a->send(who, term{5});
    settle();
    auto info = a->info(who);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->label, "greeter");
    EXPECT_EQ(info->registered_name, "greeter"_atom);
    EXPECT_EQ(info->waiting_at, "receive");
    EXPECT_TRUE(info->trap_exit);
    EXPECT_EQ(info->message_queue_len, 2u); // the DOWN and 5
    EXPECT_FALSE(a->info(pid{who.node, who.id + 1000, 0, who.creation}).has_value());
    EXPECT_FALSE(a->info(pid{who.node, who.id, who.serial, who.creation + 1}).has_value());
}

TEST_P(OneNode, InfoNamesThePlaceInTheSourceAtWhichAProcessWaits) {
    unsigned line = 0;
    auto receiver = a->spawn([&line](process& self) -> task<> {
        line = __LINE__ + 1;
        (void)co_await self.receive<std::string>();
    });
    auto elsewhere = a->spawn([this](process& self) -> task<> { co_await sleep_for(self.env(), 10s); });
    EXPECT_EQ(a->info(receiver)->waiting_at, "runnable");
    settle();
    auto info = a->info(receiver);
    EXPECT_EQ(info->waiting_at, "receive");
    EXPECT_TRUE(std::string_view{info->location.file_name()}.ends_with("local_test.cpp"));
    EXPECT_EQ(info->location.line(), line);
    EXPECT_EQ(a->info(elsewhere)->waiting_at, "elsewhere");
    EXPECT_EQ(a->info(elsewhere)->location.line(), 0u);
}

TEST_P(OneNode, AProcessThatRunsSaysSoOfItself) {
    std::string seen;
    a->spawn([&seen](process& self) -> task<> {
        seen = self.node().info(self.self())->waiting_at;
        co_return;
    });
    settle();
    EXPECT_EQ(seen, "running");
}

TEST_P(OneNode, TheSleepThatBeganLastAndGoesOnIsThePlace) {
    unsigned line = 0;
    auto who = a->spawn([&line](process& self) -> task<> {
        nursery others;
        others.start(self.sleep(5s));
        line = __LINE__ + 1;
        others.start(self.sleep(20s));
        others.start(self.sleep(2s));
        auto joining = others.join();
        co_await std::move(joining);
        auto message = self.receive();
        (void)co_await std::move(message);
    });
    sim.run_for(3s); // the third is over
    EXPECT_EQ(a->info(who)->waiting_at, "sleep");
    EXPECT_EQ(a->info(who)->location.line(), line);
    sim.run_for(10s); // the first, too
    EXPECT_EQ(a->info(who)->location.line(), line);
    sim.run_for(10s);
    EXPECT_EQ(a->info(who)->waiting_at, "receive");
}

TEST_P(OneNode, AGroupLeaderIsInheritedAndChanges) {
    auto idle = [](process& self) -> task<> {
        auto message = self.receive();
        (void)co_await std::move(message);
    };
    auto leader = a->spawn(idle);
    auto other = a->spawn(idle);
    a->set_group_leader(leader);
    pid before;
    pid after;
    auto parent = a->spawn([&, idle](process& self) -> task<> {
        before = self.spawn(idle);
        self.set_group_leader(self.self(), other);
        auto pause = self.sleep(10ms);
        co_await std::move(pause);
        after = self.spawn(idle);
        auto message = self.receive();
        (void)co_await std::move(message);
    });
    settle();
    EXPECT_EQ(a->info(parent)->group_leader, other);
    EXPECT_EQ(a->info(before)->group_leader, leader);
    EXPECT_EQ(a->info(after)->group_leader, other);
    EXPECT_EQ(a->info(after)->parent, parent);
    EXPECT_EQ(a->info(parent)->parent, std::nullopt);
}

TEST_F(OneWorker, APidIsNeverGivenOutTwice) {
    const auto idle = [](process& self) -> task<> { (void)co_await self.receive(); };
    const auto stays = a->spawn(idle);
    pid last = stays;
    for (int round = 0; round < 1000; ++round) { // around the table of processes several times
        const auto fresh = a->spawn(idle);
        ASSERT_GT(fresh, last);
        ASSERT_TRUE(a->is_alive(fresh));
        last = fresh;
        if (round % 10 == 0) continue;
        a->exit(fresh, term{"kill"_atom});
        settle();
        ASSERT_FALSE(a->is_alive(fresh));
    }
    EXPECT_TRUE(a->is_alive(stays));
    const auto living = a->processes();
    EXPECT_EQ(living.size(), 101u);
    for (const auto& who : living) EXPECT_EQ(a->info(who)->self, who);
}

TEST_F(OneWorker, SendersThatWaitDoNotFillAMailbox) {
    constexpr int senders = 50;
    constexpr int each = 5000;
    std::size_t longest = 0;
    int received = 0;
    auto sink = a->spawn([&](process& self) -> task<> {
        for (; received < senders * each; ++received) {
            (void)co_await self.receive();
            if (received % 100 == 0)
                longest = std::max(longest, self.node().info(self.self(), false)->message_queue_len);
        }
    });
    for (int i = 0; i < senders; ++i)
        a->spawn([sink](process& self) -> task<> {
            for (int n = 0; n < each; ++n) {
                auto sending = self.send_wait(sink, term{n});
                co_await std::move(sending);
            }
        });
    settle();
    EXPECT_EQ(received, senders * each);
    EXPECT_LE(longest, limits::mailbox_crowded_messages + 1);
}

TEST_P(OneNode, ASenderDoesNotWaitForOneThatIsBusyElsewhere) {
    bool sent = false;
    auto asleep = a->spawn([](process& self) -> task<> { co_await self.sleep(1h); });
    a->spawn([&sent, asleep](process& self) -> task<> {
        for (std::size_t n = 0; n < 3 * limits::mailbox_crowded_messages; ++n) {
            auto sending = self.send_wait(asleep, term{1});
            co_await std::move(sending);
        }
        sent = true;
    });
    settle();
    EXPECT_TRUE(sent);
    EXPECT_EQ(a->info(asleep)->message_queue_len, 3 * limits::mailbox_crowded_messages);
}

TEST_F(OneWorker, AFloodedProcessLetsOthersHaveTheirTurns) {
    constexpr int messages = 100'000;
    int turns = 0;
    int received = 0;
    auto flooded = a->spawn([&](process& self) -> task<> {
        for (; received < messages; ++received) (void)co_await self.receive();
    });
    for (int i = 0; i < messages; ++i) a->send(flooded, term{i});
    a->spawn([&](process& self) -> task<> {
        for (; received < messages; ++turns) {
            auto pause = yield(self.env());
            co_await std::move(pause);
        }
    });
    settle();
    EXPECT_GE(turns, messages / 1100);
}

TEST_P(OneNode, AFloodIsToldOnceHoweverOftenThereIsAPlaceForOneMessage) {
    auto to = a->spawn([](process& self) -> task<> {
        for (int i = 0; i < 1000; ++i) {
            auto pause = self.sleep(1ms);
            co_await std::move(pause);
            (void)co_await self.receive();
        }
        co_await self.sleep(1h);
    });
    settle();
    for (std::size_t i = 0; i < limits::mailbox_messages_max; ++i) a->send(to, term{1});
    for (int i = 0; i < 100; ++i) {
        a->send(to, term{1});
        a->send(to, term{1});
        sim.run_for(2ms);
    }
    const auto story = sim.story();
    const auto first = story.find("is full");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(story.find("is full", first + 1), std::string::npos);
}
