// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sedge::cluster {

/// Tells systemd, or whatever has put a datagram socket into NOTIFY_SOCKET, about this program: `READY=1`,
/// `STOPPING=1`, `STATUS=...`, one to a line. Nothing happens where nobody has asked; nobody waits for an answer.
void tell_service_manager(std::string_view state);

} // namespace sedge::cluster
