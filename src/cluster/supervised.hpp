// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/process/process.hpp>

#include <functional>
#include <string>

namespace sedge::cluster {

/// Runs `body` as a process registered as `name`, and again whenever it ends with another reason than `normal` or
/// `shutdown`. More than 3 such ends within 5 s call `give_up` with the last reason and end the watch.
process_body supervised(std::string name, process_body body, std::function<void(std::string reason)> give_up);

} // namespace sedge::cluster
