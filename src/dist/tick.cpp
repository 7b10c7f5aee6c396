// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/tick.hpp>

namespace sedge::dist {

ticker::verdict ticker::check() noexcept {
    verdict v;
    v.send_tick = !written_;
    silent_checks_ = read_ ? 0 : silent_checks_ + 1;
    v.peer_is_down = silent_checks_ >= checks_per_tick_time;
    read_ = false;
    written_ = false;
    return v;
}

} // namespace sedge::dist
