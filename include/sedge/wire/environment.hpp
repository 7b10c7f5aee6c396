// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/log.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/transport.hpp>

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace sedge {

/// Work that can be put into the run queue; at most once at a time. Destroying it takes it out.
class runnable {
public:
    runnable() = default;
    runnable(const runnable&) = delete;
    runnable& operator=(const runnable&) = delete;
    virtual ~runnable() { unlink(); }

    /// Called on the environment's thread, out of the queue already; may queue itself again.
    virtual void run() = 0;
    [[nodiscard]] bool queued() const noexcept { return next_ != nullptr; }

private:
    friend class run_queue;
    void unlink() noexcept {
        if (!next_) return;
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = nullptr;
    }
    runnable* next_ = nullptr; // a ring through the queue's own head, so that null means "not queued"
    runnable* previous_ = nullptr;
};

/// First in, first out; intrusive, no allocation. Both environments have one. Not a public seam.
class run_queue {
public:
    run_queue() noexcept { head_.next_ = head_.previous_ = &head_; }
    run_queue(const run_queue&) = delete;
    ~run_queue() {
        while (pop()) {
        }
        head_.next_ = head_.previous_ = nullptr;
    }
    [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }
    /// Nothing if it is queued already.
    void push(runnable& r) noexcept {
        if (r.next_) return;
        r.next_ = &head_;
        r.previous_ = head_.previous_;
        head_.previous_->next_ = &r;
        head_.previous_ = &r;
    }
    /// Null if empty.
    runnable* pop() noexcept {
        if (empty()) return nullptr;
        runnable* first = head_.next_;
        first->unlink();
        return first;
    }

private:
    struct ring : runnable {
        void run() override {}
    };
    ring head_;
};

/// Something that gets a turn in each round of a loop: an inbox that other threads fill.
///
/// Threads: both functions are called on the environment's thread.
class loop_guest {
public:
    virtual ~loop_guest() = default;
    /// Takes what has come.
    virtual void take_turn() = 0;
    /// The loop would wait now. False if something has come; if true, who adds something calls `environment::wake`.
    virtual bool may_sleep() = 0;
};

class environment;

/// A further loop of the same program, with a thread of its own (in simulations: with a run queue of its own on the one
/// thread). What `environment::add_loop` gives.
///
/// Life:    destroying it ends the thread, after what runs at that moment. What stands on `env` goes before or after
///          that, but not at the same time.
class further_loop {
public:
    virtual ~further_loop() = default;
    [[nodiscard]] virtual environment& env() noexcept = 0;
    /// Runs `job` there and waits until it is done, at most for `most`; false if it will not be run.
    [[nodiscard]] virtual bool call(std::function<void()> job, duration most) = 0;
    /// Ends the thread. From then on the caller may do everything that was up to that thread.
    virtual void stop() noexcept = 0;
};

/// The one door to everything that is not deterministic: time, timers, the network, randomness, the log.
///
/// Two implementations: `wire::system_environment` (epoll, one thread, the system's clock) and
/// `wire::simulation` (one thread, virtual time, links in memory, everything from one seed).
///
/// Threads: one thread runs an environment and all that stands on it. Only `post` and `wake` may be called from others.
class environment {
public:
    virtual ~environment() = default;

    [[nodiscard]] virtual time_point now() const noexcept = 0;
    /// Seconds since 1970, for creations and log lines; never for deadlines.
    [[nodiscard]] virtual std::chrono::system_clock::time_point wall_clock() const noexcept = 0;

    virtual void arm(timer& t, time_point due) = 0;
    void arm_after(timer& t, duration d) { arm(t, now() + d); }

    /// Puts `r` at the end of the run queue; it runs before the environment next waits for anything.
    void ready(runnable& r) {
        queue_->push(r);
        if (tells_of_work_) note_work();
    }
    /// Runs `job` soon on the environment's thread. May be called from any thread.
    virtual void post(std::function<void()> job) = 0;

    /// Another loop beside this one. Its log lines go where those of this one go.
    [[nodiscard]] virtual std::unique_ptr<further_loop> add_loop() = 0;
    /// Gives `guest` a turn from now on. True: in each round. False, in simulations: only after `wake`, as if it slept.
    [[nodiscard]] virtual bool invite(loop_guest& guest) = 0;
    virtual void dismiss(loop_guest& guest) noexcept = 0;
    /// Ends a wait of the loop, so that its guests get a turn. May be called from any thread.
    virtual void wake() = 0;

    [[nodiscard]] virtual wire::transport& net() noexcept = 0;

    /// Fills with bytes good enough for challenges and cookies (in simulations: from the seed).
    virtual void random_bytes(std::span<std::uint8_t> out) = 0;
    std::uint64_t random_u64();
    /// Uniform in [0, bound). Precondition: bound > 0.
    std::uint64_t random_below(std::uint64_t bound);
    /// Uniform in [least, most].
    duration random_between(duration least, duration most);

    [[nodiscard]] virtual log_sink& log_to() noexcept = 0;
    void log(log_level level, std::string_view text) {
        if (level >= log_to().least()) log_to().write(level, text);
    }

protected:
    /// Where `ready` puts things; set once. With `tells_of_work`, `note_work` is called each time.
    void runs_from(run_queue& queue, bool tells_of_work = false) noexcept {
        queue_ = &queue;
        tells_of_work_ = tells_of_work;
    }
    virtual void note_work() {}

private:
    run_queue* queue_ = nullptr;
    bool tells_of_work_ = false;
};

/// Completes at `due`, or at once if that has passed. Destroying the wait disarms it.
[[nodiscard]] task<> sleep_until(environment& env, time_point due);
[[nodiscard]] task<> sleep_for(environment& env, duration d);

/// Lets everything else in the run queue go first.
[[nodiscard]] task<> yield(environment& env);

namespace detail {
/// Runs `job` until it is done or `due` has come; true if it is done. On false its frame is destroyed.
task<bool> finishes_before(environment& env, time_point due, task<> job);
template <class T>
task<> store(task<T> job, std::optional<T>& into) {
    into.emplace(co_await std::move(job));
}
} // namespace detail

/// The outcome of `job`, or errc::timed_out if it is not done at `due`; then it is cancelled by destroying it.
template <class T>
[[nodiscard]] task<result<T>> with_deadline(environment& env, time_point due, task<result<T>> job) {
    std::optional<result<T>> outcome;
    auto stored = detail::store(std::move(job), outcome);
    bool in_time = co_await detail::finishes_before(env, due, std::move(stored));
    if (!in_time) co_return error{errc::timed_out};
    co_return std::move(*outcome);
}

/// A flag that tasks wait for. `set` queues all waiters; they run in the order they came.
class event {
public:
    explicit event(environment& env) : env_(&env) {}
    event(const event&) = delete;
    ~event();
    [[nodiscard]] bool is_set() const noexcept { return set_; }
    void set();
    void reset() noexcept { set_ = false; }
    [[nodiscard]] task<> wait();

private:
    struct waiter;
    environment* env_;
    bool set_ = false;
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

} // namespace sedge
