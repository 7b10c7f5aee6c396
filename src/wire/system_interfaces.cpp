// SPDX-License-Identifier: Apache-2.0
//
// To list the addresses of a machine costs a hundred microseconds, and those who ask (each heartbeat of gossip, each
// connection to the port mapper) nearly always get the list they had. So it is kept until the kernel tells that a link
// or an address has changed.
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <map>
#include <net/if.h>
#include <netpacket/packet.h>
#include <unistd.h>

namespace sedge::wire {

namespace {
int prefix_bits(const sockaddr* mask) {
    if (!mask) return 0;
    if (mask->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, mask, sizeof v4);
        return std::popcount(v4.sin_addr.s_addr);
    }
    if (mask->sa_family != AF_INET6) return 0;
    sockaddr_in6 v6;
    std::memcpy(&v6, mask, sizeof v6);
    int bits = 0;
    for (auto byte : v6.sin6_addr.s6_addr) bits += std::popcount(byte);
    return bits;
}

/// Numbers of the interfaces by name. They stand in the entries of their hardware addresses; to ask for each costs a
/// socket.
std::map<std::string_view, std::uint32_t> numbers_of(const ifaddrs* first) {
    std::map<std::string_view, std::uint32_t> numbers;
    for (const auto* i = first; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_PACKET) continue;
        sockaddr_ll link;
        std::memcpy(&link, i->ifa_addr, sizeof link);
        numbers.emplace(i->ifa_name, static_cast<std::uint32_t>(link.sll_ifindex));
    }
    return numbers;
}

std::vector<interface_address> list_interfaces() {
    std::vector<interface_address> found;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return found;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{first, freeifaddrs};
    const auto numbers = numbers_of(first);
    for (const auto* i = first; i; i = i->ifa_next) {
        if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)) continue;
        interface_address entry;
        entry.name = i->ifa_name;
        const auto number = numbers.find(entry.name);
        entry.index = number == numbers.end() ? if_nametoindex(i->ifa_name) : number->second;
        entry.address = native_address::to_endpoint(i->ifa_addr).address;
        entry.prefix_bits = prefix_bits(i->ifa_netmask);
        entry.up = (i->ifa_flags & IFF_UP) != 0;
        entry.multicast = (i->ifa_flags & IFF_MULTICAST) != 0;
        if ((i->ifa_flags & IFF_BROADCAST) != 0 && i->ifa_broadaddr && i->ifa_broadaddr->sa_family == AF_INET)
            entry.broadcast = native_address::to_endpoint(i->ifa_broadaddr).address;
        found.push_back(std::move(entry));
    }
    return found;
}

unique_fd listen_for_changes() {
    unique_fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
    sockaddr_nl groups{};
    groups.nl_family = AF_NETLINK;
    groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) return unique_fd{};
    return fd;
}

/// Whether anything was told since the last call; what it was does not matter.
bool has_news(int fd) {
    std::array<char, 4096> message;
    bool any = false;
    for (;;) {
        if (::recv(fd, message.data(), message.size(), 0) >= 0 || errno == ENOBUFS) // more than the socket could hold
            any = true;
        else if (errno != EINTR)
            return any;
    }
}
} // namespace

std::vector<interface_address> system_transport::interfaces() {
    if (!interface_news_) {
        interface_news_ = listen_for_changes(); // before the list is made, so that no change is missed
        if (!interface_news_) return list_interfaces();
        interfaces_ = list_interfaces();
    } else if (has_news(interface_news_.get())) {
        interfaces_ = list_interfaces();
    }
    return interfaces_;
}

std::string system_transport::host_name() {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0) return "localhost";
    return name;
}

} // namespace sedge::wire
