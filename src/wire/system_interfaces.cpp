// SPDX-License-Identifier: Apache-2.0
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <bit>
#include <ifaddrs.h>
#include <net/if.h>
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
} // namespace

std::vector<interface_address> system_transport::interfaces() {
    std::vector<interface_address> found;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return found;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{first, freeifaddrs};
    for (const auto* i = first; i; i = i->ifa_next) {
        if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)) continue;
        interface_address entry;
        entry.name = i->ifa_name;
        entry.index = if_nametoindex(i->ifa_name);
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

std::string system_transport::host_name() {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0) return "localhost";
    return name;
}

} // namespace sedge::wire
