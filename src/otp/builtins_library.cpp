// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"
#include "otp/terms.hpp"

namespace sedge::otp {
namespace {

/// `{ok, [{Name, Port}]}`, or `{error, address}` when there is no port mapper, as net_adm says.
task<outcome> port_mapper_names(std::shared_ptr<const system_facts> facts) {
    term unknown = tuple(atom{"error"}, atom{"address"});
    const auto& ask = facts->options().names;
    if (!ask) co_return outcome::value(unknown);
    auto asking = ask();
    auto names = co_await std::move(asking);
    if (!names) co_return outcome::value(unknown);
    std::vector<term> pairs;
    for (const auto& [name, port] : *names) pairs.push_back(tuple(erlang_string(name), port));
    co_return outcome::value(tuple(atom{"ok"}, term_list(pairs)));
}

outcome function_exported(const function_table& table, call_context& c, builtin_arguments arguments) {
    auto module = arguments[0].as<atom>();
    auto function = arguments[1].as<atom>();
    auto arity = arguments[2].as<std::uint8_t>();
    if (!module || !function || !arity) return failure("badarg", c, arguments);
    return outcome::value(term{table.find(*module, *function, *arity) != nullptr});
}

bool has_module(const function_table& table, const term& name) {
    auto module = name.as<atom>();
    if (!module) return false;
    for (const auto& known : table.names())
        if (known.module == *module) return true;
    return false;
}

} // namespace

void add_library_builtins(function_table& table, std::shared_ptr<const system_facts> facts) {
    auto add = [&table](std::string_view module, std::string_view function, int arity, handler run) {
        table.add_raw(module, function, arity, std::move(run), access::info);
    };
    add("erlang", "function_exported", 3, [&table](call_context& c, builtin_arguments arguments) {
        return function_exported(table, c, arguments); // the table holds this function, so it is there
    });
    // Of the modules that have functions here, tools hear that they are loaded, and do not send their own. There are no
    // others to load: a remote shell, for one, asks before it starts and then refuses cleanly.
    add("code", "ensure_loaded", 1, [&table](call_context&, builtin_arguments arguments) {
        if (!has_module(table, arguments[0])) return outcome::value(tuple(atom{"error"}, atom{"nofile"}));
        return outcome::value(tuple(atom{"module"}, arguments[0]));
    });
    add("code", "is_loaded", 1, [&table](call_context&, builtin_arguments arguments) {
        if (!has_module(table, arguments[0])) return outcome::value(term{false});
        return outcome::value(tuple(atom{"file"}, atom{"preloaded"}));
    });
    // "No process of proc_lib": so nobody looks for the callback module's attributes.
    add("proc_lib", "translate_initial_call", 1,
        [](call_context&, builtin_arguments) { return outcome::value(tuple(atom{"proc_lib"}, atom{"init_p"}, 5)); });
    handler applications = [](call_context&, builtin_arguments) {
        std::vector<term> all{
            tuple(atom{"sedge"}, erlang_string("C++ nodes in an Erlang cluster"), erlang_string(SEDGE_VERSION))};
        return outcome::value(term_list(all));
    };
    add("application", "which_applications", 0, applications);
    add("application", "which_applications", 1, applications);
    table.add_raw("net_adm", "names", 0,
                  task_handler{[facts](call_context&, std::vector<term>) { return port_mapper_names(facts); }},
                  access::info);
}

} // namespace sedge::otp
