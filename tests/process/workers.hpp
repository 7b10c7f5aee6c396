// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/nodes.hpp"

namespace sedge::test {

inline constexpr unsigned workers = 3;

inline spawn_options on_worker(unsigned which) {
    spawn_options options;
    options.worker = worker_choice::numbered(which);
    return options;
}

} // namespace sedge::test
