// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/assert.hpp>
#include <sedge/term/term.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace sedge {

/// Messages of one process, oldest first, with a place up to which a selective receive has looked.
///
/// A receive that waits looks at each message once: `scan` goes on where the last scan of the same receive stopped.
class mailbox {
public:
    mailbox() = default;
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;
    ~mailbox() {
        while (first_) remove(&first_);
    }

    void push(term message) {
        *last_ = new cell{std::move(message), nullptr};
        last_ = &(*last_)->next;
        ++size_;
    }

    /// A new receive begins: everything has to be looked at again.
    void rewind() noexcept { scanned_ = &first_; }

    /// Takes out the oldest message not yet looked at that `fits`.
    template <class Fits>
    std::optional<term> scan(Fits&& fits) {
        while (*scanned_) {
            if (fits((*scanned_)->message.view())) return remove(scanned_);
            scanned_ = &(*scanned_)->next;
        }
        return std::nullopt;
    }

    /// Takes out the oldest message.
    std::optional<term> pop() {
        if (!first_) return std::nullopt;
        scanned_ = &first_;
        return remove(&first_);
    }

    /// Calls `f` for each message, oldest first.
    template <class F>
    void for_each(F&& f) const {
        for (const cell* c = first_; c; c = c->next) f(c->message);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

private:
    struct cell {
        term message;
        cell* next;
    };

    term remove(cell** place) {
        cell* gone = *place;
        *place = gone->next;
        if (last_ == &gone->next) last_ = place;
        term message = std::move(gone->message);
        delete gone;
        --size_;
        return message;
    }

    cell* first_ = nullptr;
    cell** last_ = &first_;    // where the next message goes
    cell** scanned_ = &first_; // before the first message not yet looked at
    std::size_t size_ = 0;
};

} // namespace sedge
