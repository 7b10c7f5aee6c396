// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/nursery.hpp>

namespace sedge {

struct nursery::root {
    struct promise_type {
        nursery* owner;
        list::iterator self;
        on_end end;
        std::exception_ptr failure;

        promise_type(nursery* o, list::iterator s, task<>&, on_end& e) : owner(o), self(s), end(std::move(e)) {}
        root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { failure = std::current_exception(); }

        struct last {
            bool await_ready() noexcept { return false; }
            void await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
                // The frame goes first, so that `end` may destroy the nursery's owner's state or start again.
                auto [owner, self, end, failure] = std::move(handle.promise());
                handle.destroy();
                owner->finished(self, std::move(end), std::move(failure));
            }
            void await_resume() noexcept {}
        };
        last final_suspend() noexcept { return {}; }
    };
    std::coroutine_handle<promise_type> handle;
};

nursery::root nursery::drive(nursery*, list::iterator, task<> job, on_end) {
    co_await std::move(job);
}

void nursery::start(task<> job, on_end end) {
    auto self = running_.insert(running_.end(), std::coroutine_handle<>{});
    auto wrapper = drive(this, self, std::move(job), std::move(end));
    *self = wrapper.handle;
    wrapper.handle.resume();
}

void nursery::finished(list::iterator self, on_end end, std::exception_ptr failure) {
    running_.erase(self);
    auto joiner = running_.empty() ? std::exchange(joiner_, nullptr) : nullptr;
    if (end)
        end(std::move(failure));
    else if (failure)
        std::rethrow_exception(failure); // in a noexcept frame: terminates with the exception's text
    if (joiner) joiner.resume();
}

void nursery::cancel() noexcept {
    while (!running_.empty()) {
        auto handle = running_.front();
        running_.pop_front();
        handle.destroy();
    }
}

task<> nursery::join() {
    struct awaiter {
        nursery* owner;
        bool await_ready() const noexcept { return owner->running_.empty(); }
        void await_suspend(std::coroutine_handle<> joiner) noexcept {
            SEDGE_ASSERT(!owner->joiner_);
            owner->joiner_ = joiner;
        }
        void await_resume() const noexcept {}
        ~awaiter() { owner->joiner_ = nullptr; }
        explicit awaiter(nursery* o) : owner(o) {}
        awaiter(const awaiter&) = delete;
    };
    awaiter wait{this};
    co_await wait;
}

} // namespace sedge
