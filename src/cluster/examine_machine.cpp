// SPDX-License-Identifier: Apache-2.0
//
// Looks at everything that a node needs of its machine, in parallel where something is waited for. Nothing is changed:
// no cookie is made, no name registered, nobody announced; a port that was tried is closed at once.
#include "cluster/examine_multicast.hpp"
#include "cluster/multicast_socket.hpp"
#include "cluster/start_settings.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/examination.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/dist/certified_name.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/tls.hpp>

#include <algorithm>
#include <filesystem>
#include <sys/resource.h>

namespace sedge::cluster {
namespace {

attempt outcome_of(environment& env, time_point begin, std::optional<error> failure) {
    return {std::move(failure), env.now() - begin};
}

void examine_cookie(const configuration& config, machine_facts& facts) {
    const auto& node = config.node;
    if (!node.cookie.empty()) {
        facts.cookie_from = config.cookie_on_command_line ? "the command line" : "the configuration";
        auto cookie = dist::cookie::from_text(node.cookie);
        if (!cookie)
            facts.cookie_failure = cookie.error();
        else
            facts.cookie_advice = cookie->advice();
        return;
    }
    const auto file = node.cookie_file.empty() ? own_cookie_file() : node.cookie_file;
    facts.cookie_from = file;
    auto cookie = dist::cookie::load(file);
    if (cookie) {
        facts.cookie_advice = cookie->advice();
        return;
    }
    facts.cookie_is_absent = node.cookie_file.empty() && cookie.error().code() == std::errc::no_such_file_or_directory;
    std::error_code ignored;
    const auto mode = std::filesystem::symlink_status(file, ignored);
    using perms = std::filesystem::perms;
    facts.cookie_file_is_open = std::filesystem::is_regular_file(mode) &&
                                (mode.permissions() & (perms::group_all | perms::others_all)) != perms::none;
    facts.cookie_failure = std::move(cookie).error();
}

void examine_tls(const configuration& config, machine_facts& facts) {
    auto options = tls_options_of(config.tls);
    facts.tls = !options || options->has_value();
    if (!options) {
        facts.tls_failure = std::move(options).error();
        return;
    }
    if (!facts.tls) return;
    auto context = wire::tls_context::load(**options);
    if (!context) {
        facts.tls_failure = std::move(context).error();
        return;
    }
    facts.certificate = (*context)->own();
    if (!facts.certificate || !facts.name) return;
    auto certified = dist::certified_name(*facts.certificate, *facts.name);
    if (!certified) facts.certificate_name = std::move(certified).error();
}

task<> resolve_own_host(environment& env, std::string host, machine_facts* into) {
    const auto begin = env.now();
    auto resolving = env.net().resolve(host);
    auto bounded = with_deadline(env, begin + limits::diagnosis_step_time, std::move(resolving));
    auto found = co_await std::move(bounded);
    into->resolving = outcome_of(env, begin, found ? std::nullopt : std::optional{found.error()});
    if (!found) co_return;
    into->own_host_addresses = *found;
    const auto interfaces = env.net().interfaces();
    for (const auto& each : *found) {
        const bool ours = each.is_loopback() || std::ranges::any_of(interfaces, [&each](const auto& i) {
                              return same_address(i.address, each);
                          });
        if (!ours) into->own_host_foreign.push_back(each);
    }
}

task<> ask_own_mapper(environment& env, std::uint16_t port, std::string alive, machine_facts* into) {
    const auto begin = env.now();
    auto asking = epmd::names(env, {wire::ip_address::loopback_v4(), port}, begin + limits::diagnosis_step_time);
    auto names = co_await std::move(asking);
    into->mapper = outcome_of(env, begin, names ? std::nullopt : std::optional{names.error()});
    if (!names) co_return;
    const auto own = std::ranges::find(names->names, alive, [](const auto& each) { return each.name; });
    if (alive.empty() || own == names->names.end()) co_return;
    into->registered_port = own->port;
    std::vector<wire::ip_address> addresses = into->own_host_addresses;
    addresses.push_back(wire::ip_address::loopback_v4());
    for (const auto& address : addresses) {
        const auto start = env.now();
        auto connecting = env.net().connect({address, own->port});
        auto bounded = with_deadline(env, start + limits::diagnosis_step_time, std::move(connecting));
        auto connected = co_await std::move(bounded);
        into->registered_node = outcome_of(env, start, connected ? std::nullopt : std::optional{connected.error()});
        if (connected) co_return;
    }
}

std::optional<error> try_to_listen(environment& env, const configuration& config) {
    const auto& node = config.node;
    auto address = wire::ip_address::any_v6();
    if (!node.listen.empty()) {
        auto parsed = wire::ip_address::parse(node.listen);
        if (!parsed) return error{config_errc::bad_value, "\"listen\" is no address: " + node.listen};
        address = *parsed;
    }
    const auto last = std::max(node.port_min, node.port_max);
    std::optional<error> failure;
    for (auto port = node.port_min; port <= last; ++port) {
        wire::listen_options both;
        both.v6_only = false;
        auto made = env.net().listen({address, static_cast<std::uint16_t>(port)}, both);
        if (!made && node.listen.empty())
            made = env.net().listen({wire::ip_address::any_v4(), static_cast<std::uint16_t>(port)}, both);
        if (made) return std::nullopt;
        failure = made.error();
    }
    const auto range = node.port_min == last
                           ? "port " + std::to_string(last)
                           : "all of the ports " + std::to_string(node.port_min) + " to " + std::to_string(last);
    return failure ? std::optional{error{failure->code(), range + (node.port_min == last ? " is taken" : " are taken")}}
                   : std::nullopt;
}

std::uint64_t descriptors_max() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::uint64_t>(limit.rlim_cur) : 0;
}

task<> interfaces_into(environment& env, machine_facts* into) {
    auto examining = examine_interfaces(env);
    auto found = co_await std::move(examining);
    into->interfaces = std::move(found);
}

task<> gossip_into(environment& env, topology_settings settings, atom self, gossip_facts* into) {
    auto listening = listen_for_gossip(env, std::move(settings), std::move(self));
    auto heard = co_await std::move(listening);
    *into = std::move(heard);
}

task<> name_and_mapper_into(environment& env, std::uint16_t mapper_port, machine_facts* into) {
    if (into->name) {
        auto resolving = resolve_own_host(env, into->name->host, into);
        co_await std::move(resolving);
    }
    auto asking = ask_own_mapper(env, mapper_port, into->name ? into->name->alive : std::string{}, into);
    co_await std::move(asking);
}

} // namespace

