// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sedge::dist {

/// The 2048 slots of an atom cache, of which most connections use thirty: memory follows those in use.
///
/// Slots in use stand in a row. A table of their places, found by the lower bits of the slot's number, grows with them;
/// with 2048 entries it is the plain array that it stands for.
template <class T>
class slot_table {
public:
    static constexpr std::size_t slots = 2048;

    /// Made if it was never used. Valid until the next call. Precondition: slot < slots.
    [[nodiscard]] T& operator[](std::size_t slot) {
        if (2 * (used_.size() + 1) > places_.size() && places_.size() < slots) grow();
        auto& place = places_[index_of(slot)];
        if (place == 0) {
            used_.push_back({static_cast<std::uint16_t>(slot), T{}});
            place = static_cast<std::uint16_t>(used_.size());
        }
        return used_[place - 1u].what;
    }
    /// Precondition: it is in use.
    [[nodiscard]] const T& operator[](std::size_t slot) const noexcept {
        return used_[places_[index_of(slot)] - 1u].what;
    }
    [[nodiscard]] std::size_t size() const noexcept { return used_.size(); }
    void clear() noexcept {
        used_.clear();
        places_.clear();
    }

private:
    static constexpr std::size_t first_places = 64;

    struct entry {
        std::uint16_t slot;
        T what;
    };

    /// Where its place stands, or a free entry where it may be put. There is always one, since the table is at most
    /// half full, or has an entry for each slot.
    [[nodiscard]] std::size_t index_of(std::size_t slot) const noexcept {
        const std::size_t mask = places_.size() - 1;
        std::size_t i = slot & mask;
        while (places_[i] != 0 && used_[places_[i] - 1u].slot != slot) i = (i + 1) & mask;
        return i;
    }
    void grow() {
        places_.assign(places_.empty() ? first_places : 2 * places_.size(), 0);
        for (std::size_t i = 0; i < used_.size(); ++i)
            places_[index_of(used_[i].slot)] = static_cast<std::uint16_t>(i + 1);
    }

    std::vector<entry> used_;
    std::vector<std::uint16_t> places_; // 1 and the index in `used_`; 0: free
};

} // namespace sedge::dist
