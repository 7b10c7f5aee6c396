// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

namespace sedge::otp {
namespace {

/// `{ok, [{Name, Port}]}`, or `{error, address}` when there is no port mapper, as net_adm says.
task<outcome> port_mapper_names(std::shared_ptr<const builtin_options> options) {
    term unknown = tuple(atom{"error"}, atom{"address"});
    if (!options->names) co_return outcome::value(unknown);
    auto asking = options->names();
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

} // namespace

void add_library_builtins(function_table& table, std::shared_ptr<const builtin_options> options) {
    auto add = [&table](std::string_view module, std::string_view function, int arity, handler run) {
        table.add_raw(module, function, arity, std::move(run), access::info);
    };
    add("erlang", "function_exported", 3, [&table](call_context& c, builtin_arguments arguments) {
        return function_exported(table, c, arguments); // the table holds this function, so it is there
    });
    // There are no modules to load: a remote shell, for one, asks before it starts and then refuses cleanly.
    add("code", "ensure_loaded", 1,
        [](call_context&, builtin_arguments) { return outcome::value(tuple(atom{"error"}, atom{"nofile"})); });
    add("code", "is_loaded", 1, [](call_context&, builtin_arguments) { return outcome::value(term{false}); });
    handler applications = [](call_context&, builtin_arguments) {
        std::vector<term> all{
            tuple(atom{"sedge"}, erlang_string("C++ nodes in an Erlang cluster"), erlang_string(SEDGE_VERSION))};
        return outcome::value(term_list(all));
    };
    add("application", "which_applications", 0, applications);
    add("application", "which_applications", 1, applications);
    table.add_raw("net_adm", "names", 0,
                  task_handler{[options](call_context&, std::vector<term>) { return port_mapper_names(options); }},
                  access::info);
}

} // namespace sedge::otp
