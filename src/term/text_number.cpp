// SPDX-License-Identifier: Apache-2.0
#include "term/text_out.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/term/big.hpp>

#include "term/number.hpp"
#include "term/utf8.hpp"

#include <charconv>
#include <cmath>

namespace sedge::text {

namespace {

struct decimal {
    std::string digits; // without leading or trailing zeros, except "0"
    int point = 0;      // the number is 0.digits * 10^point
};

decimal shortest(double value) {
    char raw[40];
    const auto end = std::to_chars(raw, raw + sizeof raw, std::fabs(value), std::chars_format::scientific).ptr;
    const std::string_view text{raw, static_cast<std::size_t>(end - raw)};
    const auto e = text.find('e');
    decimal d;
    for (const char c : text.substr(0, e)) {
        if (c != '.') d.digits += c;
    }
    const auto exponent = text.substr(e + 1);
    std::from_chars(exponent.data() + (exponent[0] == '+' ? 1 : 0), exponent.data() + exponent.size(), d.point);
    ++d.point;
    return d;
}

} // namespace

std::string output::finish() && {
    if (!is_full()) return std::move(text_);
    std::size_t size = bytes_max_;
    while (size > 0 && (static_cast<std::uint8_t>(text_[size]) & 0xc0) == 0x80) --size;
    text_.resize(size);
    text_ += "...";
    return std::move(text_);
}

/// As OTP's io_lib_format:fwrite_g/1 does: whichever of the plain and the exponent form is shorter; from 2^53 on,
/// where plain digits would pretend to a precision that is not there, always the exponent form.
void write_float_erlang(output& out, double value) {
    if (std::signbit(value)) out << '-';
    if (value == 0) {
        out << "0.0";
        return;
    }
    const auto [digits, point] = shortest(value);
    const int length = static_cast<int>(digits.size());
    if (point > 0 && point < length) {
        out << std::string_view{digits}.substr(0, static_cast<std::size_t>(point)) << '.'
            << std::string_view{digits}.substr(static_cast<std::size_t>(point));
        return;
    }
    const auto exponent = std::to_string(point - 1);
    const int exponent_cost = static_cast<int>(exponent.size()) + 1 + (length == 1 ? 2 : 1);
    if (point <= 0 && (point == 0 || 2 - point <= exponent_cost)) {
        out << "0." << std::string(static_cast<std::size_t>(-point), '0') << digits;
        return;
    }
    constexpr double precise_end = 9007199254740992.0; // 2^53
    if (point > 0 && point - length + 2 <= exponent_cost && std::fabs(value) < precise_end) {
        out << digits << std::string(static_cast<std::size_t>(point - length), '0') << ".0";
        return;
    }
    out << digits[0] << '.' << (length == 1 ? "0" : std::string_view{digits}.substr(1)) << 'e' << exponent;
}

void write_float_elixir(output& out, double value) {
    const double size = std::fabs(value);
    if (size >= 1.0 && size < 1.0e16 && std::trunc(value) == value) {
        out << std::to_string(static_cast<std::int64_t>(value)) << ".0";
        return;
    }
    write_float_erlang(out, value);
}

void write_integer(output& out, const std::uint8_t* p, std::string_view hexadecimal_prefix) {
    const etf::integer_parts parts{p};
    if (parts.size <= 8) {
        if (parts.negative) out << '-';
        out << std::to_string(parts.low());
        return;
    }
    const byte_view magnitude{parts.magnitude, parts.size};
    if (parts.size <= limits::integer_decimal_bytes_max) {
        out << big_integer::from_magnitude(parts.negative, magnitude).str();
        return;
    }
    if (parts.negative) out << '-';
    out << hexadecimal_prefix;
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (std::size_t i = parts.size; i-- > 0 && !out.is_full();) {
        if (i + 1 < parts.size || magnitude[i] > 15) out << digits[magnitude[i] >> 4];
        out << digits[magnitude[i] & 15];
    }
}

} // namespace sedge::text
