// SPDX-License-Identifier: Apache-2.0
#include "wire/conformance.hpp"

#include <sedge/wire/batches.hpp>
#include <sedge/wire/patience.hpp>
#include <sedge/wire/system.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sedge::test {

namespace {

/// One environment, by loopback. Answers what is asked, or fails after ten seconds.
class SystemWorld {
public:
    environment& server() { return env; }
    environment& client() { return env; }
    wire::ip_address server_address() const { return wire::ip_address::loopback_v4(); }
    wire::ip_address client_address() const { return wire::ip_address::loopback_v4(); }
    template <class T>
    T run(task<T> job) {
        return env.block_on(std::move(job));
    }
    bool until(const std::function<bool()>& done) {
        struct limit final : timer {
            bool passed = false;
            void fire() override { passed = true; }
        } patience;
        env.arm_after(patience, 10s);
        env.run_until([&] { return done() || patience.passed; });
        return !patience.passed;
    }

    wire::system_environment env;
};

} // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(System, Conformance, SystemWorld);

TEST(SystemEnvironment, StopFromAnotherThreadEndsRun) {
    wire::system_environment env;
    std::thread other{[&] { env.stop(); }};
    env.run();
    other.join();
    env.stop();
    env.run(); // a stop before the run counts
}

TEST(SystemEnvironment, JobsPostedByOtherThreadsRunOnTheLoopsThread) {
    wire::system_environment env;
    const auto own = std::this_thread::get_id();
    int count = 0; // not atomic: only the loop's thread may touch it
    auto work = [&] {
        for (int i = 0; i < 1000; ++i)
            env.post([&] {
                EXPECT_EQ(std::this_thread::get_id(), own);
                if (++count == 4000) env.stop();
            });
    };
    std::thread threads[4]{std::thread{work}, std::thread{work}, std::thread{work}, std::thread{work}};
    env.run();
    for (auto& t : threads) t.join();
    EXPECT_EQ(count, 4000);
}

TEST(SystemEnvironment, AFurtherLoopHasAThreadOfItsOwn) {
    wire::system_environment env;
    const auto own = std::this_thread::get_id();
    auto loop = env.add_loop();
    std::thread::id there;
    ASSERT_TRUE(loop->call([&] { there = std::this_thread::get_id(); }, 10s));
    EXPECT_NE(there, own);
    int rounds = 0; // of a task of that loop
    const auto wait = [](environment* e, int* count) -> task<> {
        for (; *count < 3; ++*count) {
            auto pause = sleep_for(*e, 1ms);
            co_await std::move(pause);
        }
    };
    nursery tasks;
    loop->env().post([&] { tasks.start(wait(&loop->env(), &rounds), [&](auto) { env.stop(); }); });
    env.run();
    loop->stop();
    EXPECT_EQ(rounds, 3);
    EXPECT_TRUE(tasks.empty());
}

TEST(SystemEnvironment, ALoopThatComputesIsNotWaitedForLong) {
    wire::system_environment env;
    auto loop = env.add_loop();
    std::atomic<bool> computes{false};
    std::atomic<bool> go_on{false};
    loop->env().post([&] {
        computes = true;
        while (!go_on) std::this_thread::yield();
    });
    while (!computes) std::this_thread::yield();
    bool asked = false;
    EXPECT_FALSE(loop->call([&] { asked = true; }, 1ms));
    go_on = true;
    EXPECT_TRUE(loop->call([] {}, 10s));
    EXPECT_FALSE(asked) << "nobody waited for that any more";
}

TEST(SystemEnvironment, LinesOfAFurtherLoopAreWrittenOnTheFirstOne) {
    struct noting_sink final : log_sink {
        void write(log_level, std::string_view text) override {
            lines.emplace_back(text);
            writers.push_back(std::this_thread::get_id());
        }
        std::vector<std::string> lines;
        std::vector<std::thread::id> writers;
    };
    auto sink = std::make_shared<noting_sink>();
    wire::system_environment env{sink};
    auto loop = env.add_loop();
    ASSERT_TRUE(loop->call([&] { loop->env().log(log_level::error, "from there"); }, 10s));
    env.run_until([&] { return !sink->lines.empty(); });
    EXPECT_EQ(sink->lines, std::vector<std::string>{"from there"});
    EXPECT_EQ(sink->writers.front(), std::this_thread::get_id());
}

