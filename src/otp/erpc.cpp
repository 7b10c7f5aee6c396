// SPDX-License-Identifier: Apache-2.0
//
// Spawn requests from other nodes.
//
// erpc:call, rpc:call and their relatives ask for a process that runs `erpc:execute_call(Res, M, F, Args)`, under a
// monitor. The answer is the reason that process ends with:
//
//   {Res, return, Value}   {Res, throw, Term}   {Res, exit, Reason}   {Res, error, Reason, Stack}
//
// `erpc:execute_cast(M, F, Args)` is the same without an answer. Besides these, functions of the table with level
// `access::spawn` or `access::report` may be spawned by name; all others are undefined, as on a BEAM without that
// module.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/wire/environment.hpp>

namespace sedge::otp {
namespace {

/// Module, function and arguments as three terms, or nothing if they cannot be a call.
std::optional<call_request> as_request(const spawn_call& call, std::size_t first) {
    auto module = call.arguments[first].as<atom>();
    auto function = call.arguments[first + 1].as<atom>();
    auto arguments = proper_list(call.arguments[first + 2]);
    if (!module || !function || !arguments) return std::nullopt;
    return call_request{call.from, call.from.node, term{call.group_leader}, *module, *function, *std::move(arguments)};
}

term exit_reason(const term& res, const outcome& what) {
    switch (what.what) {
    case outcome::kind::value: return tuple(res, atom{"return"}, what.body);
    case outcome::kind::thrown: return tuple(res, atom{"throw"}, what.body);
    case outcome::kind::exited: return tuple(res, atom{"exit"}, what.body);
    case outcome::kind::failed: break;
    }
    return tuple(res, atom{"error"}, what.body, what.stack);
}

task<> execute_call(process& self, std::shared_ptr<kernel_state> state, spawn_call call) {
    const term& res = call.arguments[0];
    auto request = as_request(call, 1);
    if (!request) self.exit(tuple(res, atom{"error"}, std::tuple{atom{"erpc"}, atom{"badarg"}}));
    auto running = run_function(state, self, *std::move(request));
    outcome what = co_await std::move(running);
    self.exit(exit_reason(res, what));
}

/// The reason of a process whose own function ended like this.
term uncaught(const outcome& what) {
    if (what.what == outcome::kind::exited) return what.body;
    if (what.what == outcome::kind::failed) return tuple(what.body, what.stack);
    return tuple(std::tuple{atom{"nocatch"}, what.body}, nil());
}

task<> execute(process& self, std::shared_ptr<kernel_state> state, call_request request) {
    auto running = run_function(state, self, std::move(request));
    outcome what = co_await std::move(running);
    if (what.what != outcome::kind::value) self.exit(uncaught(what));
}

} // namespace

process_body serve_spawn(const std::shared_ptr<kernel_state>& state, const spawn_call& call) {
    if (call.module == "erpc" && call.function == "execute_call" && call.arguments.size() == 4)
        return [state, call](process& self) { return execute_call(self, state, call); };

    std::optional<call_request> request;
    if (call.module == "erpc" && call.function == "execute_cast" && call.arguments.size() == 3) {
        request = as_request(call, 0);
    } else {
        request = call_request{
            call.from, call.from.node, term{call.group_leader}, call.module, call.function, call.arguments, true};
        auto entry = state->functions.find(call.module, call.function, call.arguments.size());
        if (!entry || (entry->level != access::spawn && entry->level != access::report)) {
            note_unknown(*state, *request);
            return {};
        }
    }
    if (!request) return {};
    return [state, request = *std::move(request)](process& self) { return execute(self, state, request); };
}

} // namespace sedge::otp
