// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/base/small_memory.hpp>
#include <sedge/term/atom.hpp>

#include "term/use_count.hpp"
#include "term/utf8.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace sedge {

struct atom::block {
    use_count count;
    std::uint32_t size = 0;

    char* text() noexcept { return reinterpret_cast<char*>(this + 1); }

    static block* make(std::string_view text) {
        auto* b = new (take_small(sizeof(block) + text.size())) block;
        b->size = static_cast<std::uint32_t>(text.size());
        std::memcpy(b->text(), text.data(), text.size());
        return b;
    }
    static block* share(block* b) noexcept {
        if (b != nullptr) b->count.add();
        return b;
    }
    static void drop(block* b) noexcept {
        if (b != nullptr && b->count.drop()) give_small(b, sizeof(block) + b->size);
    }
};

atom::atom(std::string_view text) {
    SEDGE_ASSERT(is_valid(text));
    if (!text.empty()) block_ = block::make(text);
}
atom::atom(const atom& other) noexcept : block_(block::share(other.block_)) {}
atom::atom(atom&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
atom& atom::operator=(const atom& other) noexcept {
    block* shared = block::share(other.block_);
    block::drop(std::exchange(block_, shared));
    return *this;
}
atom& atom::operator=(atom&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
}
atom::~atom() { block::drop(block_); }

std::string_view atom::text() const noexcept {
    return block_ == nullptr ? std::string_view{} : std::string_view{block_->text(), block_->size};
}

bool atom::is_valid(std::string_view text) noexcept {
    if (text.size() > 4 * limits::atom_characters_max) return false;
    const auto characters = utf8::length(text);
    return characters >= 0 && static_cast<std::size_t>(characters) <= limits::atom_characters_max;
}

} // namespace sedge
