// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sedge::otp {

inline void append_code_point(std::string& out, char32_t c) {
    auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) return put(c);
    if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
    if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

/// Takes one code point off the front. Precondition: not empty, valid UTF-8.
inline char32_t take_code_point(std::string_view& text) {
    auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    char32_t c = at(0);
    std::size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (more != 0) c &= 0x3fu >> more;
    for (std::size_t i = 1; i <= more; ++i) c = c << 6 | (at(i) & 0x3f);
    text.remove_prefix(more + 1);
    return c;
}

inline std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (unsigned char byte : text) count += (byte & 0xc0) != 0x80;
    return count;
}

/// The first `count` code points.
inline std::string_view first_code_points(std::string_view text, std::size_t count) {
    std::string_view rest = text;
    while (count-- > 0 && !rest.empty()) take_code_point(rest);
    return text.substr(0, text.size() - rest.size());
}

inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        auto lead = static_cast<unsigned char>(text[0]);
        std::size_t size = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
        if (size == 0 || size > text.size()) return false;
        for (std::size_t i = 1; i < size; ++i)
            if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
        char32_t c = take_code_point(text);
        if ((size == 3 && c < 0x800) || (size == 4 && c < 0x10000) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

} // namespace sedge::otp
