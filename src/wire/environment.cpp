// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/environment.hpp>

namespace sedge {

std::uint64_t environment::random_u64() {
    std::uint8_t raw[8];
    random_bytes(raw);
    std::uint64_t value = 0;
    for (auto b : raw) value = value << 8 | b;
    return value;
}

std::uint64_t environment::random_below(std::uint64_t bound) {
    SEDGE_ASSERT(bound > 0);
    // Values below `skewed` would make small results likelier; the chance to draw again is below one half.
    const std::uint64_t skewed = (0 - bound) % bound;
    for (;;) {
        std::uint64_t value = random_u64();
        if (value >= skewed) return value % bound;
    }
}

duration environment::random_between(duration least, duration most) {
    if (most <= least) return least;
    const auto choices = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + duration{static_cast<duration::rep>(random_below(choices))};
}

namespace {

/// Waits for a time; goes on from the run loop, so the awaiting frame may be destroyed at any moment before.
struct sleeper final : timer {
    environment& env;
    time_point due;
    std::coroutine_handle<> waiting;
    sleeper(environment& e, time_point d) : env(e), due(d) {}
    bool await_ready() const noexcept { return due <= env.now(); }
    void await_suspend(std::coroutine_handle<> handle) {
        waiting = handle;
        env.arm(*this, due);
    }
    void await_resume() const noexcept {}
    void fire() override { waiting.resume(); }
};

struct yielder final : runnable {
    environment& env;
    std::coroutine_handle<> waiting;
    explicit yielder(environment& e) : env(e) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        waiting = handle;
        env.ready(*this);
    }
    void await_resume() const noexcept {}
    void run() override { waiting.resume(); }
};

/// Races a task against a timer. The task's end goes on with the awaiting frame by symmetric transfer; the timer
/// destroys the task and resumes. Whichever comes first disarms the other.
struct racer final : timer {
    environment& env;
    time_point due;
    task<> job;
    bool timed_out = false;
    std::coroutine_handle<> waiting;
    racer(environment& e, time_point d, task<> j) : env(e), due(d), job(std::move(j)) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) {
        waiting = handle;
        env.arm(*this, due);
        return job.prepare(handle);
    }
    bool await_resume() {
        disarm();
        if (timed_out) return false;
        job.take(); // rethrows
        return true;
    }
    void fire() override {
        timed_out = true;
        job.reset();
        waiting.resume();
    }
};

} // namespace

task<> sleep_until(environment& env, time_point due) {
    sleeper wait{env, due};
    co_await wait;
}

task<> sleep_for(environment& env, duration d) {
    sleeper wait{env, env.now() + d};
    co_await wait;
}

task<> yield(environment& env) {
    yielder wait{env};
    co_await wait;
}

task<bool> detail::finishes_before(environment& env, time_point due, task<> job) {
    racer race{env, due, std::move(job)};
    co_return co_await race;
}

/// One task that waits for the event; a link in the event's list until it is queued.
struct event::waiter final : runnable {
    event* owner;
    std::coroutine_handle<> waiting;
    waiter* next = nullptr;
    waiter* previous = nullptr;
    bool listed = false;

    explicit waiter(event* e) : owner(e) {}
    ~waiter() override { unlist(); }
    bool await_ready() const noexcept { return owner->set_; }
    void await_suspend(std::coroutine_handle<> handle) {
        waiting = handle;
        listed = true;
        previous = owner->last_;
        (previous ? previous->next : owner->first_) = this;
        owner->last_ = this;
    }
    void await_resume() const noexcept {}
    void run() override { waiting.resume(); }
    void unlist() noexcept {
        if (!listed) return;
        listed = false;
        (previous ? previous->next : owner->first_) = next;
        (next ? next->previous : owner->last_) = previous;
        next = previous = nullptr;
    }
};

event::~event() {
    SEDGE_ASSERT(!first_);
}

void event::set() {
    set_ = true;
    while (first_) {
        waiter& w = *first_;
        w.unlist();
        env_->ready(w);
    }
}

task<> event::wait() {
    waiter wait{this};
    co_await wait;
}

} // namespace sedge
