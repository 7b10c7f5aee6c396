// SPDX-License-Identifier: Apache-2.0
// Do the costs of a node stay as they are when it has a thousand peers, a million processes, and many of all else?
//
//   bench_scale [processes] [monitors] [names] [groups] [peers]      none named: all of them
//
// Each thing is measured with a hundredth, a tenth and all of the greatest count, by a program of its own, so that
// memory that was used before is not counted as free. Figures are told as
// `R`, `scale`, `sedge`, `what|count`, value, unit. Below callgrind no time is told: it writes down the instructions of
// each step, and the figure is how often the step was done (unit `times`). They tell what a step has to do apart from
// how long memory takes.
#include "figures.hpp"
#include "support/fixed_directory.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/simulation.hpp>
#include <sedge/wire/stderr_log.hpp>
#include <sedge/wire/system.hpp>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else // nothing to count with
#define RUNNING_ON_VALGRIND 0
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS_AT(text)
#endif

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

void tell(const char* what, std::size_t count, double value, const char* unit) {
    bench::tell("scale", "sedge", (std::string{what} + "|" + std::to_string(count)).c_str(), value, unit);
}

/// While it lives, something is done `times` times on a node that has `count` of the subject. At its end it tells how
/// long each took, in nanoseconds or microseconds.
class step {
public:
    step(const char* what, std::size_t count, std::size_t times, const char* unit = "ns")
        : what_(what), count_(count), times_(static_cast<double>(times)), unit_(unit), begun_(bench::nanoseconds()) {
        CALLGRIND_ZERO_STATS;
        CALLGRIND_TOGGLE_COLLECT;
    }
    step(const step&) = delete;
    ~step() {
        CALLGRIND_TOGGLE_COLLECT;
        const auto taken = static_cast<double>(bench::nanoseconds() - begun_);
        if (RUNNING_ON_VALGRIND) {
            [[maybe_unused]] const std::string name = std::string{what_} + "|" + std::to_string(count_);
            CALLGRIND_DUMP_STATS_AT(name.c_str());
            tell(what_, count_, times_, "times");
        } else {
            tell(what_, count_, taken / times_ / (unit_ == "us"sv ? 1000 : 1), unit_);
        }
    }

private:
    const char* what_;
    std::size_t count_;
    double times_;
    const char* unit_;
    std::int64_t begun_;
};

/// Tells what `job` took for each of `times`.
template <class Job>
void each(const char* what, std::size_t count, std::size_t times, Job job) {
    const step measured{what, count, times};
    job();
}

node_options named(std::string name) {
    node_options wanted;
    wanted.name = std::move(name);
    wanted.cookie = *dist::cookie::from_text("scale");
    return wanted;
}

/// A node on the real clock that nobody connects to.
struct lone_node {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    test::shared_names table;
    test::fixed_directory where{table, "127.0.0.1"};
    node us{named("scale@127.0.0.1"), env, where};
    std::vector<pid> idle; ///< Processes that wait for a message and end with it.
    std::size_t ended = 0; ///< Of them.

    lone_node() {
        if (!env.block_on(us.start())) std::exit(1);
    }
    ~lone_node() { env.block_on(us.stop()); }

    void spawn_idle(std::size_t count) {
        std::size_t waiting = 0;
        idle.reserve(count);
        while (idle.size() < count) {
            idle.push_back(us.spawn([this, &waiting](process& self) -> task<> {
                ++waiting;
                (void)co_await self.receive();
                ++ended;
            }));
        }
        env.run_until([&] { return waiting == count; });
    }
    /// Runs `body` as a process to its end.
    void run(std::function<task<>(process&)> body) {
        bool over = false;
        us.spawn([&over, body = std::move(body)](process& self) -> task<> {
            auto job = body(self);
            co_await std::move(job);
            over = true;
        });
        env.run_until([&] { return over; });
    }
};

void processes(std::size_t count) {
    lone_node on;
    const double before = bench::resident_bytes();
    each("processes: spawn", count, count, [&] { on.spawn_idle(count); });
    tell("processes: memory of an idle one", count, (bench::resident_bytes() - before) / static_cast<double>(count),
         "B");

    // Of the messages each goes to another process, chosen at random, which answers.
    std::mt19937_64 random{1};
    std::vector<pid> some;
    for (int i = 0; i < 1000; ++i) {
        some.push_back(on.us.spawn([](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid>();
                const pid from = co_await std::move(waiting);
                self.send(from, term{"here"_atom});
            }
        }));
    }
    constexpr int messages = 100'000;
    on.run([&](process& self) -> task<> {
        const step measured{"processes: call of another one", count, messages};
        for (int i = 0; i < messages; ++i) {
            self.send(some[random() % some.size()], term{self.self()});
            (void)co_await self.receive();
        }
    });
    std::size_t found = 0;
    each("processes: is it alive?", count, messages, [&] {
        for (int i = 0; i < messages; ++i) found += on.us.is_alive(on.idle[random() % count]) ? 1 : 0;
    });
    if (found != messages) std::exit(1);
    each("processes: end", count, count, [&] {
        for (const pid& one : on.idle) on.us.send(one, term{"stop"_atom});
        on.env.run_until([&] { return on.ended == count; });
    });
}

void monitors(std::size_t count) {
    lone_node on;
    on.spawn_idle(count);
    on.run([&](process& self) -> task<> {
        const double before = bench::resident_bytes();
        each("monitors: set", count, count, [&] {
            for (const pid& one : on.idle) self.monitor(one);
        });
        tell("monitors: memory of one", count, (bench::resident_bytes() - before) / static_cast<double>(count), "B");
        const step measured{"monitors: end of a process until DOWN", count, count};
        for (const pid& one : on.idle) self.send(one, term{"stop"_atom});
        for (std::size_t i = 0; i < count; ++i) (void)co_await self.receive(); // DOWN
    });
}

