// SPDX-License-Identifier: Apache-2.0
#include "soak/world.hpp"

#include <sedge/term/match.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::soak {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t message_bytes_max = 1 << 20;

std::vector<std::uint8_t> make_block() {
    std::vector<std::uint8_t> block(message_bytes_max + 256);
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8) * 17);
    return block;
}

// Mostly small, now and then a megabyte: 11 KiB in the mean.
std::size_t any_size(environment& env) {
    auto chance = env.random_below(100);
    std::uint64_t most = chance < 70 ? 100 : chance < 93 ? 16384 : chance < 99 ? 131072 : message_bytes_max;
    return 1 + env.random_below(most);
}

/// One stream after the other to one peer: a new one for each life of the connection, so that the other side knows
/// from which message on every single one must come.
class talker {
public:
    talker(process& self, world& all, atom peer)
        : self_(self), all_(all), peer_(std::move(peer)), checker_{atom{"soak_worker"}, peer_} {}

    task<> run() {
        self_.monitor_nodes(true);
        if (self_.node().is_connected(peer_)) begin();
        auto due = self_.env().now();
        for (;;) {
            duration pause = state_ == state::talking ? duration{1s} / all_.rate : duration{1s};
            due = std::max(due + pause, self_.env().now());
            for (;;) {
                auto waiting = self_.receive_if({}, due);
                auto message = co_await std::move(waiting);
                if (!message) break;
                if (heard(*message)) due = self_.env().now();
            }
            auto turning = turn();
            co_await std::move(turning);
        }
    }

private:
    enum class state { down, opening, talking };

    // True if the state has changed.
    bool heard(const term& message) {
        std::int64_t stream = 0;
        if (match(message, tuple_of(atom{"nodeup"}, peer_))) {
            begin();
        } else if (match(message, tuple_of(atom{"nodedown"}, peer_))) {
            state_ = state::down;
        } else if (match(message, tuple_of(atom{"opened"}, var(stream))) && stream == stream_ &&
                   state_ == state::opening) {
            state_ = state::talking;
        } else {
            return false;
        }
        return true;
    }

    void begin() {
        auto wall = self_.env().wall_clock().time_since_epoch();
        stream_ = std::max(stream_ + 1, std::chrono::duration_cast<std::chrono::microseconds>(wall).count());
        number_ = 0;
        all_.out.erase(peer_);
        state_ = state::opening;
    }

    task<> turn() {
        if (state_ == state::opening) { // again and again: the checker may not have been there
            self_.send(checker_, term{std::tuple{atom{"open"}, self_.self(), stream_}});
        } else if (state_ == state::talking && !all_.quiet) {
            ++number_;
            if (number_ == 20 && !all_.mistake.empty()) {
                auto erring = err(std::exchange(all_.mistake, {}));
                co_await std::move(erring);
            } else {
                auto sending = send(number_, false);
                co_await std::move(sending);
            }
        }
    }

    task<> send(std::uint64_t number, bool damaged) {
        auto bytes = payload(number + (damaged ? 1 : 0), any_size(self_.env()));
        term message{std::tuple{atom{"data"}, self_.node().name(), stream_, number, bytes}};
        ++all_.counts["sent"];
        all_.out[peer_] = {stream_, number};
        auto sending = self_.send_wait(checker_, std::move(message));
        co_await std::move(sending);
    }

    task<> err(std::string how) {
        std::vector<std::uint64_t> numbers{number_};
        if (how == "lost") numbers = {number_ + 1};
        if (how == "twice") numbers = {number_, number_};
        if (how == "swapped") numbers = {number_ + 1, number_};
        number_ = *std::max_element(numbers.begin(), numbers.end());
        for (auto number : numbers) {
            auto sending = send(number, how == "damaged");
            co_await std::move(sending);
        }
    }

    process& self_;
    world& all_;
    atom peer_;
    registered checker_;
    state state_ = state::down;
    std::int64_t stream_ = 0;
    std::uint64_t number_ = 0;
};

void take(world& all, const term& message) {
    atom from;
    std::int64_t stream = 0;
    std::uint64_t number = 0;
    if (!match(message, tuple_of(atom{"data"}, var(from), var(stream), var(number), any))) return;
    auto bytes = message.element(4).binary().value_or(byte_view{});
    ++all.counts["received"];
    all.counts["bytes"] += static_cast<std::int64_t>(bytes.size());
    if (!std::ranges::equal(bytes, payload(number, bytes.size()))) {
        ++all.counts["damaged"];
        violated("message " + std::to_string(number) + " of " + from.str() + " is damaged");
    }
    auto found = all.in[from].take(stream, number);
    if (found.what == stream_check::finding::stray) ++all.counts["strays"];
    if (found.what == stream_check::finding::again) ++all.counts["again"];
    if (found.what == stream_check::finding::lost) all.counts["lost"] += static_cast<std::int64_t>(found.count);
    if (!found.sentence.empty()) violated(from.str() + ' ' + found.sentence);
}

} // namespace

byte_view payload(std::uint64_t number, std::size_t size) {
    static const auto block = make_block();
    return byte_view{block}.subspan(number % 256, std::min(size, message_bytes_max));
}

task<> check_streams(process& self, world& all) {
    self.monitor_nodes(true);
    for (;;) {
        auto waiting = self.receive();
        auto message = co_await std::move(waiting);
        atom node;
        pid from;
        std::int64_t stream = 0;
        if (match(message, tuple_of(atom{"nodedown"}, var(node)))) {
            all.in[node].broken();
        } else if (match(message, tuple_of(atom{"open"}, var(from), var(stream)))) {
            all.in[from.node].open(stream);
            self.send(from, term{std::tuple{atom{"opened"}, stream}});
        } else {
            take(all, message);
        }
    }
}

task<> talk(process& self, world& all, atom peer) {
    talker one{self, all, std::move(peer)};
    auto running = one.run();
    co_await std::move(running);
}

} // namespace sedge::soak
