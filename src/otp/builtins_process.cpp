// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/io_lib.hpp>
#include <sedge/process/node.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace sedge::otp {
namespace {

/// A process of this node in the first argument; OTP raises badarg for anything else.
std::optional<pid> local_pid(call_context& c, builtin_arguments arguments) {
    auto who = arguments[0].as<pid>();
    if (!who || who->node != c.self.node().name()) return std::nullopt;
    return who;
}

/// `dead` is what the language says when the process is gone: undefined, or nil.
outcome info_of(call_context& c, builtin_arguments arguments, std::string_view dead) {
    auto who = local_pid(c, arguments);
    if (!who) return failure("badarg", c, arguments);
    auto info = c.self.node().info(*who, false);
    return outcome::value(info ? process_items(c.self.node(), *info) : term{atom{dead}});
}

outcome info_items_of(call_context& c, builtin_arguments arguments, std::string_view dead, bool elixir) {
    auto who = local_pid(c, arguments);
    if (!who) return failure("badarg", c, arguments);
    node& here = c.self.node();
    const auto names_messages = [](const term_view& t) { return t.is_atom("messages"); };
    const bool in_list =
        arguments[1].view().is_list() && std::ranges::any_of(arguments[1].view().elements(), names_messages);
    auto info = here.info(*who, in_list || names_messages(arguments[1])); // they may be many
    const process_info nobody;
    const process_info& shown = info ? *info : nobody; // a bad item is an error for dead processes too

    if (auto item = arguments[1].as<atom>()) {
        auto pair = process_item(here, shown, item->text());
        if (!pair) return failure("badarg", c, arguments);
        if (!info) return outcome::value(term{atom{dead}});
        bool unnamed = *item == "registered_name" && info->registered_name.empty();
        return outcome::value(unnamed && !elixir ? nil() : *pair); // OTP's one exception, which Elixir repairs
    }
    auto wanted = proper_list(arguments[1]);
    if (!wanted) return failure("badarg", c, arguments);
    std::vector<term> pairs;
    for (const auto& entry : *wanted) {
        auto item = entry.as<atom>();
        auto pair = item ? process_item(here, shown, item->text()) : std::nullopt;
        if (!pair) return failure("badarg", c, arguments);
        pairs.push_back(*std::move(pair));
    }
    return outcome::value(info ? term_list(pairs) : term{atom{dead}});
}

outcome is_alive(call_context& c, builtin_arguments arguments) {
    auto who = local_pid(c, arguments);
    if (!who) return failure("badarg", c, arguments);
    return outcome::value(term{c.self.node().is_alive(*who)});
}

/// Nothing is collected here, so it has been done.
outcome garbage_collect(call_context& c, builtin_arguments arguments) {
    return arguments.empty() ? outcome::value(term{true}) : is_alive(c, arguments);
}

outcome where_is(call_context& c, builtin_arguments arguments, std::string_view nobody) {
    auto name = arguments[0].as<atom>();
    if (!name) return failure("badarg", c, arguments);
    auto who = c.self.node().whereis(*name);
    return outcome::value(who ? term{*who} : term{atom{nobody}});
}

/// The three numbers of `<0.138.0>`.
std::optional<std::array<std::uint32_t, 3>> pid_numbers(std::string_view text) {
    if (text.size() < 2 || text.front() != '<' || text.back() != '>') return std::nullopt;
    std::array<std::uint32_t, 3> numbers{};
    const char* at = text.data() + 1;
    const char* end = text.data() + text.size() - 1;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
        auto [next, failed] = std::from_chars(at, end, numbers[i]);
        if (failed != std::errc{} || next == at) return std::nullopt;
        at = next;
    }
    if (at != end) return std::nullopt;
    return numbers;
}

outcome list_to_pid(call_context& c, builtin_arguments arguments) {
    auto text = characters(arguments[0]);
    auto numbers = arguments[0].view().is_list() && text ? pid_numbers(*text) : std::nullopt;
    bool ours = numbers && (*numbers)[0] == 0; // other first numbers mean something only on a BEAM
    if (!ours) return failure("badarg", c, arguments);
    node& here = c.self.node();
    return outcome::value(term{pid{here.name(), (*numbers)[1], (*numbers)[2], here.creation()}});
}

} // namespace

void add_process_builtins(function_table& table) {
    handler all = [](call_context& c, builtin_arguments) { return outcome::value(term{c.self.node().processes()}); };
    handler names = [](call_context& c, builtin_arguments) {
        return outcome::value(term{c.self.node().registered_names()});
    };
    handler self = [](call_context& c, builtin_arguments) { return outcome::value(term{c.self.self()}); };

    auto erlang = [&table](std::string_view function, int arity, handler run) {
        table.add_raw("erlang", function, arity, std::move(run), access::info);
    };
    erlang("processes", 0, all);
    erlang("registered", 0, names);
    erlang("self", 0, self);
    erlang("whereis", 1, [](call_context& c, builtin_arguments a) { return where_is(c, a, "undefined"); });
    erlang("is_process_alive", 1, is_alive);
    erlang("process_info", 1, [](call_context& c, builtin_arguments a) { return info_of(c, a, "undefined"); });
    erlang("process_info", 2,
           [](call_context& c, builtin_arguments a) { return info_items_of(c, a, "undefined", false); });
    erlang("list_to_pid", 1, list_to_pid);
    for (int arity : {0, 1}) erlang("garbage_collect", arity, garbage_collect);
    erlang("group_leader", 0, [](call_context& c, builtin_arguments) {
        auto leader = c.group_leader.as<pid>();
        return outcome::value(term{leader ? *leader : c.self.node().group_leader()});
    });

    auto elixir = [&table](std::string_view function, int arity, handler run) {
        table.add_raw("Elixir.Process", function, arity, std::move(run), access::info);
    };
    elixir("list", 0, all);
    elixir("registered", 0, names);
    elixir("whereis", 1, [](call_context& c, builtin_arguments a) { return where_is(c, a, "nil"); });
    elixir("alive?", 1, is_alive);
    elixir("info", 1, [](call_context& c, builtin_arguments a) { return info_of(c, a, "nil"); });
    elixir("info", 2, [](call_context& c, builtin_arguments a) { return info_items_of(c, a, "nil", true); });
    table.add_raw("Elixir.Kernel", "self", 0, self, access::info);
}

} // namespace sedge::otp
