// SPDX-License-Identifier: Apache-2.0
//
// Nodes with several workers on threads. What they promise does not depend on who is quicker.
#include "process/workers.hpp"

#include <sedge/process/node_counts.hpp>
#include <sedge/wire/system.hpp>

#include <atomic>

using namespace sedge;
using namespace sedge::test;

namespace {

/// A node whose workers are threads; alone, without network.
struct threaded_node {
    struct no_directory final : wire::directory {
        task<result<std::uint32_t>> publish(wire::publication) override { co_return std::uint32_t{1}; }
        void withdraw() noexcept override {}
        task<result<std::vector<wire::endpoint>>> locate(std::string, std::string) override {
            co_return std::vector<wire::endpoint>{};
        }
    };
    static node_options options(unsigned count) {
        node_options o;
        o.name = "threads@127.0.0.1";
        o.cookie = *dist::cookie::from_text("a secret of the tests");
        o.listen_on = wire::ip_address::loopback_v4();
        o.workers = count;
        return o;
    }
    explicit threaded_node(unsigned count = workers) : us(options(count), env, names) {
        env.block_on(us.start()).value();
    }
    ~threaded_node() { env.block_on(us.stop()); }
    /// Runs until somebody has called `finish` so often.
    void run(int finishes = 1) {
        env.run_until([&] { return finished >= finishes; });
        finished = 0;
    }
    void finish() {
        env.post([this] { ++finished; });
    }
    /// One round of the loop.
    void turn() { env.block_on(yield(env)); }

    wire::system_environment env;
    no_directory names;
    node us;
    int finished = 0;
};

} // namespace

TEST(WorkerThreads, ManySendersOfAllWorkersAreHeardInOrder) {
    threaded_node n;
    constexpr int senders = 30;
    constexpr int each = 2000;
    const pid sink = n.us.spawn([&n](process& self) -> task<> {
        std::vector<int> next(senders, 0);
        for (int i = 0; i < senders * each; ++i) {
            auto waiting = self.receive<int, int>();
            const auto [from, number] = co_await std::move(waiting);
            if (next[static_cast<std::size_t>(from)]++ != number) ADD_FAILURE() << "out of order";
        }
        n.finish();
    });
    for (int s = 0; s < senders; ++s)
        n.us.spawn(
            [sink, s](process& self) -> task<> {
                for (int i = 0; i < each; ++i) {
                    auto sending = self.send_wait(sink, term{std::tuple{s, i}});
                    co_await std::move(sending);
                }
            },
            on_worker(static_cast<unsigned>(s)));
    n.run();
}

namespace {

/// Sends to `to` as fast as it is let, `count` times or until `stop` says so, and then calls `at_end`.
process_body pours(pid to, int count, const std::atomic<bool>* stop, std::function<void()> at_end) {
    return [to, count, stop, at_end](process& self) -> task<> {
        for (int i = 0; i < count && !(stop && *stop); ++i) {
            auto sending = self.send_wait(to, term{i});
            co_await std::move(sending);
        }
        if (at_end) at_end();
    };
}

process_body takes_all() {
    return [](process& self) -> task<> {
        for (;;) {
            auto waiting = self.receive();
            co_await std::move(waiting);
        }
    };
}

/// Some senders of the worker `flooding` pour until others, of the worker `patient`, have sent all that they have.
void expect_that_senders_get_through(unsigned flooding, unsigned patient) {
    constexpr int patient_ones = 10;
    threaded_node n{2};
    std::atomic<bool> stop{false};
    std::atomic<int> done{0};
    const pid sink = n.us.spawn(takes_all(), on_worker(0));
    for (int i = 0; i < 20; ++i) n.us.spawn(pours(sink, 1'000'000'000, &stop, {}), on_worker(flooding));
    for (int i = 0; i < patient_ones; ++i)
        n.us.spawn(pours(sink, 5000, nullptr, [&] { ++done == patient_ones ? n.finish() : void(); }),
                   on_worker(patient));
    n.run();
    stop = true;
}

} // namespace

TEST(WorkerThreads, SendersOfTheReceiversWorkerDoNotKeepOutThoseOfAnother) { expect_that_senders_get_through(0, 1); }

TEST(WorkerThreads, SendersOfAnotherWorkerDoNotKeepOutThoseOfTheReceivers) { expect_that_senders_get_through(1, 0); }

TEST(WorkerThreads, SendersGoOnWhenTheReceiverThatTheyWaitForEnds) {
    threaded_node n{2};
    constexpr int senders = 20;
    std::atomic<int> done{0};
    const pid sink = n.us.spawn(
        [](process& self) -> task<> {
            for (int i = 0; i < 30'000; ++i) {
                auto waiting = self.receive();
                co_await std::move(waiting);
            }
        },
        on_worker(0));
    for (int i = 0; i < senders; ++i)
        n.us.spawn(pours(sink, 10'000, nullptr, [&] { ++done == senders ? n.finish() : void(); }), on_worker(1));
    n.run();
    EXPECT_FALSE(n.us.is_alive(sink));
}

TEST(WorkerThreads, ABallGoesToAndFroBetweenTwoWorkersThatSleepInBetween) {
    threaded_node n{2};
    const pid other = n.us.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid>();
                const pid from = co_await std::move(waiting);
                self.send(from, term{self.self()});
            }
        },
        on_worker(1));
    n.us.spawn([&n, other](process& self) -> task<> {
        for (int i = 0; i < 2000; ++i) {
            self.send(other, term{self.self()});
            auto waiting = self.receive();
            co_await std::move(waiting);
        }
        n.finish();
    });
    n.run();
}

TEST(WorkerThreads, ProcessesComeAndGoOnAllWorkersAndEachEndIsToldOnce) {
    threaded_node n;
    constexpr int parents = 6;
    static constexpr int children = 300;
    for (int p = 0; p < parents; ++p)
        n.us.spawn(
            [&n, p](process& self) -> task<> {
                self.trap_exit(true);
                const auto child = [](process& one) -> task<> {
                    one.exit(term{"over"_atom});
                    co_return;
                };
                int downs = 0;
                int exits = 0;
                for (int i = 0; i < children; ++i) {
                    const auto which = static_cast<unsigned>(p + i);
                    self.spawn_monitor(child, on_worker(which));
                    self.spawn_link(child, on_worker(which + 1));
                    while (downs + exits < 2 * (i - 20)) {
                        auto waiting = self.receive();
                        const term m = co_await std::move(waiting);
                        ++(m.arity() == 5 ? downs : exits);
                    }
                }
                while (downs + exits < 2 * children) {
                    auto waiting = self.receive();
                    const term m = co_await std::move(waiting);
                    ++(m.arity() == 5 ? downs : exits);
                    if (!m.element(m.arity() - 1).is_atom("over")) ADD_FAILURE() << to_erlang(m.view());
                }
                EXPECT_EQ(downs, children);
                EXPECT_EQ(exits, children);
                n.finish();
            },
            on_worker(static_cast<unsigned>(p)));
    n.run(parents);
}

TEST(WorkerThreads, NamesAreTakenAndFoundWhileTheirProcessesComeAndGo) {
    threaded_node n;
    constexpr int rounds = 300;
    for (unsigned w = 0; w < workers; ++w)
        n.us.spawn(
            [&n, w](process& self) -> task<> {
                const atom name{"name" + std::to_string(w)};
                const atom next{"name" + std::to_string((w + 1) % workers)};
                for (int i = 0; i < rounds; ++i) {
                    auto options = on_worker(w + 1);
                    options.name = name;
                    const auto [child, ref] = self.spawn_monitor(
                        [](process& one) -> task<> {
                            auto waiting = one.receive();
                            co_await std::move(waiting);
                        },
                        options);
                    self.send(next, term{1});
                    self.send(name, term{1});
                    auto waiting = self.receive();
                    co_await std::move(waiting);
                }
                n.finish();
            },
            on_worker(w));
    n.run(static_cast<int>(workers));
    EXPECT_TRUE(n.us.registered_names().empty());
}

namespace {

/// A process that keeps its worker's thread to itself until it is told to end.
struct computation {
    std::atomic<bool> has_begun{false};
    std::atomic<bool> may_end{false};

