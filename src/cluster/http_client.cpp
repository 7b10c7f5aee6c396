// SPDX-License-Identifier: Apache-2.0
#include "cluster/http_client.hpp"

#include "cluster/source_limits.hpp"

#include <sedge/wire/environment.hpp>

#include <array>

namespace sedge::cluster {

http_client::http_client(environment& env, url server, securing secure)
    : env_(&env), server_(std::move(server)), secure_(std::move(secure)) {}
http_client::~http_client() = default;

void http_client::close() noexcept {
    idle_ = false;
    answer_.reset();
    stream_.reset();
}

task<result<http_response>> http_client::send(http_request what, time_point deadline) {
    auto sending = with_deadline(*env_, deadline, whole(std::move(what)));
    auto answer = co_await std::move(sending);
    if (!answer) close();
    co_return answer;
}

task<result<http_response>> http_client::open(http_request what, time_point deadline) {
    auto opening = with_deadline(*env_, deadline, begin(std::move(what), 0));
    auto head = co_await std::move(opening);
    if (!head) close();
    co_return head;
}

task<result<std::string>> http_client::next_part() {
    for (;;) {
        if (!answer_) co_return error{wire::errc::closed};
        auto part = answer_->take_body();
        if (!part.empty() || answer_->is_complete()) co_return part;
        auto reading = read_more();
        auto read = co_await std::move(reading);
        if (!read) {
            close();
            co_return read.error();
        }
    }
}

task<result<http_response>> http_client::whole(http_request what) {
    auto beginning = begin(std::move(what), limits::http_body_bytes_max);
    auto answer = co_await std::move(beginning);
    if (!answer) co_return answer;
    while (!answer_->is_complete()) {
        auto reading = read_more();
        auto read = co_await std::move(reading);
        if (!read) co_return read.error();
    }
    answer->body = answer_->take_body();
    idle_ = answer_->keeps_alive();
    co_return answer;
}

task<result<http_response>> http_client::begin(http_request what, std::size_t body_bytes_max) {
    auto request = encode(what, server_.authority());
    if (!request) co_return request.error();
    for (bool reused = std::exchange(idle_, false);; reused = false) {
        if (!reused) {
            close();
            auto connecting = connect();
            auto connected = co_await std::move(connecting);
            if (!connected) co_return connected.error();
        }
        answer_ = std::make_unique<http_response_reader>(body_bytes_max);
        auto exchanging = exchange_heads(*request);
        auto exchanged = co_await std::move(exchanging);
        if (exchanged) co_return answer_->head();
        // The server ended the kept connection while nobody looked: that says nothing about this request.
        if (!reused || !answer_->is_untouched()) co_return exchanged.error();
    }
}

task<result<void>> http_client::connect() {
    if (server_.secure && !secure_) co_return error{errc::invalid_argument, "https is not available here"};
    auto resolving = env_->net().resolve(server_.host);
    auto addresses = co_await std::move(resolving);
    if (!addresses) co_return addresses.error().within(server_.host);
    error last{wire::errc::name_not_found, server_.host};
    for (const auto& address : *addresses) {
        const wire::endpoint there{address, server_.port};
        auto connecting = with_deadline(*env_, env_->now() + limits::http_connect_time_max, connect_to(there));
        auto connected = co_await std::move(connecting);
        if (connected) {
            stream_ = std::move(*connected);
            co_return result<void>{};
        }
        last = connected.error().within(to_string(there));
    }
    co_return last;
}

task<result<std::unique_ptr<wire::stream>>> http_client::connect_to(wire::endpoint there) {
    auto connecting = env_->net().connect(there);
    auto connected = co_await std::move(connecting);
    if (!connected || !server_.secure) co_return connected;
    auto wrapping = secure_(std::move(*connected), server_.host);
    co_return co_await std::move(wrapping);
}

task<result<void>> http_client::exchange_heads(std::string request) {
    auto writing = wire::write_all(*stream_, as_bytes(request));
    auto written = co_await std::move(writing);
    if (!written) co_return written.error();
    while (!answer_->has_head()) {
        auto reading = read_more();
        auto read = co_await std::move(reading);
        if (!read) co_return read.error();
    }
    co_return result<void>{};
}

task<result<void>> http_client::read_more() {
    std::array<std::uint8_t, 16 * 1024> buffer;
    auto reading = wire::read_some(*stream_, buffer);
    auto count = co_await std::move(reading);
    if (!count && count.error() == make_error_code(wire::errc::closed)) co_return answer_->end_of_stream();
    if (!count) co_return count.error();
    co_return answer_->feed(byte_view{buffer}.first(*count));
}

} // namespace sedge::cluster
