// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

namespace sedge {

/// The clock that deadlines are measured on: steady, counts through suspension of the machine (CLOCK_BOOTTIME),
/// and virtual in simulations. Only an `environment` gives values of it.
struct monotonic_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<monotonic_clock>;
    static constexpr bool is_steady = true;
};
using time_point = monotonic_clock::time_point;
using duration = monotonic_clock::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

class timer;

/// Timers in order of their time; equal times fire in the order in which they were armed.
///
/// Both environments drive one of these. Not a public seam.
class timer_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return timers_.empty(); }
    /// Precondition: !empty().
    [[nodiscard]] time_point next() const noexcept { return timers_.begin()->first; }
    /// Fires all timers due at `now`, also such as are armed meanwhile for a time that has come.
    void fire_due(time_point now);
    void arm(timer& t, time_point due);

private:
    friend class timer;
    std::multimap<time_point, timer*> timers_;
};

/// Something that is to happen at a time. Intrusive: arming allocates one map node and nothing else.
///
/// Life:    destroying an armed timer disarms it. It must not outlive its queue while armed.
/// Threads: only on the thread of its environment.
class timer {
public:
    timer() = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    virtual ~timer() { disarm(); }

    [[nodiscard]] bool armed() const noexcept { return queue_ != nullptr; }
    void disarm() noexcept;

protected:
    /// Called once per arming, on the environment's thread, disarmed already; may arm again or destroy the timer.
    virtual void fire() = 0;

private:
    friend class timer_queue;
    timer_queue* queue_ = nullptr;
    std::multimap<time_point, timer*>::iterator position_;
};

} // namespace sedge
