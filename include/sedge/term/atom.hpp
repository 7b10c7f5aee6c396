// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/use_count.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

// g++ 12 takes the unused places of a std::variant of these for values that are destroyed.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace sedge {

/// An Erlang atom: immutable UTF-8 text of at most 255 characters, compared by text.
///
/// Reference counted. Each thread remembers a few dozen of those made last; no peer can fill anything with them.
/// Copying is a counter. Threads: copies may be used from several threads.
class atom {
public:
    atom() noexcept = default; ///< The empty atom, `''`.
    /// Precondition: valid UTF-8 of at most 255 characters (what comes from outside was checked by the decoder).
    explicit atom(std::string_view text);
    atom(const atom& other) noexcept : block_(other.block_) {
        if (block_ != nullptr) block_->count.add();
    }
    atom(atom&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    atom& operator=(const atom& other) noexcept {
        atom copy{other};
        std::swap(block_, copy.block_);
        return *this;
    }
    atom& operator=(atom&& other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~atom() {
        if (block_ != nullptr && block_->count.drop()) destroy(block_);
    }

    /// The same text, in memory that stays until the program ends and whose holders are not counted. For names that
    /// the program itself chooses and that are in every pid: its own nodes'. There is one block for each text.
    [[nodiscard]] static atom permanent(std::string_view text);
    /// The permanent atom that was made last, if it has this text; else a new atom.
    [[nodiscard]] static atom known(std::string_view text);

    [[nodiscard]] std::string_view text() const noexcept {
        if (block_ == nullptr) return {};
        return {reinterpret_cast<const char*>(block_ + 1), block_->size};
    }
    [[nodiscard]] std::string str() const { return std::string{text()}; }
    [[nodiscard]] bool empty() const noexcept { return block_ == nullptr; }

    /// True if `text` can be an atom: valid UTF-8, at most 255 characters.
    [[nodiscard]] static bool is_valid(std::string_view text) noexcept;

    friend bool operator==(const atom& a, const atom& b) noexcept {
        return a.block_ == b.block_ || a.text() == b.text();
    }
    friend bool operator==(const atom& a, std::string_view b) noexcept { return a.text() == b; }
    /// By code points, which for UTF-8 is by bytes.
    friend std::strong_ordering operator<=>(const atom& a, const atom& b) noexcept { return a.text() <=> b.text(); }

private:
    struct block { // the text follows it
        use_count count;
        std::uint32_t size = 0;
    };
    static block* make(std::string_view text);
    static void destroy(block* b) noexcept;
    block* block_ = nullptr;
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace literals {
inline atom operator""_atom(const char* text, std::size_t size) { return atom{std::string_view{text, size}}; }
} // namespace literals

} // namespace sedge

template <>
struct std::hash<sedge::atom> {
    std::size_t operator()(const sedge::atom& a) const noexcept { return std::hash<std::string_view>{}(a.text()); }
};
