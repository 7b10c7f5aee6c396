// SPDX-License-Identifier: Apache-2.0
//
// What a node does to one that stops reading, and what others have of it meanwhile (rows.py); the same as
// soak_pressure.erl. Commands:
//
//     call_often NODE   one process calls `soak_echo` there, a millisecond after each answer
//     flood NODE        one process sends 64 KiB after 64 KiB there, and waits whenever it is told to
//     send_small NODE   a thousand processes send one small message each there
//     pressure          writes what has come of it, {"pressure":{...}}; the calls told of are those since the last time
#include "soak/world.hpp"

#include <sedge/cluster/application.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <optional>

namespace sedge::soak {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr int small_senders = 1000;
const atom echo_name{"soak_echo"};

struct counted {
    std::uint64_t flooded = 0;  ///< Bytes that the sender was let go on after.
    int passed = 0;             ///< Small senders that were let go on.
    std::vector<duration> took; ///< Calls.
};

task<> call_often(process& self, counted& all, atom peer) {
    for (int n = 0;; ++n) {
        const auto begun = self.env().now();
        self.send(registered{echo_name, peer}, term{std::tuple{self.self(), n}});
        auto waiting = self.receive<int>();
        co_await std::move(waiting);
        all.took.push_back(self.env().now() - begun);
        auto pause = self.sleep(milliseconds{1});
        co_await std::move(pause);
    }
}

task<> flood(process& self, counted& all, atom peer) {
    const term block{byte_buffer(block_bytes, std::uint8_t{'x'})};
    for (;;) {
        auto sending = self.send_wait(registered{echo_name, peer}, block);
        co_await std::move(sending);
        all.flooded += block_bytes;
    }
}

task<> send_small(process& self, counted& all, atom peer) {
    self.send(registered{echo_name, peer}, term{std::tuple{self.self(), 1}});
    ++all.passed;
    co_return;
}

std::string told(counted& all) {
    std::sort(all.took.begin(), all.took.end());
    const auto microseconds_at = [&](std::size_t percent) {
        const auto at = all.took.empty() ? duration{} : all.took[all.took.size() * percent / 100];
        return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(at).count());
    };
    auto out = "{\"pressure\":{\"flooded\":" + std::to_string(all.flooded) +
               ",\"passed\":" + std::to_string(all.passed) + ",\"calls\":" + std::to_string(all.took.size()) +
               ",\"p50_us\":" + microseconds_at(50) + ",\"p99_us\":" + microseconds_at(99) + "}}";
    all.took.clear();
    return out;
}

} // namespace

task<> echo(process& self) {
    for (;;) {
        auto next = self.receive();
        const term message = co_await std::move(next);
        const auto view = message.view();
        if (view.kind() != term_kind::tuple || view.arity() != 2) continue;
        if (const auto from = view.element(0).as<pid>()) self.send(*from, term{view.element(1)});
    }
}

void press(application& app, const std::string& command) {
    static counted all; // one node in a program
    const auto space = command.find(' ');
    const auto what = command.substr(0, space);
    const atom peer{space == std::string::npos ? "" : command.substr(space + 1)};
    const auto start = [&](task<> (*body)(process&, counted&, atom)) {
        app.node().spawn([body, peer](process& self) { return body(self, all, peer); }, {.label = what});
    };
    if (what == "call_often") start(call_often);
    if (what == "flood") start(flood);
    for (int i = 0; what == "send_small" && i < small_senders; ++i) start(send_small);
    if (what == "pressure") say(told(all));
}

} // namespace sedge::soak
