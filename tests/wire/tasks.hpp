// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small tasks that tests of environments start, and notes that they take.

#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace sedge::test {

using namespace std::chrono_literals;

inline byte_buffer pattern(std::size_t size) {
    byte_buffer bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    return bytes;
}

inline task<> accept_into(wire::listener* from, std::unique_ptr<wire::stream>* into) {
    auto accepted = co_await from->accept();
    *into = std::move(accepted.value());
}

inline task<> connect_into(environment* env, wire::endpoint to, std::unique_ptr<wire::stream>* into) {
    auto connected = co_await env->net().connect(to);
    *into = std::move(connected.value());
}

/// Writes all of it and closes if asked to.
inline task<> write_out(wire::stream* to, byte_buffer bytes, bool close_then = false) {
    auto written = co_await wire::write_all(*to, bytes);
    written.value();
    if (close_then) to->close();
}

/// Collects what comes until the stream ends; the code of its end.
inline task<std::error_code> read_to_end(wire::stream* from, byte_buffer* into) {
    byte_buffer buffer(10'000);
    for (;;) {
        auto got = co_await wire::read_some(*from, buffer);
        if (!got) co_return got.error().code();
        into->insert(into->end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

inline task<result<void>> read_one(wire::stream* from) {
    byte_buffer buffer(1);
    co_return co_await wire::read_exactly(*from, buffer);
}

inline task<> note_reading(wire::stream* from, std::optional<result<void>>* into) {
    auto read = co_await read_one(from);
    into->emplace(std::move(read));
}

inline task<> note_accept(wire::listener* from, std::optional<error>* into) {
    auto accepted = co_await from->accept();
    if (!accepted) into->emplace(accepted.error());
}

struct heard {
    wire::datagram head;
    byte_buffer bytes;
};

inline task<> listen_to(wire::datagram_socket* socket, std::vector<heard>* into, std::size_t space = 2000) {
    for (;;) {
        byte_buffer buffer(space);
        auto got = co_await socket->receive(buffer);
        if (!got) co_return;
        buffer.resize(std::min(buffer.size(), got->size));
        heard h{*got, std::move(buffer)};
        into->push_back(std::move(h));
    }
}

inline task<> wait_and_note(event* e, int name, std::vector<int>* into) {
    co_await e->wait();
    into->push_back(name);
}

inline task<> sleep_and_note(environment* env, duration d, int name, std::vector<int>* into) {
    co_await sleep_for(*env, d);
    into->push_back(name);
}

inline task<> yield_and_note(environment* env, int name, std::vector<int>* into) {
    for (int i = 0; i < 3; ++i) {
        into->push_back(name);
        co_await yield(*env);
    }
}

} // namespace sedge::test
