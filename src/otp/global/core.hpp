// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/state.hpp"

namespace sedge::otp::registry {

/// A message to the name global_name_server from `origin`: a call, a cast, or a plain message. Unknown and malformed
/// ones are dropped.
void on_message(state& s, const atom& origin, const term& message, time_point now);
/// A process that holds names or locks has ended, or its node is lost.
void process_down(state& s, const pid& who);

} // namespace sedge::otp::registry
