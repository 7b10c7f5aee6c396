// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/small_memory.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/term/tags.hpp>

#include "term/per_thread.hpp"
#include "term/utf8.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>

namespace sedge {

atom::block* atom::make(std::string_view text) {
    auto* b = new (take_small(sizeof(block) + text.size())) block;
    b->size = static_cast<std::uint32_t>(text.size());
    std::memcpy(static_cast<void*>(b + 1), text.data(), text.size());
    return b;
}

void atom::destroy(block* b) noexcept { give_small(b, sizeof(block) + b->size); }

namespace {

/// What one thread made last, by hash; whoever comes to a place replaces who was there.
struct recent_atoms {
    static constexpr std::size_t bytes_max = 64; // of one; 4 KiB of text in all
    std::array<atom, 64> places;

    atom& place_of(std::string_view text) noexcept {
        const std::size_t size = text.size();
        const char* const end = text.data() + size;
        const std::uint64_t mixed =
            size >= 8   ? word(text.data(), 8) ^ (word(end - 8, 8) * 31)
            : size >= 4 ? word(text.data(), 4) ^ (word(end - 4, 4) << 24)
                        : word(text.data(), 1) ^ word(end - 1, 1) << 8 ^ word(text.data() + size / 2, 1) << 16;
        return places[static_cast<std::size_t>((mixed + size) * 0x9e3779b97f4a7c15u >> 58)];
    }
    static std::uint64_t word(const char* at, std::size_t size) noexcept {
        std::uint64_t value = 0;
        std::memcpy(&value, at, size);
        return value;
    }
};

} // namespace

atom::atom(std::string_view text) {
    if (text.empty()) return;
    auto* const recent = text.size() <= recent_atoms::bytes_max ? per_thread<recent_atoms>::get() : nullptr;
    atom* const place = recent != nullptr ? &recent->place_of(text) : nullptr;
    if (place != nullptr && place->text() == text) {
        *this = *place;
        return;
    }
    SEDGE_ASSERT(is_valid(text));
    block_ = make(text);
    if (place != nullptr) *place = *this;
}

namespace {
std::atomic<const atom*> last_permanent{nullptr}; // stays where it is for good
} // namespace

atom atom::known(std::string_view text) {
    const auto* last = last_permanent.load(std::memory_order_acquire);
    return last != nullptr && last->text() == text ? *last : atom{text};
}

atom atom::permanent(std::string_view text) {
    struct table {
        std::mutex mutex;
        std::unordered_map<std::string, atom> known; // Guarded by `mutex`.
    };
    static auto* const all = new table; // other threads may copy atoms while the program ends
    const std::lock_guard lock{all->mutex};
    auto [place, is_new] = all->known.try_emplace(std::string{text});
    if (is_new) {
        SEDGE_ASSERT(is_valid(text));
        place->second.block_ = text.empty() ? nullptr : make(text); // nobody else has it yet
        if (!text.empty()) place->second.block_->count.make_permanent();
    }
    last_permanent.store(&place->second, std::memory_order_release); // maps do not move what they hold
    return place->second;
}

bool atom::is_valid(std::string_view text) noexcept {
    if (text.size() <= limits::atom_characters_max && etf::is_ascii(text.data(), text.size())) return true;
    if (text.size() > 4 * limits::atom_characters_max) return false;
    const auto characters = utf8::length(text);
    return characters >= 0 && static_cast<std::size_t>(characters) <= limits::atom_characters_max;
}

} // namespace sedge
