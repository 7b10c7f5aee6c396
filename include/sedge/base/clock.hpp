// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

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
/// A hierarchy of wheels: arming and disarming cost the same however many timers there are, and allocate nothing.
/// Both environments drive one of these. Not a public seam.
class timer_queue {
public:
    timer_queue() = default;
    timer_queue(const timer_queue&) = delete;
    timer_queue& operator=(const timer_queue&) = delete;

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    /// When `fire_due` is to be called next: when the first timer is due. If very many are due at about the same time,
    /// long from now, it may be earlier; then nothing fires, and asking again gives a later time. Precondition:
    /// !empty().
    [[nodiscard]] time_point next() const noexcept {
        if (!next_known_) next_ = look_for_next();
        next_known_ = true;
        return next_;
    }
    /// Fires all timers due at `now`, also such as are armed meanwhile for a time that has come.
    void fire_due(time_point now);
    void arm(timer& t, time_point due);

private:
    friend class timer;
    static constexpr int levels = 8; // of 64 slots; eight reach to the end of time
    static constexpr int slots = 64;

    struct place {
        int level;
        int slot;
        std::uint64_t begins; // tick
    };
    [[nodiscard]] place place_of(std::uint64_t tick) const noexcept;
    [[nodiscard]] bool first_occupied(place& found) const noexcept;
    [[nodiscard]] time_point look_for_next() const noexcept;
    void advance(std::uint64_t to);
    void insert(timer& t);
    void remove(timer& t) noexcept;
    void heap_set(std::size_t index, timer* t) noexcept;
    void heap_up(std::size_t index) noexcept;
    void heap_down(std::size_t index) noexcept;

    std::uint64_t now_tick_ = 0; // all timers up to this tick are in `soon_`
    std::uint64_t armed_ = 0;    // counts, for the order of equal times
    std::size_t count_ = 0;
    std::vector<timer*> soon_; // a heap, the earliest first
    std::array<std::array<timer*, slots>, levels> wheels_{};
    std::array<std::uint64_t, levels> occupied_{}; // a bit for each slot
    mutable time_point next_;
    mutable bool next_known_ = false;
};

/// Something that is to happen at a time. Intrusive: arming allocates nothing.
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
    void disarm() noexcept {
        if (queue_) queue_->remove(*this);
    }

protected:
    /// Called once per arming, on the environment's thread, disarmed already; may arm again or destroy the timer.
    virtual void fire() = 0;

private:
    friend class timer_queue;
    [[nodiscard]] bool before(const timer& other) const noexcept {
        return due_ != other.due_ ? due_ < other.due_ : order_ < other.order_;
    }
    timer_queue* queue_ = nullptr;
    time_point due_;
    std::uint64_t order_ = 0;
    timer** link_ = nullptr; // in a slot: what points at this one; null: in the heap
    timer* next_ = nullptr;
    std::size_t index_ = 0; // in the heap
};

} // namespace sedge
