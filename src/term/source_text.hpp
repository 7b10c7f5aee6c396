// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/elixir_syntax.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sedge {

/// Walks over text that people wrote; what the readers of Elixir and Erlang share.
///
/// Remembers its first failure, and is at its end from then on, so that every loop of a reader ends by itself and
/// one check at the end is enough.
class source_text {
public:
    /// Fails at once if the text is too long or not UTF-8.
    explicit source_text(std::string_view text);

    [[nodiscard]] bool at_end() const noexcept { return offset_ >= text_.size(); }
    /// NUL behind the end.
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
    }
    [[nodiscard]] bool starts_with(std::string_view what) const noexcept {
        return text_.substr(std::min(offset_, text_.size())).starts_with(what);
    }
    void advance(std::size_t bytes = 1) noexcept;
    /// Advances over `what` if it is next.
    bool take(std::string_view what) noexcept;

    [[nodiscard]] elixir::position at() const noexcept { return at_; }
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::string_view since(std::size_t offset) const noexcept {
        return text_.substr(std::min(offset, text_.size()), offset_ - std::min(offset, offset_));
    }

    [[nodiscard]] bool failed() const noexcept { return failure_.has_value(); }
    /// Precondition: failed().
    [[nodiscard]] const error& failure() const noexcept { return *failure_; }
    void fail(syntax_errc code, elixir::position where, std::string_view sentence);
    /// `line 1, column 2: expected WHAT, found ...` for what is next.
    void expected(std::string_view what);

    // -- numbers and characters ------------------------------------------------------------------------------------

    /// Digits of `base` (2 to 36) with `_` between them, without the `_`. Empty if there are none.
    std::string digits(int base);
    /// Behind the whole digits of a number: `.5e-3`, if that is next, in from_chars' form; else empty.
    std::string fraction();
    /// The next code point. Precondition: !at_end().
    char32_t character();
    /// Behind `\x` or `\u`: `{h..}` or 2 or `digit_count` hexadecimal digits. Fails if that is no code point.
    char32_t hexadecimal(std::size_t digit_count);

private:
    std::string_view text_;
    std::size_t offset_ = 0;
    elixir::position at_;
    std::optional<error> failure_;
};

/// Precondition: digits of `base` only.
term integer_of(std::string_view digits, int base, bool negative);
/// Nothing if the number is too large for a float.
std::optional<term> float_of(const std::string& text, bool negative);

/// At most `characters` characters of foreign text, safe to print, for error sentences.
std::string excerpt(std::string_view text, std::size_t characters = 24);

} // namespace sedge
