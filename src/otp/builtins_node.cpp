// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/rpc.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::otp {
namespace {

constexpr seconds ping_time{10}; ///< More than one connection attempt; OTP waits for ever.

term atoms(const std::vector<atom>& names) { return term{names}; }

/// The nodes that `nodes(Kind)` names; nothing for an unknown kind.
std::optional<std::vector<atom>> nodes_of_kind(node& here, const term_view& kind) {
    std::vector<atom> visible = here.peers(false);
    std::vector<atom> all = here.peers(true);
    if (kind.is_atom("visible")) return visible;
    if (kind.is_atom("connected")) return all;
    if (kind.is_atom("this")) return std::vector<atom>{here.name()};
    if (kind.is_atom("known")) {
        all.insert(all.begin(), here.name());
        return all;
    }
    if (!kind.is_atom("hidden")) return std::nullopt;
    std::vector<atom> hidden;
    std::set_difference(all.begin(), all.end(), visible.begin(), visible.end(), std::back_inserter(hidden));
    return hidden;
}

/// `nodes(Kind)` and `nodes([Kind])`.
outcome nodes(call_context& c, builtin_arguments arguments) {
    node& here = c.self.node();
    if (!arguments[0].view().is_list()) {
        auto names = nodes_of_kind(here, arguments[0]);
        return names ? outcome::value(atoms(*names)) : failure("badarg", c, arguments);
    }
    auto kinds = proper_list(arguments[0]);
    if (!kinds) return failure("badarg", c, arguments);
    std::vector<atom> all;
    for (const auto& kind : *kinds) {
        auto names = nodes_of_kind(here, kind);
        if (!names) return failure("badarg", c, arguments);
        all.insert(all.end(), names->begin(), names->end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return outcome::value(atoms(all));
}

task<outcome> ping_from_here(call_context& c, atom on) {
    auto asking = ping(c.self.node(), on, c.self.env().now() + ping_time);
    result<void> answer = co_await std::move(asking);
    co_return outcome::value(term{atom{answer ? "pong" : "pang"}});
}

task<outcome> ping_handler(call_context& c, std::vector<term> arguments) {
    auto on = arguments[0].as<atom>();
    if (!on) co_return failure("function_clause", c, arguments);
    auto asking = ping_from_here(c, *on);
    co_return co_await std::move(asking);
}

} // namespace

void add_node_builtins(function_table& table) {
    handler self = [](call_context& c, builtin_arguments) { return outcome::value(term{c.self.node().name()}); };
    handler visible = [](call_context& c, builtin_arguments) {
        return outcome::value(atoms(c.self.node().peers(false)));
    };
    handler node_of = [](call_context& c, builtin_arguments arguments) {
        if (auto p = arguments[0].as<pid>()) return outcome::value(term{p->node});
        if (auto r = arguments[0].as<reference>()) return outcome::value(term{r->node});
        if (auto p = arguments[0].as<port>()) return outcome::value(term{p->node});
        return failure("badarg", c, arguments);
    };
    handler yes = [](call_context&, builtin_arguments) { return outcome::value(term{true}); };
    for (std::string_view module : {"erlang", "Elixir.Node", "Elixir.Kernel"}) {
        bool elixir_node = module == "Elixir.Node";
        table.add_raw(module, elixir_node ? "self" : "node", 0, self, access::info);
        if (!elixir_node) table.add_raw(module, "node", 1, node_of, access::info);
    }
    table.add_raw("erlang", "nodes", 0, visible, access::info);
    table.add_raw("erlang", "nodes", 1, handler{nodes}, access::info);
    table.add_raw("Elixir.Node", "list", 0, visible, access::info);
    table.add_raw("Elixir.Node", "list", 1, handler{nodes}, access::info);
    table.add_raw("erlang", "is_alive", 0, yes, access::info);
    table.add_raw("Elixir.Node", "alive?", 0, yes, access::info);
    handler tick_time = [](call_context& c, builtin_arguments) {
        return outcome::value(term{static_cast<std::int64_t>(c.self.node().options().tick_time.count())});
    };
    table.add_raw("net_kernel", "get_net_ticktime", 0, tick_time, access::info);
    // Not `info`: it connects this node to whomever the caller names.
    table.add_raw("net_adm", "ping", 1, task_handler{ping_handler}, access::call);
    table.add_raw("Elixir.Node", "ping", 1, task_handler{ping_handler}, access::call);
}

} // namespace sedge::otp
