// SPDX-License-Identifier: Apache-2.0
//
// The module `pg` as other nodes and the shell call it. Errors are OTP's: a scope that does not run is no process, so
// that join and leave exit with noproc, while members are asked of a table and are none; a member must be of this node.
#include "otp/pg/functions.hpp"

#include "otp/terms.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/encoder.hpp>

namespace sedge::otp {
namespace {

using arguments = std::span<const term>;
/// A function of one scope; `rest` are its other arguments.
using scope_function = std::function<outcome(call_context& context, pg_scope& scope, arguments rest)>;

outcome ok() { return outcome::value(term{atom{"ok"}}); }

/// What `gen_server:call` exits with when nobody has the name.
outcome no_scope(const atom& scope, const call_context& c, arguments rest) {
    term request{atom{"monitor"}}; // of monitor_scope
    if (c.function == "join" || c.function == "leave")
        request = tuple(atom{c.function.str() + "_local"}, rest[0], rest[1]);
    else if (c.function != "monitor_scope")
        request = tuple(c.function, rest[0]);
    const term called = term_list(std::vector{term{scope}, request, term{atom{"infinity"}}});
    return outcome::exited(tuple(atom{"noproc"}, std::tuple{atom{"gen_server"}, atom{"call"}, called}));
}

bool is_pids(const term& given) { return given.kind() == term_kind::pid || given.view().is_list(); }

/// A pid of this node or a list of such; the outcome says what is wrong.
std::optional<std::vector<pid>> local_pids(call_context& c, const term& given, outcome& wrong) {
    std::vector<pid> pids;
    auto take = [&](const term_view& each) {
        auto who = each.as<pid>();
        if (!who || who->node != c.self.node().name()) {
            wrong = outcome::failed(tuple(atom{"nolocal"}, term{each}));
            return false;
        }
        pids.push_back(*std::move(who));
        return true;
    };
    if (!given.view().is_list()) return take(given) ? std::optional{pids} : std::nullopt;
    for (auto each : given.view().elements())
        if (!take(each)) return std::nullopt;
    return pids;
}

outcome join(call_context& c, pg_scope& scope, arguments rest) {
    if (!is_pids(rest[1])) return failure("function_clause", c, rest);
    outcome wrong;
    auto pids = local_pids(c, rest[1], wrong);
    if (!pids) return wrong;
    (void)scope.join(rest[0], *pids); // they are local
    return ok();
}

outcome leave(call_context& c, pg_scope& scope, arguments rest) {
    if (!is_pids(rest[1])) return failure("function_clause", c, rest);
    outcome wrong;
    auto pids = local_pids(c, rest[1], wrong);
    if (!pids) return wrong;
    return scope.leave(rest[0], *pids) ? ok() : outcome::value(term{atom{"not_joined"}});
}

outcome monitor(call_context& c, pg_scope& scope, arguments rest) {
    auto made = scope.monitor(c.self.self(), rest[0]);
    return made ? outcome::value(term{*made}) : outcome::failed(term{atom{"system_limit"}});
}

outcome monitor_scope(call_context& c, pg_scope& scope, arguments) {
    auto made = scope.monitor_scope(c.self.self());
    if (!made) return outcome::failed(term{atom{"system_limit"}});
    byte_buffer bytes;
    encoder out{bytes};
    out.tuple(2);
    out.reference(made->first);
    out.map(made->second.size());
    for (const auto& [group, members] : made->second) {
        out.copy(group);
        out.copy(term{members});
    }
    return outcome::value(term::adopt(std::move(bytes)));
}

task<outcome> demonitor(pg_scope scope, call_context& c, term ref) {
    auto monitor = ref.as<reference>();
    if (!monitor) co_return outcome::value(term{false});
    auto ending = scope.demonitor(c.self, *monitor);
    const bool was_there = co_await std::move(ending);
    co_return was_there ? ok() : outcome::value(term{false});
}

/// Adds `name/arity` for the scope `pg`, and with the scope as a first argument.
void add(function_table& table, pg& groups, std::string_view name, int arity, access level, const scope_function& run,
         const std::function<outcome(const atom& scope, call_context&, arguments rest)>& without) {
    handler in_default = [&groups, run, without](call_context& c, arguments given) {
        auto scope = groups.find(atom{"pg"});
        return scope ? run(c, *scope, given) : without(atom{"pg"}, c, given);
    };
    handler in_named = [&groups, run, without](call_context& c, arguments given) {
        auto called = given[0].as<atom>();
        if (!called) return failure("function_clause", c, given);
        auto scope = groups.find(*called);
        return scope ? run(c, *scope, given.subspan(1)) : without(*called, c, given.subspan(1));
    };
    table.add_raw("pg", name, arity, in_default, level);
    table.add_raw("pg", name, arity + 1, in_named, level);
}

} // namespace

void add_pg_functions(function_table& table, pg& groups) {
    auto empty = [](const atom&, call_context&, arguments) { return outcome::value(nil()); };
    auto badarg = [](const atom&, call_context& c, arguments rest) { return failure("badarg", c, rest); };
    auto members = [](call_context&, pg_scope& s, arguments rest) { return outcome::value(term{s.members(rest[0])}); };
    auto local = [](call_context&, pg_scope& s, arguments rest) {
        return outcome::value(term{s.local_members(rest[0])});
    };
    auto all = [](call_context&, pg_scope& s, arguments) { return outcome::value(term{s.groups()}); };
    auto all_local = [](call_context&, pg_scope& s, arguments) { return outcome::value(term{s.local_groups()}); };
    add(table, groups, "get_members", 1, access::info, members, empty);
    add(table, groups, "get_local_members", 1, access::info, local, empty);
    add(table, groups, "which_groups", 0, access::info, all, badarg);
    add(table, groups, "which_local_groups", 0, access::info, all_local, badarg);
    add(table, groups, "join", 2, access::call, join, no_scope);
    add(table, groups, "leave", 2, access::call, leave, no_scope);
    add(table, groups, "monitor", 1, access::call, monitor, no_scope);
    add(table, groups, "monitor_scope", 0, access::call, monitor_scope, no_scope);

    for (int arity : {1, 2}) {
        task_handler end = [&groups](call_context& c, std::vector<term> given) -> task<outcome> {
            const atom scope = given.size() == 1 ? atom{"pg"} : given[0].as<atom>().value_or(atom{});
            auto found = groups.find(scope);
            if (!found) co_return no_scope(scope, c, std::span{given}.last(1));
            auto ending = demonitor(*found, c, given.back());
            co_return co_await std::move(ending);
        };
        table.add_raw("pg", "demonitor", arity, end, access::call);
    }
    handler start = [&groups](call_context& c, arguments given) {
        auto name = given[0].as<atom>();
        if (!name || name->empty()) return failure("function_clause", c, given);
        auto pid_of = [&] { return tuple(c.self.node().whereis(*name).value_or(pid{})); };
        if (auto running = groups.find(*name))
            return outcome::value(tuple(atom{"error"}, std::tuple{atom{"already_started"}, pid_of().element(0)}));
        auto made = groups.start(*name);
        if (made) return outcome::value(tuple(atom{"ok"}, pid_of().element(0)));
        return outcome::value(tuple(atom{"error"}, atom{"already_started"}));
    };
    table.add_raw("pg", "start", 1, start, access::call);
}

} // namespace sedge::otp
