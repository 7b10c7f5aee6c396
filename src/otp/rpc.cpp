// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/rpc.hpp>

#include "otp/in_process.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/term/text.hpp>

namespace sedge::otp {
namespace {

using kind = remote_outcome::kind;

bool is_about(const term_view& message, std::string_view tag, std::size_t arity, const reference& ref) {
    return is_tagged(message, tag, arity) && message.element(1).as<reference>() == ref;
}

/// The reason that the process `erpc:execute_call/4` ended with, as an outcome.
remote_outcome from_reason(const term_view& reason, const term& res) {
    bool ours = reason.kind() == term_kind::tuple && reason.arity() >= 3 && reason.element(0) == res.view();
    if (!ours) {
        if (reason.is_atom("noconnection")) return {kind::no_connection, {}, {}};
        return {kind::signal, term{reason}, {}};
    }
    term_view what = reason.element(1);
    term body{reason.element(2)};
    if (what.is_atom("return")) return {kind::value, std::move(body), {}};
    if (what.is_atom("throw")) return {kind::thrown, std::move(body), {}};
    if (what.is_atom("exit")) return {kind::exited, std::move(body), {}};
    return {kind::failed, std::move(body), reason.arity() == 4 ? term{reason.element(3)} : nil()};
}

task<remote_outcome> ask(process& self, atom on, std::vector<term> arguments, time_point deadline) {
    const term res = arguments[0];
    reference ref = self.spawn_request(on, atom{"erpc"}, atom{"execute_call"}, arguments);
    for (;;) {
        std::function<bool(const term_view&)> fits = [&ref](const term_view& message) {
            return is_about(message, "spawn_reply", 4, ref) || is_about(message, "DOWN", 5, ref);
        };
        auto waiting = self.receive_if(std::move(fits), deadline);
        std::optional<term> message = co_await std::move(waiting);
        if (!message) co_return remote_outcome{kind::timed_out, {}, {}};
        if (message->arity() == 5) co_return from_reason(message->element(4), res);
        if (message->element(2).is_atom("ok")) continue;
        if (message->element(3).is_atom("noconnection")) co_return remote_outcome{kind::no_connection, {}, {}};
        co_return remote_outcome{kind::refused, term{message->element(3)}, {}};
    }
}

term badrpc(const term& reason) { return tuple(atom{"badrpc"}, reason); }
term exit_tuple(const term& reason) { return tuple(atom{"EXIT"}, reason); }

} // namespace

task<remote_outcome> erpc_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                               time_point deadline) {
    std::vector<term> wrapped{term{from.make_reference()}, term{module}, term{function}, term_list(arguments)};
    std::function<task<remote_outcome>(process&)> job = [on, wrapped, deadline](process& self) {
        return ask(self, on, wrapped, deadline);
    };
    auto running = in_process<remote_outcome>(from, "erpc call", std::move(job));
    std::optional<remote_outcome> outcome = co_await std::move(running);
    if (!outcome) co_return remote_outcome{kind::no_connection, {}, {}}; // this node stops
    co_return *std::move(outcome);
}

term rpc_value(const remote_outcome& what) {
    switch (what.what) {
    case kind::value: return is_tagged(what.body, "EXIT", 2) ? badrpc(what.body) : what.body;
    case kind::thrown: return what.body;
    case kind::exited: case kind::signal: return badrpc(exit_tuple(what.body));
    case kind::failed: return badrpc(exit_tuple(tuple(what.body, what.stack)));
    case kind::refused: return badrpc(what.body);
    case kind::no_connection: return badrpc(term{atom{"nodedown"}});
    case kind::timed_out: break;
    }
    return badrpc(term{atom{"timeout"}});
}

task<result<term>> rpc_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                            time_point deadline) {
    std::string context = "rpc " + module.str() + ":" + function.str() + "/" + std::to_string(arguments.size()) +
                          " on " + on.str();
    auto asking = erpc_call(from, on, module, function, std::move(arguments), deadline);
    remote_outcome what = co_await std::move(asking);
    term value = rpc_value(what);
    switch (what.what) {
    case kind::no_connection: co_return error{errc::no_connection, context};
    case kind::timed_out: co_return error{sedge::errc::timed_out, context};
    case kind::refused: co_return error{errc::refused, context + ": " + to_erlang(what.body)};
    case kind::value: case kind::thrown: case kind::exited: case kind::failed: case kind::signal: break;
    }
    bool failed = is_tagged(value, "badrpc", 2) && what.what != kind::thrown;
    if (failed) co_return error{errc::remote_failure, context + ": " + to_erlang(value.element(1))};
    co_return value;
}

task<result<void>> ping(node& from, atom on, time_point deadline) {
    std::string context = "ping " + on.str();
    if (on != from.name()) {
        auto connecting = from.connect(on);
        auto in_time = with_deadline(from.env(), deadline, std::move(connecting));
        result<void> connected = co_await std::move(in_time);
        if (!connected) co_return connected.error().within(context);
    }
    auto asking = call(from, registered{atom{"net_kernel"}, on}, tuple(atom{"is_auth"}, from.name()), deadline);
    result<term> answer = co_await std::move(asking);
    if (!answer) co_return answer.error().within(context);
    if (!answer->is_atom("yes")) co_return error{errc::unexpected, context + ": " + to_erlang(*answer)};
    co_return result<void>{};
}

} // namespace sedge::otp
