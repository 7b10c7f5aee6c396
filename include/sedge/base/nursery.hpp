// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>

#include <coroutine>
#include <exception>
#include <functional>
#include <list>

namespace sedge {

/// Owns running tasks, so that nothing runs detached.
///
/// It is a member of the object whose state the tasks use, declared last, so that it is destroyed first.
///
/// Life:    destroying it, or `cancel()`, destroys the frames of all tasks that still run. Neither may be done
///          from inside one of its own tasks: a task that wants its owner gone posts that to the environment.
/// Threads: only on the thread of the environment that the tasks use.
class nursery {
public:
    /// Called when a task has ended: with null, or with the exception that left it. The frame is already gone.
    using on_end = std::function<void(std::exception_ptr)>;

    nursery() = default;
    nursery(const nursery&) = delete;
    nursery& operator=(const nursery&) = delete;
    ~nursery() { cancel(); }

    /// Starts `job` at once; returns when it first suspends or ends. An exception that leaves a task without
    /// `end` terminates the program: tasks that talk to the outside report by `result`.
    void start(task<> job, on_end end = {});

    /// Destroys all tasks still running. Their `end` is not called.
    void cancel() noexcept;

    /// Completes when no task runs any more. One joiner at a time.
    [[nodiscard]] task<> join();

    [[nodiscard]] bool empty() const noexcept { return running_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }

private:
    struct root; // the coroutine that wraps a task and takes itself out of the list; src/base/nursery.cpp
    using list = std::list<std::coroutine_handle<>>;

    static root drive(nursery* owner, list::iterator self, task<> job, on_end end);
    void finished(list::iterator self, on_end end, std::exception_ptr failure);

    list running_;
    std::coroutine_handle<> joiner_;
};

} // namespace sedge
