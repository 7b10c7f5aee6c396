// SPDX-License-Identifier: Apache-2.0
// How fast are messages between two nodes: round trips (W1), small ones (W2) and large ones (W3) in one direction?
//
//   bench_remote serve NAME                       a node with the responder of bench/README.md; says READY
//   bench_remote round_trip NAME PEER SECONDS     W1, from a node NAME to the responder at PEER
//   bench_remote small NAME PEER COUNT            W2
//   bench_remote large NAME PEER COUNT            W3
//   bench_remote watch NAME PEER                  W8: says when PEER is down
//
// With `spin` as the last word of `serve` or `round_trip` the loop looks for input a while before it sleeps
// (`system_environment::spin_before_sleep`). The port mapper is that of ERL_EPMD_PORT; all listens on loopback.
#include "figures.hpp"

#include <sedge/epmd/directory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/stderr_log.hpp>
#include <sedge/wire/system.hpp>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

/// A node on loopback with all that it stands on.
struct running_node {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    epmd::directory where{env, mapper()};
    node us;

    running_node(const char* name, bool spins) : us{options(name), env, where} {
        if (spins) env.spin_before_sleep(200us);
    }

    static epmd::directory_options mapper() {
        epmd::directory_options wanted;
        wanted.own_host = "127.0.0.1";
        return wanted;
    }
    static node_options options(const char* name) {
        node_options wanted;
        wanted.name = name;
        wanted.cookie = *dist::cookie::from_text("sedge_bench");
        wanted.listen_on = *wire::ip_address::parse("127.0.0.1");
        return wanted;
    }
};

// -- the responder
// -----------------------------------------------------------------------------------------------------

/// Takes `count` messages and reads every element of each, as the other peers do.
task<> swallow(process& self, std::int64_t count) {
    std::size_t bytes = 0;
    while (count > 0) {
        auto waiting = self.receive();
        const term message = co_await std::move(waiting);
        const term_view tag = message.arity() > 0 ? message.element(0) : term_view{};
        if (tag.is_atom("msg") && message.arity() == 3) {
            auto number = message.element(1).as<std::int64_t>();
            if (!number) continue;
            bytes += message.element(2).binary().value_or(byte_view{}).size();
        } else if (tag.is_atom("blob") && message.arity() == 2) {
            bytes += message.element(1).binary().value_or(byte_view{}).size();
        } else {
            continue;
        }
        --count;
    }
    if (bytes == 0) std::fprintf(stderr, "the messages were empty\n");
}

task<> respond(process& self) {
    for (;;) {
        auto waiting = self.receive<atom, pid, std::int64_t>();
        const auto [what, from, number] = co_await std::move(waiting); // a note is only taken
        if (what == "ping"_atom) {
            self.send(from, term{std::tuple{"pong"_atom, number}});
        } else if (what == "where"_atom) {
            self.send(from, term{std::tuple{"here"_atom, self.self()}});
        } else if (what == "count"_atom) {
            self.send(from, term{"ready"_atom});
            auto swallowing = swallow(self, number);
            co_await std::move(swallowing);
            self.send(from, term{std::tuple{"done"_atom, number}});
        }
    }
}

int serve(const char* name, bool spins) {
    running_node here{name, spins};
    if (auto started = here.env.block_on(here.us.start()); !started) {
        std::fprintf(stderr, "%s: %s\n", name, started.error().code().message().c_str());
        return 1;
    }
    here.us.spawn([](process& self) { return respond(self); }, {.label = "responder", .name = "responder"_atom});
    std::printf("READY\n");
    std::fflush(stdout);
    const int number = here.env.block_on(here.env.signal({SIGTERM, SIGINT}));
    here.env.block_on(here.us.stop());
    return number == SIGTERM ? 0 : 1;
}

// -- the clients
// -------------------------------------------------------------------------------------------------------

task<pid> find(process& self, atom peer) {
    self.send(registered{"responder"_atom, peer}, term{std::tuple{"where"_atom, self.self(), 0}});
    auto waiting = self.receive<atom, pid>();
    const auto [here, responder] = co_await std::move(waiting);
    co_return responder;
}

