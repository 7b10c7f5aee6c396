// SPDX-License-Identifier: Apache-2.0
#include "cluster/multicast_socket.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

using wire::interface_address;
using wire::ip_address;

// An interface as the transport wants it: by its IPv4 address for IPv4, else by its number.
ip_address as_chosen(const interface_address& i, bool v4_group) {
    if (v4_group && i.address.is_v4()) return i.address;
    return ip_address::v6({}, i.index);
}

wire::datagram_options options_of(const multicast_settings& how, const std::optional<ip_address>& interface) {
    wire::datagram_options out;
    out.bind = {how.bind, how.port};
    if (how.bind.is_unspecified()) out.bind.address = how.group.is_v4() ? ip_address::any_v4() : ip_address::any_v6();
    out.reuse_address = true;
    out.broadcast = how.group.is_v4();
    if (!how.broadcast_only) out.multicast = wire::multicast_options{how.group, interface, how.ttl, true};
    return out;
}

result<ip_address> chosen(environment& env, const multicast_settings& how) {
    for (const auto& i : env.net().interfaces()) {
        if (!same_address(i.address, *how.interface)) continue;
        auto what = to_string(i.address) + " (" + i.name + ")";
        if (!i.up) return error{wire::errc::no_such_interface, "the interface of " + what + " is down"};
        if (!i.multicast && !i.address.is_loopback() && !how.broadcast_only)
            return error{errc::invalid_argument, "the interface of " + what +
                                                     " does not carry multicast; choose another with multicast_if, "
                                                     "or set broadcast_only and a broadcast address"};
        return as_chosen(i, how.group.is_v4());
    }
    return error{wire::errc::no_such_interface, "no interface of this machine has the address " +
                                                    to_string(*how.interface) + "; set multicast_if to one"};
}

// The kernel has no route for the group, as on machines without a default route: then the interface of the node's
// own address, any that carries multicast, and loopback, so that at least the nodes of this machine find each other.
result<multicast_socket> open_somewhere(strategy_context& topology, const multicast_settings& how, error first) {
    auto& env = topology.env();
    auto own = topology.self().text();
    auto own_host = ip_address::parse(own.substr(std::min(own.size(), own.find('@') + 1)));
    auto candidates = env.net().interfaces();
    std::erase_if(candidates, [&how](const auto& i) {
        return !i.up || i.address.is_v4() != how.group.is_v4() || !(i.multicast || i.address.is_loopback());
    });
    auto rank = [&own_host](const interface_address& i) {
        if (own_host && *own_host == i.address) return 0;
        return i.address.is_loopback() ? 2 : 1;
    };
    std::ranges::stable_sort(candidates, {}, rank);
    for (const auto& i : candidates) {
        auto opened = env.net().open_datagram(options_of(how, as_chosen(i, how.group.is_v4())));
        if (!opened) continue;
        topology.log(log_level::info, how.purpose + " goes over " + i.name + " (" + to_string(i.address) +
                                          "): this machine has no route for " + to_string(how.group));
        return opened;
    }
    return first.within("no interface takes multicast; set multicast_if to an address of this machine");
}

} // namespace

bool same_address(const ip_address& a, const ip_address& b) { return a.bytes() == b.bytes(); }

bool same_addresses(const std::vector<interface_address>& a, const std::vector<interface_address>& b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        return x.index == y.index && x.address == y.address && x.up == y.up;
    });
}

result<multicast_socket> open_multicast(strategy_context& topology, const multicast_settings& how) {
    auto& env = topology.env();
    std::optional<ip_address> interface;
    if (how.interface) {
        auto found = chosen(env, how);
        if (!found) return std::move(found).error();
        interface = *found;
    }
    auto opened = env.net().open_datagram(options_of(how, interface));
    if (opened || interface || how.broadcast_only || opened.error().code() == std::errc::address_in_use) return opened;
    return open_somewhere(topology, how, std::move(opened).error());
}

} // namespace sedge::cluster
