// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sedge::cluster {

/// All nodes of the machines that stand in `.hosts.erlang`: the names that their port mappers tell.
/// libcluster's `Cluster.Strategy.ErlangHosts`.
///
/// The file is read again at each round, all machines are asked at the same time, and the nodes of a machine that does
/// not answer stay wanted. A port mapper inside a sedge node tells names to other machines only with
/// `[epmd] names = "lan"` or `"anyone"`.
struct erlang_hosts_strategy {
    std::optional<milliseconds> timeout; ///< Pause between two rounds; unset: 5 s, where libcluster has one round.
    std::string file;                    ///< Empty: looked for as OTP does, see `hosts_file_places`.
    std::uint16_t epmd_port = 0;         ///< 0: `epmd::usual_port()`.
};

std::unique_ptr<strategy> make_strategy(erlang_hosts_strategy options);

} // namespace sedge::cluster
