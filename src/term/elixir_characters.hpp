// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sedge::elixir {

// Every byte above 127 counts as a letter.

[[nodiscard]] inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] inline bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] inline bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
[[nodiscard]] inline bool starts_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || c == '_' || (static_cast<std::uint8_t>(c) & 0x80) != 0;
}
[[nodiscard]] inline bool is_name(char c) noexcept { return starts_name(c) || is_upper(c) || is_digit(c); }

} // namespace sedge::elixir
