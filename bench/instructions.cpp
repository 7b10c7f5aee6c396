// SPDX-License-Identifier: Apache-2.0
// How many instructions does each step in the way of a message take? Counts do not depend on what else a machine does.
//
// `scripts/guard` runs this below callgrind, which counts only inside a `counted`, and compares with
// bench/instructions.json. Everything is the same in each run: terms, seeds, virtual time. Alone it only says which
// steps there are, and how often each is done.
#include "support/fixed_directory.hpp"

#include <sedge/dist/packet.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/term.hpp>
#include <sedge/wire/framing.hpp>
#include <sedge/wire/simulation.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <valgrind/callgrind.h>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

/// Counts instructions while it lives and writes them down under `step`; `times`: how often the step is done in it.
class counted {
public:
    counted(const char* step, int times) : step_(step) {
        std::printf("%d\t%s\n", times, step);
        CALLGRIND_ZERO_STATS;
        CALLGRIND_TOGGLE_COLLECT;
    }
    counted(const counted&) = delete;
    ~counted() {
        CALLGRIND_TOGGLE_COLLECT;
        CALLGRIND_DUMP_STATS_AT(step_);
    }

private:
    const char* step_;
};

/// Does it a few times before it counts: memory is there then, and atoms are known.
template <class Job>
void count(const char* step, int times, Job job) {
    for (int i = 0; i < 100; ++i) job();
    const counted region{step, times};
    for (int i = 0; i < times; ++i) job();
}

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

// -- terms
// -------------------------------------------------------------------------------------------------------------

void write_call(encoder& out) {
    out.tuple(3);
    out.atom("$gen_call");
    out.tuple(2);
    out.pid({"edge@127.0.0.1"_atom, 100, 7, 1700000000});
    out.reference({"edge@127.0.0.1"_atom, 1700000000, 3, {11, 22, 33}});
    out.tuple(3);
    out.atom("get");
    out.integer(42);
    out.string("0123456789abcdef0123456789abcdef");
}

void terms() {
    byte_buffer bytes;
    count("encode a call", 1000, [&] {
        bytes.clear();
        encoder out{bytes};
        write_call(out);
    });
    decode_options options;
    options.version_byte = false;
    count("decode a call, owned", 1000, [&] { require(term::decode(bytes, options).has_value(), "not decoded"); });
    const term call = term::adopt(bytes);
    count("read a call as C++ values", 1000, [&] {
        const auto request = call.element(2).as<std::tuple<atom, int, std::string>>();
        const auto from = call.element(1).as<std::pair<pid, reference>>();
        require(call.element(0).is_atom("$gen_call") && request && from, "not read");
    });
}

// -- from the wire
// -----------------------------------------------------------------------------------------------------

/// A small message as a packet with a header without atoms, and its length in front.
byte_buffer framed_message() {
    byte_buffer packet{131, 68, 0};
    encoder out{packet};
    const pid from{"a@10.0.0.1"_atom, 120, 0, 1}, to{"b@10.0.0.2"_atom, 120, 0, 1};
    out.copy(term{std::tuple{22, from, to}}); // SEND_SENDER
    out.copy(term{std::tuple{"msg"_atom, 1'000'000, byte_buffer(32, 'x')}});
    byte_buffer framed{0, 0, 0, static_cast<std::uint8_t>(packet.size())};
    framed.insert(framed.end(), packet.begin(), packet.end());
    return framed;
}

void from_the_wire() {
    constexpr int messages = 500; // in one read
    byte_buffer bytes;
    const auto one = framed_message();
    for (int i = 0; i < messages; ++i) bytes.insert(bytes.end(), one.begin(), one.end());
    wire::frame_reader frames{wire::frame_width::four, limits::frame_bytes_max};
    dist::packet_decoder packets{dist::announced(false)};
    const auto fill = [&] {
        auto space = frames.prepare();
        require(space.size() >= bytes.size(), "no room to read into");
        std::copy(bytes.begin(), bytes.end(), space.begin());
        frames.commit(bytes.size());
    };
    const auto cut_all = [&](const std::function<void(byte_view)>& use) {
        for (;;) {
            auto frame = frames.next();
            require(frame.has_value(), "a bad frame");
            if (!*frame) return;
            use(**frame);
        }
    };
    const auto decode = [&](byte_view packet) {
        const auto message = packets.feed(packet, time_point{});
        require(message && *message && (*message)->payload, "not a message");
    };
    fill();
    cut_all(decode);
    fill();
    {
        const counted region{"frame, cut out of what was read", messages};
        cut_all([](byte_view) {});
    }
    fill();
    const counted region{"small message from the wire, decoded", messages};
    cut_all(decode);
}

