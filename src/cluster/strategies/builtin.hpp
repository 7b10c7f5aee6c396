// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/wire/address.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sedge::cluster {

// The strategies that are built in: one function per file of this folder, listed in src/cluster/strategies.cpp.
strategy_definition dns_poll_definition();
strategy_definition epmd_definition();
strategy_definition erlang_hosts_definition();
strategy_definition etcd_definition();
strategy_definition gossip_definition();
strategy_definition kubernetes_definition();
strategy_definition kubernetes_dns_definition();
strategy_definition kubernetes_dns_srv_definition();
strategy_definition local_epmd_definition();
strategy_definition mdns_definition();
strategy_definition rancher_definition();

inline std::string quoted(const std::string& text) { return '"' + text + '"'; }

/// The name patterns that `trust` means: `"lan"` is `*`.
std::vector<std::string> trusted_patterns(const config_value& trust);

/// Takes options out of a configuration that was checked against their definitions, so that each has its type. One
/// that is absent leaves `into` as it is: the defaults are those of the strategy's own struct.
class option_reader {
public:
    explicit option_reader(const config_value& config) : config_(&config) {}

    template <class Integer>
    requires std::is_integral_v<Integer>
    void read(std::string_view name, Integer& into) const {
        if (const auto* value = find(name)) into = static_cast<Integer>(value->number);
    }
    void read(std::string_view name, bool& into) const;
    void read(std::string_view name, std::string& into) const;
    void read(std::string_view name, std::vector<std::string>& into) const;
    void read(std::string_view name, wire::ip_address& into) const;
    void read(std::string_view name, std::vector<wire::endpoint>& into) const;
    void read(std::string_view name, milliseconds& into) const;
    void read(std::string_view name, std::optional<milliseconds>& into) const;
    template <class T>
    void read(std::string_view name, std::optional<T>& into) const {
        if (!find(name)) return;
        T value{};
        read(name, value);
        into = std::move(value);
    }

private:
    [[nodiscard]] const config_value* find(std::string_view name) const;
    const config_value* config_;
};

} // namespace sedge::cluster
