// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// The topologies that came from a configuration or from an operator, as settings that can be compared, and what
/// changes them while the node runs. Those that the program itself added are left alone.
///
/// Whatever is wrong is found before anything is changed.
class configured_topologies {
public:
    configured_topologies(const strategies& known, topologies& running) : known_(known), running_(running) {}

    /// Starts those of a configuration. Errors: config_errc, errc::invalid_argument.
    result<void> start(const std::vector<topology_settings>& wanted, const std::string& file);

    /// What `follow` did; names in order.
    struct changes {
        std::vector<std::string> added, changed, removed;
        [[nodiscard]] bool empty() const noexcept { return added.empty() && changed.empty() && removed.empty(); }
    };
    /// Makes those of the configuration the ones that `wanted` says. What an operator added stays.
    /// Errors: config_errc; then nothing was changed.
    result<changes> follow(const std::vector<topology_settings>& wanted, const std::string& file);

    // What an operator asks for. Errors: config_errc, errc::invalid_argument.
    result<void> add(const topology_settings& settings);
    result<void> change(const topology_settings& settings);
    result<void> remove(std::string_view name);

    /// The strategy of a topology as it was configured; empty for those of the program itself.
    [[nodiscard]] std::string strategy_of(std::string_view name) const;

private:
    struct entry {
        topology_settings settings;
        bool from_configuration = false;
    };
    std::map<std::string, entry, std::less<>> entries_;
    const strategies& known_;
    topologies& running_;
};

/// `added: a, b; removed: c`, or `no topology has changed`.
std::string to_string(const configured_topologies::changes& what);

} // namespace sedge::cluster
