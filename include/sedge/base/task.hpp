// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/assert.hpp>
#include <sedge/base/small_memory.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace sedge {

template <class T = void>
class task;

namespace detail {

struct task_promise_base {
    std::coroutine_handle<> continuation;
    std::exception_ptr failure;

    std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            auto next = self.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }

    // Of the frame.
    static void* operator new(std::size_t bytes) { return take_small(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { give_small(frame, bytes); }
};

template <class T>
struct task_promise : task_promise_base {
    std::optional<T> value;
    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() {
        if (failure) std::rethrow_exception(failure);
        return std::move(*value);
    }
};

template <>
struct task_promise<void> : task_promise_base {
    task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() {
        if (failure) std::rethrow_exception(failure);
    }
};

} // namespace detail

/// A coroutine that starts when it is awaited and is destroyed with this object.
///
/// Destroying a task that is suspended cancels it: the frame and everything it awaits go away, and each awaiter
/// takes itself out of whatever it waited for (timer, mailbox, socket). So a task is cancelled by its owner, from
/// outside of it, and needs no stop token. Only `nursery` starts tasks that nobody awaits.
///
/// Threads: a task and everything it awaits stay on the thread that runs its environment.
template <class T>
class [[nodiscard]] task {
public:
    using promise_type = detail::task_promise<T>;
    using handle_type = std::coroutine_handle<promise_type>;

    task() = default;
    explicit task(handle_type handle) noexcept : handle_(handle) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~task() { reset(); }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
    [[nodiscard]] bool done() const noexcept { return handle_ && handle_.done(); }
    /// Destroys the frame; cancels what it awaits.
    void reset() noexcept {
        if (auto handle = std::exchange(handle_, nullptr)) handle.destroy();
    }

    auto operator co_await() && noexcept {
        struct awaiter {
            handle_type handle;
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
                handle.promise().continuation = parent;
                return handle;
            }
            T await_resume() { return handle.promise().take(); }
        };
        SEDGE_ASSERT(handle_);
        return awaiter{handle_};
    }

    /// For combinators: sets who goes on after this task and gives the handle to resume.
    std::coroutine_handle<> prepare(std::coroutine_handle<> continuation) noexcept {
        handle_.promise().continuation = continuation;
        return handle_;
    }
    /// For combinators: the outcome of a task that is done.
    T take() { return handle_.promise().take(); }

private:
    handle_type handle_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
    return task<T>{std::coroutine_handle<task_promise>::from_promise(*this)};
}
inline task<void> detail::task_promise<void>::get_return_object() noexcept {
    return task<void>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

} // namespace sedge
