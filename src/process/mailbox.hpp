// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/assert.hpp>
#include <sedge/term/term.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace sedge {

/// Messages of one process, oldest first, with a place up to which a selective receive has looked.
///
/// A receive that waits looks at each message once: `scan` goes on where the last scan of the same receive stopped.
///
/// A ring of terms: a process that has never got a message has no memory for them, and one that was flooded gives the
/// memory back when it has caught up.
class mailbox {
public:
    mailbox() = default;
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;

    void push(term&& message) {
        if (size_ == capacity_) grow();
        at(size_) = std::move(message);
        ++size_;
    }

    /// A new receive begins: everything has to be looked at again.
    void rewind() noexcept { scanned_ = 0; }

    /// Takes out the oldest message not yet looked at that `fits`.
    template <class Fits>
    std::optional<term> scan(Fits&& fits) {
        for (; scanned_ < size_; ++scanned_)
            if (fits(at(scanned_).view())) return remove(scanned_);
        return std::nullopt;
    }

    /// Takes out the oldest message. Precondition: not empty.
    term pop() {
        SEDGE_ASSERT(size_ > 0);
        term message = std::move(ring_[first_]);
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
        scanned_ = 0;
        if (size_ == 0 && capacity_ > kept_capacity) release();
        return message;
    }

    /// Calls `f` for each message, oldest first.
    template <class F>
    void for_each(F&& f) const {
        for (std::uint32_t i = 0; i < size_; ++i) f(at(i));
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    static constexpr std::uint32_t first_capacity = 4;
    static constexpr std::uint32_t kept_capacity = 2048; // entries, 16 KiB, which an empty mailbox may keep

    term& at(std::uint32_t i) noexcept { return ring_[(first_ + i) & (capacity_ - 1)]; }
    const term& at(std::uint32_t i) const noexcept { return ring_[(first_ + i) & (capacity_ - 1)]; }

    void grow() {
        const std::uint32_t wider = capacity_ == 0 ? first_capacity : capacity_ * 2;
        std::unique_ptr<term[]> ring{new term[wider]};
        for (std::uint32_t i = 0; i < size_; ++i) ring[i] = std::move(at(i));
        ring_ = std::move(ring);
        capacity_ = wider;
        first_ = 0;
    }

    void release() noexcept {
        ring_.reset();
        capacity_ = first_ = 0;
    }

    /// Closes the gap from the side that has fewer messages to move.
    term remove(std::uint32_t i) {
        if (i == 0) return pop();
        term message = std::move(at(i));
        if (i < size_ / 2) {
            for (; i > 0; --i) at(i) = std::move(at(i - 1));
            first_ = (first_ + 1) & (capacity_ - 1);
        } else {
            for (; i + 1 < size_; ++i) at(i) = std::move(at(i + 1));
        }
        --size_;
        return message;
    }

    std::unique_ptr<term[]> ring_; // empty places hold the term that needs no memory
    std::uint32_t capacity_ = 0;   // a power of two
    std::uint32_t first_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t scanned_ = 0; // so many were looked at
};

} // namespace sedge
