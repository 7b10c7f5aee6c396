// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sedge {

/// An Erlang atom: immutable UTF-8 text of at most 255 characters, compared by text.
///
/// Reference counted, never kept in a table: a peer cannot fill anything with atoms. Copying is a counter.
/// Threads: copies may be used from several threads.
class atom {
public:
    atom() noexcept = default; ///< The empty atom, `''`.
    /// Precondition: valid UTF-8 of at most 255 characters (what comes from outside was checked by the decoder).
    explicit atom(std::string_view text);
    atom(const atom& other) noexcept;
    atom(atom&& other) noexcept;
    atom& operator=(const atom& other) noexcept;
    atom& operator=(atom&& other) noexcept;
    ~atom();

    [[nodiscard]] std::string_view text() const noexcept;
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
    struct block; // count, size, text
    block* block_ = nullptr;
};

namespace literals {
inline atom operator""_atom(const char* text, std::size_t size) {
    return atom{std::string_view{text, size}};
}
} // namespace literals

} // namespace sedge

template <>
struct std::hash<sedge::atom> {
    std::size_t operator()(const sedge::atom& a) const noexcept { return std::hash<std::string_view>{}(a.text()); }
};
