// SPDX-License-Identifier: Apache-2.0
#include "wire/conformance.hpp"

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
