// SPDX-License-Identifier: Apache-2.0
//
// The adapter for Phoenix LiveDashboard 0.2 to 0.8, version 1. What depends on that program is in live_dashboard*.cpp.
//
// Its node menu lists the visible nodes. For the chosen one it asks whether the module Phoenix.LiveDashboard.SystemInfo
// is loaded there, by code:ensure_loaded/1 or, in later releases, code:is_loaded/1, and calls capabilities_callback.
// When the answer says that the node runs a dashboard of its own, it sends no code and uses the functions there:
//
//   page          functions; two arities where releases differ
//   home          info_callback/1,2   usage_callback/0   memory_allocators_callback/1
//   processes     processes_callback/4,5   process_info_callback/1,2
//   sockets       sockets_callback/4   socket_info_callback/1,2    here: the connections to other nodes
//   applications  applications_info_callback/4   app_tree_callback/1
//   OS data       os_mon_callback/0
//   ports, ets    ports_callback/4   port_info_callback/1,2   ets_callback/4   ets_info_callback/1    here: none
//
// A list function gives {Items, Count}; its arguments are a text to search for or nil, the key to sort by, asc or desc,
// and how many. The environment variables that the home page asks for are not told: each is nil.

#include "otp/live_dashboard.hpp"
#include "otp/system_facts.hpp"

#include <algorithm>

