// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Strict UTF-8: no overlong forms, no surrogates, nothing above 10FFFF, no cut sequence. Private to the layer.
namespace sedge::utf8 {

struct code_point {
    char32_t value = 0;
    int size = 0; ///< Bytes taken; 0 if the text does not start with a code point.
};

/// The first code point of `text`. Precondition: !text.empty().
inline code_point decode(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto more = [&](std::size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
    const std::uint8_t first = at(0);
    if (first < 0x80) return {first, 1};
    if (first < 0xc2) return {};
    if (first < 0xe0) {
        if (!more(1)) return {};
        return {static_cast<char32_t>((first & 0x1f) << 6 | (at(1) & 0x3f)), 2};
    }
    if (first < 0xf0) {
        if (!more(1) || !more(2)) return {};
        const auto v = static_cast<char32_t>((first & 0x0f) << 12 | (at(1) & 0x3f) << 6 | (at(2) & 0x3f));
        if (v < 0x800 || (v >= 0xd800 && v < 0xe000)) return {};
        return {v, 3};
    }
    if (first > 0xf4 || !more(1) || !more(2) || !more(3)) return {};
    const auto v =
        static_cast<char32_t>((first & 0x07) << 18 | (at(1) & 0x3f) << 12 | (at(2) & 0x3f) << 6 | (at(3) & 0x3f));
    if (v < 0x10000 || v > 0x10ffff) return {};
    return {v, 4};
}

/// Number of code points, or -1 if `text` is not UTF-8.
inline std::ptrdiff_t length(std::string_view text) noexcept {
    std::ptrdiff_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        if (static_cast<std::uint8_t>(text[i]) < 0x80) {
            ++i;
            continue;
        }
        const auto c = decode(text.substr(i));
        if (c.size == 0) return -1;
        i += static_cast<std::size_t>(c.size);
    }
    return count;
}

inline bool is_valid(std::string_view text) noexcept {
    // Most text is ASCII: eight bytes at a time, then the tail.
    std::uint64_t high_bits = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, 8);
        high_bits |= word;
    }
    for (; i < text.size(); ++i) high_bits |= static_cast<std::uint8_t>(text[i]);
    return (high_bits & 0x8080808080808080u) == 0 || length(text) >= 0;
}

inline bool is_code_point(std::uint64_t v) noexcept { return v <= 0x10ffff && (v < 0xd800 || v >= 0xe000); }

/// Precondition: is_code_point(c).
inline void append(std::string& out, char32_t c) {
    const auto byte = [&](char32_t v) { out.push_back(static_cast<char>(v)); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) return byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f));
    if (c < 0x10000) return byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
    byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
}

} // namespace sedge::utf8
