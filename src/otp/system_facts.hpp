// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/builtins.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sedge::otp {

struct memory_kind {
    std::string_view name;
    std::size_t bytes;
};

/// `{unix, linux}`
term os_type();
/// How a connection is shown: as the port it would be on a BEAM.
port port_of(node& here, const peer_info& peer);

/// What this program knows of itself as a system, in Erlang's words. Shared by the functions that tell it: those of the
/// module erlang, and what observer, etop and LiveDashboard call.
class system_facts {
public:
    explicit system_facts(builtin_options options);

    [[nodiscard]] const builtin_options& options() const noexcept { return options_; }
    /// `erlang:system_info(Item)`; nothing if there is no such item here.
    [[nodiscard]] std::optional<term> item(node& here, const term& wanted) const;
    /// As erlang:memory: `total` is `processes` + `system`; this program has no atom table, code area or ets.
    [[nodiscard]] std::vector<memory_kind> memory(node& here) const;
    /// The value of `system_info({allocator_sizes, _})`: one allocator with all that is resident.
    [[nodiscard]] term allocators(node& here) const;
    [[nodiscard]] milliseconds uptime(node& here) const;
    /// Processor time since the node was made.
    [[nodiscard]] duration busy_time() const;
    /// `{{input, Bytes}, {output, Bytes}}`
    [[nodiscard]] term io(node& here) const;
    /// `[{1, Busy, Total}, ...]`: of each worker, as erlang:statistics(scheduler_wall_time) tells of schedulers. The
    /// time that the program has used is shared out among them evenly.
    [[nodiscard]] term scheduler_wall_time(node& here) const;

private:
    [[nodiscard]] duration processor_time() const;

    builtin_options options_;
    duration used_before_;
};

} // namespace sedge::otp