namespace sedge::otp {
namespace {

using namespace dashboard;

// -- home ------------------------------------------------------------------------------------------------------------

term memory_map(node& here, const system_facts& facts) {
    term_map sizes;
    std::int64_t other = 0;
    for (const auto& kind : facts.memory(here)) {
        auto bytes = static_cast<std::int64_t>(kind.bytes);
        if (kind.name == "total")
            other += bytes;
        else if (kind.name == "processes_used" || kind.name == "system" || kind.name == "atom_used")
            continue;
        else
            other -= bytes;
        sizes.emplace(atom{kind.name == "processes" ? "process" : kind.name}, term{bytes});
    }
    sizes.emplace(atom{"other"}, term{other});
    return term{sizes};
}

term item_or_zero(node& here, const system_facts& facts, std::string_view name) {
    return facts.item(here, term{atom{name}}).value_or(term{0});
}

term usage(node& here, const system_facts& facts) {
    auto traffic = here.traffic();
    auto waiting = totals_of(here).runnable;
    term_map all{
        {atom{"atoms"}, item_or_zero(here, facts, "atom_count")},
        {atom{"ports"}, item_or_zero(here, facts, "port_count")},
        {atom{"processes"}, item_or_zero(here, facts, "process_count")},
        {atom{"io"}, tuple(traffic.bytes_in, traffic.bytes_out)},
        {atom{"uptime"}, term{facts.uptime(here).count()}},
        {atom{"memory"}, memory_map(here, facts)},
        {atom{"total_run_queue"}, term{waiting}},
        {atom{"cpu_run_queue"}, term{waiting}},
    };
    return term{all};
}

/// Names asked for, without values.
term environment_of(const term& keys) {
    if (!keys.view().is_list()) return elixir_nil();
    std::vector<term> pairs;
    for (auto key : keys.view().elements()) pairs.push_back(tuple(term{key}, elixir_nil()));
    return term_list(pairs);
}

outcome info(call_context& c, builtin_arguments arguments, const system_facts& facts) {
    node& here = c.self.node();
    term none = binary("None");
    term_map system{
        {atom{"banner"}, item_or_zero(here, facts, "system_version")},
        {atom{"elixir_version"}, none},
        {atom{"phoenix_version"}, none},
        {atom{"system_architecture"}, item_or_zero(here, facts, "system_architecture")},
        {atom{arguments.size() > 1 ? "app_version" : "dashboard_version"}, none},
    };
    term_map limits{
        {atom{"atoms"}, item_or_zero(here, facts, "atom_limit")},
        {atom{"ports"}, item_or_zero(here, facts, "port_limit")},
        {atom{"processes"}, item_or_zero(here, facts, "process_limit")},
    };
    term_map all{
        {atom{"system_info"}, term{system}},
        {atom{"system_limits"}, term{limits}},
        {atom{"system_usage"}, usage(here, facts)},
        {atom{"environment"}, environment_of(arguments[0])},
    };
    return outcome::value(term{all});
}

/// `{[#{name, block_size, carrier_size, max_carrier_size}], Max}`: there is one allocator, the C library's.
outcome allocators(call_context& c, builtin_arguments arguments, const system_facts& facts) {
    atom name{"total"};
    std::uint64_t resident = facts.memory(c.self.node()).front().bytes;
    std::uint64_t most = resident;
    if (auto before = arguments[0].view().find(term{name}))
        most = std::max(most, before->as<std::uint64_t>().value_or(0));
    term_map total{{atom{"name"}, term{name}},
                   {atom{"block_size"}, term{resident}},
                   {atom{"carrier_size"}, term{resident}},
                   {atom{"max_carrier_size"}, term{most}}};
    std::vector<term> all{term{total}};
    return outcome::value(tuple(term_list(all), term_map{{name, term{most}}}));
}

/// Of the requirements `[{application | module | process, Name}]`, those of that kind that are met.
term met(const term& requirements, std::string_view kind, const std::function<bool(const atom&)>& is_there) {
    std::vector<term> names;
    for (auto entry : requirements.view().elements()) {
        auto name = is_tagged(entry, kind, 2) ? entry.element(1).as<atom>() : std::nullopt;
        if (name && is_there(*name)) names.push_back(term{*name});
    }
    return term_list(names);
}

term capabilities(node& here) {
    term_map all{{atom{"system_info"}, binary("sedge " SEDGE_VERSION)},
                 {atom{"dashboard"}, term{here.group_leader()}}, // any process: it says that no code is to be sent
                 {atom{"os_mon"}, term{atom{"os_mon"}}}};
    return term{all};
}

outcome capabilities_for(call_context& c, builtin_arguments arguments, const function_table& table) {
    if (!arguments[0].view().is_list()) return failure("function_clause", c, arguments);
    node& here = c.self.node();
    auto modules = table.names();
    term_map all{
        {atom{"system_info"}, binary("sedge " SEDGE_VERSION)},
        {atom{"dashboard_running?"}, term{true}},
        {atom{"applications"},
         met(arguments[0], "application", [](const atom& name) { return name == "sedge" || name == "os_mon"; })},
        {atom{"modules"}, met(arguments[0], "module",
                              [&](const atom& name) {
                                  return std::any_of(modules.begin(), modules.end(),
                                                     [&](const auto& f) { return f.module == name; });
                              })},
        {atom{"processes"},
         met(arguments[0], "process", [&](const atom& name) { return here.whereis(name).has_value(); })},
    };
    return outcome::value(term{all});
}

// -- sockets and applications ----------------------------------------------------------------------------------------

std::vector<item> all_sockets(node& here) {
    pid owner = here.whereis(atom{"net_kernel"}).value_or(here.group_leader());
    std::vector<item> items;
    for (const auto& peer : here.peer_details()) {
        item shown;
        std::string local = peer.initiated_here ? "*:*" : "*:" + std::to_string(here.listening_at().port);
        std::string remote = to_string(peer.address);
        shown.searched = lower(local + " " + remote);
        shown.add("port", term{port{here.name(), peer.connection, here.creation()}});
        shown.add("module", binary("sedge"));
        shown.add("local_address", binary(local));
        shown.add("foreign_address", binary(remote));
        shown.add("state", binary("CONNECTED"));
        shown.add("type", term{atom{"stream"}});
        shown.add("name", erlang_string("tcp_inet"));
        shown.add("links", nil());
        shown.add("id", term{peer.connection});
        shown.add("connected", term{owner});
        shown.add("input", term{peer.bytes_in});
        shown.add("output", term{peer.bytes_out});
        shown.add("os_pid", term{atom{"undefined"}});
        shown.add("send_oct", term{peer.bytes_out});
        shown.add("recv_oct", term{peer.bytes_in});
        items.push_back(std::move(shown));
    }
    return items;
}

outcome sockets(call_context& c, builtin_arguments arguments) {
    auto asked = as_question(arguments);
    if (!asked) return failure("function_clause", c, arguments);
    return answer(all_sockets(c.self.node()), *asked);
}

/// One socket: all of it, the owner as a struct; or, with keys, only those.
outcome socket_info(call_context& c, builtin_arguments arguments) {
    for (auto& found : all_sockets(c.self.node())) {
        if (found.value(atom{"port"}) != arguments[0]) continue;
        if (arguments.size() == 1) {
            for (auto& [key, value] : found.pairs)
                if (key == "connected") value = details(c.self.node(), value);
            return outcome::value(tuple(atom{"ok"}, found.list()));
        }
        auto keys = arguments[1].as<std::vector<atom>>();
        if (!keys) return failure("function_clause", c, arguments);
        std::erase_if(found.pairs, [&](const auto& pair) {
            return std::find(keys->begin(), keys->end(), pair.first) == keys->end();
        });
        return outcome::value(tuple(atom{"ok"}, found.list()));
    }
    return outcome::value(term{atom{"error"}});
}

outcome applications(call_context& c, builtin_arguments arguments) {
    auto asked = as_question(arguments);
    if (!asked) return failure("function_clause", c, arguments);
    item ours;
    ours.searched = "sedge c++ nodes in an erlang cluster " SEDGE_VERSION;
    ours.add("name", term{atom{"sedge"}});
    ours.add("description", binary("C++ nodes in an Erlang cluster"));
    ours.add("version", binary(SEDGE_VERSION));
    ours.add("state", term{atom{"started"}});
    ours.add("tree?", term{false});
    return answer({ours}, *asked);
}

outcome empty_page(call_context& c, builtin_arguments arguments) {
    auto asked = as_question(arguments);
    return asked ? answer({}, *asked) : failure("function_clause", c, arguments);
}

} // namespace

void add_live_dashboard(function_table& table, std::shared_ptr<const system_facts> facts) {
    auto add = [&table](std::string_view function, std::initializer_list<int> arities, const handler& run) {
        for (int arity : arities) table.add_raw(module_name, function, arity, run, access::info);
    };
    handler no_such = [](call_context&, builtin_arguments) { return outcome::value(term{atom{"error"}}); };
    add("capabilities_callback", {0},
        [](call_context& c, builtin_arguments) { return outcome::value(capabilities(c.self.node())); });
    add("capabilities_callback", {1},
        [&table](call_context& c, builtin_arguments a) { return capabilities_for(c, a, table); });
    add("info_callback", {1, 2}, [facts](call_context& c, builtin_arguments a) { return info(c, a, *facts); });
    add("usage_callback", {0},
        [facts](call_context& c, builtin_arguments) { return outcome::value(usage(c.self.node(), *facts)); });
    add("memory_allocators_callback", {1},
        [facts](call_context& c, builtin_arguments a) { return allocators(c, a, *facts); });
    add_processes(table);
    add_operating_system(table);
    add("sockets_callback", {4}, sockets);
    add("socket_info_callback", {1, 2}, socket_info);
    add("applications_info_callback", {4}, applications);
    add("app_tree_callback", {1}, no_such);
    add("ports_callback", {4}, empty_page);
    add("port_info_callback", {1, 2}, no_such);
    add("ets_callback", {4}, empty_page);
    add("ets_info_callback", {1}, no_such);
}

} // namespace sedge::otp