TEST(SystemEnvironment, AGuestHasATurnInEachRoundAndBeforeTheLoopSleeps) {
    struct guest final : loop_guest {
        explicit guest(environment& e) : env(e) {}
        void take_turn() override { ++turns; }
        bool may_sleep() override {
            if (++asked < 4) return false; // without a wake the loop would sleep for ever from then on
            if (!other.joinable()) other = std::thread{[this] { env.wake(); }};
            return true;
        }
        environment& env;
        std::thread other;
        int turns = 0;
        int asked = 0;
    };
    wire::system_environment env;
    guest one{env};
    ASSERT_TRUE(env.invite(one));
    env.run_until([&] { return one.turns > 4; });
    one.other.join();
    EXPECT_GE(one.turns, one.asked);
    env.dismiss(one);
    const int before = one.turns;
    env.post([&] { env.stop(); });
    env.run();
    EXPECT_EQ(one.turns, before);
}

TEST(SystemEnvironment, SignalsAreKeptForWhoAsksLater) {
    wire::system_environment env;
    std::vector<int> got;
    auto take = [](wire::system_environment* e, int number, std::vector<int>* into) -> task<> {
        std::vector<int> wanted{number};
        int came = co_await e->signal(std::move(wanted));
        into->push_back(came);
    };
    nursery tasks;
    tasks.start(take(&env, SIGUSR1, &got));
    tasks.start(take(&env, SIGUSR2, &got));
    raise(SIGUSR2);
    env.run_until([&] { return got.size() == 1; });
    EXPECT_EQ(got, (std::vector{SIGUSR2}));
    raise(SIGUSR1);
    env.run_until([&] { return got.size() == 2; });
    raise(SIGUSR1);
    env.block_on(take(&env, SIGUSR1, &got));
    EXPECT_EQ(got, (std::vector{SIGUSR2, SIGUSR1, SIGUSR1}));
}

TEST(SystemEnvironment, PipeIsReadableOnceSomethingIsInIt) {
    wire::system_environment env;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    bool readable = false;
    auto wait = [](wire::system_environment* e, int fd, bool* done) -> task<> {
        co_await e->fd_readable(fd);
        *done = true;
    };
    nursery tasks;
    {
        nursery given_up;
        given_up.start(wait(&env, ends[0], &readable));
    }
    tasks.start(wait(&env, ends[0], &readable));
    env.block_on(yield(env));
    EXPECT_FALSE(readable);
    ASSERT_EQ(write(ends[1], "x", 1), 1);
    env.run_until([&] { return readable; });
    EXPECT_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0) << "the flags of a shared terminal must stay as they are";
    close(ends[0]);
    close(ends[1]);
}

TEST(SystemEnvironment, PlainFileIsReadableAtOnce) {
    wire::system_environment env;
    const int fd = open("/proc/self/exe", O_RDONLY);
    ASSERT_GE(fd, 0);
    env.block_on(env.fd_readable(fd));
    close(fd);
}

TEST(SystemEnvironment, ListenerSurvivesRunningOutOfDescriptors) {
    wire::system_environment env;
    auto listener = env.net().listen({wire::ip_address::loopback_v4(), 0}).value();
    std::unique_ptr<wire::stream> client, server;
    nursery tasks;
    tasks.start(connect_into(&env, listener->local(), &client));
    env.run_until([&] { return client != nullptr; });

    // The undefined-behaviour sanitizer needs a descriptor when it meets a type for the first time; not later.
    env.block_on(sleep_for(env, 1ms));
    env.block_on(yield(env));
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const int next = dup(0);
    close(next);
    rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    tasks.start(accept_into(listener.get(), &server));
    env.block_on(sleep_for(env, 20ms));
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_FALSE(server);
    EXPECT_EQ(tasks.size(), 1u) << "it must have failed and wait, not have given up";
    env.run_until([&] { return server != nullptr; });
}

