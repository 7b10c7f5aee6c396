// SPDX-License-Identifier: Apache-2.0
#include "cluster/gossip_gate.hpp"

#include <algorithm>

namespace sedge::cluster {
namespace {

constexpr std::size_t of_this_machine = 16; // times as much as another machine may say: a thousand programs start

bool same_subnet(const wire::interface_address& own, const wire::ip_address& other) {
    if (own.address.is_v4() != other.is_v4()) return false;
    int bits = own.address.is_v4() ? 96 + own.prefix_bits : own.prefix_bits; // IPv4 is kept as ::ffff:a.b.c.d
    const auto& a = own.address.bytes();
    const auto& b = other.bytes();
    for (std::size_t i = 0; i < a.size() && bits > 0; ++i, bits -= 8) {
        int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
        if ((a[i] & mask) != (b[i] & mask)) return false;
    }
    return true;
}

} // namespace

// Two positions are enough to come back to: where the last star was, and how much it has eaten so far.
bool matches(std::string_view pattern, std::string_view name) noexcept {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t eaten_to = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            eaten_to = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++eaten_to;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool gossip_gate::is_for_all(const wire::ip_address& to) const {
    if (to.bytes() == group_.bytes()) return true; // of IPv6 groups the kernel tells the interface as scope
    if (!broadcast_) return false;
    if (to == wire::ip_address::v4(255, 255, 255, 255)) return true;
    return std::ranges::any_of(interfaces_, [&to](const auto& i) { return i.broadcast == to; });
}

bool gossip_gate::is_on_link(const wire::ip_address& from) const {
    if (from.is_loopback() || (from.is_link_local() && !from.is_v4())) return true;
    return std::ranges::any_of(interfaces_, [&from](const auto& i) { return same_subnet(i, from); });
}

bool gossip_gate::is_this_machine(const wire::ip_address& from) const {
    return from.is_loopback() || std::ranges::any_of(interfaces_, [&from](const auto& i) { return i.address == from; });
}

gossip_gate::verdict gossip_gate::judge(const wire::datagram& arrived, time_point now) {
    if (!is_for_all(arrived.to)) return verdict::not_to_group;
    const auto& source = arrived.from.address;
    if (!is_on_link(source)) return verdict::off_link;

    auto at = windows_.find(source);
    if (at == windows_.end()) {
        if (windows_.size() >= sources_max_)
            std::erase_if(windows_, [now](const auto& w) { return now - w.second.began >= seconds{1}; });
        if (windows_.size() >= sources_max_) return verdict::too_many;
        const auto most = is_this_machine(source) ? of_this_machine * per_second_max_ : per_second_max_;
        at = windows_.emplace(source, window{now, 0, most}).first;
    }
    auto& w = at->second;
    if (now - w.began >= seconds{1}) w = {now, 0, w.most};
    if (w.count >= w.most) return verdict::too_many;
    ++w.count;
    return verdict::admitted;
}

std::string_view to_string(gossip_gate::verdict v) noexcept {
    switch (v) {
    case gossip_gate::verdict::admitted: return "admitted";
    case gossip_gate::verdict::not_to_group: return "not_to_group";
    case gossip_gate::verdict::off_link: return "off_link";
    case gossip_gate::verdict::too_many: return "too_many";
    }
    return "";
}

} // namespace sedge::cluster
