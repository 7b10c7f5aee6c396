// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/small_memory.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/term/tags.hpp>

#include "term/utf8.hpp"

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

atom::atom(std::string_view text) {
    SEDGE_ASSERT(is_valid(text));
    if (!text.empty()) block_ = make(text);
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
        place->second = atom{text};
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