    process_body body() {
        return [this](process&) -> task<> {
            has_begun = true;
            while (!may_end) std::this_thread::yield();
            co_return;
        };
    }
};

} // namespace

TEST(WorkerThreads, InfoAndLoadAreAskedOfOtherThreads) {
    threaded_node n;
    const pid quiet = n.us.spawn(
        [](process& self) -> task<> {
            auto waiting = self.receive<int>();
            co_await std::move(waiting);
        },
        on_worker(1));
    computation work;
    const pid busy = n.us.spawn(work.body(), on_worker(2));
    n.us.send(quiet, term{"other"_atom});
    while (!work.has_begun) n.turn();
    // A thread that has no core for a while does not answer in time, and is asked again.
    while (n.us.info(quiet)->waiting_at != "receive") n.turn();
    while (n.us.info(quiet)->message_queue_len != 1) n.turn();
    const auto least = n.us.info(busy);
    ASSERT_TRUE(least.has_value());
    EXPECT_EQ(least->waiting_at, "running");
    work.may_end = true;
    while (n.us.is_alive(busy)) n.turn();
    while (load_of(n.us).processes != 1) n.turn();
}

TEST(WorkerThreads, WhoAsksOftenAboutABusyWorkerHardlyHoldsUpTheNode) {
    threaded_node n(2);
    computation work;
    const pid busy = n.us.spawn(work.body(), on_worker(1));
    while (!work.has_begun) n.turn();
    const auto began = n.env.now();
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(n.us.info(busy)->waiting_at, "running"); // 50 s, if each were asked
    EXPECT_EQ(info_of_all(n.us).size(), 1u);
    EXPECT_EQ(totals_of(n.us).count, 1u);
    EXPECT_LT(n.env.now() - began, 5s);
    work.may_end = true;
    while (n.us.is_alive(busy)) n.turn();
}

TEST(WorkerThreads, ANodeCanBeStoppedWhileAllWorkersAreBusy) {
    threaded_node n;
    for (int i = 0; i < 30; ++i)
        n.us.spawn(
            [&n](process& self) -> task<> {
                for (int round = 0;; ++round) {
                    if (round == 100) n.finish();
                    const pid child = self.spawn(
                        [](process& one) -> task<> {
                            auto waiting = one.receive();
                            co_await std::move(waiting);
                        },
                        on_worker(static_cast<unsigned>(self.self().id)));
                    self.link(child);
                    self.send(child, term{1});
                    auto pause = yield(self.env());
                    co_await std::move(pause);
                }
            },
            on_worker(static_cast<unsigned>(i)));
    n.run(10);
}
