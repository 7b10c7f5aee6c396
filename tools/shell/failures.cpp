// SPDX-License-Identifier: Apache-2.0
//
// What went wrong in a call, in the words that Elixir has for it.
#include "evaluator.hpp"
#include "functions.hpp"
#include "show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/config_value.hpp>
#include <sedge/otp/function_table.hpp>

namespace sedge::shell {

namespace {

/// `Elixir.ArgumentError` as `ArgumentError`.
std::string exception_name(std::string_view module) {
    constexpr std::string_view prefix = "Elixir.";
    return std::string{module.starts_with(prefix) ? module.substr(prefix.size()) : module};
}

failure from_reason(const term_view& reason, const std::string& where, const std::string& called) {
    if (reason.is_atom("undef")) return {"UndefinedFunctionError", "function " + called + " is undefined" + where};
    if (reason.is_atom("function_clause"))
        return {"FunctionClauseError", "no function clause matching in " + called + where};
    if (reason.is_atom("badarg")) return {"ArgumentError", "argument error in " + called + where};
    if (reason.is_atom("badarith")) return {"ArithmeticError", "bad argument in arithmetic expression" + where};
    // An Elixir exception is a map with the name of its module.
    const auto module = reason.find_atom("__struct__");
    const auto message = reason.find_atom("message");
    const auto name = module ? module->atom_text() : std::nullopt;
    const auto text = message ? message->binary() : std::nullopt;
    if (name && text) return {exception_name(*name), printable(as_text(*text)) + where};
    return {"ErlangError", "Erlang error" + where + ": " + inspect(reason)};
}

std::string sentence_of_place(const atom& on) { return on.empty() ? std::string{} : " on " + printable(on.text()); }

} // namespace

term value_or_failure(const otp::outcome& what, std::string_view module, std::string_view function, std::size_t arity,
                      std::string_view on) {
    const auto where = on.empty() ? std::string{} : " on " + std::string{on};
    switch (what.what) {
    case otp::outcome::kind::value: return what.body;
    case otp::outcome::kind::thrown: throw failure{"throw", inspect(what.body) + where};
    case otp::outcome::kind::exited: throw failure{"exit", inspect(what.body) + where};
    case otp::outcome::kind::failed: break;
    }
    throw from_reason(what.body, where, function_name(module, function, arity));
}

term value_or_failure(const otp::remote_outcome& what, std::string_view module, std::string_view function,
                      std::size_t arity, const atom& on) {
    using kind = otp::remote_outcome::kind;
    const auto where = sentence_of_place(on);
    switch (what.what) {
    case kind::value: return what.body;
    case kind::thrown: throw failure{"throw", inspect(what.body) + where};
    case kind::exited: throw failure{"exit", inspect(what.body) + where};
    case kind::failed: break;
    case kind::signal:
        throw failure{"exit", "the process that made the call" + where + " was ended: " + inspect(what.body)};
    case kind::refused: throw failure{"ErlangError", "the call was refused" + where + ": " + inspect(what.body)};
    case kind::no_connection: throw failure{"ErlangError", "no connection to " + printable(on.text())};
    case kind::timed_out: throw failure{"ErlangError", "no answer from " + printable(on.text()) + " in time"};
    }
    throw from_reason(what.body, where, function_name(module, function, arity));
}

failure undefined_function(const session& state, std::string_view module, std::string_view function,
                           std::size_t arity) {
    std::vector<std::string> same_name, names, modules;
    const auto look_at = [&](std::string_view m, std::string_view f, std::size_t least) {
        modules.emplace_back(m);
        if (m != module) return;
        names.emplace_back(f);
        if (f == function) same_name.push_back(function_name(m, f, least));
    };
    for (const auto& f : shell_functions()) look_at(f.module, f.name, f.arity_least);
    for (const auto& [name, value] : state.bindings)
        if (module.empty()) names.push_back(name);
    if (state.functions)
        for (const auto& f : state.functions->names())
            look_at(f.module.text(), f.function.text(), static_cast<std::size_t>(std::max(f.arity, 0)));

    std::string hint;
    if (!same_name.empty()) {
        hint = ". There is " + same_name.front();
    } else if (const auto near = cluster::nearest(function, names)) {
        hint = ". Did you mean " + (module.empty() ? *near : module_name(module) + "." + *near) + "?";
    } else if (const auto other = names.empty() ? cluster::nearest(module, modules) : std::nullopt) {
        hint = ". Did you mean the module " + module_name(*other) + "?";
    }
    return {"UndefinedFunctionError",
            "function " + function_name(module, printable(function), arity) + " is undefined" + hint};
}

} // namespace sedge::shell
