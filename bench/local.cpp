// SPDX-License-Identifier: Apache-2.0
// How many messages a second pass between processes of one node, how many processes can be made a second, how many
// bytes does an idle one take, and how long does a process wait that has its turn beside a flooded one?
//
//     bench_local [pingpong] [fanin] [spawn] [flood]      none named: all of them
//     bench_local --workers 2 [pingpong] [fanin] [jobs]   the two processes on one worker and on different ones; the
//                                                         hundred in turn; processes that compute, placed in three ways
//     bench_local --workers 2 spin ...                    the same; threads look for messages for 200 us before they
//     sleep
//
// Prints lines `R<tab>W4<tab>sedge<tab>metric<tab>value<tab>unit`. The messages are those that the peers' programs
// send:
// `{ping, Pid, N}` and `{pong, N}`, made and read each time; `{m, N}` for the fan-in.
#include "figures.hpp"

#include <sedge/base/large_memory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/directory.hpp>
#include <sedge/wire/system.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <sys/mman.h>
#include <vector>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

unsigned workers = 1;
duration spin_time{};

/// A node that nobody looks for.
struct no_directory final : wire::directory {
    task<result<std::uint32_t>> publish(wire::publication) override { co_return std::uint32_t{1700000000}; }
    void withdraw() noexcept override {}
    task<result<std::vector<wire::endpoint>>> locate(std::string, std::string) override {
        co_return std::vector<wire::endpoint>{};
    }
};

struct world {
    wire::system_environment env;
    no_directory names;
    node us;
    bool done = false;

    static node_options options() {
        node_options o;
        o.name = "bench@127.0.0.1";
        o.workers = workers;
        o.cookie = *dist::cookie::from_text("a secret of the benchmark");
        o.listen_on = wire::ip_address::loopback_v4();
        return o;
    }
    world() : us(options(), env, names) {
        env.spin_before_sleep(spin_time);
        env.block_on(us.start()).value();
    }
    ~world() { env.block_on(us.stop()); }
    void run() {
        env.run_until([this] { return done; });
        done = false;
    }
};

void report(const char* metric, double value, const char* unit) { bench::tell("W4", "sedge", metric, value, unit); }

class stopwatch {
public:
    explicit stopwatch(environment& env) : env_(env), begun_(env.now()) {}
    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(env_.now() - begun_).count(); }

private:
    environment& env_;
    time_point begun_;
};

task<> echo(process& self) {
    const atom pong = "pong"_atom;
    for (;;) {
        auto waiting = self.receive();
        const term message = co_await std::move(waiting);
        const auto parts = message.view().elements();
        auto part = ++parts.begin();
        const auto from = (*part).as<pid>();
        const auto number = (*++part).as<std::int64_t>();
        self.send(*from, term{std::tuple{pong, *number}});
    }
}

task<> ping(process& self, pid other, std::int64_t rounds) {
    const atom tag = "ping"_atom;
    for (std::int64_t i = 0; i < rounds; ++i) {
        self.send(other, term{std::tuple{tag, self.self(), i}});
        auto waiting = self.receive();
        const term message = co_await std::move(waiting);
        const auto number = message.element(1).as<std::int64_t>();
        if (!number || *number != i) self.exit(term{"wrong_answer"_atom});
    }
}

