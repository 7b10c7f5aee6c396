// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"
#include "otp/terms.hpp"

#include <array>
#include <cstdio>
#include <sys/utsname.h>
#include <unistd.h>

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

/// `{sedge, Description, Version}`
term own_application() {
    return tuple(atom{"sedge"}, erlang_string("C++ nodes in an Erlang cluster"), erlang_string(SEDGE_VERSION));
}

outcome application_key(call_context&, builtin_arguments arguments) {
    const bool ours = arguments[0].is_atom("sedge");
    if (ours && arguments[1].is_atom("vsn"))
        return outcome::value(tuple(atom{"ok"}, term{own_application().element(2)}));
    if (ours && arguments[1].is_atom("description"))
        return outcome::value(tuple(atom{"ok"}, term{own_application().element(1)}));
    return outcome::value(term{atom{"undefined"}});
}

/// Modules that have functions here, as `Form` shows one.
template <class Form>
term modules(const function_table& table, Form form) {
    std::vector<term> all;
    atom last;
    for (const auto& known : table.names()) {
        if (known.module != last) all.push_back(form(known.module));
        last = known.module;
    }
    return term_list(all);
}

/// `{6, 1, 0}`
term system_version() {
    utsname names{};
    std::array<int, 3> parts{};
    if (uname(&names) == 0) std::sscanf(names.release, "%d.%d.%d", &parts[0], &parts[1], &parts[2]);
    return tuple(parts[0], parts[1], parts[2]);
}

/// The name of the machine without its domain, as `inet:gethostname/0`.
std::string host_name() {
    std::array<char, 256> text{};
    if (gethostname(text.data(), text.size() - 1) != 0) return "localhost";
    const std::string name{text.data()};
    return name.substr(0, name.find('.'));
}

handler always(term value) {
    return [value = std::move(value)](call_context&, builtin_arguments) { return outcome::value(value); };
}

/// What a BEAM without applications but this one, and without tables, would say.
void add_applications_and_tables(const std::function<void(std::string_view, std::string_view, int, handler)>& add) {
    const handler applications = always(term_list(std::vector<term>{own_application()}));
    const handler undefined = always(term{atom{"undefined"}});
    for (int arity : {0, 1}) add("application", "which_applications", arity, applications);
    add("application", "loaded_applications", 0, applications);
    add("application", "get_key", 2, handler{application_key});
    add("application", "get_env", 2, undefined);
    add("application", "get_env", 3,
        [](call_context&, builtin_arguments arguments) { return outcome::value(arguments[2]); });
    for (int arity : {0, 1}) add("application", "get_application", arity, undefined);
    for (int arity : {0, 1}) add("application", "get_all_env", arity, always(nil()));
    add("ets", "all", 0, always(nil()));
    add("ets", "whereis", 1, undefined);
    for (int arity : {1, 2}) add("ets", "info", arity, undefined);
}

void add_machine(const std::function<void(std::string_view, std::string_view, int, handler)>& add) {
    add("os", "type", 0, always(os_type()));
    add("os", "version", 0, always(system_version()));
    add("os", "getpid", 0, always(erlang_string(std::to_string(getpid()))));
    add("inet", "gethostname", 0, always(tuple(atom{"ok"}, erlang_string(host_name()))));
    add("net_adm", "localhost", 0, always(erlang_string(host_name())));
    add("init", "get_status", 0, always(tuple(atom{"started"}, atom{"started"})));
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
    add("code", "which", 1, [&table](call_context&, builtin_arguments arguments) {
        return outcome::value(term{atom{has_module(table, arguments[0]) ? "preloaded" : "non_existing"}});
    });
    add("code", "all_loaded", 0, [&table](call_context&, builtin_arguments) {
        return outcome::value(modules(table, [](const atom& m) { return tuple(m, atom{"preloaded"}); }));
    });
    add("erlang", "loaded", 0, [&table](call_context&, builtin_arguments) {
        return outcome::value(modules(table, [](const atom& m) { return term{m}; }));
    });
    add("erlang", "module_loaded", 1, [&table](call_context& c, builtin_arguments arguments) {
        if (!arguments[0].as<atom>()) return failure("badarg", c, arguments);
        return outcome::value(term{has_module(table, arguments[0])});
    });
    add_applications_and_tables(add);
    add_machine(add);
    table.add_raw("net_adm", "names", 0,
                  task_handler{[facts](call_context&, std::vector<term>) { return port_mapper_names(facts); }},
                  access::info);
}

} // namespace sedge::otp
