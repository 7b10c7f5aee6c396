// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/transport.hpp>

#include <array>
#include <charconv>
#include <cstdlib>

namespace sedge::epmd {

namespace {

constexpr std::uint16_t well_known_port = 4369;

std::string mapper_text(const wire::endpoint& mapper) { return "the port mapper on " + to_string(mapper); }

/// An open connection and what was read from it while waiting for the answer.
template <class Answer>
struct answered {
    Answer answer;
    std::unique_ptr<wire::stream> connection;
};

/// Connects, sends `question`, and reads until `decode` gives an answer. `decode` is asked once more at the end of
/// the stream, then with `at_end` set.
template <class Answer>
using decoder = result<std::optional<Answer>> (*)(byte_view received, bool at_end);

template <class Answer>
task<result<answered<Answer>>> converse(environment& env, wire::endpoint mapper, byte_buffer question,
                                        decoder<Answer> decode) {
    auto connected = co_await env.net().connect(mapper);
    if (!connected) {
        if (connected.error().code() == std::errc::connection_refused) co_return error{errc::no_answer};
        co_return std::move(connected).error();
    }
    std::unique_ptr<wire::stream> connection = *std::move(connected);
    auto sent = co_await wire::write_all(*connection, question);
    if (!sent) co_return sent.error();

    byte_buffer received;
    std::array<std::uint8_t, 1024> chunk;
    for (bool at_end = false;;) {
        auto count = co_await wire::read_some(*connection, chunk);
        if (count) {
            received.insert(received.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*count));
        } else {
            at_end = true; // also a reset: the mapper may have closed with something of ours unread
            if (received.empty()) co_return error{errc::closed_unanswered};
        }
        auto answer = decode(received, at_end);
        if (!answer) co_return std::move(answer).error();
        if (*answer) co_return answered<Answer>{**std::move(answer), std::move(connection)};
        if (at_end) co_return error{errc::closed_unanswered, "in the middle of it"};
        if (received.size() > limits::epmd_answer_bytes_max) {
            co_return error{sedge::errc::limit_exceeded,
                            "answer of more than " + std::to_string(received.size()) + " bytes"};
        }
    }
}

template <class Answer>
task<result<answered<Answer>>> in_time(environment& env, wire::endpoint mapper, time_point due, byte_buffer question,
                                       decoder<Answer> decode) {
    auto conversation = converse<Answer>(env, mapper, std::move(question), decode);
    auto bounded = with_deadline(env, due, std::move(conversation));
    auto outcome = co_await std::move(bounded);
    if (!outcome && outcome.error() == make_error_code(sedge::errc::timed_out)) co_return error{errc::silent};
    co_return outcome;
}

result<std::optional<alive_answer>> decode_alive(byte_view received, bool) { return decode_alive_answer(received); }
result<std::optional<port_answer>> decode_port(byte_view received, bool) { return decode_port_answer(received); }
result<std::optional<names_answer>> decode_names(byte_view received, bool at_end) {
    if (!at_end) return std::optional<names_answer>{};
    auto whole = decode_names_answer(received);
    if (!whole) return whole.error();
    return std::optional{*std::move(whole)};
}

} // namespace

std::uint16_t usual_port() {
    const char* text = std::getenv("ERL_EPMD_PORT");
    if (!text) return well_known_port;
    std::string_view digits{text};
    std::uint16_t port = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_port = failure == std::errc{} && end == digits.data() + digits.size() && port != 0;
    return is_port ? port : well_known_port;
}

registration::registration(std::unique_ptr<wire::stream> connection, std::uint32_t creation)
    : connection_(std::move(connection)), creation_(creation) {}
registration::registration(registration&&) noexcept = default;
registration& registration::operator=(registration&&) noexcept = default;
registration::~registration() = default;

task<> registration::ended() {
    std::array<std::uint8_t, 16> chunk; // a mapper says nothing more; what comes nevertheless is dropped
    for (;;) {
        auto count = co_await wire::read_some(*connection_, chunk);
        if (!count) co_return;
    }
}

task<result<registration>> register_node(environment& env, wire::endpoint mapper, node_entry node, time_point due) {
    const std::string step = "the name " + printable(node.name) + " at " + mapper_text(mapper);
    if (!is_acceptable_name(node.name) || node.extra.size() > limits::epmd_extra_bytes_max) {
        co_return error{errc::name_refused, step};
    }
    auto conversation = in_time<alive_answer>(env, mapper, due, encode(alive_request{std::move(node)}), decode_alive);
    auto outcome = co_await std::move(conversation);
    if (!outcome) co_return outcome.error().within(step);
    if (outcome->answer.result != 0) {
        co_return error{errc::name_taken, step + " is registered already"};
    }
    co_return registration{std::move(outcome->connection), outcome->answer.creation};
}

task<result<node_entry>> look_up(environment& env, wire::endpoint mapper, std::string name, time_point due) {
    const std::string step = "look up " + printable(name) + " at " + mapper_text(mapper);
    if (!is_acceptable_name(name)) co_return error{errc::name_refused, step};
    auto conversation = in_time<port_answer>(env, mapper, due, encode(port_request{std::move(name)}), decode_port);
    auto outcome = co_await std::move(conversation);
    if (!outcome) co_return outcome.error().within(step);
    auto& node = outcome->answer.node;
    if (!node) co_return error{errc::not_found, step};
    if (node->highest < version_lowest || node->lowest > version_highest) {
        co_return error{errc::version_mismatch,
                        step + ": it speaks " + std::to_string(node->lowest) + " to " + std::to_string(node->highest)};
    }
    co_return *std::move(node);
}

task<result<names_answer>> names(environment& env, wire::endpoint mapper, time_point due) {
    auto conversation = in_time<names_answer>(env, mapper, due, encode(names_request{}), decode_names);
    auto outcome = co_await std::move(conversation);
    if (!outcome) co_return outcome.error().within("ask for the names at " + mapper_text(mapper));
    co_return std::move(outcome->answer);
}

} // namespace sedge::epmd
