// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/log.hpp>

#include <cstdint>
#include <cstdio>

namespace sedge {

std::string_view to_string(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
    case log_level::off: return "off";
    }
    return "?";
}

namespace {

/// Length of the valid UTF-8 sequence at `text`, and its code point; 0 if it is none.
std::size_t sequence(std::string_view text, std::uint32_t& point) {
    auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::uint8_t first = byte(0);
    if (first < 0x80) return point = first, 1;
    std::size_t size = first >= 0xf0 && first < 0xf5   ? 4
                       : first >= 0xe0 && first < 0xf0 ? 3
                       : first >= 0xc2 && first < 0xe0 ? 2
                                                       : 0;
    if (size == 0 || size > text.size()) return 0;
    point = first & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
        point = point << 6 | (byte(i) & 0x3f);
    }
    bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
    bool outside = point > 0x10ffff || (point >= 0xd800 && point < 0xe000);
    return overlong || outside ? 0 : size;
}

bool moves_the_terminal(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x200e || point == 0x200f || point == 0x061c ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

} // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    char escape[16];
    while (!text.empty()) {
        std::uint32_t point = 0;
        std::size_t size = sequence(text, point);
        if (size == 0) {
            point = static_cast<std::uint8_t>(text[0]);
            size = 1;
        } else if (!moves_the_terminal(point)) {
            out.append(text.substr(0, size));
            text.remove_prefix(size);
            continue;
        }
        std::snprintf(escape, sizeof escape, "\\x{%x}", static_cast<unsigned>(point));
        out += escape;
        text.remove_prefix(size);
    }
    return out;
}

} // namespace sedge
