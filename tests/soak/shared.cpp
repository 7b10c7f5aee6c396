// SPDX-License-Identifier: Apache-2.0
#include "soak/world.hpp"

namespace sedge::soak {

void start_shared(sedge::node&, world&) {}

std::string shared_report(sedge::node&) { return {}; }

} // namespace sedge::soak
