// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/clock.hpp>

namespace sedge {

void timer::disarm() noexcept {
    if (!queue_) return;
    queue_->timers_.erase(position_);
    queue_ = nullptr;
}

void timer_queue::arm(timer& t, time_point due) {
    t.disarm();
    t.position_ = timers_.emplace(due, &t);
    t.queue_ = this;
}

void timer_queue::fire_due(time_point now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
        timer& due = *timers_.begin()->second;
        due.disarm();
        due.fire();
    }
}

} // namespace sedge
