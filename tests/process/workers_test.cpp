// SPDX-License-Identifier: Apache-2.0
//
// Nodes with several workers on one thread, where the seed chooses whose turn it is.
#include "process/workers.hpp"

#include <sedge/process/node_counts.hpp>

#include <set>

using namespace sedge;
using namespace sedge::test;

namespace {

/// Ends with `reason` at its first message.
process_body ends_with(term reason) {
    return [reason](process& self) -> task<> {
        auto waiting = self.receive();
        co_await std::move(waiting);
        self.exit(reason);
    };
}

} // namespace

/// Every test with several seeds: each lets the workers have their turns in another order.
class Workers : public Nodes, public ::testing::WithParamInterface<std::uint64_t> {
protected:
    Workers() : Nodes(GetParam()) {
        adjust = [](node_options& o) { o.workers = workers; };
        a = &boot('a');
    }
    void settle() { sim.run_for(1s); }
    machine_node* a;
};

INSTANTIATE_TEST_SUITE_P(Seeds, Workers, ::testing::Range<std::uint64_t>(1, 21));

TEST_P(Workers, MessagesOfOneSenderArriveInOrder) {
    auto seen = make_inbox();
    const pid to = (*a)->spawn(recorder(seen), on_worker(1));
    (*a)->spawn(
        [to](process& self) -> task<> {
            for (int i = 0; i < 200; ++i) {
                self.send(to, term{i});
                if (i % 7 != 0) continue;
                auto pause = self.sleep(10us);
                co_await std::move(pause);
            }
        },
        on_worker(2));
    settle();
    ASSERT_EQ(seen->size(), 200u);
    for (int i = 0; i < 200; ++i) EXPECT_EQ((*seen)[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(Workers, AllAreInformedOfWithOneQuestionEach) {
    std::set<pid> made;
    for (unsigned i = 0; i < 30; ++i) {
        auto options = on_worker(i);
        options.label = "waits";
        made.insert((*a)->spawn(ends_with(term{1}), options));
    }
    settle();
    for (const auto& who : made) (*a)->send(who, term{1});
    const auto least = info_of_all(**a);
    std::set<pid> seen;
    for (const auto& info : least) {
        EXPECT_EQ(info.label, "waits");
        seen.insert(info.self);
    }
    EXPECT_EQ(seen, made);
    settle();
    EXPECT_TRUE(info_of_all(**a).empty());
    EXPECT_EQ(totals_of(**a).count, 0u);
}

TEST_P(Workers, TotalsAreTheSumsOverAllWorkers) {
    std::vector<pid> made;
    for (unsigned i = 0; i < 9; ++i)
        made.push_back((*a)->spawn(
            [](process& self) -> task<> {
                for (;;) {
                    auto waiting = self.receive();
                    co_await std::move(waiting);
                }
            },
            on_worker(i)));
    for (const auto& who : made)
        for (int i = 0; i < 10; ++i) (*a)->send(who, term{i});
    settle();
    const auto sums = totals_of(**a);
    EXPECT_EQ(sums.count, 9u);
    EXPECT_EQ(sums.messages_handled, 90u);
    EXPECT_EQ(sums.runnable_by_worker, (std::vector<std::size_t>{0, 0, 0}));
    std::size_t bytes = 0;
    for (const auto& who : made) bytes += (*a)->info(who)->memory_bytes;
    EXPECT_EQ(sums.memory_bytes, bytes);
}

TEST_P(Workers, ANameLeadsToItsProcessFromEveryWorkerAtOnce) {
    auto seen = make_inbox();
    auto options = on_worker(1);
    options.name = "collector"_atom;
    const pid to = (*a)->spawn(recorder(seen), options);
    EXPECT_EQ((*a)->whereis("collector"_atom), to);
    for (unsigned w = 0; w < workers; ++w)
        (*a)->spawn(
            [w](process& self) -> task<> {
                self.send("collector"_atom, term{static_cast<int>(w)});
                co_return;
            },
            on_worker(w));
    settle();
    EXPECT_EQ(std::multiset<std::string>(seen->begin(), seen->end()), (std::multiset<std::string>{"0", "1", "2"}));
    EXPECT_EQ((*a)->info(to)->registered_name, "collector"_atom);
    (*a)->exit(to, term{"kill"_atom});
    settle();
    EXPECT_EQ((*a)->whereis("collector"_atom), std::nullopt);
    EXPECT_FALSE((*a)->register_name("collector"_atom, to).has_value());
}

TEST_P(Workers, AMonitorFiresOnceWithTheReasonFromEveryWorker) {
    auto seen = make_inbox();
    const pid target = (*a)->spawn(ends_with(term{"done"_atom}), on_worker(1));
    for (unsigned w = 0; w < workers; ++w)
        (*a)->spawn(
            [seen, target](process& self) -> task<> {
                self.monitor(target);
                for (;;) {
                    auto waiting = self.receive();
                    const term m = co_await std::move(waiting);
                    seen->push_back(to_erlang(m.element(4)));
                }
            },
            on_worker(w));
    settle();
    (*a)->send(target, term{1});
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"done", "done", "done"}));
}

