// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/further_thread.hpp"

#include <sedge/base/assert.hpp>

#include <source_location>

namespace sedge::otp {

/// The first line of what belongs to worker 0: `pg`, `global`, `rpc`, PubSub. A process of another worker that calls it
/// would use the tables of worker 0 while that works on them, and break them now and then; so the program ends at once,
/// with the place and a sentence that says what to do.
inline void expect_first_worker(std::source_location at = std::source_location::current()) {
    if (wire::is_further_thread()) [[unlikely]]
        detail::assertion_failed("called on worker 0; a process of another worker sends a message to one on worker 0, "
                                 "or uses environment::post of the node's environment: docs/guide/workers.md",
                                 at.function_name(), static_cast<int>(at.line()));
}

} // namespace sedge::otp
