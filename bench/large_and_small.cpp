// SPDX-License-Identifier: Apache-2.0
// How long does a small call take on a connection on which 200 MB cross in both directions at the same time?
//
// Two nodes of one program on loopback, in two processes of the system: the program starts itself a second time.
#include "figures.hpp"

#include <sedge/epmd/directory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/stderr_log.hpp>
#include <sedge/wire/system.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t port = 4899; // of the port mapper of this program

node_options named(const char* name) {
    node_options options;
    options.name = name;
    options.cookie = *dist::cookie::from_text("a secret of the benchmark");
    options.message_bytes_max = std::size_t{1} << 30;
    return options;
}

epmd::directory_options mapper() {
    epmd::directory_options options;
    options.port = port;
    options.own_host = "127.0.0.1";
    return options;
}

/// Answers small calls; answers a large message with one of the same size at the same time as it receives.
int run_other(std::size_t large_bytes) {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    epmd::directory where{env, mapper()};
    node us{named("other@127.0.0.1"), env, where};
    if (!env.block_on(us.start())) return 1;
    bool over = false;
    us.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid, int>();
                auto [from, number] = co_await std::move(waiting);
                self.send(from, term{number});
            }
        },
        {.label = "small", .name = "small"_atom});
    us.spawn(
        [large = term{byte_buffer(large_bytes, 2)}](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid>();
                const pid from = co_await std::move(waiting);
                self.send(from, large);
            }
        },
        {.label = "source", .name = "source"_atom});
    us.spawn(
        [](process& self) -> task<> {
            for (;;) {
                (void)co_await self.receive();
                self.send(registered{"both"_atom, "this@127.0.0.1"_atom}, term{"got"_atom});
            }
        },
        {.label = "sink", .name = "sink"_atom});
    us.spawn(
        [&over](process& self) -> task<> {
            (void)co_await self.receive();
            over = true;
        },
        {.label = "stop", .name = "stop"_atom});
    while (!over) env.block_on(sleep_for(env, 20ms));
    env.block_on(us.stop());
    return 0;
}

std::string text(std::vector<duration> took) {
    if (took.empty()) return "no calls";
    std::sort(took.begin(), took.end());
    const auto micros = [](duration d) {
        return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
    };
    return std::to_string(took.size()) + " calls, median " + micros(took[took.size() / 2]) + " us, p99 " +
           micros(took[took.size() * 99 / 100]) + " us, worst " + micros(took.back()) + " us";
}

int run_this(std::size_t large_bytes, int rounds) {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    epmd::directory where{env, mapper()};
    node us{named("this@127.0.0.1"), env, where};
    if (!env.block_on(us.start())) return 1;
    const atom other = "other@127.0.0.1"_atom;
    for (int tries = 0; !env.block_on(us.connect(other)); ++tries) {
        if (tries == 50) return 1;
        env.block_on(sleep_for(env, 100ms));
    }
    std::vector<duration> took;
    bool calling = true;
    us.spawn([&](process& self) -> task<> {
        for (int i = 0; calling; ++i) {
            const auto begun = self.env().now();
            self.send(registered{"small"_atom, other}, term{std::tuple{self.self(), i}});
            auto waiting = self.receive<int>();
            co_await std::move(waiting);
            const auto now = self.env().now();
            took.push_back(now - begun);
            if (now < begun + 1ms) {
                auto pause = self.sleep(begun + 1ms - now);
                co_await std::move(pause);
            }
        }
    });
    env.block_on(sleep_for(env, 1s));
    std::printf("idle:  %s\n", text(std::exchange(took, {})).c_str());

    // Made before and sent again and again: what is asked is the connection, not how long it takes to make a term.
    const term large{byte_buffer(large_bytes, 1)};
    int arrived = 0;
    env.block_on(sleep_for(env, 100ms));
    time_point begun;
    us.spawn(
        [&](process& self) -> task<> {
            for (int i = 0; i <= rounds; ++i) {
                if (i == 1) { // the first is not counted: memory that a virtual machine gets anew is slow
                    took.clear();
                    begun = self.env().now();
                }
                self.send(registered{"source"_atom, other}, term{self.self()});
                self.send(registered{"sink"_atom, other}, large);
                (void)co_await self.receive(); // the acknowledgement, and what comes back, in either order
                (void)co_await self.receive();
                ++arrived;
            }
        },
        {.label = "both", .name = "both"_atom});
    while (arrived <= rounds) env.block_on(sleep_for(env, 1ms));
    const std::chrono::duration<double> seconds_taken = env.now() - begun;
    std::sort(took.begin(), took.end());
    const auto told = [&](const char* metric, std::size_t percent) {
        const std::chrono::duration<double, std::milli> time = took.at(took.size() * percent / 100);
        bench::tell("W9", "sedge", metric, time.count(), "ms");
    };
    if (!took.empty()) {
        told("p50", 50);
        told("p99", 99);
    }
    bench::tell("W9", "sedge", "rate", static_cast<double>(large_bytes) * rounds / seconds_taken.count() / 1e6, "MB/s");
    std::printf("large: %s\n", text(took).c_str());
    std::printf("       %d times %zu bytes in each direction, %.0f MB/s each way\n", rounds, large_bytes,
                static_cast<double>(large_bytes) * rounds / seconds_taken.count() / 1e6);
    calling = false;
    us.send(registered{"stop"_atom, other}, term{"stop"_atom});
    env.block_on(sleep_for(env, 100ms));
    env.block_on(us.stop());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t large_bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200'000'000;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
    const pid_t child = ::fork(); // before anything is started
    if (child == 0) return run_other(large_bytes);
    const int failed = run_this(large_bytes, rounds);
    if (failed != 0) ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return failed;
}
