// SPDX-License-Identifier: Apache-2.0
//
// A queue of timers as a hierarchy of wheels.
//
// Time is cut into ticks of about a millisecond. What is due up to the current tick is in a heap, ordered to the
// nanosecond; all else is in the slots of eight wheels. A slot of the first wheel is one tick wide, one of the next 64
// ticks, and so on. A timer is in the wheel of the highest group of six bits in which its tick differs from the current
// one, so every timer of a wheel is due before every timer of the next. When the current tick reaches a slot, the
// timers in it move to a finer wheel or into the heap: at most eight times in the life of a timer, and most timers,
// deadlines of what goes well, are disarmed long before.
//
// Wheels usually round times to ticks. This one does not, since simulations want the exact time and order.
#include <sedge/base/clock.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace sedge {

namespace {

constexpr int tick_bits = 20; // nanoseconds: 1.05 ms
constexpr int group_bits = 6;
constexpr int looked_at_max = 64; // timers of one slot that `next` compares

std::uint64_t tick_of(time_point t) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(t.time_since_epoch().count(), 0)) >> tick_bits;
}

time_point begin_of(std::uint64_t tick) noexcept {
    return time_point{duration{static_cast<duration::rep>(tick << tick_bits)}};
}

} // namespace

/// Precondition: tick > now_tick_.
timer_queue::place timer_queue::place_of(std::uint64_t tick) const noexcept {
    const int level = (63 - std::countl_zero(tick ^ now_tick_)) / group_bits;
    const int shift = level * group_bits;
    return {level, static_cast<int>(tick >> shift & (slots - 1)), tick >> shift << shift};
}

bool timer_queue::first_occupied(place& found) const noexcept {
    for (int level = 0; level < levels; ++level) {
        const std::uint64_t bits = occupied_[static_cast<std::size_t>(level)];
        if (bits == 0) continue;
        const int slot = std::countr_zero(bits);
        const int shift = level * group_bits;
        const std::uint64_t before = now_tick_ >> shift >> group_bits << group_bits << shift;
        found = {level, slot, before | static_cast<std::uint64_t>(slot) << shift};
        return true;
    }
    return false;
}

void timer_queue::insert(timer& t) {
    const std::uint64_t tick = tick_of(t.due_);
    if (tick <= now_tick_) {
        t.link_ = nullptr;
        soon_.push_back(&t);
        heap_set(soon_.size() - 1, &t);
        heap_up(soon_.size() - 1);
        return;
    }
    const place p = place_of(tick);
    timer*& first = wheels_[static_cast<std::size_t>(p.level)][static_cast<std::size_t>(p.slot)];
    t.next_ = first;
    t.link_ = &first;
    if (first) first->link_ = &t.next_;
    first = &t;
    occupied_[static_cast<std::size_t>(p.level)] |= std::uint64_t{1} << p.slot;
}

void timer_queue::remove(timer& t) noexcept {
    t.queue_ = nullptr;
    --count_;
    if (t.due_ == next_) next_known_ = false;
    if (t.link_) {
        *t.link_ = t.next_;
        if (t.next_) t.next_->link_ = t.link_;
        const place p = place_of(tick_of(t.due_));
        if (!wheels_[static_cast<std::size_t>(p.level)][static_cast<std::size_t>(p.slot)])
            occupied_[static_cast<std::size_t>(p.level)] &= ~(std::uint64_t{1} << p.slot);
        return;
    }
    const std::size_t index = t.index_;
    timer* last = soon_.back();
    soon_.pop_back();
    if (last == &t) return;
    heap_set(index, last);
    heap_up(index);
    heap_down(last->index_);
}

void timer_queue::arm(timer& t, time_point due) {
    t.disarm();
    t.due_ = due;
    t.order_ = ++armed_;
    insert(t);
    t.queue_ = this;
    if (count_++ == 0 || due < next_) {
        next_ = due;
        next_known_ = true;
    }
}

time_point timer_queue::look_for_next() const noexcept {
    if (!soon_.empty()) return soon_.front()->due_;
    place p{};
    if (!first_occupied(p)) return time_point::max();
    const timer* one = wheels_[static_cast<std::size_t>(p.level)][static_cast<std::size_t>(p.slot)];
    time_point earliest = one->due_;
    for (int i = 0; (one = one->next_) != nullptr; ++i) {
        if (i == looked_at_max) return begin_of(p.begins);
        earliest = std::min(earliest, one->due_);
    }
    return earliest;
}

void timer_queue::advance(std::uint64_t to) {
    place p{};
    while (now_tick_ < to) {
        if (!first_occupied(p) || p.begins > to) {
            now_tick_ = to;
            return;
        }
        now_tick_ = p.begins;
        next_known_ = false;
        const auto level = static_cast<std::size_t>(p.level);
        occupied_[level] &= ~(std::uint64_t{1} << p.slot);
        timer* one = std::exchange(wheels_[level][static_cast<std::size_t>(p.slot)], nullptr);
        while (one) insert(*std::exchange(one, one->next_));
    }
}

void timer_queue::fire_due(time_point now) {
    if (next_ <= now) next_known_ = false; // it comes, or was an estimate for timers that are disarmed by now
    advance(tick_of(now));
    while (!soon_.empty() && soon_.front()->due_ <= now) {
        timer& due = *soon_.front();
        due.disarm();
        due.fire();
    }
}

void timer_queue::heap_set(std::size_t index, timer* t) noexcept {
    soon_[index] = t;
    t->index_ = index;
}

void timer_queue::heap_up(std::size_t index) noexcept {
    timer* t = soon_[index];
    for (; index > 0 && t->before(*soon_[(index - 1) / 2]); index = (index - 1) / 2)
        heap_set(index, soon_[(index - 1) / 2]);
    heap_set(index, t);
}

void timer_queue::heap_down(std::size_t index) noexcept {
    timer* t = soon_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= soon_.size()) break;
        if (child + 1 < soon_.size() && soon_[child + 1]->before(*soon_[child])) ++child;
        if (!soon_[child]->before(*t)) break;
        heap_set(index, soon_[child]);
        index = child;
    }
    heap_set(index, t);
}

} // namespace sedge
