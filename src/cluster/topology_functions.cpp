// SPDX-License-Identifier: Apache-2.0
#include "cluster/topology_functions.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <map>

namespace sedge::cluster {
namespace {

constexpr std::string_view module_name = "sedge_topology";

using options = std::vector<std::pair<std::string, std::string>>;

/// The settings that these texts would mean in a configuration. Errors: config_errc, errc::limit_exceeded.
result<topology_settings> settings_of(const std::string& name, const std::string& strategy, const options& given) {
    if (name.empty() || name.find('.') != std::string::npos)
        return error{errc::invalid_argument, "a topology's name must not be empty and has no dots"};
    const auto begin = "topologies." + name + ".";
    std::vector<assignment> over{{begin + "strategy", strategy, "strategy"}};
    std::size_t size = strategy.size();
    for (const auto& [key, text] : given) {
        size += key.size() + text.size();
        over.push_back({begin + (key == "trust" ? key : "config." + key), text, "option"});
    }
    if (size > limits::config_bytes_max) return error{errc::limit_exceeded, "the options are too long"};
    auto parsed = parse_toml("", "", over);
    if (!parsed) return std::move(parsed).error();
    return std::move(parsed->topologies.front());
}

term describe(const known_node& node) {
    return term{std::map<atom, term>{{atom{"name"}, term{node.name}},
                                     {atom{"state"}, term{atom{to_string(node.now)}}},
                                     {atom{"attempts_failed"}, term{static_cast<std::int64_t>(node.attempts_failed)}},
                                     {atom{"reason"}, term{node.last_reason}}}};
}

std::vector<term> list(const configured_topologies& configured, const topologies& running) {
    const auto known = running.nodes();
    std::vector<term> out;
    for (const auto& name : running.names()) {
        std::vector<term> nodes;
        for (const auto& node : known)
            if (std::ranges::find(node.topologies, name) != node.topologies.end()) nodes.push_back(describe(node));
        std::map<std::string, std::int64_t> counters;
        for (const auto& [what, count] : running.counters(name)) counters[what] = static_cast<std::int64_t>(count);
        out.emplace_back(std::map<atom, term>{{atom{"name"}, term{name}},
                                              {atom{"strategy"}, term{configured.strategy_of(name)}},
                                              {atom{"nodes"}, term{nodes}},
                                              {atom{"counters"}, term{counters}}});
    }
    return out;
}

/// {Name, State, Reason}.
std::vector<std::tuple<atom, atom, std::string>> states(const node& here) {
    std::vector<std::tuple<atom, atom, std::string>> all;
    for (const auto& other : here.node_states())
        if (!other.hidden) all.emplace_back(other.name, atom{to_string(other.state)}, other.reason);
    return all;
}

} // namespace

void add_topology_functions(otp::function_table& table, node& here, configured_topologies& configured,
                            topologies& running, std::function<result<std::string>()> reload) {
    table.add(
        module_name, "list", [&configured, &running]() { return list(configured, running); }, otp::access::info);
    table.add(
        module_name, "node_states", [&here]() { return states(here); }, otp::access::info);
    table.add(module_name, "add", [&configured](std::string name, std::string strategy, options given) -> result<void> {
        auto settings = settings_of(name, strategy, given);
        if (!settings) return settings.error();
        return configured.add(*settings);
    });
    table.add(module_name, "change",
              [&configured](std::string name, std::string strategy, options given) -> result<void> {
                  auto settings = settings_of(name, strategy, given);
                  if (!settings) return settings.error();
                  return configured.change(*settings);
              });
    table.add(module_name, "remove", [&configured](std::string name) { return configured.remove(name); });
    table.add(module_name, "reload", [reload = std::move(reload)]() { return reload(); });
}

bool changes_topologies(const otp::function_entry& wanted) {
    return wanted.name.module.text() == module_name && wanted.level != otp::access::info;
}

bool may_change_topologies(node& here, const otp::role_table& roles, const atom& who) {
    const auto& role = roles.of({who, here.certificate_of(who)});
    if (who == here.name() || role.may.contains(otp::right::control)) return true;
    const auto peers = here.peer_details();
    const auto at = std::ranges::find(peers, who, &peer_info::name);
    if (at == peers.end()) return false;
    const auto& address = at->address.address;
    if (address.is_loopback()) return true;
    const auto own = here.env().net().interfaces();
    return std::ranges::find(own, address, &wire::interface_address::address) != own.end();
}

} // namespace sedge::cluster
