// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/wire/transport.hpp>

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// Whether `name` fits `pattern`, in which each `*` stands for any characters, also none.
bool matches(std::string_view pattern, std::string_view name) noexcept;

/// Which datagrams are read at all (core): those that were sent to the group or as broadcast, by a neighbour, and not
/// too many of one source. Whoever sits behind a router cannot speak to us, and who floods costs us little. All
/// programs of this machine speak from its addresses, and when it starts they all speak at once: so they may say more.
class gossip_gate {
public:
    enum class verdict { admitted, not_to_group, off_link, too_many };

    explicit gossip_gate(wire::ip_address group, bool broadcast,
                         std::size_t per_second_max = limits::gossip_packets_per_second_max,
                         std::size_t sources_max = limits::gossip_sources_max)
        : group_(group), broadcast_(broadcast), per_second_max_(per_second_max), sources_max_(sources_max) {}

    /// What this machine's interfaces are now.
    void interfaces_are(std::vector<wire::interface_address> interfaces) { interfaces_ = std::move(interfaces); }

    verdict judge(const wire::datagram& arrived, time_point now);

private:
    struct window { // one second of one source
        time_point began{};
        std::size_t count = 0;
        std::size_t most = 0;
    };
    [[nodiscard]] bool is_for_all(const wire::ip_address& to) const;
    [[nodiscard]] bool is_on_link(const wire::ip_address& from) const;
    [[nodiscard]] bool is_this_machine(const wire::ip_address& from) const;

    wire::ip_address group_;
    bool broadcast_;
    std::size_t per_second_max_;
    std::size_t sources_max_;
    std::vector<wire::interface_address> interfaces_;
    std::map<wire::ip_address, window> windows_;
};

/// The name of a verdict for counters.
std::string_view to_string(gossip_gate::verdict v) noexcept;

} // namespace sedge::cluster
