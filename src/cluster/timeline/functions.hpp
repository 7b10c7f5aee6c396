// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/timeline.hpp>
#include <sedge/otp/function_table.hpp>

namespace sedge::cluster {

/// What `sedge events` and Elixir ask a running node for: functions of the module `sedge_events`.
///
///     since(Number, Most)    entries with a greater number, oldest first
///     last()                 the number of the newest
///
/// An entry is {Number, Microseconds, Event, Measurements, Metadata}: Event, Measurements and Metadata are what
/// `:telemetry.execute/3` takes, as libcluster calls it.
void add_event_functions(otp::function_table& table, const timeline& of);

} // namespace sedge::cluster
