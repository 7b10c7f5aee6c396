// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sedge::cluster {

/// Who is registered with the port mappers of some hosts, asked all at the same time, so that one that is dead delays
/// nobody. Remembers what each told last: a mapper that does not answer has not said that its nodes are gone.
class mapper_survey {
public:
    explicit mapper_survey(std::uint16_t port) : port_(port) {}

    /// Asks all of `hosts` and gives the nodes, `NAME@HOST`. A short-named node gets the host up to its first dot, as
    /// OTP does it. Hosts of earlier calls that are missing now are forgotten.
    task<std::vector<atom>> nodes_of(strategy_context& topology, std::vector<std::string> hosts);

    /// The mapper of this machine, by loopback; nodes are called `NAME@host`.
    task<std::vector<atom>> nodes_here(strategy_context& topology, std::string host);

private:
    struct known {
        std::vector<std::string> names;
        std::string last_failure;
    };
    task<> ask_host(strategy_context* topology, std::string host);
    task<result<std::vector<std::string>>> ask_mapper(strategy_context* topology, std::string host);
    void take(strategy_context& topology, const std::string& host, result<std::vector<std::string>> told);
    [[nodiscard]] std::vector<atom> all(strategy_context& topology) const;

    std::uint16_t port_;
    std::map<std::string, known> hosts_;
};

} // namespace sedge::cluster
