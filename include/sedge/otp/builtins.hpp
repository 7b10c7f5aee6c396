// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/otp/function_table.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sedge::otp {

/// Where the builtin functions get what this layer does not know.
struct builtin_options {
    /// Names and ports of the port mapper, for `net_adm:names/0`. Unset: `{error, address}`.
    std::function<task<result<std::vector<std::pair<std::string, std::uint16_t>>>>()> names;
    /// Bytes this program has resident, for `erlang:memory`. Unset: what the system says.
    std::function<std::size_t()> memory_bytes;
    /// Processor time this program has used, for `statistics(runtime)` and the load in `etop` and `:observer`. Unset:
    /// what the system says.
    std::function<duration()> processor_time;
    /// `erlang:system_info(otp_release)`: the release whose behaviour the node follows.
    std::string otp_release = "25";
    /// Since when `erlang:statistics(wall_clock)` counts; the kernel sets it to its construction.
    time_point started{};
};

/// Adds the functions that tools and libraries of other nodes call on any node: parts of `erlang`, `io_lib`,
/// `net_adm`, `code`, `application`, and Elixir's `Process`, `Node` and `Kernel`; what `:observer` and `etop` call in
/// `observer_backend`, and LiveDashboard in its `SystemInfo`. All only read (`access::info`, `access::report`). The
/// list is in docs/guide/served.md.
void add_builtins(function_table& table, builtin_options options = {});

} // namespace sedge::otp
