// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/mapper_survey.hpp"

#include "cluster/strategies/polling.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

constexpr milliseconds mapper_time{2000}; // for one host: its name, the connection, the list

std::vector<std::string> names_in(const epmd::names_answer& answer) {
    std::vector<std::string> out;
    for (const auto& entry : answer.names) out.push_back(entry.name);
    return out;
}

bool is_long_named(const atom& node) {
    auto parsed = node_name::parse(node.text());
    return parsed && parsed->is_long();
}

} // namespace

// The first address that answers speaks for the host.
task<result<std::vector<std::string>>> mapper_survey::ask_mapper(strategy_context* topology, std::string host) {
    auto& env = topology->env();
    const auto due = env.now() + mapper_time;
    auto resolving = with_deadline(env, due, env.net().resolve(host));
    auto addresses = co_await std::move(resolving);
    if (!addresses) co_return addresses.error();
    error failure{wire::errc::name_not_found, host};
    for (const auto& address : *addresses) {
        auto asking = epmd::names(env, wire::endpoint{address, port_}, due);
        auto answer = co_await std::move(asking);
        if (answer) co_return names_in(*answer);
        failure = answer.error();
    }
    co_return failure;
}

task<> mapper_survey::ask_host(strategy_context* topology, std::string host) {
    auto asking = ask_mapper(topology, host);
    auto told = co_await std::move(asking);
    take(*topology, host, std::move(told));
}

void mapper_survey::take(strategy_context& topology, const std::string& host, result<std::vector<std::string>> told) {
    auto& entry = hosts_[host];
    topology.count(told ? "mappers_asked" : "mappers_failed");
    if (told) {
        if (!entry.last_failure.empty())
            topology.log(log_level::info, "the port mapper of " + printable(host) + " answers again");
        entry.last_failure.clear();
        entry.names = *std::move(told);
        return;
    }
    auto failure = printable(told.error().message());
    if (failure != entry.last_failure)
        topology.log(log_level::warning, "no names from " + printable(host) + ": " + failure + "; it is asked again");
    entry.last_failure = std::move(failure);
}

std::vector<atom> mapper_survey::all(strategy_context& topology) const {
    const bool long_names = is_long_named(topology.self());
    std::vector<std::string> names;
    for (const auto& [host, entry] : hosts_) {
        auto shown = long_names ? host : host.substr(0, host.find('.'));
        for (const auto& name : entry.names) {
            if (names.size() >= 2 * limits::topology_nodes_max) break; // the reconciler says that it is too many
            names.push_back(name + '@' + shown);
        }
    }
    return only_node_names(topology, names);
}

task<std::vector<atom>> mapper_survey::nodes_of(strategy_context& topology, std::vector<std::string> hosts) {
    std::erase_if(hosts_, [&hosts](const auto& entry) { return std::ranges::find(hosts, entry.first) == hosts.end(); });
    for (std::size_t first = 0; first < hosts.size(); first += limits::dials_max) {
        nursery asking;
        const auto last = std::min(hosts.size(), first + limits::dials_max);
        for (std::size_t i = first; i < last; ++i) asking.start(ask_host(&topology, hosts[i]));
        auto done = asking.join();
        co_await std::move(done);
    }
    co_return all(topology);
}

task<std::vector<atom>> mapper_survey::nodes_here(strategy_context& topology, std::string host) {
    auto& env = topology.env();
    auto asking = epmd::names(env, {wire::ip_address::loopback_v4(), port_}, env.now() + mapper_time);
    auto answer = co_await std::move(asking);
    if (answer)
        take(topology, host, names_in(*answer));
    else
        take(topology, host, answer.error());
    co_return all(topology);
}

} // namespace sedge::cluster