task<> round_trips(process& self, pid to, double seconds) {
    std::vector<std::int64_t> times;
    times.reserve(1'000'000);
    const std::int64_t begun = bench::nanoseconds();
    const std::int64_t counted_from = begun + static_cast<std::int64_t>(seconds * 1e8); // a tenth to warm up
    const std::int64_t until = begun + static_cast<std::int64_t>(seconds * 1.1e9);
    std::int64_t number = 0;
    for (std::int64_t sent = begun; sent < until; ++number) {
        self.send(to, term{std::tuple{"ping"_atom, self.self(), number}});
        auto waiting = self.receive<atom, std::int64_t>();
        co_await std::move(waiting);
        const std::int64_t now = bench::nanoseconds();
        if (sent >= counted_from) times.push_back(now - sent);
        sent = now;
    }
    bench::tell_times("W1", "sedge", std::move(times));
}

task<> one_way(process& self, pid to, bool large, std::int64_t count) {
    self.send(to, term{std::tuple{"count"_atom, self.self(), count}});
    auto waiting = self.receive_if([](const term_view& message) { return message.is_atom("ready"); });
    co_await std::move(waiting);
    const byte_buffer payload(large ? std::size_t{1} << 20 : 32, 'x');
    const term blob{std::tuple{"blob"_atom, payload}};      // like OTP's, made once and sent again and again
    std::tuple small{"msg"_atom, std::int64_t{0}, payload}; // OTP copies no binary either when it makes a tuple with it
    const std::int64_t begun = bench::nanoseconds();
    for (std::int64_t i = 0; i < count; ++i) {
        std::get<1>(small) = i;
        auto message = large ? blob : term{small};
        auto sending = self.send_wait(to, std::move(message));
        co_await std::move(sending);
    }
    auto end = self.receive<atom, std::int64_t>();
    co_await std::move(end);
    bench::tell_rate(large ? "W3" : "W2", "sedge", count, large ? 1 << 20 : 0, bench::nanoseconds() - begun);
}

int watch(const char* name, const char* peer) {
    running_node here{name, false};
    if (!here.env.block_on(here.us.start()) || !here.env.block_on(here.us.connect(atom{peer}))) return 1;
    std::chrono::system_clock::time_point down{};
    const auto watching = here.us.watch([&down](const node_event& what) {
        if (what.what == node_event::kind::down) down = std::chrono::system_clock::now();
    });
    std::printf("WATCHING\n");
    std::fflush(stdout);
    here.env.run_until([&] { return down.time_since_epoch().count() != 0; });
    using namespace std::chrono;
    std::printf("DOWN %lld\n", static_cast<long long>(duration_cast<nanoseconds>(down.time_since_epoch()).count()));
    here.env.block_on(here.us.stop());
    return 0;
}

int run_client(std::string_view verb, const char* name, const char* peer, const char* amount, bool spins) {
    running_node here{name, spins};
    if (!here.env.block_on(here.us.start())) return 1;
    if (auto connected = here.env.block_on(here.us.connect(atom{peer})); !connected) {
        std::fprintf(stderr, "%s: %s\n", peer, connected.error().code().message().c_str());
        return 1;
    }
    bool over = false;
    here.us.spawn([&over, verb, peer, amount](process& self) -> task<> {
        auto finding = find(self, atom{peer});
        const pid to = co_await std::move(finding);
        auto job = verb == "round_trip" ? round_trips(self, to, std::atof(amount))
                                        : one_way(self, to, verb == "large", std::atoll(amount));
        co_await std::move(job);
        over = true;
    });
    here.env.run_until([&] { return over; });
    here.env.block_on(here.us.stop());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const bool spins = argc > 2 && std::string_view{argv[argc - 1]} == "spin";
    if (spins) --argc;
    if (verb == "watch" && argc == 4) return watch(argv[2], argv[3]);
    if (verb == "serve" && argc == 3) return serve(argv[2], spins);
    if (argc == 5 && (verb == "round_trip" || verb == "small" || verb == "large")) {
        return run_client(verb, argv[2], argv[3], argv[4], spins);
    }
    std::fprintf(stderr, "see the head of bench/remote.cpp\n");
    return 2;
}
