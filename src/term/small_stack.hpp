// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace sedge {

/// A stack whose first `Inline` entries need no allocation. What input nests goes here, never on the C stack.
template <class T, std::size_t Inline>
class small_stack {
public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    T& push(const T& value) {
        if (size_ == Inline && spilled_.empty()) spilled_.assign(inline_.begin(), inline_.end());
        if (spilled_.empty()) {
            inline_[size_] = value;
        } else {
            spilled_.push_back(value);
        }
        ++size_;
        return top();
    }
    T& top() noexcept { return (*this)[size_ - 1]; }
    T& operator[](std::size_t i) noexcept { return spilled_.empty() ? inline_[i] : spilled_[i]; }
    void pop() noexcept { shrink(size_ - 1); }
    /// Forgets all entries from `size` on.
    void shrink(std::size_t size) noexcept {
        size_ = size;
        if (!spilled_.empty()) spilled_.resize(size); // never grows
    }
    T* data() noexcept { return spilled_.empty() ? inline_.data() : spilled_.data(); }

private:
    std::array<T, Inline> inline_; // not cleared: this is the hot path
    std::vector<T> spilled_;
    std::size_t size_ = 0;
};

} // namespace sedge
