// SPDX-License-Identifier: Apache-2.0
//
// Node, :rpc and :erpc.
#include "arguments.hpp"
#include "evaluator.hpp"
#include "functions.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::shell {

time_point deadline_argument(evaluator& e, const term& value) {
    if (value.view().is_atom("infinity")) return time_point::max();
    return e.self().env().now() + milliseconds{argument<std::uint32_t>(value, "milliseconds or :infinity")};
}

namespace {

using arguments = const std::vector<term>&;

term self(evaluator& e, arguments) { return term{e.self().node().name()}; }

term list(evaluator& e, arguments given) {
    auto& here = e.self().node();
    const auto which =
        given.empty() ? atom{"visible"} : argument<atom>(given[0], ":visible, :hidden, :connected, :this or :known");
    std::vector<atom> out;
    if (which == "visible") out = here.peers();
    else if (which == "connected" || which == "known") out = here.peers(true);
    else if (which == "hidden") {
        for (const auto& peer : here.peer_details())
            if (peer.hidden) out.push_back(peer.name);
        std::ranges::sort(out);
    } else if (which != "this") {
        throw failure{"ArgumentError",
                      "expected :visible, :hidden, :connected, :this or :known, found " + inspect(given[0])};
    }
    if (which == "known" || which == "this") out.insert(out.begin(), here.name());
    return term{out};
}

task<term> connect(evaluator& e, std::vector<term> given) {
    const auto peer = node_argument(given[0]);
    if (peer == e.self().node().name()) co_return term{true};
    auto connecting = e.self().node().connect(peer);
    const auto connected = co_await std::move(connecting);
    if (!connected) e.print(connected.error().message());
    co_return term{connected.has_value()};
}

term disconnect(evaluator& e, arguments given) { return term{e.self().node().disconnect(node_argument(given[0]))}; }

/// A cookie is not shown again: only whether it was taken.
term set_cookie(evaluator& e, arguments given) {
    auto& here = e.self().node();
    const auto whose = given.size() == 2 ? node_argument(given[0]) : here.name();
    const auto text = argument<atom>(given.back(), "a cookie as an atom");
    auto secret = dist::cookie::from_text(text.text());
    if (!secret) throw failure{"ArgumentError", secret.error().message()};
    if (auto set = here.set_cookie(whose, *std::move(secret)); !set)
        throw failure{"ArgumentError", set.error().message()};
    return term{true};
}

task<term> ping(evaluator& e, std::vector<term> given) {
    auto pinging = otp::ping(e.self().node(), node_argument(given[0]), e.deadline_of_calls());
    const auto answered = co_await std::move(pinging);
    if (!answered) e.print(answered.error().message());
    co_return term{atom{answered ? "pong" : "pang"}};
}

term monitor(evaluator& e, arguments given) {
    const auto which = node_argument(given[0]);
    const bool on = argument<bool>(given[1], "true or false");
    e.self().monitor_node(which, on);
    return term{true};
}

struct remote_call {
    atom on, module, function;
    std::vector<term> given;
    time_point deadline;
};

remote_call remote_arguments(evaluator& e, const std::vector<term>& given) {
    remote_call out{node_argument(given[0]), argument<atom>(given[1], "a module"),
                    argument<atom>(given[2], "a function"),
                    argument<std::vector<term>>(given[3], "a list of arguments"), e.deadline_of_calls()};
    if (given.size() > 4) out.deadline = deadline_argument(e, given[4]);
    return out;
}

task<term> rpc_call(evaluator& e, std::vector<term> given) {
    auto call = remote_arguments(e, given);
    auto calling =
        otp::erpc_call(e.self().node(), call.on, call.module, call.function, std::move(call.given), call.deadline);
    const auto what = co_await std::move(calling);
    co_return otp::rpc_value(what);
}

task<term> erpc_call(evaluator& e, std::vector<term> given) {
    auto call = remote_arguments(e, given);
    const auto arity = call.given.size();
    auto calling =
        otp::erpc_call(e.self().node(), call.on, call.module, call.function, std::move(call.given), call.deadline);
    const auto what = co_await std::move(calling);
    co_return value_or_failure(what, call.module.text(), call.function.text(), arity, call.on);
}

} // namespace

std::vector<shell_function> node_functions() {
    return {
        {"Elixir.Node", "list", 0, 1, &list, "Node.list, Node.list(:hidden)", "The nodes connected to this one.",
         false},
        {"Elixir.Node", "self", 0, 0, &self, "Node.self", "The name of this node.", false},
        {"Elixir.Node", "connect", 1, 1, &connect, "Node.connect :\"name@host\"",
         "Connects; true, or false and the reason.", false},
        {"Elixir.Node", "disconnect", 1, 1, &disconnect, "Node.disconnect :\"name@host\"", "Ends the connection.",
         false},
        {"Elixir.Node", "set_cookie", 1, 2, &set_cookie, "Node.set_cookie(:\"name@host\", :cookie)",
         "The secret for connections with that node; without a node, for all others.", false},
        {"Elixir.Node", "ping", 1, 1, &ping, "Node.ping :\"name@host\"", ":pong, or :pang and the reason.", false},
        {"Elixir.Node", "monitor", 2, 2, &monitor, "Node.monitor(:\"name@host\", true)",
         "Messages when nodes come and go; see flush."},
        {"rpc", "call", 4, 5, &rpc_call, ":rpc.call(node, Mod, :fun, [args])", "Calls a function on another node."},
        {"erpc", "call", 4, 5, &erpc_call, ":erpc.call(node, Mod, :fun, [args])", "The same; errors are raised here."},
    };
}

} // namespace sedge::shell
