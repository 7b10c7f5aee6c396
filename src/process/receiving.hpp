// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/node_impl.hpp"
#include "process/process_block.hpp"

#include <coroutine>
#include <functional>

namespace sedge {

/// A receive that waits for a message that fits, or for its deadline. (The one that takes any message and waits for
/// ever is `next_message`.)
struct process::block::selection final : waiting_receive, timer {
    block& owner;
    std::function<bool(const term_view&)> fits; // empty: everything
    time_point deadline;
    std::optional<term> found;
    bool expired = false;

    selection(block& b, std::function<bool(const term_view&)> f, time_point d, std::source_location place)
        : waiting_receive(place, true), owner(b), fits(std::move(f)), deadline(d) {
        owner.mailbox_.rewind();
    }
    ~selection() override { owner.forget_receiver(*this); }

    bool found_now() {
        if (found) return true;
        if (fits)
            found = owner.mailbox_.scan(fits);
        else if (!owner.mailbox_.empty())
            found = owner.mailbox_.pop();
        if (found) ++owner.messages_handled_;
        return found.has_value();
    }
    bool await_ready() { return owner.may_go_on_nested() && found_now(); }
    void await_suspend(std::coroutine_handle<> handle) {
        owner.wait_for_message(*this, handle);
        if (deadline != time_point::max()) owner.owner_env().arm(*this, deadline);
    }
    std::optional<term> await_resume() {
        disarm();
        return std::move(found);
    }
    /// The process goes on from its own `run`, after the signals that came before the deadline.
    void fire() override {
        expired = true;
        owner.owner_env().ready(owner);
    }
};

} // namespace sedge
