// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/rpc.hpp>

#include "otp/first_worker.hpp"
#include "otp/in_process.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/term/text.hpp>

#include <unordered_map>

namespace sedge::otp {
namespace {

using kind = remote_outcome::kind;

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

/// What one message says about a call, or nothing if that is only that it has started.
std::optional<remote_outcome> from_message(const term_view& message, const term& res) {
    if (message.arity() == 5) return from_reason(message.element(4), res);
    if (message.element(2).is_atom("ok")) return std::nullopt;
    if (message.element(3).is_atom("noconnection")) return remote_outcome{kind::no_connection, {}, {}};
    return remote_outcome{kind::refused, term{message.element(3)}, {}};
}

struct question {
    std::size_t place; // among the nodes
    term res;          // marks the reason of its process as an outcome
};

task<std::vector<remote_outcome>> ask_all(process& self, std::vector<atom> nodes, std::vector<term> call,
                                          time_point deadline) {
    std::unordered_map<reference, question> open;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        term res{self.node().make_reference()};
        std::vector<term> arguments{res};
        arguments.insert(arguments.end(), call.begin(), call.end());
        open.emplace(self.spawn_request(nodes[i], atom{"erpc"}, atom{"execute_call"}, arguments), question{i, res});
    }
    std::vector<remote_outcome> outcomes(nodes.size(), remote_outcome{kind::timed_out, {}, {}});
    while (!open.empty()) {
        std::function<bool(const term_view&)> fits = [&open](const term_view& message) {
            if (!is_tagged(message, "spawn_reply", 4) && !is_tagged(message, "DOWN", 5)) return false;
            auto ref = message.element(1).as<reference>();
            return ref && open.contains(*ref);
        };
        auto waiting = self.receive_if(std::move(fits), deadline);
        std::optional<term> message = co_await std::move(waiting);
        if (!message) break;
        auto about = open.find(*message->element(1).as<reference>());
        auto outcome = from_message(*message, about->second.res);
        if (!outcome) continue;
        outcomes[about->second.place] = *std::move(outcome);
        open.erase(about);
    }
    co_return outcomes;
}

std::string context_of(const char* what, const atom& on, const atom& module, const atom& function, std::size_t arity) {
    return what + module.str() + ":" + function.str() + "/" + std::to_string(arity) + " on " + on.str();
}

term badrpc(const term& reason) { return tuple(atom{"badrpc"}, reason); }
term exit_tuple(const term& reason) { return tuple(atom{"EXIT"}, reason); }

} // namespace

task<std::vector<remote_outcome>> erpc_multicall(node& from, std::vector<atom> nodes, atom module, atom function,
                                                 std::vector<term> arguments, time_point deadline) {
    std::vector<term> call{term{module}, term{function}, term_list(arguments)};
    std::function<task<std::vector<remote_outcome>>(process&)> job = [nodes, call, deadline](process& self) {
        return ask_all(self, nodes, call, deadline);
    };
    auto running = in_process<std::vector<remote_outcome>>(from, "erpc call", std::move(job));
    std::optional<std::vector<remote_outcome>> outcomes = co_await std::move(running);
    if (outcomes) co_return *std::move(outcomes);
    co_return std::vector<remote_outcome>(nodes.size(), remote_outcome{kind::no_connection, {}, {}}); // we stop
}

task<remote_outcome> erpc_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                               time_point deadline) {
    std::vector<atom> nodes{on};
    auto asking = erpc_multicall(from, std::move(nodes), module, function, std::move(arguments), deadline);
    std::vector<remote_outcome> outcomes = co_await std::move(asking);
    co_return std::move(outcomes.front());
}

void erpc_cast(node& from, const atom& on, const atom& module, const atom& function,
               const std::vector<term>& arguments) {
    expect_first_worker();
    std::vector<term> call{term{module}, term{function}, term_list(arguments)};
    process_body body = [on, call](process& self) -> task<> {
        self.spawn_request(on, atom{"erpc"}, atom{"execute_cast"}, call, {.monitor = false});
        co_return;
    };
    from.spawn(std::move(body), {.label = "erpc cast"});
}

term rpc_value(const remote_outcome& what) {
    switch (what.what) {
    case kind::value: return is_tagged(what.body, "EXIT", 2) ? badrpc(what.body) : what.body;
    case kind::thrown: return what.body;
    case kind::exited:
    case kind::signal: return badrpc(exit_tuple(what.body));
    case kind::failed: return badrpc(exit_tuple(tuple(what.body, what.stack)));
    case kind::refused: return badrpc(what.body);
    case kind::no_connection: return badrpc(term{atom{"nodedown"}});
    case kind::timed_out: break;
    }
    return badrpc(term{atom{"timeout"}});
}

task<result<term>> rpc_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                            time_point deadline) {
    std::string context = context_of("rpc ", on, module, function, arguments.size());
    auto asking = erpc_call(from, on, module, function, std::move(arguments), deadline);
    remote_outcome what = co_await std::move(asking);
    term value = rpc_value(what);
    switch (what.what) {
    case kind::no_connection: co_return error{errc::no_connection, context};
    case kind::timed_out: co_return error{sedge::errc::timed_out, context};
    case kind::refused: co_return error{errc::refused, context + ": " + to_erlang(what.body)};
    case kind::value:
    case kind::thrown:
    case kind::exited:
    case kind::failed:
    case kind::signal: break;
    }
    bool failed = is_tagged(value, "badrpc", 2) && what.what != kind::thrown;
    if (failed) co_return error{errc::remote_failure, context + ": " + to_erlang(value.element(1))};
    co_return value;
}

task<rpc_values> rpc_multicall(node& from, std::vector<atom> nodes, atom module, atom function,
                               std::vector<term> arguments, time_point deadline) {
    auto asking = erpc_multicall(from, nodes, module, function, std::move(arguments), deadline);
    std::vector<remote_outcome> outcomes = co_await std::move(asking);
    rpc_values all;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        bool bad = outcomes[i].what == kind::no_connection || outcomes[i].what == kind::timed_out;
        if (bad)
            all.bad_nodes.push_back(nodes[i]);
        else
            all.values.push_back(rpc_value(outcomes[i]));
    }
    co_return all;
}

task<result<term>> rpc_block_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                                  time_point deadline) {
    std::string context = context_of("block_call ", on, module, function, arguments.size());
    term request = tuple(atom{"block_call"}, module, function, term_list(arguments), from.group_leader());
    auto asking = call(from, registered{atom{"rex"}, on}, std::move(request), deadline);
    result<term> answer = co_await std::move(asking);
    if (!answer) co_return error{answer.error().code(), context};
    if (is_tagged(*answer, "badrpc", 2))
        co_return error{errc::remote_failure, context + ": " + to_erlang(answer->element(1))};
    co_return answer;
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
