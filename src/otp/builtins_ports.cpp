// SPDX-License-Identifier: Apache-2.0
//
// Connections to other nodes, as the ports that they would be on a BEAM.
#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"
#include "otp/terms.hpp"

#include <sedge/process/node.hpp>

#include <algorithm>

namespace sedge::otp {
namespace {

outcome ports(call_context& c, builtin_arguments) {
    node& here = c.self.node();
    std::vector<term> all;
    for (const auto& peer : here.peer_details()) all.emplace_back(port_of(here, peer));
    return outcome::value(term_list(all));
}

/// In the order of `erlang:port_info/1`.
std::vector<term> port_items(node& here, const peer_info& peer) {
    const pid owner = here.whereis(atom{"net_kernel"}).value_or(here.group_leader());
    return {tuple(atom{"name"}, erlang_string("tcp_inet")),
            tuple(atom{"links"}, std::vector<pid>{owner}),
            tuple(atom{"id"}, peer.connection),
            tuple(atom{"connected"}, owner),
            tuple(atom{"input"}, peer.bytes_in),
            tuple(atom{"output"}, peer.bytes_out),
            tuple(atom{"os_pid"}, atom{"undefined"})};
}

/// Those of `erlang:port_info/2` that are not in the list above.
std::vector<term> further_items() {
    return {tuple(atom{"monitors"}, nil()),       tuple(atom{"monitored_by"}, nil()),
            tuple(atom{"parallelism"}, false),    tuple(atom{"locking"}, atom{"false"}),
            tuple(atom{"queue_size"}, 0),         tuple(atom{"memory"}, 0),
            tuple(atom{"registered_name"}, nil())};
}

outcome port_info(call_context& c, builtin_arguments arguments) {
    node& here = c.self.node();
    if (arguments[0].as<atom>()) return outcome::value(term{atom{"undefined"}}); // no port has a name
    const auto wanted = arguments[0].as<port>();
    if (!wanted || wanted->node != here.name()) return failure("badarg", c, arguments);
    const auto peers = here.peer_details();
    const auto found = std::ranges::find_if(peers, [&](const auto& p) { return port_of(here, p) == *wanted; });
    const bool is_open = found != peers.end();
    std::vector<term> items = port_items(here, is_open ? *found : peer_info{});
    if (arguments.size() == 1) return outcome::value(is_open ? term_list(items) : term{atom{"undefined"}});
    for (auto& more : further_items()) items.push_back(std::move(more));
    for (const auto& item : items) {
        if (item.element(0) != arguments[1].view()) continue;
        if (!is_open) return outcome::value(term{atom{"undefined"}});
        return outcome::value(arguments[1].is_atom("registered_name") ? nil() : item); // as for processes
    }
    return failure("badarg", c, arguments);
}

} // namespace

void add_port_builtins(function_table& table) {
    table.add_raw("erlang", "ports", 0, handler{ports}, access::info);
    for (int arity : {1, 2}) table.add_raw("erlang", "port_info", arity, handler{port_info}, access::info);
}

} // namespace sedge::otp