task<machine_facts> examine_machine(environment& env, configuration config) {
    machine_facts facts;
    facts.host_name = env.net().host_name();
    facts.now = env.wall_clock();
    facts.mapper_embedded = config.epmd.embedded;
    const auto& node = config.node;
    const bool is_named = !node.name.empty() || !node.sname.empty() || !node.named_by.empty();
    if (is_named) {
        auto name = chosen_name(node, facts.host_name);
        if (!name)
            facts.name_failure = std::move(name).error();
        else if (node.named_by.empty())
            facts.name = *std::move(name);
    }
    examine_cookie(config, facts);
    examine_tls(config, facts);
    facts.descriptors_max = descriptors_max();
    facts.listening = try_to_listen(env, config);

    const auto mapper_port = config.epmd.port != 0 ? static_cast<std::uint16_t>(config.epmd.port) : epmd::usual_port();
    const auto self = facts.name ? facts.name->full : atom{};
    std::vector<topology_settings> gossips;
    for (const auto& each : config.topologies)
        if (each.strategy == "gossip") gossips.push_back(each);
    facts.gossip.resize(gossips.size());
    nursery examinations;
    examinations.start(name_and_mapper_into(env, mapper_port, &facts));
    examinations.start(interfaces_into(env, &facts));
    for (std::size_t i = 0; i < gossips.size(); ++i)
        examinations.start(gossip_into(env, gossips[i], self, &facts.gossip[i]));
    auto all = examinations.join();
    co_await std::move(all);
    co_return facts;
}

} // namespace sedge::cluster
