// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/small_memory.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sedge {

class worker;

/// Something on its way from one worker of a node to another, or several such things that lie in one envelope.
class envelope {
public:
    envelope() = default;
    envelope(const envelope&) = delete;
    envelope& operator=(const envelope&) = delete;
    virtual ~envelope() = default;
    static void* operator new(std::size_t bytes) { return take_small(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept { give_small(memory, bytes); }

    /// On the receiving worker's thread.
    virtual void arrive(worker& at) = 0;

private:
    friend class envelope_list;
    friend class worker_inbox;
    envelope* next_ = nullptr;
    std::uint32_t holds_ = 1; // things
};

/// Envelopes of one thread, oldest first. Owns them.
class envelope_list {
public:
    envelope_list() = default;
    envelope_list(envelope_list&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    envelope_list& operator=(envelope_list&&) = delete;
    ~envelope_list() {
        while (auto* e = pop()) delete e;
    }

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// Of the things in all of them.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Takes `e` over.
    void push(envelope* e) noexcept {
        (last_ != nullptr ? last_->next_ : first_) = e;
        last_ = e;
        size_ += e->holds_;
    }
    /// The last envelope holds one thing more. Precondition: not empty.
    void note_one_more() noexcept {
        ++last_->holds_;
        ++size_;
    }
    /// Gives the oldest away; null if there is none.
    envelope* pop() noexcept {
        envelope* e = first_;
        if (e == nullptr) return nullptr;
        first_ = e->next_;
        if (first_ == nullptr) last_ = nullptr;
        e->next_ = nullptr;
        size_ -= e->holds_;
        return e;
    }

private:
    friend class worker_inbox;
    envelope* first_ = nullptr;
    envelope* last_ = nullptr;
    std::size_t size_ = 0;
};

/// What comes to one worker from all others (a core): any thread adds a batch with one exchange of the head, the owner
/// takes all there is with another.
///
///   add      head = batch, and behind it what was there. If the head was "asleep", the adder has to wake the owner.
///   take     head = nothing. The list is newest batch first, and is turned round.
///   sleep    nothing -> "asleep", which fails if something has come. The next `take` ends it.
///
/// So a busy owner is never woken, a sleeping one exactly once, and whoever adds after the owner has looked for the
/// last time sees that it sleeps: all three change the same word. Batches of one adder stay in order, and if one `add`
/// happens before another its batch comes out first.
class worker_inbox {
public:
    worker_inbox() = default;
    worker_inbox(const worker_inbox&) = delete;
    worker_inbox& operator=(const worker_inbox&) = delete;
    ~worker_inbox() { (void)take(); }

    /// Any thread. Takes over what is in `batch`, which is not empty; true if the owner has to be woken.
    [[nodiscard]] bool add(envelope_list& batch) noexcept {
        // A batch hangs on its last envelope, and within it the order is turned round only once, by `take`.
        waiting_.fetch_add(batch.size_, std::memory_order_relaxed);
        envelope* const first = std::exchange(batch.first_, nullptr);
        envelope* const last = std::exchange(batch.last_, nullptr);
        batch.size_ = 0;
        envelope* turned = nullptr; // newest first, as the whole list is
        for (envelope* e = first; e != nullptr;) {
            envelope* const next = e->next_;
            e->next_ = turned;
            turned = e;
            e = next;
        }
        envelope* before = head_.load(std::memory_order_relaxed);
        do first->next_ = before == asleep() ? nullptr : before;
        while (!head_.compare_exchange_weak(before, last, std::memory_order_acq_rel, std::memory_order_relaxed));
        return before == asleep();
    }

    /// The owner. All that has come, oldest first.
    [[nodiscard]] envelope_list take() noexcept {
        envelope_list all;
        if (head_.load(std::memory_order_relaxed) == nullptr) return all;
        envelope* newest = head_.exchange(nullptr, std::memory_order_acq_rel);
        if (newest == nullptr || newest == asleep()) return all;
        all.last_ = newest;
        while (newest != nullptr) {
            envelope* const older = newest->next_;
            newest->next_ = all.first_;
            all.size_ += newest->holds_;
            all.first_ = newest;
            newest = older;
        }
        waiting_.fetch_sub(all.size_, std::memory_order_relaxed);
        return all;
    }

    /// The owner. False if something has come.
    [[nodiscard]] bool sleep() noexcept {
        envelope* nothing = nullptr;
        return head_.compare_exchange_strong(nothing, asleep(), std::memory_order_acq_rel) || nothing == asleep();
    }

    /// About how many things wait. Any thread.
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

private:
    /// A head that is no envelope.
    envelope* asleep() const noexcept { return reinterpret_cast<envelope*>(const_cast<std::byte*>(&mark_)); }

    alignas(64) std::atomic<envelope*> head_{nullptr}; // on lines of their own: others write here all the time
    alignas(64) std::atomic<std::size_t> waiting_{0};
    alignas(64) std::byte mark_{};
};

} // namespace sedge
