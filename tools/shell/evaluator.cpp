// SPDX-License-Identifier: Apache-2.0
#include "evaluator.hpp"

#include "find_process.hpp"
#include "functions.hpp"
#include "help.hpp"
#include "match.hpp"
#include "operators.hpp"
#include "show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/function_table.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/wire/environment.hpp>

#include <string>
#include <utility>

namespace sedge::shell {

namespace {

constexpr seconds call_time{5}; // of a call to another node, as in OTP

/// A module can be written as a variable that holds an atom.
std::string module_of(const term& value) {
    const auto text = value.view().atom_text();
    if (!text)
        throw failure{"ArgumentError", "you attempted to apply a function on " + inspect(value) +
                                           "; modules are atoms, such as Node or :rpc"};
    return std::string{*text};
}

} // namespace

time_point evaluator::deadline_of_calls() { return self_.env().now() + call_time; }

task<term> evaluator::run(const std::vector<elixir::expression>& input) {
    term last{atom{"nil"}};
    for (const auto& e : input) last = co_await value_of(e);
    co_return last;
}

// The tree is at most limits::syntax_nesting_max deep, so this may recurse; references are to nodes of the tree that
// `run` was given.
task<term> evaluator::value_of(const elixir::expression& e) {
    if (const auto* n = std::get_if<elixir::literal>(&e.value)) co_return n->value;
    if (const auto* n = std::get_if<elixir::variable>(&e.value)) co_return co_await value_of_name(*n);
    if (const auto* n = std::get_if<elixir::call>(&e.value)) co_return co_await value_of_call(*n);
    if (const auto* n = std::get_if<elixir::operation>(&e.value)) co_return co_await value_of_operation(*n);
    if (const auto* n = std::get_if<elixir::pasted>(&e.value)) co_return co_await pasted_value(*this, *n);
    if (const auto* n = std::get_if<elixir::tuple>(&e.value)) {
        auto items = co_await values_of(n->items);
        co_return build_tuple(items);
    }
    if (const auto* n = std::get_if<elixir::list>(&e.value)) {
        auto items = co_await values_of(n->items);
        auto tail = co_await values_of(n->tail);
        if (tail.empty()) tail.emplace_back(std::vector<term>{});
        co_return build_list(std::move(items), std::move(tail.front()));
    }
    if (const auto* n = std::get_if<elixir::map>(&e.value)) {
        auto items = co_await values_of(n->keys_and_values);
        co_return build_map(items);
    }
    if (const auto* n = std::get_if<elixir::binary>(&e.value)) {
        auto items = co_await values_of(n->values);
        auto made = build_binary(items, n->segments);
        if (!made) throw failure{"ArgumentError", made.error().context()};
        co_return *std::move(made);
    }
    const auto& n = std::get<elixir::unsupported>(e.value);
    throw failure{"CompileError", to_string(e.at) + ": " + n.what +
                                      " is not understood here; this shell takes literals, bindings, calls and |>"};
}

task<std::vector<term>> evaluator::values_of(const std::vector<elixir::expression>& items) {
    std::vector<term> out;
    out.reserve(items.size());
    for (const auto& item : items) {
        auto value = co_await value_of(item);
        out.push_back(std::move(value));
    }
    co_return out;
}

task<term> evaluator::value_of_name(const elixir::variable& name) {
    const auto bound = state_.bindings.find(name.name);
    if (bound != state_.bindings.end()) co_return bound->second;
    if (find_function("", name.name, 0)) {
        auto calling = call("", name.name, {});
        co_return co_await std::move(calling);
    }
    auto unknown = undefined_function(state_, "", name.name, 0);
    unknown.text = "undefined variable " + name.name + unknown.text.substr(unknown.text.find(" is undefined") + 13);
    throw unknown;
}

task<term> evaluator::value_of_operation(const elixir::operation& node) {
    if (node.symbol == "=") {
        auto value = co_await value_of(node.operands[1]);
        if (!match(node.operands[0], value, state_.bindings))
            throw failure{"MatchError", "no match of right hand side value: " + inspect(value)};
        co_return value;
    }
    auto left = co_await value_of(node.operands[0]);
    if (node.operands.size() == 1) co_return apply_operator(node.symbol, left);
    const bool is_and = node.symbol == "and" || node.symbol == "&&";
    if (is_and || node.symbol == "or" || node.symbol == "||") {
        if ((node.symbol == "and" || node.symbol == "or") && !left.as<bool>())
            throw failure{"BadBooleanError",
                          "expected a boolean on the left of " + node.symbol + ", got: " + inspect(left)};
        if (is_truthy(left) != is_and) co_return left;
        co_return co_await value_of(node.operands[1]);
    }
    auto right = co_await value_of(node.operands[1]);
    co_return apply_operator(node.symbol, left, right);
}

task<term> evaluator::value_of_call(const elixir::call& node) {
    if (node.module.empty() && node.function == "h" && node.arguments.size() == 1) {
        print(help_for(state_, node.arguments.front()));
        co_return term{atom{"ok"}};
    }
    std::string module;
    if (!node.module.empty()) {
        auto target = co_await value_of(node.module.front());
        const bool is_field = !node.parentheses && node.arguments.empty() && target.view().kind() == term_kind::map;
        if (is_field) {
            const auto held = target.view().find_atom(node.function);
            if (!held) throw failure{"KeyError", "key :" + node.function + " not found in: " + inspect(target)};
            co_return term{*held};
        }
        module = module_of(target);
    }
    auto arguments = co_await values_of(node.arguments);
    auto calling = call(std::move(module), node.function, std::move(arguments));
    co_return co_await std::move(calling);
}

task<term> evaluator::call(std::string module, std::string function, std::vector<term> arguments) {
    const auto* own = find_function(module, function, arguments.size());
    if (own && (own->always_here || state_.remote.empty())) {
        if (const auto* run = std::get_if<shell_function::at_once>(&own->run)) co_return (*run)(*this, arguments);
        auto waiting = std::get<shell_function::waiting>(own->run)(*this, std::move(arguments));
        co_return co_await std::move(waiting);
    }
    if (module.empty()) throw undefined_function(state_, module, function, arguments.size());
    auto calling = state_.remote.empty()
                       ? call_here(std::move(module), std::move(function), std::move(arguments))
                       : call_on(state_.remote, std::move(module), std::move(function), std::move(arguments));
    co_return co_await std::move(calling);
}

task<term> evaluator::call_here(std::string module, std::string function, std::vector<term> arguments) {
    const auto arity = arguments.size();
    const auto entry = state_.functions ? state_.functions->find(atom{module}, atom{function}, arity) : nullptr;
    if (!entry) throw undefined_function(state_, module, function, arity);
    otp::call_context context{self_, self_.self(), term{self_.node().group_leader()}, atom{module}, atom{function}};
    otp::outcome what;
    try {
        if (const auto* run = std::get_if<otp::handler>(&entry->run)) {
            what = (*run)(context, arguments);
        } else {
            auto running = std::get<otp::task_handler>(entry->run)(context, std::move(arguments));
            what = co_await std::move(running);
        }
    } catch (const otp::raised& r) {
        what = r.what;
    } catch (const std::exception& e) {
        throw failure{"ErlangError", "the function raised the C++ exception " + printable(e.what())};
    }
    co_return value_or_failure(what, module, function, arity);
}

namespace {

/// The Erlang functions that Elixir's are, for nodes that have no Elixir.
struct erlang_name {
    std::string_view elixir_module, elixir_function, module, function;
};
constexpr erlang_name erlang_names[] = {
    {"Elixir.Node", "list", "erlang", "nodes"},
    {"Elixir.Node", "self", "erlang", "node"},
    {"Elixir.Node", "connect", "net_kernel", "connect_node"},
    {"Elixir.Node", "disconnect", "erlang", "disconnect_node"},
    {"Elixir.Node", "ping", "net_adm", "ping"},
    {"Elixir.Node", "alive?", "erlang", "is_alive"},
    {"Elixir.Process", "info", "erlang", "process_info"},
    {"Elixir.Process", "list", "erlang", "processes"},
    {"Elixir.Process", "registered", "erlang", "registered"},
    {"Elixir.Process", "whereis", "erlang", "whereis"},
    {"Elixir.Process", "alive?", "erlang", "is_process_alive"},
    {"Elixir.System", "otp_release", "erlang", "system_info"},
};

/// Whether the called function itself is what is undefined there, and not one that it calls.
bool is_undefined(const otp::remote_outcome& what, std::string_view module, std::string_view function) {
    if (what.what != otp::remote_outcome::kind::failed || !what.body.view().is_atom("undef")) return false;
    for (const auto entry : what.stack.view().elements())
        return entry.kind() == term_kind::tuple && entry.arity() >= 2 && entry.element(0).is_atom(module) &&
               entry.element(1).is_atom(function);
    return true;
}

} // namespace

task<term> evaluator::call_on(atom node, std::string module, std::string function, std::vector<term> arguments) {
    const auto arity = arguments.size();
    auto asking = otp::erpc_call(self_.node(), node, atom{module}, atom{function}, arguments, deadline_of_calls());
    auto what = co_await std::move(asking);
    if (is_undefined(what, module, function)) {
        for (const auto& name : erlang_names) {
            if (name.elixir_module != module || name.elixir_function != function) continue;
            auto again = otp::erpc_call(self_.node(), node, atom{name.module}, atom{name.function},
                                        std::move(arguments), deadline_of_calls());
            what = co_await std::move(again);
            break;
        }
    }
    co_return value_or_failure(what, module, function, arity, node);
}

task<std::uint32_t> evaluator::creation_of(atom node) {
    auto& here = self_.node();
    if (node == here.name()) co_return here.creation();
    for (int attempt = 0; attempt < 2; ++attempt) {
        for (const auto& peer : here.peer_details())
            if (peer.name == node) co_return peer.creation;
        if (attempt > 0) break;
        auto connecting = here.connect(node);
        auto connected = co_await std::move(connecting);
        if (!connected)
            throw failure{"ArgumentError", "the process is on " + printable(node.text()) +
                                               ", which is not connected: " + connected.error().message()};
    }
    throw failure{"ArgumentError", "the connection to " + printable(node.text()) + " was lost"};
}

} // namespace sedge::shell
