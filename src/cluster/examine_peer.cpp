// SPDX-License-Identifier: Apache-2.0
//
// Walks the way of a dial step by step. What the node does when it dials is not repeated here: the last step is
// `node::connect` itself, with its handshake, its guard against our own challenges and its words. Only the port mapper
// is asked apart, at every address, because a dial stops at the first that answers
// (docs/decisions/0019-examining-by-connecting.md).
#include "cluster/ask_node.hpp"
#include "cluster/multicast_socket.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/examination.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

int common_bits(const wire::ip_address& a, const wire::ip_address& b) {
    for (int i = 0; i < 128; ++i) {
        const auto mask = static_cast<std::uint8_t>(0x80 >> (i % 8));
        const auto at = static_cast<std::size_t>(i / 8);
        if (((a.bytes()[at] ^ b.bytes()[at]) & mask) != 0) return i;
    }
    return 128;
}

address_facts placed(const wire::ip_address& address, const std::vector<wire::interface_address>& interfaces) {
    address_facts out;
    out.address = address;
    for (const auto& each : interfaces) {
        if (!each.up || each.address.is_v4() != address.is_v4()) continue;
        if (same_address(each.address, address)) out.is_ours = true;
        const int prefix = each.prefix_bits + (address.is_v4() ? 96 : 0); // IPv4 is kept in the mapped form
        const bool by_number = address.scope() != 0 && address.scope() == each.index;
        if (by_number || (address.scope() == 0 && common_bits(each.address, address) >= prefix))
            out.interface = each.name;
    }
    return out;
}

task<> ask_mapper(environment& env, std::uint16_t mapper_port, std::string alive, address_facts* into) {
    const auto begin = env.now();
    auto asking = epmd::look_up(env, {into->address, mapper_port}, alive, begin + limits::diagnosis_step_time);
    auto found = co_await std::move(asking);
    if (!found && into->is_ours && found.error() == make_error_code(epmd::errc::no_answer)) {
        // A mapper on this machine may listen on loopback only.
        auto at_home = epmd::look_up(env, {wire::ip_address::loopback_v4(), mapper_port}, alive,
                                     env.now() + limits::diagnosis_step_time);
        auto second = co_await std::move(at_home);
        if (second) found = std::move(second);
    }
    into->mapper.took = env.now() - begin;
    if (found)
        into->port = found->port;
    else
        into->mapper.failure = found.error();
}

task<> try_port(environment& env, address_facts* into) {
    const auto begin = env.now();
    auto connecting = env.net().connect({into->address, into->port});
    auto bounded = with_deadline(env, begin + limits::diagnosis_step_time, std::move(connecting));
    auto connected = co_await std::move(bounded);
    into->node = attempt{connected ? std::nullopt : std::optional{connected.error()}, env.now() - begin};
}

task<> resolve_into(environment& env, std::string host, peer_facts* into) {
    const auto begin = env.now();
    auto resolving = env.net().resolve(host);
    auto bounded = with_deadline(env, begin + limits::diagnosis_step_time, std::move(resolving));
    auto found = co_await std::move(bounded);
    into->resolving = attempt{found ? std::nullopt : std::optional{found.error().within(host)}, env.now() - begin};
    if (!found) co_return;
    if (found->size() > limits::diagnosis_addresses_max) found->resize(limits::diagnosis_addresses_max);
    const auto interfaces = env.net().interfaces();
    for (const auto& address : *found) into->addresses.push_back(placed(address, interfaces));
}

/// The other addresses of a host of both families, once one of them is connected.
task<> try_other_family(environment& env, peer_facts* into) {
    if (!into->connected_to) co_return;
    nursery attempts;
    for (auto& each : into->addresses)
        if (each.port != 0 && each.address.is_v4() != into->connected_to->address.is_v4())
            attempts.start(try_port(env, &each));
    auto all = attempts.join();
    co_await std::move(all);
}

task<> connect_into(node& through, atom peer, std::chrono::milliseconds setup_time, peer_facts* into) {
    auto& env = through.env();
    const auto begin = env.now();
    auto connecting = through.connect(peer);
    auto bounded = with_deadline(env, begin + setup_time + seconds{1}, std::move(connecting));
    auto connected = co_await std::move(bounded);
    into->connecting = attempt{connected ? std::nullopt : std::optional{connected.error()}, env.now() - begin};
    if (!connected) co_return;
    for (const auto& each : through.peer_details())
        if (each.name == peer) {
            into->connected_to = each.address;
            into->certificate = each.certificate;
        }
    auto asking = ask_node(through, peer);
    auto said = co_await std::move(asking);
    into->said = std::move(said);
}

} // namespace

task<peer_facts> examine_peer(environment& env, node* through, peer_question what) {
    peer_facts facts;
    facts.name = what.peer;
    facts.tls = what.tls;
    facts.tick_time = what.tick_time;
    facts.cannot_connect = what.cannot_connect;
    auto name = node_name::parse(what.peer);
    if (!name) {
        facts.form = name.error();
        co_return facts;
    }
    if (auto kind = check_name_kind(what.long_names, *name); !kind) {
        facts.form = kind.error();
        co_return facts;
    }
    facts.resolved_by_name = !wire::ip_address::parse(name->host).has_value();
    auto resolving = resolve_into(env, name->host, &facts);
    co_await std::move(resolving);

    nursery questions;
    for (auto& each : facts.addresses) questions.start(ask_mapper(env, what.mapper_port, name->alive, &each));
    auto all = questions.join();
    co_await std::move(all);
    const bool is_known = std::ranges::any_of(facts.addresses, [](const auto& each) { return each.port != 0; });
    if (!is_known || !through) co_return facts;

    auto connecting = connect_into(*through, name->full, what.setup_time, &facts);
    co_await std::move(connecting);
    auto others = try_other_family(env, &facts);
    co_await std::move(others);
    co_return facts;
}

} // namespace sedge::cluster