void ping_pong_between(const char* metric, worker_choice other_one, std::int64_t rounds) {
    world w;
    const pid other = w.us.spawn(echo, {.worker = other_one});
    const auto go = [&](std::int64_t n) {
        w.us.spawn([&w, other, n](process& self) -> task<> {
            auto all = ping(self, other, n);
            co_await std::move(all);
            w.done = true;
        });
        const stopwatch watch{w.env};
        w.run();
        return watch.seconds();
    };
    go(rounds / 10);
    report(metric, 2.0 * static_cast<double>(rounds) / go(rounds), "msg/s");
}
void ping_pong() { ping_pong_between("pingpong", {}, 1'000'000); }
void ping_pong_apart() { ping_pong_between("pingpong apart", worker_choice::numbered(1), 100'000); }

/// The same without the making and reading of terms: one atom goes to and fro. What the runtime itself takes.
void ping_pong_of_atoms() {
    world w;
    constexpr std::int64_t rounds = 1'000'000;
    const auto go = [&](std::int64_t n) {
        const pid first = w.us.spawn([&w, n](process& self) -> task<> {
            const term ball{"ball"_atom};
            pid other;
            {
                auto waiting = self.receive<pid>();
                other = co_await std::move(waiting);
            }
            for (std::int64_t i = 0; i < n; ++i) {
                self.send(other, ball);
                auto waiting = self.receive();
                co_await std::move(waiting);
            }
            w.done = true;
        });
        w.us.spawn([first](process& self) -> task<> {
            self.send(first, term{self.self()});
            for (;;) {
                auto waiting = self.receive();
                term ball = co_await std::move(waiting);
                self.send(first, std::move(ball));
            }
        });
        const stopwatch watch{w.env};
        w.run();
        return watch.seconds();
    };
    go(rounds / 10);
    report("pingpong (one atom)", 2.0 * rounds / go(rounds), "msg/s");
}

task<> push(process& self, pid to, std::int64_t count) {
    const atom tag = "m"_atom;
    auto start = self.receive();
    co_await std::move(start);
    for (std::int64_t i = 0; i < count; ++i) {
        auto sending = self.send_wait(to, term{std::tuple{tag, i}});
        co_await std::move(sending);
    }
}

void fan_in() {
    world w;
    constexpr std::int64_t senders = 100;
    constexpr std::int64_t each = 20'000;
    const pid sink = w.us.spawn([&w](process& self) -> task<> {
        std::int64_t sum = 0;
        for (std::int64_t i = 0; i < senders * each; ++i) {
            auto waiting = self.receive();
            const term message = co_await std::move(waiting);
            sum += message.element(1).as<std::int64_t>().value();
        }
        if (sum != senders * each * (each - 1) / 2) self.exit(term{"wrong_sum"_atom});
        w.done = true;
    });
    std::vector<pid> all;
    for (std::int64_t i = 0; i < senders; ++i)
        all.push_back(
            w.us.spawn([sink](process& self) { return push(self, sink, each); }, {.worker = worker_choice::in_turn()}));
    const stopwatch watch{w.env};
    for (const auto& one : all) w.us.send(one, term{"go"_atom});
    w.run();
    report("fanin", senders * each / watch.seconds(), "msg/s");
}

task<> idle(process& self) {
    auto waiting = self.receive();
    co_await std::move(waiting);
}

/// Seconds that the machine takes to give a program so much memory.
double touch(environment& env, std::size_t bytes) {
    constexpr std::size_t page = 4096;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 0;
    expect_large(memory, bytes);
    const stopwatch watch{env};
    for (std::size_t i = 0; i < bytes; i += page) static_cast<volatile char*>(memory)[i] = 1;
    const double took = watch.seconds();
    ::munmap(memory, bytes);
    return took;
}

/// Makes idle processes, and gives those it has made their turn after each thousand, as a BEAM does by reductions.
task<> make_idle_ones(process& self, std::vector<pid>& made) {
    std::size_t count = 0;
    for (auto& one : made) {
        one = self.spawn(idle);
        if (++count % 1000 != 0) continue;
        auto pause = yield(self.env());
        co_await std::move(pause);
    }
    auto pause = yield(self.env()); // all wait for a message after that
    co_await std::move(pause);
}

/// A million processes that wait, each of them alive at the end. The first time they need memory that the program has
/// never had: what the machine takes to give it is measured beside it, since that differs by a factor of eight from one
/// minute to the next on virtual machines (a page that the host has taken back is a fault there, too). The second time
/// they have the memory of the first.
void spawn() {
    world w;
    constexpr std::size_t count = 1'000'000;
    std::vector<pid> all(count);
    const auto make = [&](const char* metric) {
        const stopwatch watch{w.env};
        w.us.spawn([&](process& self) -> task<> {
            auto making = make_idle_ones(self, all);
            co_await std::move(making);
            w.done = true;
        });
        w.run();
        report(metric, count / watch.seconds(), "proc/s");
    };
    const auto end = [&](const char* metric) {
        const stopwatch watch{w.env};
        const term stop{"stop"_atom};
        for (const auto& one : all) w.us.send(one, stop);
        const pid last = all.back();
        w.env.run_until([&] { return !w.us.is_alive(last); });
        report(metric, count / watch.seconds(), "proc/s");
    };
    const double before = bench::resident_bytes();
    make("spawn");
    const double taken = bench::resident_bytes() - before;
    report("bytes per process", taken / count, "B");
    report("the memory for it, only touched", count / touch(w.env, static_cast<std::size_t>(taken)), "proc/s");
    end("stop");
    make("spawn again");
}

/// A thousand processes that compute for 50 microseconds or, about one of ten, for two milliseconds; `most` at a time.
void jobs(const char* metric, worker_choice where, int most) {
    world w;
    constexpr int count = 1000;
    w.us.spawn([&w, where, most](process& self) -> task<> {
        int under_way = 0;
        std::minstd_rand dice{7};
        for (int i = 0; i < count; ++i) {
            spawn_options options;
            options.worker = where;
            const duration takes = dice() % 10 == 0 ? duration{2ms} : duration{50us};
            self.spawn_monitor(
                [takes](process& job) -> task<> {
                    const auto over = job.env().now() + takes;
                    while (job.env().now() < over) continue;
                    co_return;
                },
                options);
            if (++under_way < most) continue;
            auto waiting = self.receive();
            co_await std::move(waiting);
            --under_way;
        }
        for (; under_way > 0; --under_way) {
            auto waiting = self.receive();
            co_await std::move(waiting);
        }
        w.done = true;
    });
    const stopwatch watch{w.env};
    w.run();
    report(metric, count / watch.seconds(), "jobs/s");
}

void jobs_by_choice() {
    jobs("jobs, all here", {}, 32);
    jobs("jobs, in turn", worker_choice::in_turn(), 32);
    jobs("jobs, where the fewest are", worker_choice::emptiest(), 32);
    jobs("jobs, 4 at a time, in turn", worker_choice::in_turn(), 4);
    jobs("jobs, 4 at a time, where the fewest are", worker_choice::emptiest(), 4);
}

/// A process that only waits one millisecond, again and again, beside one that a hundred others flood.
void flood() {
    world w;
    std::vector<double> late;
    bool over = false;
    const pid sink = w.us.spawn([&](process& self) -> task<> {
        while (!over) {
            auto waiting = self.receive();
            co_await std::move(waiting);
        }
    });
    for (int i = 0; i < 100; ++i)
        w.us.spawn([&, sink](process& self) -> task<> {
            const term flooding{std::tuple{"m"_atom, 1}};
            while (!over) {
                auto sending = self.send_wait(sink, flooding);
                co_await std::move(sending);
            }
        });
    w.us.spawn([&](process& self) -> task<> {
        for (int i = 0; i < 2000; ++i) {
            const auto due = self.env().now() + 1ms;
            auto pause = self.sleep(1ms);
            co_await std::move(pause);
            late.push_back(std::chrono::duration<double, std::milli>(self.env().now() - due).count() + 1);
        }
        over = true;
        w.done = true;
    });
    w.run();
    std::sort(late.begin(), late.end());
    report("a wait of 1 ms beside a flooded process, median", late[late.size() / 2], "ms");
    report("a wait of 1 ms beside a flooded process, p99", late[late.size() * 99 / 100], "ms");
    report("a wait of 1 ms beside a flooded process, longest", late.back(), "ms");
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::pair<const char*, std::vector<std::function<void()>>>> parts{
        {"pingpong", {ping_pong, ping_pong_of_atoms}}, {"fanin", {fan_in}}, {"spawn", {spawn}}, {"flood", {flood}}};
    if (argc > 2 && std::strcmp(argv[1], "--workers") == 0) {
        workers = static_cast<unsigned>(std::atoi(argv[2]));
        argc -= 2;
        argv += 2;
        if (argc > 1 && std::strcmp(argv[1], "spin") == 0) {
            spin_time = 200us;
            --argc;
            ++argv;
        }
        parts = {{"pingpong", {ping_pong, ping_pong_apart}}, {"fanin", {fan_in}}, {"jobs", {jobs_by_choice}}};
    }
    for (const auto& [name, runs] : parts) {
        const bool wanted = std::any_of(argv + 1, argv + argc, [&](char* a) { return std::strcmp(a, name) == 0; });
        if (argc == 1 || wanted)
            for (const auto& run : runs) run();
    }
}
