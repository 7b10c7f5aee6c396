// SPDX-License-Identifier: Apache-2.0
//
// Bytes and datagrams that may gather before a reader wakes, on the system's own sockets.
#include "wire/conformance.hpp"

#include <sedge/wire/batches.hpp>
#include <sedge/wire/patience.hpp>
#include <sedge/wire/system.hpp>

#include <array>
#include <memory>
#include <vector>

namespace sedge::test {

/// Two ends of a connection on loopback.
class SystemStreams : public testing::Test {
protected:
    SystemStreams() {
        listener = env.net().listen({wire::ip_address::loopback_v4(), 0}).value();
        nursery tasks;
        tasks.start(accept_into(listener.get(), &reader));
        tasks.start(connect_into(&env, listener->local(), &writer));
        env.run_until([&] { return tasks.empty(); });
    }
    wire::lets_gather& gathering() { return dynamic_cast<wire::lets_gather&>(*reader); }
    void write(std::size_t bytes) { ASSERT_EQ(writer->try_write(pattern(bytes)).count, bytes); }
    /// How much is there when the next wait ends.
    std::size_t read_after_a_wait() {
        byte_buffer into(100'000);
        env.block_on(reader->readable());
        return reader->try_read(into).count;
    }
    void expect_end_is_told_at_once() {
        write(1000);
        writer->close();
        const auto began = env.now();
        EXPECT_EQ(read_after_a_wait(), 1000u);
        byte_buffer one(1);
        EXPECT_EQ(reader->try_read(one).what, wire::io_step::outcome::closed);
        EXPECT_LT(env.now() - began, 5s);
    }
    void expect_nothing() {
        byte_buffer one(1);
        EXPECT_EQ(reader->try_read(one).what, wire::io_step::outcome::would_block);
    }

    wire::system_environment env;
    std::unique_ptr<wire::listener> listener;
    std::unique_ptr<wire::stream> reader;
    std::unique_ptr<wire::stream> writer;
};

TEST_F(SystemStreams, LetBytesGatherUntilThereAreEnough) {
    expect_nothing();
    gathering().let_gather(5000, 10s);
    write(1000);
    env.block_on(sleep_for(env, 20ms));
    nursery tasks;
    const auto write_later = [](environment& e, wire::stream& to) -> task<> {
        auto sleeping = sleep_for(e, 20ms);
        co_await std::move(sleeping);
        (void)to.try_write(pattern(4000));
    };
    tasks.start(write_later(env, *writer));
    const auto began = env.now();
    EXPECT_EQ(read_after_a_wait(), 5000u);
    EXPECT_LT(env.now() - began, 5s);
}

TEST_F(SystemStreams, LetBytesGatherNoLongerThanTheyMay) {
    expect_nothing();
    gathering().let_gather(5000, 30ms);
    const auto began = env.now();
    write(1000);
    EXPECT_EQ(read_after_a_wait(), 1000u);
    EXPECT_GE(env.now() - began, 30ms);
    expect_nothing();
    EXPECT_EQ(read_after_a_wait(), 0u) << "a wait ends also when nothing has come";
}

TEST_F(SystemStreams, TellOfWhatHasGatheredWhenTheyNoLongerMay) {
    expect_nothing();
    gathering().let_gather(5000, 10s);
    write(1000);
    env.block_on(sleep_for(env, 20ms));
    gathering().let_gather(0, 0s);
    const auto began = env.now();
    EXPECT_EQ(read_after_a_wait(), 1000u);
    expect_nothing();
    write(1);
    EXPECT_EQ(read_after_a_wait(), 1u);
    EXPECT_LT(env.now() - began, 5s);
}

TEST_F(SystemStreams, TellOfTheEndAlsoWhileBytesMayGather) {
    expect_nothing();
    gathering().let_gather(5000, 10s);
    expect_end_is_told_at_once();
}

TEST_F(SystemStreams, PauseForOneWait) {
    expect_nothing();
    gathering().pause(30ms);
    write(1000);
    auto began = env.now();
    EXPECT_EQ(read_after_a_wait(), 1000u);
    EXPECT_GE(env.now() - began, 30ms);
    expect_nothing();
    write(1);
    EXPECT_EQ(read_after_a_wait(), 1u) << "the next wait is for the first byte";
    expect_nothing();
    gathering().pause(30ms);
    EXPECT_EQ(read_after_a_wait(), 0u) << "a pause ends also when nothing has come";
}

TEST_F(SystemStreams, TellAfterAPauseOfWhatCameInIt) {
    expect_nothing();
    gathering().pause(20ms);
    env.block_on(reader->readable());
    expect_nothing();
    gathering().pause(20ms);
    nursery tasks;
    const auto wait = [](wire::stream& from) -> task<> {
        auto waiting = from.readable();
        co_await std::move(waiting);
    };
    tasks.start(wait(*reader));
    write(1000);
    env.run_until([&] { return tasks.empty(); });
    EXPECT_EQ(read_after_a_wait(), 1000u) << "whoever waits again without having read does not wait for ever";
}

TEST_F(SystemStreams, GoOnInThePauseWhenToldTo) {
    expect_nothing();
    gathering().go_on();
    gathering().pause(10s);
    write(1000);
    nursery tasks;
    const auto go_on_later = [](environment& e, wire::lets_gather& from) -> task<> {
        auto sleeping = sleep_for(e, 20ms);
        co_await std::move(sleeping);
        from.go_on();
    };
    tasks.start(go_on_later(env, gathering()));
    const auto began = env.now();
    EXPECT_EQ(read_after_a_wait(), 1000u);
    EXPECT_LT(env.now() - began, 5s);
}

TEST_F(SystemStreams, TellOfTheEndAlsoInAPause) {
    expect_nothing();
    gathering().pause(10s);
    expect_end_is_told_at_once();
}

TEST(SystemDatagrams, GatherWhereTheyMayAndComeAtOnceAfterASilence) {
    wire::system_environment env;
    auto opened = env.net().open_datagram({.bind = {wire::ip_address::loopback_v4(), 0}});
    ASSERT_TRUE(opened);
    auto& socket = **opened;
    wire::set_batch_time(socket, 300ms);
    std::vector<duration> at;
    env.block_on(sleep_until(env, env.now() + 300ms - env.now().time_since_epoch() % 300ms)); // where batches end
    const auto began = env.now();
    const auto read_all = [](environment& e, wire::datagram_socket& from, std::vector<duration>& times,
                             time_point since) -> task<> {
        std::array<std::uint8_t, 16> buffer;
        while (times.size() < 4) {
            auto receiving = from.receive(buffer);
            auto came = co_await std::move(receiving);
            if (!came) co_return;
            times.push_back(e.now() - since);
        }
    };
    const auto send_three = [](environment& e, wire::datagram_socket& through) -> task<> {
        const std::array<std::uint8_t, 1> byte{1};
        for (const auto pause : {50ms, 50ms, 50ms}) {
            (void)through.send(through.local(), byte);
            auto sleeping = sleep_for(e, pause);
            co_await std::move(sleeping);
        }
        (void)through.send(through.local(), byte);
    };
    nursery tasks;
    tasks.start(send_three(env, socket));
    env.block_on(read_all(env, socket, at, began));
    ASSERT_EQ(at.size(), 4u);
    EXPECT_LT(at[0], 250ms) << "the first came after a silence";
    for (std::size_t i = 1; i < 4; ++i) EXPECT_GE(at[i], 290ms) << "datagram " << i;
}

TEST(SystemDatagrams, ThatGatherAreReadAtOnceWhenThereIsAHurry) {
    wire::system_environment env;
    auto opened = env.net().open_datagram({.bind = {wire::ip_address::loopback_v4(), 0}});
    ASSERT_TRUE(opened);
    auto& socket = **opened;
    wire::set_batch_time(socket, 1h);
    const auto read_two = [](environment& e, wire::datagram_socket& from) -> task<time_point> {
        std::array<std::uint8_t, 16> buffer;
        for (int i = 0; i < 2; ++i) {
            auto receiving = from.receive(buffer);
            auto came = co_await std::move(receiving);
            EXPECT_TRUE(came);
        }
        co_return e.now();
    };
    const auto send_and_hurry = [](environment& e, wire::datagram_socket& through) -> task<> {
        const std::array<std::uint8_t, 1> byte{1};
        for (int i = 0; i < 2; ++i) {
            (void)through.send(through.local(), byte);
            auto sleeping = sleep_for(e, 20ms);
            co_await std::move(sleeping);
        }
        wire::set_batch_time(through, 0ms);
    };
    const auto began = env.now();
    nursery tasks;
    tasks.start(send_and_hurry(env, socket));
    const auto read = env.block_on(read_two(env, socket)) - began;
    EXPECT_GE(read, 40ms) << "the second had to wait";
    EXPECT_LT(read, 10s);
}

} // namespace sedge::test
