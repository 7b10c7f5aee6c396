// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sedge::wire {

/// Whether this thread runs a loop that `environment::add_loop` gave, so a worker's that is not the node's first.
[[nodiscard]] bool is_further_thread() noexcept;

} // namespace sedge::wire
