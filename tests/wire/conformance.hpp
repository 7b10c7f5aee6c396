// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every environment promises, as tests that both implementations run.
//
// A `World` has: environment& server(), environment& client(), ip_address server_address(), T run(task<T>),
// bool until(predicate).

#include "wire/tasks.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/wire/delivery.hpp>

#include <gtest/gtest.h>

namespace sedge::test {

struct stream_pair {
    std::unique_ptr<wire::listener> listener;
    std::unique_ptr<wire::stream> server;
    std::unique_ptr<wire::stream> client;
};

template <class World>
class Conformance : public testing::Test {
protected:
    World world;

    stream_pair connected() {
        stream_pair pair;
        pair.listener = world.server().net().listen({world.server_address(), 0}).value();
        nursery tasks;
        tasks.start(accept_into(pair.listener.get(), &pair.server));
        tasks.start(connect_into(&world.client(), pair.listener->local(), &pair.client));
        EXPECT_TRUE(world.until([&] { return tasks.empty(); }));
        return pair;
    }
};

TYPED_TEST_SUITE_P(Conformance);

TYPED_TEST_P(Conformance, EchoReturnsAMegabyteUnchanged) {
    auto pair = this->connected();
    EXPECT_EQ(pair.client->remote(), pair.server->local());
    EXPECT_EQ(pair.client->local(), pair.server->remote());
    const byte_buffer sent = pattern(1 << 20);
    byte_buffer there, back(sent.size());
    auto echo = [](wire::stream* s, std::size_t size) -> task<> {
        byte_buffer buffer(7000);
        while (size > 0) {
            auto got = co_await wire::read_some(*s, buffer);
            auto written = co_await wire::write_all(*s, byte_view{buffer.data(), got.value()});
            written.value();
            size -= *got;
        }
    };
    nursery tasks;
    tasks.start(echo(pair.server.get(), sent.size()));
    tasks.start(write_out(pair.client.get(), sent));
    this->world.run(wire::read_exactly(*pair.client, back)).value();
    EXPECT_EQ(back, sent);
}

TYPED_TEST_P(Conformance, BytesWrittenBeforeACloseAreStillRead) {
    auto pair = this->connected();
    nursery tasks;
    tasks.start(write_out(pair.server.get(), pattern(100'000), true));
    byte_buffer got;
    auto end = this->world.run(read_to_end(pair.client.get(), &got));
    EXPECT_EQ(end, wire::errc::closed);
    EXPECT_EQ(got, pattern(100'000));
}

TYPED_TEST_P(Conformance, WriterToAPeerThatIsGoneLearnsIt) {
    auto pair = this->connected();
    pair.server.reset();
    auto write_for_ever = [](environment* env, wire::stream* s) -> task<result<void>> {
        for (;;) {
            auto written = co_await wire::write_all(*s, as_bytes("anybody there?"));
            if (!written) co_return written;
            co_await sleep_for(*env, 1ms);
        }
    };
    auto end = this->world.run(write_for_ever(&this->world.client(), pair.client.get()));
    EXPECT_FALSE(end);
}

TYPED_TEST_P(Conformance, WriterWaitsForASlowReader) {
    auto pair = this->connected();
    const byte_buffer block = pattern(65'536);
    std::size_t written = 0;
    auto fill = [&] {
        for (;;) {
            auto step = pair.client->try_write(block);
            if (step.what != wire::io_step::outcome::done) return step.what;
            written += step.count;
        }
    };
    // What is on its way makes room again until the reader's side is full as well.
    do {
        ASSERT_EQ(fill(), wire::io_step::outcome::would_block);
        ASSERT_LT(written, std::size_t{64} << 20);
    } while (this->world.run(with_deadline(this->world.client(), this->world.client().now() + 300ms,
                                           [](wire::stream* s) -> task<result<void>> {
                                               co_await s->writable();
                                               co_return result<void>{};
                                           }(pair.client.get()))));
    nursery tasks;
    byte_buffer all(written);
    auto got = this->world.run(wire::read_exactly(*pair.server, all));
    ASSERT_TRUE(got);
    this->world.run(pair.client->writable());
    EXPECT_EQ(fill(), wire::io_step::outcome::would_block);
}

TYPED_TEST_P(Conformance, BytesThatArriveAreAcknowledgedThoughNobodyReadsThem) {
    auto pair = this->connected();
    const byte_buffer block = pattern(65'536);
    const auto all_there_soon = [&] {
        this->world.run(sleep_for(this->world.client(), 300ms));
        return !wire::delivered(*pair.client).value().unacknowledged;
    };
    ASSERT_GT(pair.client->try_write(byte_view{block}.first(4)).count, 0u);
    EXPECT_TRUE(all_there_soon());
    EXPECT_LT(wire::delivered(*pair.client)->since_acknowledged, 1s);
    // What the reader's side has no room for is not under way.
    while (pair.client->try_write(block).what == wire::io_step::outcome::done) {
    }
    EXPECT_TRUE(all_there_soon());
}

TYPED_TEST_P(Conformance, DestroyedWaitLeavesTheStreamUsable) {
    auto pair = this->connected();
    auto& env = this->world.client();
    auto late = this->world.run(with_deadline(env, env.now() + 1ms, read_one(pair.client.get())));
    EXPECT_EQ(late.error().code(), errc::timed_out);
    std::optional<result<void>> outcome;
    nursery tasks;
    tasks.start(note_reading(pair.client.get(), &outcome));
    tasks.start(write_out(pair.server.get(), byte_buffer{1}));
    EXPECT_TRUE(this->world.until([&] { return outcome.has_value(); }));
    EXPECT_TRUE(*outcome);
}

TYPED_TEST_P(Conformance, WaitDestroyedAfterItWasWokenDoesNotRun) {
    auto pair = this->connected();
    std::optional<result<void>> outcome;
    {
        nursery tasks;
        tasks.start(note_reading(pair.client.get(), &outcome));
        pair.client->close(); // wakes it, by the queue
    }
    bool later = false;
    this->world.client().post([&] { later = true; });
    EXPECT_TRUE(this->world.until([&] { return later; }));
    EXPECT_FALSE(outcome);
}

TYPED_TEST_P(Conformance, CloseWakesWhoReadsAndWhoAccepts) {
    auto pair = this->connected();
    std::optional<result<void>> reading;
    std::optional<error> accepting;
    nursery tasks;
    tasks.start(note_reading(pair.client.get(), &reading));
    tasks.start(note_accept(pair.listener.get(), &accepting));
    pair.client->close();
    pair.listener->close();
    EXPECT_TRUE(this->world.until([&] { return reading && accepting; }));
    EXPECT_EQ(reading->error().code(), wire::errc::closed);
    EXPECT_EQ(accepting->code(), wire::errc::closed);
    EXPECT_EQ(pair.client->try_write(byte_buffer{1}).code, wire::errc::closed);
}

TYPED_TEST_P(Conformance, ConnectIsRefusedWhereNobodyListens) {
    auto listener = this->world.server().net().listen({this->world.server_address(), 0}).value();
    const auto at = listener->local();
    listener.reset();
    auto refused = this->world.run(this->world.client().net().connect(at));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), std::errc::connection_refused);
    EXPECT_EQ(refused.error().context(), "connect " + to_string(at));
}

TYPED_TEST_P(Conformance, PortThatIsTakenIsRefused) {
    auto listener = this->world.server().net().listen({this->world.server_address(), 0}).value();
    auto second = this->world.server().net().listen(listener->local());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), std::errc::address_in_use);
}

TYPED_TEST_P(Conformance, DeadlineEndsAnAcceptAndTheNextOneWorks) {
    auto& env = this->world.server();
    auto listener = env.net().listen({this->world.server_address(), 0}).value();
    auto late = this->world.run(with_deadline(env, env.now() + 1ms, listener->accept()));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::timed_out);
    std::unique_ptr<wire::stream> client;
    nursery tasks;
    tasks.start(connect_into(&this->world.client(), listener->local(), &client));
    auto accepted = this->world.run(listener->accept());
    EXPECT_TRUE(accepted);
    EXPECT_TRUE(this->world.until([&] { return client != nullptr; }));
}

TYPED_TEST_P(Conformance, DatagramTellsItsSenderAndItsTrueSize) {
    auto receiver = this->world.server().net().open_datagram({{this->world.server_address(), 0}}).value();
    auto sender = this->world.client().net().open_datagram({{this->world.client_address(), 0}}).value();
    std::vector<heard> got;
    nursery tasks;
    tasks.start(listen_to(receiver.get(), &got, 5));
    ASSERT_TRUE(sender->send(receiver->local(), as_bytes("hello world")));
    ASSERT_TRUE(this->world.until([&] { return got.size() == 1; }));
    EXPECT_EQ(got[0].head.size, 11u);
    EXPECT_EQ(as_text(got[0].bytes), "hello");
    EXPECT_EQ(got[0].head.from, sender->local());
    EXPECT_EQ(got[0].head.to, this->world.server_address());
    EXPECT_NE(got[0].head.interface, 0u);
}

TYPED_TEST_P(Conformance, MulticastReachesEverySocketThatSharesThePort) {
    auto& env = this->world.server();
    const auto group = wire::ip_address::v4(239, 255, 77, 1);
    wire::multicast_options multicast{group, this->world.server_address(), 1, true};
    wire::datagram_options options{{wire::ip_address::any_v4(), 0}, true, false, multicast};
    auto one = env.net().open_datagram(options).value();
    options.bind.port = one->local().port;
    auto two = env.net().open_datagram(options).value();
    std::vector<heard> by_one, by_two;
    nursery tasks;
    tasks.start(listen_to(one.get(), &by_one));
    tasks.start(listen_to(two.get(), &by_two));
    ASSERT_TRUE(one->send({group, options.bind.port}, as_bytes("gossip")));
    ASSERT_TRUE(this->world.until([&] { return by_one.size() == 1 && by_two.size() == 1; }));
    EXPECT_EQ(by_two[0].head.to, group);
    EXPECT_EQ(as_text(by_two[0].bytes), "gossip");
    options.reuse_address = false;
    EXPECT_EQ(env.net().open_datagram(options).error().code(), std::errc::address_in_use);
    options.multicast->interface = wire::ip_address::v4(203, 0, 113, 9);
    options.bind.port = 0;
    EXPECT_EQ(env.net().open_datagram(options).error().code(), wire::errc::no_such_interface);
}

TYPED_TEST_P(Conformance, LiteralsResolveToThemselves) {
    auto& net = this->world.client().net();
    auto v4 = this->world.run(net.resolve("10.0.0.5"));
    EXPECT_EQ(v4.value(), std::vector{wire::ip_address::v4(10, 0, 0, 5)});
    auto v6 = this->world.run(net.resolve("::1"));
    EXPECT_EQ(v6.value(), std::vector{wire::ip_address::loopback_v6()});
    auto local = this->world.run(net.resolve("localhost"));
    ASSERT_TRUE(local) << local.error().message();
    EXPECT_TRUE(local->front().is_loopback());
}

TYPED_TEST_P(Conformance, InterfacesHoldLoopbackWithItsPrefix) {
    auto all = this->world.client().net().interfaces();
    const auto address = wire::ip_address::loopback_v4();
    auto lo = std::find_if(all.begin(), all.end(), [&](auto& i) { return i.address == address; });
    ASSERT_NE(lo, all.end());
    EXPECT_EQ(lo->name, "lo");
    EXPECT_EQ(lo->prefix_bits, 8);
    EXPECT_TRUE(lo->up);
    EXPECT_FALSE(this->world.client().net().host_name().empty());
}

TYPED_TEST_P(Conformance, EventWakesItsWaitersInTheOrderTheyCame) {
    auto& env = this->world.client();
    std::vector<int> order;
    event e{env};
    nursery tasks;
    tasks.start(wait_and_note(&e, 1, &order));
    auto gone = std::make_unique<nursery>();
    gone->start(wait_and_note(&e, 2, &order));
    tasks.start(wait_and_note(&e, 3, &order));
    gone.reset();
    e.set();
    EXPECT_TRUE(order.empty());
    EXPECT_TRUE(this->world.until([&] { return order.size() == 2; }));
    EXPECT_EQ(order, (std::vector{1, 3}));
    tasks.start(wait_and_note(&e, 4, &order)); // set already
    EXPECT_EQ(order.size(), 3u);
}

TYPED_TEST_P(Conformance, YieldTakesTurns) {
    auto& env = this->world.client();
    std::vector<int> order;
    nursery tasks;
    tasks.start(yield_and_note(&env, 1, &order));
    tasks.start(yield_and_note(&env, 2, &order));
    EXPECT_TRUE(this->world.until([&] { return tasks.empty(); }));
    EXPECT_EQ(order, (std::vector{1, 2, 1, 2, 1, 2}));
}

TYPED_TEST_P(Conformance, SleepersWakeInTheOrderOfTheirTimes) {
    auto& env = this->world.client();
    std::vector<int> order;
    nursery tasks;
    auto gone = std::make_unique<nursery>();
    tasks.start(sleep_and_note(&env, 30ms, 3, &order));
    gone->start(sleep_and_note(&env, 1ms, 0, &order));
    tasks.start(sleep_and_note(&env, 10ms, 1, &order));
    tasks.start(sleep_and_note(&env, 20ms, 2, &order));
    gone.reset();
    const auto start = env.now();
    EXPECT_TRUE(this->world.until([&] { return tasks.empty(); }));
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_GE(env.now() - start, 29ms);
}

TYPED_TEST_P(Conformance, PostedJobsRunInOrderAndMayPostAgain) {
    auto& env = this->world.client();
    std::vector<int> order;
    env.post([&] {
        order.push_back(1);
        env.post([&] { order.push_back(3); });
    });
    env.post([&] { order.push_back(2); });
    EXPECT_TRUE(this->world.until([&] { return order.size() == 3; }));
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TYPED_TEST_P(Conformance, AMillionTurnsUseNoStack) {
    auto& env = this->world.client();
    auto turns = [](environment* e) -> task<int> {
        int count = 0;
        for (; count < 1'000'000; ++count) {
            co_await sleep_until(*e, time_point{}); // ready at once
            if (count % 16 == 0) co_await yield(*e);
        }
        co_return count;
    };
    EXPECT_EQ(this->world.run(turns(&env)), 1'000'000);
}

TYPED_TEST_P(Conformance, RandomBytesDiffer) {
    auto& env = this->world.client();
    EXPECT_NE(env.random_u64(), env.random_u64());
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LT(env.random_below(3), 3u);
        const auto d = env.random_between(5ms, 6ms);
        EXPECT_TRUE(d >= 5ms && d <= 6ms);
    }
}

REGISTER_TYPED_TEST_SUITE_P(Conformance, EchoReturnsAMegabyteUnchanged, BytesWrittenBeforeACloseAreStillRead,
                            WriterToAPeerThatIsGoneLearnsIt, WriterWaitsForASlowReader,
                            BytesThatArriveAreAcknowledgedThoughNobodyReadsThem, DestroyedWaitLeavesTheStreamUsable,
                            WaitDestroyedAfterItWasWokenDoesNotRun, CloseWakesWhoReadsAndWhoAccepts,
                            ConnectIsRefusedWhereNobodyListens, PortThatIsTakenIsRefused,
                            DeadlineEndsAnAcceptAndTheNextOneWorks, DatagramTellsItsSenderAndItsTrueSize,
                            MulticastReachesEverySocketThatSharesThePort, LiteralsResolveToThemselves,
                            InterfacesHoldLoopbackWithItsPrefix, EventWakesItsWaitersInTheOrderTheyCame,
                            YieldTakesTurns, SleepersWakeInTheOrderOfTheirTimes, PostedJobsRunInOrderAndMayPostAgain,
                            AMillionTurnsUseNoStack, RandomBytesDiffer);

} // namespace sedge::test
