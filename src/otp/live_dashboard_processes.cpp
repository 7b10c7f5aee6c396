// SPDX-License-Identifier: Apache-2.0
//
// Processes as LiveDashboard shows them: the page of that name, and one process by itself.

#include "otp/live_dashboard.hpp"

#include <sedge/process/node_counts.hpp>
#include <sedge/term/text.hpp>

namespace sedge::otp::dashboard {
namespace {

std::string local_text(node& here, const pid& who) {
    text_options options;
    options.local_node = here.name();
    return to_erlang(term{who}, options);
}

/// `:rpc.init/1`, `Elixir.Module.function/2`, as Exception.format_mfa writes them.
std::string function_text(const term_view& mfa) {
    std::string function = to_elixir(mfa.element(1));
    if (function.starts_with(':')) function.erase(0, 1);
    return to_elixir(mfa.element(0)) + "." + function + "/" + to_elixir(mfa.element(2));
}

term info_value(node& here, const process_info& info, std::string_view name) {
    return term{process_item(here, info, name)->element(1)};
}

std::string name_or_initial_call(node& here, const process_info& info) {
    if (!info.registered_name.empty()) return to_elixir(term{info.registered_name});
    return function_text(info_value(here, info, "initial_call"));
}

using reductions_by_pid = std::map<pid, std::uint64_t>;

/// `earlier`: the reductions of the last time, in releases that show what was added.
std::vector<item> all_processes(node& here, const std::optional<reductions_by_pid>& earlier) {
    std::vector<item> items;
    for (const auto& info : info_of_all(here)) {
        const pid& who = info.self;
        item shown;
        std::string name = name_or_initial_call(here, info);
        shown.searched = local_text(here, who) + " " + lower(name);
        shown.add("pid", term{who});
        shown.add("name_or_initial_call", binary(name));
        if (earlier) {
            auto before = earlier->find(who);
            auto count = before == earlier->end() ? 0 : before->second;
            auto added = static_cast<std::int64_t>(info.messages_handled) - static_cast<std::int64_t>(count);
            shown.add("reductions_diff", term{added});
        }
        for (const char* key : {"memory", "reductions", "message_queue_len", "current_function"})
            shown.add(key, info_value(here, info, key));
        items.push_back(std::move(shown));
    }
    return items;
}

outcome processes(call_context& c, builtin_arguments arguments) {
    auto asked = as_question(arguments);
    if (!asked) return failure("function_clause", c, arguments);
    return answer(all_processes(c.self.node(), std::nullopt), *asked);
}

/// The same, with `{..., Reductions}` to be handed in the next time.
outcome processes_with_state(call_context& c, builtin_arguments arguments) {
    auto asked = as_question(arguments);
    if (!asked) return failure("function_clause", c, arguments);
    auto items = all_processes(c.self.node(), arguments[4].as<reductions_by_pid>().value_or(reductions_by_pid{}));
    keep_found(items, *asked);
    std::map<pid, term> reductions;
    for (const auto& i : items) reductions.emplace(*i.value(atom{"pid"}).as<pid>(), i.value(atom{"reductions"}));
    auto [shown, count] = page_of(std::move(items), *asked);
    return outcome::value(tuple(shown, count, reductions));
}

std::optional<process_info> info_of_argument(call_context& c, const term& argument) {
    auto who = argument.as<pid>();
    return who ? c.self.node().info(*who, false) : std::nullopt;
}

/// `{ok, Process.info(Pid, Keys)}`
outcome process_of_keys(call_context& c, builtin_arguments arguments) {
    auto info = info_of_argument(c, arguments[0]);
    auto keys = proper_list(arguments[1]);
    if (!keys) return failure("function_clause", c, arguments);
    std::vector<term> pairs;
    for (const auto& entry : *keys) {
        auto key = entry.as<atom>();
        auto pair = info && key ? process_item(c.self.node(), *info, key->text()) : std::nullopt;
        if (info && !pair) return failure("badarg", c, arguments);
        if (pair) pairs.push_back(*std::move(pair));
    }
    return outcome::value(info ? tuple(atom{"ok"}, term_list(pairs)) : term{atom{"error"}});
}

} // namespace

term details(node& here, const term& who) {
    auto process = who.as<pid>();
    auto info = process ? here.info(*process, false) : std::nullopt;
    term_map fields{
        {atom{"__struct__"}, term{atom{std::string{module_name} + ".ProcessDetails"}}},
        {atom{"pid"}, who},
        {atom{"name_or_initial_call"}, info ? binary(name_or_initial_call(here, *info)) : elixir_nil()},
        {atom{"initial_call"}, info ? info_value(here, *info, "initial_call") : elixir_nil()},
    };
    return term{fields};
}

namespace {

term all_details(node& here, const term& list, bool tagged) {
    std::vector<term> all;
    for (auto entry : list.view().elements()) {
        term_view who = tagged ? entry.element(1) : entry;
        bool named = who.kind() == term_kind::tuple; // {Name, Node}
        all.push_back(details(here, term{named ? who.element(0) : who}));
    }
    return term_list(all);
}

/// `{ok, Info}` with processes as structs, in later releases.
outcome process_details(call_context& c, builtin_arguments arguments) {
    auto info = info_of_argument(c, arguments[0]);
    if (!info) return outcome::value(term{atom{"error"}});
    node& here = c.self.node();
    std::vector<term> ancestors;
    if (info->parent) ancestors.push_back(details(here, term{*info->parent}));
    std::vector<term> pairs{tuple(atom{"initial_call"}, info_value(here, *info, "initial_call")),
                            tuple(atom{"ancestors"}, term_list(ancestors))};
    for (std::string_view key :
         {"links", "monitors", "monitored_by", "registered_name", "current_function", "status", "message_queue_len",
          "trap_exit", "error_handler", "priority", "group_leader", "total_heap_size", "heap_size", "stack_size",
          "reductions", "garbage_collection", "suspending", "current_stacktrace"}) {
        term value = info_value(here, *info, key);
        if (key == "group_leader")
            value = details(here, value);
        else if (key == "monitors" || key == "links" || key == "monitored_by")
            value = all_details(here, value, key == "monitors");
        pairs.push_back(tuple(atom{key}, value));
    }
    return outcome::value(tuple(atom{"ok"}, term_list(pairs)));
}

} // namespace

void add_processes(function_table& table) {
    auto add = [&table](std::string_view function, int arity, const handler& run) {
        table.add_raw(module_name, function, arity, run, access::info);
    };
    add("processes_callback", 4, processes);
    add("processes_callback", 5, processes_with_state);
    add("process_info_callback", 1, process_details);
    add("process_info_callback", 2, process_of_keys);
}

} // namespace sedge::otp::dashboard
