// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/strategy.hpp>
#include <sedge/wire/dns.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sedge::cluster {

/// Questions to DNS as strategies ask them. That a name does not exist is an answer, an empty one; it is told once,
/// since it is also what a mistake in the configuration looks like.
class dns_lookup {
public:
    struct settings {
        std::vector<wire::endpoint> servers; ///< Empty: those of /etc/resolv.conf.
        bool search = false;                 ///< Use its search domains, too.
    };
    dns_lookup() = default;
    explicit dns_lookup(settings how) : how_(std::move(how)) {}

    /// Errors: those of `wire::query` without wire::dns_errc::no_such_name.
    task<result<std::vector<wire::dns_record>>> ask(strategy_context& topology, std::string name, wire::dns_type type,
                                                    time_point due);

private:
    settings how_;
    std::set<std::string> unknown_;
};

} // namespace sedge::cluster
