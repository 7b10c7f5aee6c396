// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/address.hpp>
#include <sedge/wire/transport.hpp>

#include <span>
#include <vector>

namespace sedge::epmd {

/// A range of addresses: 10.0.0.0/8, fd00::/64.
struct subnet {
    wire::ip_address base;
    int prefix_bits = 0; ///< Of the base's own family.

    /// `10.0.0.0/8`; an address alone is a range of one. Errors: errc::malformed.
    static result<subnet> parse(std::string_view text);
    [[nodiscard]] bool contains(const wire::ip_address& address) const noexcept;
};

/// Whom the server tells something.
enum class audience {
    this_machine, ///< Connections from loopback, or from an address to that same address.
    on_link,      ///< Also the subnets of this machine's interfaces.
    anyone,       ///< As OTP's own mapper does.
};

/// Registering is for this machine only, always.
struct access_rules {
    audience names = audience::this_machine; ///< The list of all names. `on_link` serves `net_adm:world` users.
    audience look_ups = audience::on_link;   ///< Where a node is whose name the asker knows already.
    std::vector<subnet> look_ups_also;       ///< Further subnets for look-ups: routed networks, VPNs.
};

/// What one asker may do.
struct rights {
    bool register_names = false;
    bool look_up = false;
    bool list = false;
    friend bool operator==(const rights&, const rights&) = default;
};

/// For a connection from `remote` to our address `local`, on a machine with these interfaces.
[[nodiscard]] rights rights_of(const access_rules& rules, const wire::ip_address& remote, const wire::ip_address& local,
                               std::span<const wire::interface_address> interfaces);

} // namespace sedge::epmd