void names(std::size_t count) {
    lone_node on;
    on.spawn_idle(count);
    std::vector<atom> all;
    for (std::size_t i = 0; i < count; ++i) all.emplace_back("name_" + std::to_string(i));
    const double before = bench::resident_bytes();
    each("names: register", count, count, [&] {
        for (std::size_t i = 0; i < count; ++i) (void)on.us.register_name(all[i], on.idle[i]);
    });
    tell("names: memory of one", count, (bench::resident_bytes() - before) / static_cast<double>(count), "B");
    std::size_t found = 0;
    constexpr std::size_t questions = 100'000;
    each("names: look up", count, questions, [&] {
        for (std::size_t i = 0; i < questions; ++i) found += on.us.whereis(all[i * 7919 % count]) ? 1 : 0;
    });
    if (found != questions) std::exit(1);
    each("names: unregister", count, count, [&] {
        for (const atom& name : all) on.us.unregister(name);
    });
}

void groups(std::size_t count) {
    lone_node on;
    on.spawn_idle(count);
    otp::pg groups_of_node{on.us};
    const term group{"group"_atom};
    if (!groups_of_node.start("pg"_atom)) std::exit(1);
    const double before = bench::resident_bytes();
    each("pg: join", count, count, [&] {
        for (const pid& one : on.idle) (void)groups_of_node.join(group, one);
    });
    tell("pg: memory of a member", count, (bench::resident_bytes() - before) / static_cast<double>(count), "B");
    std::size_t found = 0;
    each("pg: list the members, for each of them", count, count * 20, [&] {
        for (int i = 0; i < 20; ++i) found += groups_of_node.members(group).size();
    });
    if (found != count * 20) std::exit(1);
    each("pg: leave", count, count, [&] {
        for (const pid& one : on.idle) groups_of_node.leave(group, one);
    });
    groups_of_node.stop_all();
}

/// One node in the middle, all others connect to it. Virtual time; both ends are in this program, and are measured
/// together.
void peers(std::size_t count) {
    // A short cable: those that are connected tick in the time that it takes others to connect.
    wire::simulation sim{1, {.link = {.delay_least = 10us, .delay_most = 20us}}};
    test::shared_names table;
    struct one {
        test::fixed_directory where;
        node us;
        one(test::shared_names& names, environment& env, const std::string& address, const std::string& alive)
            : where{names, address}, us{named(alive + "@" + address), env, where} {}
    };
    one middle{table, sim.machine("10.0.0.1"), "10.0.0.1", "middle"};
    if (!sim.block_on(middle.us.start())) std::exit(1);
    const atom hub = middle.us.name();
    std::vector<std::unique_ptr<one>> all;
    environment& others = sim.machine("10.0.0.2"); // all of them: how many machines there are costs the simulation
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(std::make_unique<one>(table, others, "10.0.0.2", "peer" + std::to_string(i)));
        if (!sim.block_on(all.back()->us.start())) std::exit(1);
    }
    const double before = bench::resident_bytes();
    {
        const step measured{"peers: connect, both ends", count, count, "us"};
        for (auto& peer : all)
            if (!sim.block_on(peer->us.connect(hub))) std::exit(1);
    }
    tell("peers: memory of a connection, both ends", count,
         (bench::resident_bytes() - before) / static_cast<double>(count), "B");

    std::size_t received = 0;
    for (auto& peer : all) {
        peer->us.spawn(
            [&received](process& self) -> task<> {
                for (;; ++received) (void)co_await self.receive();
            },
            {.label = "sink", .name = "sink"_atom});
    }
    constexpr std::size_t rounds = 20;
    each("peers: message to each, both ends", count, count * rounds, [&] {
        for (std::size_t round = 1; round <= rounds; ++round) {
            for (auto& peer : all) middle.us.send(registered{"sink"_atom, peer->us.name()}, term{1});
            if (!sim.run_until([&] { return received == count * round; })) std::exit(1);
        }
    });
    std::size_t ended = 0;
    each("peers: a process that watches one, made and ended", count, count * rounds, [&] {
        for (std::size_t i = 0; i < count * rounds; ++i) {
            middle.us.spawn([&ended, to = registered{"sink"_atom, all[i % count]->us.name()}](process& self) -> task<> {
                self.monitor(to);
                ++ended;
                co_return;
            });
            if (i % count == 0 && !sim.run_until([&] { return ended == i + 1; })) std::exit(1);
        }
        if (!sim.run_until([&] { return ended == count * rounds; })) std::exit(1);
    });
    {
        const step measured{"peers: an idle minute, both ends", count, count, "us"};
        sim.run_for(60s);
    }
    for (auto& peer : all) sim.block_on(peer->us.stop());
    sim.block_on(middle.us.stop());
}

/// False if it failed.
template <class Job>
bool in_a_program_of_its_own(Job job) {
    const ::pid_t child = ::fork();
    if (child == 0) {
        job();
        std::exit(0);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::tuple<std::string_view, void (*)(std::size_t), std::size_t> subjects[] = {
        {"processes", processes, 1'000'000}, {"monitors", monitors, 100'000}, {"names", names, 10'000},
        {"groups", groups, 10'000},          {"peers", peers, 1'000},
    };
    for (const auto& [name, measure, most] : subjects) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; ++i) wanted = wanted || name == argv[i];
        if (!wanted) continue;
        for (const std::size_t part : {100, 10, 1})
            if (!in_a_program_of_its_own([measure = measure, count = most / part] { measure(count); })) return 1;
    }
}
