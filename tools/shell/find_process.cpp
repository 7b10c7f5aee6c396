// SPDX-License-Identifier: Apache-2.0
//
// `<0.138.0>` is what a node prints for its own processes: the 0 means "mine". Read by another node it names another
// process, or none; that is the slip in many a tutorial. Here the number is looked up where it was probably printed:
// at home first, and then on every connected node, each asked whether such a process lives there.
#include "find_process.hpp"

#include "show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/wire/environment.hpp>

#include <limits>

namespace sedge::shell {

namespace {

constexpr seconds question_time{2}; // for each node; all are asked at once

std::string number_text(std::uint32_t id, std::uint32_t serial) {
    return "<0." + std::to_string(id) + "." + std::to_string(serial) + ">";
}

struct answer {
    pid who;
    bool lives = false;
};

task<> ask(node& here, time_point deadline, answer* into) {
    std::vector<term> arguments{term{into->who}};
    auto asking =
        otp::erpc_call(here, into->who.node, atom{"erlang"}, atom{"is_process_alive"}, std::move(arguments), deadline);
    const auto what = co_await std::move(asking);
    into->lives = what.what == otp::remote_outcome::kind::value && what.body.view().is_atom("true");
}

/// The processes with these numbers on connected nodes.
task<std::vector<pid>> on_other_nodes(evaluator& e, std::uint32_t id, std::uint32_t serial) {
    auto& here = e.self().node();
    std::vector<answer> answers;
    for (const auto& peer : here.peer_details()) answers.push_back({{peer.name, id, serial, peer.creation}, false});
    nursery questions;
    for (auto& each : answers) questions.start(ask(here, e.self().env().now() + question_time, &each));
    auto all = questions.join();
    co_await std::move(all);
    std::vector<pid> found;
    for (const auto& each : answers)
        if (each.lives) found.push_back(each.who);
    co_return found;
}

std::uint32_t small_number(std::uint64_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max())
        throw failure{"ArgumentError", "the numbers of a pid have at most 32 bits"};
    return static_cast<std::uint32_t>(value);
}

} // namespace

task<pid> process_numbered(evaluator& e, std::uint32_t id, std::uint32_t serial) {
    auto& here = e.self().node();
    const auto& remote = e.state().remote;
    if (remote.empty()) {
        const pid own{here.name(), id, serial, here.creation()};
        if (here.is_alive(own)) co_return own;
    } else {
        auto asking = e.creation_of(remote);
        answer at_remote{{remote, id, serial, 0}, false};
        at_remote.who.creation = co_await std::move(asking);
        auto question = ask(here, e.self().env().now() + question_time, &at_remote);
        co_await std::move(question);
        if (at_remote.lives) co_return at_remote.who;
    }
    auto looking = on_other_nodes(e, id, serial);
    const auto found = co_await std::move(looking);
    const auto number = number_text(id, serial);
    if (found.empty())
        throw failure{"ArgumentError", "no process " + number + " lives on this node or on a connected one"};
    if (found.size() > 1) {
        std::string sentence = number + " is a process of several nodes; paste the one you mean:";
        for (const auto& each : found) sentence += "\n    " + to_string(each);
        throw failure{"ArgumentError", sentence};
    }
    e.print(number + " is a process of " + printable(found.front().node.text()) + ": " + to_string(found.front()));
    co_return found.front();
}

task<pid> process_of(evaluator& e, atom node, std::uint32_t id, std::uint32_t serial) {
    auto asking = e.creation_of(node);
    const auto creation = co_await std::move(asking);
    co_return pid{node, id, serial, creation};
}

task<term> pasted_value(evaluator& e, elixir::pasted text) {
    if (text.what == elixir::pasted::kind::pid && text.node.empty()) {
        auto finding = process_numbered(e, small_number(text.numbers[0]), small_number(text.numbers[1]));
        auto found = co_await std::move(finding);
        co_return term{found};
    }
    if (!text.node.empty() && !atom::is_valid(text.node)) throw failure{"ArgumentError", "that is no name of a node"};
    // References and ports without a node's name can only be this node's.
    const atom node = text.node.empty() ? e.self().node().name() : atom{text.node};
    auto asking = e.creation_of(node);
    const auto creation = co_await std::move(asking);
    auto made = build_pasted(text, {node, [creation](const atom&) { return std::optional{creation}; }});
    if (!made) throw failure{"ArgumentError", made.error().context()};
    co_return *std::move(made);
}

std::optional<elixir::pasted> pid_text(std::string_view text) {
    std::string whole{text};
    if (!whole.starts_with("#PID<")) whole = whole.starts_with("<") ? "#PID" + whole : "#PID<" + whole + ">";
    const auto parsed = parse_elixir_expressions(whole);
    if (!parsed || parsed->size() != 1) return std::nullopt;
    const auto* found = std::get_if<elixir::pasted>(&parsed->front().value);
    if (!found || found->what != elixir::pasted::kind::pid) return std::nullopt;
    return *found;
}

} // namespace sedge::shell