TEST_P(Workers, AMonitorOfAProcessThatHasEndedSaysNoproc) {
    auto seen = make_inbox();
    const pid target = (*a)->spawn(ends_with(term{"done"_atom}), on_worker(1));
    (*a)->send(target, term{1});
    settle();
    (*a)->spawn(
        [seen, target](process& self) -> task<> {
            self.monitor(target);
            self.monitor("nobody"_atom);
            for (;;) {
                auto waiting = self.receive();
                const term m = co_await std::move(waiting);
                seen->push_back(to_erlang(m.element(4)));
            }
        },
        on_worker(2));
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"noproc", "noproc"}));
}

TEST_P(Workers, WhatIsSpawnedWithALinkOrAMonitorEndsWithItsOwnReason) {
    auto seen = make_inbox();
    (*a)->spawn([seen](process& self) -> task<> {
        self.trap_exit(true);
        const auto at_once = [](process& child) -> task<> {
            child.exit(term{"at_once"_atom});
            co_return;
        };
        for (unsigned w = 0; w < workers; ++w) {
            self.spawn_link(at_once, on_worker(w));
            self.spawn_monitor(at_once, on_worker(w));
        }
        for (;;) {
            auto waiting = self.receive();
            const term m = co_await std::move(waiting);
            seen->push_back(to_erlang(m.element(0)) + " " + to_erlang(m.element(m.arity() - 1)));
        }
    });
    settle();
    EXPECT_EQ(std::multiset<std::string>(seen->begin(), seen->end()),
              (std::multiset<std::string>{"'DOWN' at_once", "'DOWN' at_once", "'DOWN' at_once", "'EXIT' at_once",
                                          "'EXIT' at_once", "'EXIT' at_once"}));
}

TEST_P(Workers, AChainOfLinksAcrossWorkersEndsAltogether) {
    pid previous = (*a)->spawn(ends_with(term{"x"_atom}), on_worker(0));
    const pid first = previous;
    for (unsigned i = 1; i < 300; ++i)
        previous = (*a)->spawn(
            [previous](process& self) -> task<> {
                self.link(previous);
                auto waiting = self.receive();
                co_await std::move(waiting);
            },
            on_worker(i % workers));
    settle();
    EXPECT_EQ((*a)->processes().size(), 300u);
    EXPECT_EQ(load_of(**a).processes, 300u);
    (*a)->send(first, term{1});
    settle();
    EXPECT_TRUE((*a)->processes().empty());
}

TEST_P(Workers, UnlinkAndDemonitorTakeEffectAcrossWorkers) {
    const pid first = (*a)->spawn(ends_with(term{"x"_atom}), on_worker(1));
    auto seen = make_inbox();
    const pid second = (*a)->spawn(
        [first, seen](process& self) -> task<> {
            self.link(first);
            auto ref = self.monitor(first);
            auto pause = self.sleep(10ms);
            co_await std::move(pause);
            self.unlink(first);
            self.demonitor(ref);
            for (;;) {
                auto waiting = self.receive();
                co_await std::move(waiting);
                seen->push_back("something");
            }
        },
        on_worker(2));
    sim.run_for(1s);
    (*a)->send(first, term{1});
    settle();
    EXPECT_FALSE((*a)->is_alive(first));
    EXPECT_TRUE((*a)->is_alive(second));
    EXPECT_TRUE(seen->empty());
    EXPECT_TRUE((*a)->info(second)->links.empty());
    EXPECT_TRUE((*a)->info(second)->monitors.empty());
}

TEST_P(Workers, AnAliasIsAnAddressFromEveryWorkerUntilItIsTakenBack) {
    auto seen = make_inbox();
    (*a)->spawn(
        [seen](process& self) -> task<> {
            const auto ref = self.alias();
            for (unsigned w = 0; w < workers; ++w)
                self.spawn(
                    [ref](process& child) -> task<> {
                        child.send(ref, term{"early"_atom});
                        auto pause = child.sleep(500ms);
                        co_await std::move(pause);
                        child.send(ref, term{"late"_atom});
                    },
                    on_worker(w));
            auto pause = self.sleep(100ms);
            co_await std::move(pause);
            self.unalias(ref);
            for (;;) {
                auto waiting = self.receive();
                const term m = co_await std::move(waiting);
                seen->push_back(to_erlang(m.view()));
            }
        },
        on_worker(1));
    settle();
    EXPECT_EQ(*seen, (std::vector<std::string>{"early", "early", "early"}));
}

