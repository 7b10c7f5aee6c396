// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/node_impl.hpp"
#include "process/process_block.hpp"

#include <coroutine>
#include <functional>

namespace sedge {

/// One receive under way: looks through the mailbox, and waits for a message that fits or for its deadline.
///
/// A process that finds message after message never suspends and would keep others from running (and, without
/// optimisation, would pile up stack); after `in_a_row_max` it goes to the end of the run queue.
struct process::block::receiving final : timer {
    static constexpr std::uint32_t in_a_row_max = 100;

    block& owner;
    std::function<bool(const term_view&)> fits; // empty: everything
    time_point deadline;
    std::source_location at;
    std::optional<term> found;
    std::coroutine_handle<> waiting;
    bool expired = false;

    receiving(block& b, std::function<bool(const term_view&)> f, time_point d, std::source_location place)
        : owner(b), fits(std::move(f)), deadline(d), at(place) {
        owner.mailbox_.rewind();
    }
    ~receiving() override {
        if (owner.receiving_ == this) owner.receiving_ = nullptr;
    }

    bool found_now() {
        if (found) return true;
        found = fits ? owner.mailbox_.scan(fits) : owner.mailbox_.pop();
        if (found) ++owner.messages_handled_;
        return found.has_value();
    }
    bool await_ready() { return owner.handled_in_a_row_++ < in_a_row_max && found_now(); }
    void await_suspend(std::coroutine_handle<> handle) {
        waiting = handle;
        SEDGE_ASSERT(!owner.receiving_); // one receive at a time
        owner.receiving_ = this;
        if (deadline != time_point::max()) owner.owner_env().arm(*this, deadline);
        if (owner.handled_in_a_row_ > in_a_row_max) owner.owner_env().ready(owner);
    }
    std::optional<term> await_resume() {
        disarm();
        owner.receiving_ = nullptr;
        return std::move(found);
    }
    void resume() {
        owner.receiving_ = nullptr;
        waiting.resume();
    }
    /// The process goes on from its own `run`, after the signals that came before the deadline.
    void fire() override {
        expired = true;
        owner.owner_env().ready(owner);
    }
};

} // namespace sedge
