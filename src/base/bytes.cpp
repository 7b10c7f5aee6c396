// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/bytes.hpp>

namespace sedge {

std::string to_hex(byte_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (auto b : bytes) {
        text += digits[b >> 4];
        text += digits[b & 15];
    }
    return text;
}

namespace {
int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
} // namespace

result<byte_buffer> from_hex(std::string_view text) {
    byte_buffer bytes;
    bytes.reserve(text.size() / 2);
    int high = -1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') continue;
        int value = digit(text[i]);
        if (value < 0) return error{errc::malformed, "hexadecimal text, character " + std::to_string(i + 1)};
        if (high < 0) {
            high = value;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
            high = -1;
        }
    }
    if (high >= 0) return error{errc::malformed, "hexadecimal text with an odd number of digits"};
    return bytes;
}

bool equal_in_constant_time(byte_view a, byte_view b) noexcept {
    if (a.size() != b.size()) return false;
    std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
        asm volatile("" : "+r"(difference)); // keeps the compiler from leaving the loop early
    }
    return difference == 0;
}

} // namespace sedge
