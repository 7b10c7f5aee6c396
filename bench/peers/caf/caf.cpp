// SPDX-License-Identifier: Apache-2.0
// The workloads W1 to W4 of bench/README.md with the actors of CAF; payloads are strings.
//
//   bench_caf serve                         publishes the responder on a free port of loopback; says `READY PORT`
//   bench_caf round_trip PORT SECONDS       W1
//   bench_caf small PORT COUNT              W2
//   bench_caf large PORT COUNT              W3
//   bench_caf local THREADS                 W4
//   bench_caf version                       says which CAF it is
#include "../../figures.hpp"
#include "either_caf.hpp"

#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace caf;

namespace {

struct responder {
    explicit responder(event_based_actor* actor) : self(actor) {}
    behavior make_behavior() {
        return {
            [](b_ping, int64_t number) -> result<b_pong, int64_t> {
                return {b_pong_v, number};
            },
            [this](b_count, int64_t number) -> result<b_ready> {
                left = number;
                client = actor_cast<actor>(self->current_sender());
                return b_ready_v;
            },
            [this](b_message, int64_t, const std::string&) { take(); },
            [this](const std::string&) { take(); },
        };
    }
    void take() {
        if (--left == 0) either_caf::send(self, client, b_done_v);
    }
    event_based_actor* self;
    int64_t left = 0;
    actor client;
};

struct round_trips {
    round_trips(event_based_actor* actor_self, actor to, double seconds_wanted, std::promise<void>* over)
        : self(actor_self), server(std::move(to)), seconds(seconds_wanted), done(over) {
        times.reserve(1'000'000);
    }
    behavior make_behavior() {
        return {
            [this](b_go) {
                begun = sent = bench::nanoseconds();
                either_caf::send(self, server, b_ping_v, number);
            },
            [this](b_pong, int64_t) {
                const int64_t now = bench::nanoseconds();
                if (sent >= begun + static_cast<int64_t>(seconds * 1e8)) times.push_back(now - sent);
                if (now >= begun + static_cast<int64_t>(seconds * 1.1e9)) {
                    bench::tell_times("W1", "caf", std::move(times));
                    done->set_value();
                    self->quit();
                    return;
                }
                sent = now;
                either_caf::send(self, server, b_ping_v, ++number);
            },
        };
    }
    event_based_actor* self;
    actor server;
    double seconds;
    std::promise<void>* done;
    std::vector<int64_t> times;
    int64_t begun = 0, sent = 0, number = 0;
};

struct one_way {
    one_way(event_based_actor* actor_self, actor to, int64_t messages, bool large_ones, std::promise<void>* over)
        : self(actor_self), server(std::move(to)), count(messages), large(large_ones), done(over),
          payload(large ? size_t{1} << 20 : 32, 'x') {}
    behavior make_behavior() {
        return {
            [this](b_go) { either_caf::send(self, server, b_count_v, count); },
            [this](b_ready) {
                begun = bench::nanoseconds();
                either_caf::send(self, self, b_message_v);
            },
            [this](b_message) {
                // A slice at a time, so that the thread of the network gets on with it.
                for (int i = 0; i < (large ? 8 : 1000) && sent < count; ++i, ++sent) {
                    if (large)
                        either_caf::send(self, server, payload);
                    else
                        either_caf::send(self, server, b_message_v, sent, payload);
                }
                if (sent < count) either_caf::send(self, self, b_message_v);
            },
            [this](b_done) {
                bench::tell_rate(large ? "W3" : "W2", "caf", count, large ? 1 << 20 : 0, bench::nanoseconds() - begun);
                done->set_value();
                self->quit();
            },
        };
    }
    event_based_actor* self;
    actor server;
    int64_t count, sent = 0, begun = 0;
    bool large;
    std::promise<void>* done;
    std::string payload;
};

// -- W4
// ----------------------------------------------------------------------------------------------------------------

behavior echo(event_based_actor* self) {
    return {
        [](b_ping, int64_t number) -> result<b_pong, int64_t> {
            return {b_pong_v, number};
        },
        [self](b_done) { self->quit(); },
    };
}

struct local_rounds {
    local_rounds(event_based_actor* actor_self, actor to, int64_t rounds, std::promise<void>* over)
        : self(actor_self), other(std::move(to)), left(rounds), done(over) {}
    behavior make_behavior() {
        return {
            [this](b_go) { either_caf::send(self, other, b_ping_v, left); },
            [this](b_pong, int64_t) {
                if (--left > 0) {
                    either_caf::send(self, other, b_ping_v, left);
                } else {
                    either_caf::send(self, other, b_done_v);
                    done->set_value();
                    self->quit();
                }
            },
        };
    }
    event_based_actor* self;
    actor other;
    int64_t left;
    std::promise<void>* done;
};

struct drain {
    drain(event_based_actor* actor_self, int64_t messages, std::promise<void>* over)
        : self(actor_self), left(messages), done(over) {}
    behavior make_behavior() {
        return {[this](b_message, int64_t) {
            if (--left == 0) {
                done->set_value();
                self->quit();
            }
        }};
    }
    event_based_actor* self;
    int64_t left;
    std::promise<void>* done;
};

behavior push(event_based_actor* self, actor to, int64_t messages) {
    return {[self, to, messages](b_go) {
        for (int64_t i = 0; i < messages; ++i) either_caf::send(self, to, b_message_v, i);
        self->quit();
    }};
}

behavior idle(event_based_actor* self) {
    return {[self](b_done) { self->quit(); }};
}

double resident_bytes() {
    std::ifstream file{"/proc/self/statm"};
    double all = 0, pages = 0;
    file >> all >> pages;
    return pages * 4096;
}

double rate(int64_t count, int64_t begun) {
    return static_cast<double>(count) * 1e9 / static_cast<double>(bench::nanoseconds() - begun);
}

void local(actor_system& system) {
    constexpr int64_t rounds = 1'000'000, senders = 100, each = 20'000, processes = 1'000'000;
    {
        std::promise<void> over;
        const auto other = system.spawn(echo);
        const int64_t begun = bench::nanoseconds();
        either_caf::send_from_outside(either_caf::spawn<local_rounds>(system, other, rounds, &over), b_go_v);
        over.get_future().get();
        bench::tell("W4", "caf", "pingpong", rate(2 * rounds, begun), "msg/s");
    }
    {
        std::promise<void> over;
        const auto receiver = either_caf::spawn<drain>(system, senders * each, &over);
        std::vector<actor> all;
        for (int64_t i = 0; i < senders; ++i) all.push_back(system.spawn(push, receiver, each));
        const int64_t begun = bench::nanoseconds();
        for (auto& one : all) either_caf::send_from_outside(one, b_go_v);
        over.get_future().get();
        bench::tell("W4", "caf", "fanin", rate(senders * each, begun), "msg/s");
    }
    std::vector<actor> all;
    all.reserve(processes);
    const double before = resident_bytes();
    int64_t begun = bench::nanoseconds();
    for (int64_t i = 0; i < processes; ++i) all.push_back(system.spawn(idle));
    bench::tell("W4", "caf", "spawn", rate(processes, begun), "proc/s");
    bench::tell("W4", "caf", "bytes per process", (resident_bytes() - before) / processes, "B");
    begun = bench::nanoseconds();
    for (auto& one : all) either_caf::send_from_outside(one, b_done_v);
    all.clear();
    system.await_all_actors_done();
    bench::tell("W4", "caf", "stop", rate(processes, begun), "proc/s");
}

int serve(actor_system& system) {
    const auto port = system.middleman().publish(either_caf::spawn<responder>(system), 0, "127.0.0.1", true);
    if (!port) return std::fprintf(stderr, "%s\n", either_caf::text_of(system, port.error()).c_str()), 1;
    std::printf("READY %d\n", static_cast<int>(*port));
    std::fflush(stdout);
    for (;;) ::pause();
}

int run_client(actor_system& system, std::string_view verb, int port, const char* amount) {
    const auto server = system.middleman().remote_actor("127.0.0.1", static_cast<uint16_t>(port));
    if (!server) return std::fprintf(stderr, "%s\n", either_caf::text_of(system, server.error()).c_str()), 1;
    std::promise<void> over;
    const auto client = verb == "round_trip"
                            ? either_caf::spawn<round_trips>(system, *server, std::atof(amount), &over)
                            : either_caf::spawn<one_way>(system, *server, static_cast<int64_t>(std::atoll(amount)),
                                                         verb == "large", &over);
    either_caf::send_from_outside(client, b_go_v);
    over.get_future().get();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "version") return std::puts(either_caf::version().c_str()) < 0;
    either_caf::init();
    actor_system_config config;
    if (verb == "local" && argc == 3) {
        either_caf::set_threads(config, argv[2]);
    } else {
        config.load<io::middleman>();
    }
    actor_system system{config};
    int failed = 2;
    if (verb == "local" && argc == 3) local(system), failed = 0;
    if (verb == "serve") failed = serve(system);
    if (argc == 4) failed = run_client(system, verb, std::atoi(argv[2]), argv[3]);
    std::fflush(stdout);
    ::_exit(failed); // the responder of the other side keeps the middleman from ending
}
