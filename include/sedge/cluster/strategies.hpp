// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies/dns_poll.hpp>
#include <sedge/cluster/strategies/epmd.hpp>
#include <sedge/cluster/strategies/erlang_hosts.hpp>
#include <sedge/cluster/strategies/etcd.hpp>
#include <sedge/cluster/strategies/gossip.hpp>
#include <sedge/cluster/strategies/kubernetes.hpp>
#include <sedge/cluster/strategies/kubernetes_dns.hpp>
#include <sedge/cluster/strategies/kubernetes_dns_srv.hpp>
#include <sedge/cluster/strategies/local_epmd.hpp>
#include <sedge/cluster/strategies/mdns.hpp>
#include <sedge/cluster/strategies/postgres.hpp>
#include <sedge/cluster/strategies/rancher.hpp>
#include <sedge/cluster/strategy.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// One option of a strategy. The table of these is what configurations are checked against, and what
/// `docs/guide/strategies.md` is made of.
struct strategy_option {
    enum class type { integer, boolean, text, address, text_list, milliseconds, endpoint_list };
    std::string name;
    type what = type::text;
    std::string value_default; ///< As it would stand in the file; empty: none.
    std::string description;
    std::int64_t least = 0; ///< Of integers.
    std::int64_t most = INT64_MAX;
    bool required = false; ///< The strategy cannot be without.
};

/// What a strategy in a configuration file is: its name, its options, and how it is made of them.
struct strategy_definition {
    std::string name;              ///< `gossip`
    std::string libcluster_module; ///< `Cluster.Strategy.Gossip`; empty: none.
    std::string description;
    bool takes_trust = false; ///< `trust` may be given.
    bool any_option = false;  ///< Do not check the names of options.
    std::vector<strategy_option> options;
    std::function<result<std::unique_ptr<strategy>>(const topology_settings&)> make;
};

/// The strategies that a configuration can name.
class strategies {
public:
    strategies(); ///< With the built-in ones.
    /// Replaces one of the same name.
    void add(strategy_definition definition);
    [[nodiscard]] const std::vector<strategy_definition>& all() const noexcept { return definitions_; }

    /// Checks `settings` against the options of its strategy and makes it; `file` is for messages.
    /// Errors: config_errc.
    result<std::unique_ptr<strategy>> make(const topology_settings& settings, const std::string& file = {}) const;

private:
    std::vector<strategy_definition> definitions_;
};

/// The text of `docs/guide/strategies.md`.
std::string strategies_guide(const strategies& known);

} // namespace sedge::cluster
