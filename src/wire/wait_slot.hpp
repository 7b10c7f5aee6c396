// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/environment.hpp>

#include <coroutine>
#include <utility>

namespace sedge::wire {

/// The place where at most one coroutine waits to be woken through the run queue.
///
/// The waiter may be destroyed at any time, also when it has been woken and has not run yet. Waking may be spurious,
/// so waiters look at their condition again.
class wait_slot final : public runnable {
public:
    [[nodiscard]] bool occupied() const noexcept { return static_cast<bool>(waiting_); }
    void wake(environment& env) {
        if (waiting_) env.ready(*this);
    }

    class awaiter {
    public:
        explicit awaiter(wait_slot& slot) noexcept : slot_(&slot) {}
        awaiter(const awaiter&) = delete;
        ~awaiter() {
            if (mine_ && slot_->waiting_ == mine_) slot_->waiting_ = nullptr;
        }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) noexcept {
            SEDGE_ASSERT(!slot_->waiting_);
            slot_->waiting_ = mine_ = handle;
        }
        void await_resume() noexcept { mine_ = nullptr; }

    private:
        wait_slot* slot_;
        std::coroutine_handle<> mine_;
    };

private:
    void run() override {
        if (auto handle = std::exchange(waiting_, nullptr)) handle.resume();
    }
    std::coroutine_handle<> waiting_;
};

} // namespace sedge::wire
