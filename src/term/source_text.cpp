// SPDX-License-Identifier: Apache-2.0
#include "term/source_text.hpp"

#include "term/utf8.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/term/encoder.hpp>

#include <charconv>

namespace sedge {

namespace {

class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.syntax"; }
    std::string message(int code) const override {
        switch (static_cast<syntax_errc>(code)) {
        case syntax_errc::unexpected: return "syntax error";
        case syntax_errc::incomplete: return "incomplete text";
        case syntax_errc::too_long: return "too long";
        }
        return "error " + std::to_string(code);
    }
};

int digit_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

} // namespace

const std::error_category& syntax_category() noexcept {
    static const category instance;
    return instance;
}

std::string to_string(elixir::position at) {
    return "line " + std::to_string(at.line) + ", column " + std::to_string(at.column);
}

std::string excerpt(std::string_view text, std::size_t characters) {
    std::size_t end = 0;
    for (; end < text.size() && characters > 0; --characters) {
        const auto c = utf8::decode(text.substr(end));
        end += c.size == 0 ? 1 : static_cast<std::size_t>(c.size);
    }
    auto shown = printable(text.substr(0, end));
    return end < text.size() ? shown + "..." : shown;
}

source_text::source_text(std::string_view text) : text_(text) {
    if (text.size() > limits::syntax_bytes_max) {
        fail(syntax_errc::too_long, at_,
             "at most " + std::to_string(limits::syntax_bytes_max) + " bytes of text are read");
        return;
    }
    while (!at_end()) {
        const auto c = utf8::decode(text_.substr(offset_));
        if (c.size == 0) {
            fail(syntax_errc::unexpected, at_, "expected UTF-8 text, found a byte that is not part of it");
            return;
        }
        advance(static_cast<std::size_t>(c.size));
    }
    offset_ = 0;
    at_ = {};
}

void source_text::advance(std::size_t bytes) noexcept {
    for (; bytes > 0 && !at_end(); --bytes, ++offset_) {
        const auto c = static_cast<std::uint8_t>(text_[offset_]);
        if (c == '\n') {
            ++at_.line;
            at_.column = 1;
        } else if (offset_ + 1 >= text_.size() || (static_cast<std::uint8_t>(text_[offset_ + 1]) & 0xc0) != 0x80) {
            ++at_.column; // with the last byte of a character
        }
    }
}

bool source_text::take(std::string_view what) noexcept {
    if (!starts_with(what)) return false;
    advance(what.size());
    return true;
}

void source_text::fail(syntax_errc code, elixir::position where, std::string_view sentence) {
    if (!failure_) failure_.emplace(code, to_string(where) + ": " + std::string{sentence});
    offset_ = text_.size();
}

void source_text::expected(std::string_view what) {
    const auto prefix = "expected " + std::string{what} + ", found ";
    if (at_end()) return fail(syntax_errc::incomplete, at_, prefix + "the end");
    const auto size = static_cast<std::size_t>(utf8::decode(text_.substr(offset_)).size);
    fail(syntax_errc::unexpected, at_, prefix + "`" + excerpt(text_.substr(offset_, size)) + "`");
}

std::string source_text::digits(int base) {
    std::string out;
    while (digit_value(peek()) < base || (peek() == '_' && !out.empty() && digit_value(peek(1)) < base)) {
        if (peek() != '_') out.push_back(peek());
        if (out.size() > limits::syntax_digits_max) {
            fail(syntax_errc::too_long, at_,
                 "a number has at most " + std::to_string(limits::syntax_digits_max) + " digits here");
            return {};
        }
        advance();
    }
    return out;
}

std::string source_text::fraction() {
    if (peek() != '.' || digit_value(peek(1)) > 9) return {};
    advance();
    auto out = "." + digits(10);
    if (peek() != 'e' && peek() != 'E') return out;
    const std::size_t sign = peek(1) == '-' || peek(1) == '+' ? 1 : 0;
    if (digit_value(peek(1 + sign)) > 9) return out;
    out += peek(1) == '-' ? "e-" : "e";
    advance(1 + sign);
    return out + digits(10);
}

char32_t source_text::character() {
    const auto c = utf8::decode(text_.substr(offset_));
    advance(static_cast<std::size_t>(c.size));
    return c.value;
}

char32_t source_text::hexadecimal(std::size_t digit_count) {
    const auto start = at_;
    const bool braces = take("{");
    std::uint64_t value = 0;
    std::size_t count = 0;
    for (; digit_value(peek()) < 16 && count < (braces ? 6 : digit_count); ++count, advance())
        value = value * 16 + static_cast<std::uint64_t>(digit_value(peek()));
    const bool complete = braces ? count > 0 && take("}") : count == digit_count;
    if (complete && utf8::is_code_point(value)) return static_cast<char32_t>(value);
    fail(at_end() ? syntax_errc::incomplete : syntax_errc::unexpected, start,
         "expected the hexadecimal number of a character");
    return U'?';
}

term integer_of(std::string_view digits, int base, bool negative) {
    byte_buffer magnitude; // little-endian
    for (const char c : digits) {
        auto carry = static_cast<unsigned>(digit_value(c));
        for (auto& byte : magnitude) {
            carry += byte * static_cast<unsigned>(base);
            byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        if (carry != 0) magnitude.push_back(static_cast<std::uint8_t>(carry));
    }
    byte_buffer out;
    encoder{out}.big_integer(negative, magnitude);
    return term::adopt(std::move(out));
}

std::optional<term> float_of(const std::string& text, bool negative) {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    // Too small a number is zero, too large a one is an error: Erlang has no infinity.
    if (parsed.ec == std::errc::result_out_of_range) {
        const auto exponent = text.find("e-");
        if (exponent == std::string::npos) return std::nullopt;
        value = 0;
    } else if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    byte_buffer out;
    encoder{out}.floating(negative ? -value : value);
    return term::adopt(std::move(out));
}

} // namespace sedge
