// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/state.hpp"

namespace sedge::otp::registry {

/// The connection to that node is gone, or one that `new_nodes` asked for could not be made.
void peer_lost(state& s, const atom& node, time_point now);
/// Tells everybody of the losses that are due to be told.
void report_losses(state& s, time_point now);
void on_lost_connection(state& s, const term_view& message, time_point now);
void on_remove_connection(state& s, const atom& node);
/// Closes connections that those who were asked to have not closed.
void remove_overdue(state& s, time_point now);

} // namespace sedge::otp::registry
