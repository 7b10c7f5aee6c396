// SPDX-License-Identifier: Apache-2.0
// What does the atom cache save on the wire, and what does it cost to encode a message with it?
#include "dist/outgoing.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

using namespace sedge;
using namespace sedge::literals;

namespace {

struct figures {
    double bytes = 0; // of one message, when the cache is warm
    double nanoseconds = 0;
};

figures measure(dist::flags chosen, const term& payload, int rounds) {
    dist::outgoing out{chosen};
    const dist::control::send message{pid{"edge-server-1@10.20.30.41"_atom, 120, 0, 1700000000},
                                      pid{"backend-7@10.20.30.42"_atom, 300, 0, 1700000001}};
    std::size_t bytes = 0;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) {
        out.push(message, &payload, nullptr);
        if (i % 16 != 15) continue; // as many as leave with one write
        const auto count = out.front().size();
        bytes += count;
        out.consume(count);
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
    return {static_cast<double>(bytes) / rounds, took.count() / rounds};
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
    const auto with = dist::announced(false);
    const auto without = with.without(dist::capability::dist_hdr_atom_cache);
    const pid from{"edge-server-1@10.20.30.41"_atom, 120, 0, 1700000000};
    const reference ref{"edge-server-1@10.20.30.41"_atom, 1700000000, 3, {1, 2, 3}};
    const std::map<atom, int> reading{{"temperature"_atom, 21}, {"humidity"_atom, 40}, {"sensor_id"_atom, 7}};
    std::vector<std::map<atom, int>> readings(50, reading);
    const std::pair<const char*, term> messages[] = {
        {"an atom", term{"ok"_atom}},
        {"a call, {'$gen_call', {Pid, Ref}, {get, 1}}",
         term{std::tuple{"$gen_call"_atom, std::tuple{from, ref}, std::tuple{"get"_atom, 1}}}},
        {"a map with 3 atoms", term{reading}},
        {"50 such maps", term{readings}},
        {"a binary of 1,000 bytes", term{byte_buffer(1000, 1)}},
        {"a binary of 60,000 bytes", term{byte_buffer(60'000, 1)}},
        {"a list of 2,000 integers", term{std::vector<int>(2000, 100'000)}},
    };
    std::printf("%-46s %22s %22s\n", "", "without: bytes     ns", "with: bytes     ns");
    for (const auto& [name, payload] : messages) {
        const int count = payload.bytes().size() > 1000 ? rounds / 20 : rounds;
        measure(with, payload, count / 10); // warm up
        const auto plain = measure(without, payload, count);
        const auto cached = measure(with, payload, count);
        std::printf("%-46s %15.0f %6.0f %15.0f %6.0f\n", name, plain.bytes, plain.nanoseconds, cached.bytes,
                    cached.nanoseconds);
    }
}
