// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

#include "functions.hpp"
#include "show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/function_table.hpp>

#include <algorithm>

namespace sedge::shell {

namespace {

constexpr std::size_t usage_column = 42;

std::string line_of(const shell_function& f) {
    std::string out = "  " + std::string{f.usage};
    out.resize(std::max(out.size() + 2, usage_column), ' ');
    return out + std::string{f.help} + "\n";
}

std::string without_last_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

} // namespace

std::string help() {
    std::string out =
        "This shell takes Elixir's literals, bindings (x = self), pipes (self |> Process.info) and calls.\n"
        "Any pid printed here can be pasted into the shell of any node of the cluster.\n\n";
    for (const auto& f : shell_functions()) out += line_of(f);
    out += "\nAny other Mod.fun(...) is looked up among the functions that this node serves to others.\n"
           "h Node.connect shows one of these, h :erlang the functions served in a module. Ctrl-C clears the line,\n"
           "twice leaves; so do Ctrl-D and exit.";
    return out;
}

std::string help_for(const session& state, const elixir::expression& what) {
    std::string module, name;
    if (const auto* call = std::get_if<elixir::call>(&what.value)) {
        name = call->function;
        const auto* target = call->module.empty() ? nullptr : std::get_if<elixir::literal>(&call->module.front().value);
        if (target) module = std::string{target->value.view().atom_text().value_or("")};
    } else if (const auto* word = std::get_if<elixir::variable>(&what.value)) {
        name = word->name;
    } else if (const auto* target = std::get_if<elixir::literal>(&what.value)) {
        module = std::string{target->value.view().atom_text().value_or("")};
    }
    std::string out;
    for (const auto& f : shell_functions())
        if (f.module == module && (name.empty() || f.name == name)) out += line_of(f);
    if (state.functions && !module.empty())
        for (const auto& f : state.functions->names()) {
            if (f.module != module || (!name.empty() && f.function != name)) continue;
            const auto arity = static_cast<std::size_t>(std::max(f.arity, 0));
            if (!find_function(module, f.function.text(), arity))
                out += "  " + function_name(module, f.function.text(), arity) + ", served to other nodes\n";
        }
    if (out.empty()) out = "No help for that. h without arguments lists what there is.";
    return without_last_newline(std::move(out));
}

} // namespace sedge::shell