TEST_P(Workers, WhoHearsOfAPidCanSendToItFromAnyWorker) {
    auto seen = make_inbox();
    const pid teller = (*a)->spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid>();
                const pid fresh = co_await std::move(waiting);
                self.send(fresh, term{"hello"_atom});
            }
        },
        on_worker(2));
    (*a)->spawn([seen, teller](process& self) -> task<> {
        for (int i = 0; i < 100; ++i) {
            const pid fresh = self.spawn(recorder(seen), on_worker(1));
            self.send(teller, term{fresh});
        }
        co_return;
    });
    settle();
    EXPECT_EQ(seen->size(), 100u);
}

TEST_P(Workers, AProcessThatIsOnItsWayToItsWorkerIsAliveAndCanBeNamed) {
    const pid who = (*a)->spawn(ends_with(term{1}), on_worker(1));
    EXPECT_TRUE((*a)->is_alive(who));
    EXPECT_EQ((*a)->processes(), std::vector<pid>{who});
    EXPECT_EQ((*a)->info(who)->self, who);
    EXPECT_TRUE((*a)->register_name("early"_atom, who).has_value());
    (*a)->send("early"_atom, term{1});
    settle();
    EXPECT_FALSE((*a)->is_alive(who));
    EXPECT_EQ((*a)->whereis("early"_atom), std::nullopt);
}

TEST_P(Workers, ProcessesOfAllWorkersHaveDifferentPids) {
    std::set<pid> pids;
    spawn_options in_turn;
    in_turn.worker = worker_choice::in_turn();
    for (int i = 0; i < 1000; ++i) pids.insert((*a)->spawn(ends_with(term{1}), in_turn));
    settle();
    EXPECT_EQ(pids.size(), 1000u);
    const auto living = (*a)->processes();
    EXPECT_EQ(std::set<pid>(living.begin(), living.end()), pids);
    for (const auto& who : living) {
        EXPECT_TRUE((*a)->is_alive(who));
        EXPECT_EQ((*a)->info(who)->self, who);
    }
}

TEST_P(Workers, SendersOfOtherWorkersDoNotFillAMailbox) {
    constexpr int senders = 20;
    constexpr int each = 3000;
    std::size_t longest = 0;
    int received = 0;
    const pid sink = (*a)->spawn([&](process& self) -> task<> {
        for (; received < senders * each; ++received) {
            auto waiting = self.receive();
            co_await std::move(waiting);
            if (received % 100 == 0)
                longest = std::max(longest, self.node().info(self.self(), false)->message_queue_len);
        }
    });
    for (unsigned i = 0; i < senders; ++i)
        (*a)->spawn(
            [sink](process& self) -> task<> {
                for (int n = 0; n < each; ++n) {
                    auto sending = self.send_wait(sink, term{n});
                    co_await std::move(sending);
                }
            },
            on_worker(1 + i % 2));
    sim.run_until([&] { return received == senders * each; }, 60s);
    EXPECT_EQ(received, senders * each);
    EXPECT_LE(longest, limits::mailbox_crowded_elsewhere_messages + limits::inbox_crowded_messages + 2 * 400);
}

TEST_P(Workers, SignalsReachProcessesOfOtherNodesAndComeBack) {
    auto& b = boot('b');
    auto seen = make_inbox();
    (*a)->spawn(recorder(seen), [] {
        auto o = on_worker(1);
        o.name = "here"_atom;
        return o;
    }());
    auto there = on_worker(2);
    there.name = "there"_atom;
    b->spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid, int>();
                const auto [from, n] = co_await std::move(waiting);
                self.send(from, term{n});
                self.send(registered{"here"_atom, from.node}, term{-n});
                if (n == 3) self.exit(term{"enough"_atom});
            }
        },
        there);
    auto answers = make_inbox();
    (*a)->spawn(
        [answers, to = registered{"there"_atom, b->name()}](process& self) -> task<> {
            self.monitor(to);
            for (int i = 1; i <= 3; ++i) {
                auto sending = self.send_wait(to, term{std::tuple{self.self(), i}});
                co_await std::move(sending);
            }
            for (;;) {
                auto waiting = self.receive();
                const term m = co_await std::move(waiting);
                answers->push_back(m.arity() == 5 ? to_erlang(m.element(4)) : to_erlang(m.view()));
            }
        },
        on_worker(2));
    sim.run_for(5s);
    EXPECT_EQ(*answers, (std::vector<std::string>{"1", "2", "3", "enough"}));
    EXPECT_EQ(*seen, (std::vector<std::string>{"-1", "-2", "-3"}));
}