TEST(SystemEnvironment, BusyQueueDoesNotKeepTheNetworkWaiting) {
    wire::system_environment env;
    nursery busy;
    auto spin = [](environment* e) -> task<> {
        for (;;) co_await yield(*e);
    };
    for (int i = 0; i < 3; ++i) busy.start(spin(&env));
    auto listener = env.net().listen({wire::ip_address::loopback_v4(), 0}).value();
    std::unique_ptr<wire::stream> client, server;
    nursery tasks;
    tasks.start(accept_into(listener.get(), &server));
    tasks.start(connect_into(&env, listener->local(), &client));
    std::vector<int> slept;
    tasks.start(sleep_and_note(&env, 1ms, 1, &slept));
    env.run_until([&] { return tasks.empty(); });
    EXPECT_TRUE(client && server && slept.size() == 1);
}

TEST(SystemEnvironment, DualListenerHearsIPv4AndNamesItSo) {
    wire::system_environment env;
    wire::listen_options both;
    both.v6_only = false;
    auto listener = env.net().listen({wire::ip_address::any_v6(), 0}, both).value();
    std::unique_ptr<wire::stream> client, server;
    nursery tasks;
    tasks.start(accept_into(listener.get(), &server));
    tasks.start(connect_into(&env, {wire::ip_address::loopback_v4(), listener->local().port}, &client));
    env.run_until([&] { return tasks.empty(); });
    EXPECT_EQ(server->remote(), client->local());
    EXPECT_TRUE(server->remote().address.is_v4());
}

TEST(SystemEnvironment, LookUpOfANameCanBeGivenUp) {
    wire::system_environment env;
    // Whether a name server answers here or not: the deadline holds, and nothing is left behind.
    auto outcome = env.block_on(with_deadline(env, env.now() + 5ms, env.net().resolve("nobody.invalid")));
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().code() == errc::timed_out || outcome.error().code() == wire::errc::name_not_found);
    auto bad = env.block_on(env.net().resolve(std::string(300, 'x')));
    EXPECT_EQ(bad.error().code(), wire::errc::name_not_found);
    auto empty = env.block_on(env.net().resolve(""));
    EXPECT_EQ(empty.error().code(), wire::errc::name_not_found);
}

TEST(SystemEnvironment, IPv6SocketJoinsAGroupAndTellsWhereADatagramCameIn) {
    wire::system_environment env;
    auto all = env.net().interfaces();
    const auto address = wire::ip_address::loopback_v6();
    auto lo = std::find_if(all.begin(), all.end(), [&](auto& i) { return i.address == address; });
    if (lo == all.end()) return; // a machine without IPv6 has nothing to show here
    const auto group = wire::ip_address::parse("ff02::5ed6").value();
    wire::multicast_options multicast{group, wire::ip_address::loopback_v6(), 0, true};
    auto socket = env.net().open_datagram({{wire::ip_address::any_v6(), 0}, true, false, multicast}).value();
    std::vector<heard> got;
    nursery tasks;
    tasks.start(listen_to(socket.get(), &got));
    // Not to the group itself: few machines have a route for multicast on loopback.
    ASSERT_TRUE(socket->send({wire::ip_address::loopback_v6(), socket->local().port}, as_bytes("six")));
    env.run_until([&] { return !got.empty(); });
    EXPECT_EQ(got[0].head.to, wire::ip_address::loopback_v6());
    EXPECT_EQ(got[0].head.interface, lo->index);
}

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

/// In a network of its own, where nobody else changes anything: 0 if a change of addresses was seen at once.
int see_an_address_appear() {
    if (::unshare(CLONE_NEWNET) != 0) return 10;
    wire::system_environment env;
    const auto has_loopback = [&env] {
        return std::ranges::any_of(env.net().interfaces(),
                                   [](const auto& i) { return i.address.is_loopback() && i.up && i.index == 1; });
    };
    if (has_loopback() || has_loopback()) return 11; // the second look is at what was kept
    const int any_socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    if (::ioctl(any_socket, SIOCSIFFLAGS, &loopback) != 0) return 12;
    if (!has_loopback() || !has_loopback()) return 13;
    loopback.ifr_flags = 0;
    if (::ioctl(any_socket, SIOCSIFFLAGS, &loopback) != 0) return 14;
    ::close(any_socket);
    return has_loopback() ? 15 : 0;
}

TEST(SystemInterfaces, AreListedAnewWhenAnAddressComesOrGoes) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(see_an_address_appear());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace sedge::test
