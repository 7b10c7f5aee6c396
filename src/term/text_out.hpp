// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Pieces of printed terms. Private to the layer.
namespace sedge::text {

/// Text that stops growing soon after `bytes_max`; whoever writes in a loop asks `is_full`.
class output {
public:
    explicit output(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    output& operator<<(std::string_view s) { return text_.append(s), *this; }
    output& operator<<(char c) { return text_.push_back(c), *this; }
    [[nodiscard]] bool is_full() const noexcept { return text_.size() > bytes_max_; }
    std::string& text() noexcept { return text_; }
    /// The text, cut between characters and marked with `...` if it became too long.
    std::string finish() &&;

private:
    std::string text_;
    std::size_t bytes_max_;
};

/// Shortest text that reads back as the same number.
void write_float_erlang(output& out, double value);
void write_float_elixir(output& out, double value);

/// Precondition: an integer stands at `p`. Decimal; hexadecimal beyond limits::integer_decimal_bytes_max, since
/// decimal takes a time that grows with the square.
void write_integer(output& out, const std::uint8_t* p, std::string_view hexadecimal_prefix);

// --- Erlang ---

void write_atom_erlang(output& out, std::string_view atom);
/// Escaped as inside `"..."` or `'...'`, without the quotes.
void write_escaped_erlang(output& out, char32_t c, char quote);
/// What `~p` prints as text inside quotes: Latin-1 without control characters.
[[nodiscard]] bool is_printable_erlang(std::uint64_t c) noexcept;

// --- Elixir ---

/// `:name`, `Name`, `:"other name"`.
void write_atom_elixir(output& out, std::string_view atom);
/// `name:` or `"other name":`, before the value in keyword lists and maps.
void write_key_elixir(output& out, std::string_view atom);
/// After the dot in `&:module.function/arity`.
void write_function_name_elixir(output& out, std::string_view atom);
/// Inside quotes, with `\` before the quote and `#{`.
void write_escaped_elixir(output& out, std::string_view utf8, char quote);
[[nodiscard]] bool is_printable_elixir(std::string_view bytes) noexcept;
/// Could be a character of a charlist: printable ASCII and the usual control characters.
[[nodiscard]] bool is_charlist_character(std::uint64_t c) noexcept;

} // namespace sedge::text