TEST_P(Workers, ALostNodeIsToldOnceToEachLinkAndMonitorOfAllWorkers) {
    auto& b = boot('b');
    const pid far = b->spawn([](process& self) -> task<> {
        auto waiting = self.receive();
        co_await std::move(waiting);
    });
    auto seen = make_inbox();
    for (unsigned w = 0; w < workers; ++w)
        (*a)->spawn(
            [seen, far](process& self) -> task<> {
                self.trap_exit(true);
                self.monitor(far);
                self.link(far);
                self.monitor_node(far.node, true);
                for (;;) {
                    auto waiting = self.receive();
                    const term m = co_await std::move(waiting);
                    seen->push_back(to_erlang(m.element(0)));
                }
            },
            on_worker(w));
    sim.run_for(3s);
    ASSERT_TRUE((*a)->is_connected(b->name()));
    EXPECT_TRUE(seen->empty());
    kill(b);
    sim.run_for(3s);
    EXPECT_EQ(std::multiset<std::string>(seen->begin(), seen->end()),
              (std::multiset<std::string>{"'DOWN'", "'DOWN'", "'DOWN'", "'EXIT'", "'EXIT'", "'EXIT'", "nodedown",
                                          "nodedown", "nodedown"}));
}

TEST_P(Workers, AMonitorThatCrossesTheLossOfItsNodeFiresOnce) {
    auto& b = boot('b');
    const pid far = b->spawn([](process& self) -> task<> {
        auto waiting = self.receive();
        co_await std::move(waiting);
    });
    ASSERT_TRUE(connect(*a, 'b').has_value());
    auto set = std::make_shared<int>(0);
    auto fired = std::make_shared<int>(0);
    for (unsigned w = 1; w < workers; ++w)
        (*a)->spawn(
            [set, fired, far](process& self) -> task<> {
                for (int i = 0; i < 200; ++i) {
                    self.monitor(far);
                    ++*set;
                    auto pause = self.sleep(20us);
                    co_await std::move(pause);
                }
                for (;;) {
                    auto waiting = self.receive();
                    co_await std::move(waiting);
                    ++*fired;
                }
            },
            on_worker(w));
    sim.run_for(2ms);
    (*a)->disconnect(b->name());
    sim.run_for(10s); // dialled anew for the later ones
    EXPECT_EQ(*set, 400);
    (*a)->disconnect(b->name());
    sim.run_for(10s);
    EXPECT_EQ(*fired, 400);
}

TEST_P(Workers, ARequestForAProcessElsewhereIsAnsweredOnItsWorker) {
    auto& b = boot('b');
    b->serve_spawns([](const spawn_call&) -> process_body {
        return [](process& self) -> task<> {
            self.exit(term{"over"_atom});
            co_return;
        };
    });
    auto seen = make_inbox();
    for (unsigned w = 0; w < workers; ++w)
        (*a)->spawn(
            [seen, on = b->name()](process& self) -> task<> {
                self.spawn_request(on, "m"_atom, "f"_atom, {});
                for (;;) {
                    auto waiting = self.receive();
                    const term m = co_await std::move(waiting);
                    seen->push_back(to_erlang(m.element(0)) + " " + to_erlang(m.element(m.arity() == 5 ? 4 : 2)));
                }
            },
            on_worker(w));
    sim.run_for(5s);
    EXPECT_EQ(std::multiset<std::string>(seen->begin(), seen->end()),
              (std::multiset<std::string>{"'DOWN' over", "'DOWN' over", "'DOWN' over", "spawn_reply ok",
                                          "spawn_reply ok", "spawn_reply ok"}));
}

TEST_P(Workers, AStoppedNodeEndsTheProcessesOfAllWorkers) {
    auto& b = boot('b');
    auto seen = make_inbox();
    std::vector<pid> ours;
    for (unsigned w = 0; w < workers; ++w) ours.push_back((*a)->spawn(ends_with(term{1}), on_worker(w)));
    b->spawn([seen, ours](process& self) -> task<> {
        for (const auto& one : ours) self.monitor(one);
        for (;;) {
            auto waiting = self.receive();
            const term m = co_await std::move(waiting);
            seen->push_back(to_erlang(m.element(4)));
        }
    });
    sim.run_for(2s);
    sim.block_on((*a)->stop());
    sim.run_for(2s);
    EXPECT_EQ(*seen, (std::vector<std::string>{"shutdown", "shutdown", "shutdown"}));
    a->watching = {};
    a->node.reset();
}