// -- processes
// ---------------------------------------------------------------------------------------------------------

/// Nodes in virtual time, `a@10.0.0.1` and so on.
struct machines {
    wire::simulation sim{1};
    test::shared_names table;

    struct one {
        test::fixed_directory names;
        node us;
        one(machines& all, const char* address, const char* name)
            : names{all.table, address}, us{options(name), all.sim.machine(address), names} {
            require(all.sim.block_on(us.start()).has_value(), "a node did not start");
        }
    };
    static node_options options(const char* name) {
        node_options wanted;
        wanted.name = name;
        wanted.cookie = *dist::cookie::from_text("instructions");
        return wanted;
    }
    void run(const bool& until) {
        require(sim.run_until([&] { return until; }), "it did not end");
    }
};

task<> echo(process& self) {
    for (;;) {
        auto waiting = self.receive<atom, pid, std::int64_t>();
        const auto [ping, from, number] = co_await std::move(waiting);
        self.send(from, term{std::tuple{"pong"_atom, number}});
    }
}

task<> round_trips(process& self, pid other, int times) {
    for (int i = 0; i < times; ++i) {
        self.send(other, term{std::tuple{"ping"_atom, self.self(), i}});
        auto waiting = self.receive<atom, std::int64_t>();
        co_await std::move(waiting);
    }
}

void on_one_node() {
    machines all;
    machines::one a{all, "10.0.0.1", "a@10.0.0.1"};
    bool over = false;
    const pid other = a.us.spawn(echo);
    a.us.spawn([&](process& self) -> task<> {
        auto warm_up = round_trips(self, other, 200);
        co_await std::move(warm_up);
        {
            const counted region{"ping and pong between two processes", 1000};
            auto trips = round_trips(self, other, 1000);
            co_await std::move(trips);
        }
        over = true;
    });
    all.run(over);

    int ended = 0;
    const auto spawn = [&](int times) {
        for (int i = 0; i < times; ++i) {
            a.us.spawn([&ended](process&) -> task<> {
                ++ended;
                co_return;
            });
        }
    };
    const auto spawn_and_wait = [&](int times) {
        ended = 0;
        spawn(times);
        require(all.sim.run_until([&] { return ended == times; }), "a process did not run");
    };
    spawn_and_wait(100);
    {
        const counted region{"spawn, run and end a process", 1000};
        spawn_and_wait(1000);
    }
    all.sim.block_on(a.us.stop());
}

void between_two_nodes() {
    constexpr int messages = 2000;
    machines all;
    machines::one a{all, "10.0.0.1", "a@10.0.0.1"}, b{all, "10.0.0.2", "b@10.0.0.2"};
    require(all.sim.block_on(a.us.connect("b@10.0.0.2"_atom)).has_value(), "no connection");
    int received = 0;
    const pid sink = b.us.spawn([&](process& self) -> task<> {
        for (;; ++received) (void)co_await self.receive();
    });
    const byte_buffer payload(32, 'x');
    const auto send = [&](int times) {
        bool over = false;
        a.us.spawn([&](process& self) -> task<> {
            const counted region{"small message to the wire, queued", times};
            for (int i = 0; i < times; ++i) self.send(sink, term{std::tuple{"msg"_atom, i, payload}});
            over = true;
            co_return;
        });
        all.run(over);
        const int wanted = times;
        require(all.sim.run_until([&] { return received == wanted; }), "messages are missing");
        received = 0;
    };
    send(messages); // its count is replaced by that of the second
    send(messages);
    {
        bool over = false;
        const counted region{"small message from node to node, with the simulation", messages};
        a.us.spawn([&](process& self) -> task<> {
            for (int i = 0; i < messages; ++i) {
                auto sending = self.send_wait(sink, term{std::tuple{"msg"_atom, i, payload}});
                co_await std::move(sending);
            }
            over = true;
        });
        all.run(over);
        require(all.sim.run_until([&] { return received == messages; }), "messages are missing");
    }
    all.sim.block_on(a.us.stop());
    all.sim.block_on(b.us.stop());
}

} // namespace

int main() {
    terms();
    from_the_wire();
    on_one_node();
    between_two_nodes();
}
