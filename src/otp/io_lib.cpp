// SPDX-License-Identifier: Apache-2.0
//
// io_lib:format. A control sequence is `~F.P.PadModC`: field width F, precision P, padding character Pad, modifiers
// (t for Unicode, l for no strings), and the control character C. A negative F adjusts left; `*` takes F or P from
// the arguments, and as `.*` in third place the padding character. What does not fit its field is cut (~s) or replaced
// by stars (numbers, ~w). Each sequence takes its arguments in order; too few, too many or one of a wrong type is
// badarg.

#include <sedge/otp/io_lib.hpp>

#include "otp/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace sedge::otp {
namespace {

constexpr std::size_t field_width_max = 1u << 20; // a width comes from outside and costs as many bytes

/// A short format can ask for much text, by many wide fields or by floats of 300 digits each: more than that, with four
/// times what the format and its arguments take, is not made.
constexpr std::size_t text_bytes_free = 4u << 20;

struct directive {
    std::optional<std::size_t> width;
    bool left = false;
    std::optional<std::size_t> precision;
    char32_t pad = ' ';
    bool unicode = false;
    bool no_strings = false;
    char32_t control = 0;
};

class formatter {
public:
    formatter(std::string_view format, std::vector<term_view> arguments, std::size_t bytes_max,
              const text_options& options)
        : format_(format), arguments_(std::move(arguments)), bytes_max_(bytes_max), options_(options) {}

    std::optional<std::string> run() {
        while (!format_.empty() && !bad_) {
            char32_t c = take_code_point(format_);
            if (c == '~')
                control();
            else
                append_code_point(out_, c);
            if (out_.size() > bytes_max_) bad_ = true;
        }
        if (bad_ || next_ != arguments_.size()) return std::nullopt;
        return std::move(out_);
    }

private:
    char32_t take() {
        if (format_.empty()) return bad_ = true, char32_t{0};
        return take_code_point(format_);
    }
    bool next_is(char c) const { return !format_.empty() && format_[0] == c; }

    term_view argument() {
        if (next_ == arguments_.size()) return bad_ = true, term_view{};
        return arguments_[next_++];
    }

    std::int64_t integer_argument() {
        auto value = argument().as<std::int64_t>();
        if (!value) bad_ = true;
        return value.value_or(0);
    }

    /// A number or `*`; nothing if neither stands here.
    std::optional<std::int64_t> number() {
        if (next_is('*')) return take(), integer_argument();
        std::optional<std::int64_t> value;
        while (!format_.empty() && format_[0] >= '0' && format_[0] <= '9') {
            value = std::min<std::int64_t>(value.value_or(0) * 10 + (format_[0] - '0'), field_width_max + 1);
            take();
        }
        return value;
    }

    void control() {
        directive d;
        bool minus = next_is('-');
        if (minus) take();
        if (auto width = number()) {
            d.left = minus || *width < 0;
            d.width = static_cast<std::size_t>(std::abs(*width));
        } else if (minus) {
            bad_ = true;
        }
        if (next_is('.')) {
            take();
            if (auto precision = number()) {
                if (*precision < 0)
                    bad_ = true;
                else
                    d.precision = static_cast<std::size_t>(*precision);
            }
        }
        if (next_is('.')) {
            take();
            d.pad = next_is('*') ? (take(), static_cast<char32_t>(integer_argument())) : take();
        }
        for (; next_is('t') || next_is('l'); take()) (next_is('t') ? d.unicode : d.no_strings) = true;
        d.control = take();
        if (d.width.value_or(0) > field_width_max || d.precision.value_or(0) > field_width_max) bad_ = true;
        if (!bad_) write(d);
    }

    void write(const directive& d) {
        switch (d.control) {
        case '~':
        case 'n':
            for (std::size_t i = 0; i < d.width.value_or(1); ++i) out_ += d.control == '~' ? '~' : '\n';
            break;
        case 'c': return character(d);
        case 's': return string(d);
        case 'P':
        case 'p': {
            term_view value = argument();
            if (d.control == 'P') integer_argument(); // the depth, which is not cut here
            out_ += d.no_strings ? to_erlang_plain(value, options_) : to_erlang(value, options_);
            break; // the width is OTP's line length
        }
        case 'W':
        case 'w': {
            std::string text = to_erlang_plain(argument(), options_);
            if (d.control == 'W') integer_argument();
            field(d, text, true);
            break;
        }
        case 'e':
        case 'f':
        case 'g': return floating(d);
        case 'b':
        case 'B': return based(d, "");
        case 'x':
        case 'X': return prefixed(d);
        case '#':
        case '+': return based(d, std::to_string(d.precision.value_or(10)) + "#");
        case 'i': argument(); break;
        default: bad_ = true;
        }
    }

    /// Puts `text` into its field; one that is too long is replaced by stars or cut.
    void field(const directive& d, std::string_view text, bool stars_if_long) {
        std::size_t size = code_points(text);
        std::size_t width = d.width.value_or(size);
        if (size > width) {
            if (stars_if_long)
                out_.append(width, '*');
            else
                out_ += first_code_points(text, width);
            return;
        }
        if (d.left) out_ += text;
        for (std::size_t i = size; i < width; ++i) append_code_point(out_, d.pad);
        if (!d.left) out_ += text;
    }

    void character(const directive& d) {
        std::int64_t code = integer_argument();
        if (bad_) return;
        if (!d.unicode) code &= 0xff; // as OTP does without the t
        if (code < 0 || code > 0x10ffff) return void(bad_ = true);
        std::size_t count = d.precision.value_or(d.width.value_or(1));
        if (d.width && count > *d.width) return void(bad_ = true);
        std::string text;
        for (std::size_t i = 0; i < count; ++i) append_code_point(text, static_cast<char32_t>(code));
        field(d, text, false);
    }

    void string(const directive& d) {
        term_view value = argument();
        if (bad_) return;
        std::optional<std::string> text;
        if (auto name = value.atom_text()) {
            if (d.unicode || is_latin1(*name)) text = *name;
        } else {
            text = characters(value, !d.unicode);
            if (!text && value.binary())
                text = characters(value, true); // ~ts takes bytes that are not UTF-8 one by one
        }
        if (!text || (d.width && d.precision && *d.width < *d.precision)) return void(bad_ = true);
        if (!d.precision || d.width == d.precision) return field(d, *text, false);

        // Cut or filled at its right up to the precision; the field stands around that.
        directive inner = d;
        inner.left = true;
        inner.width = d.precision;
        std::string filled;
        std::swap(filled, out_);
        field(inner, *text, false);
        std::swap(filled, out_);
        field(d, filled, false);
    }

    static bool is_latin1(std::string_view text) {
        while (!text.empty())
            if (take_code_point(text) > 0xff) return false;
        return true;
    }

    void floating(const directive& d) {
        term_view value = argument();
        if (bad_ || value.kind() != term_kind::floating) return void(bad_ = true);
        double number = *value.as<double>();
        std::size_t precision = d.precision.value_or(6);
        char32_t style = d.control;
        if (style == 'g') style = general_style(std::fabs(number), precision);
        if (precision < (style == 'e' ? 2u : 1u) || precision > 253) return void(bad_ = true);
        field(d, style == 'f' ? fixed(number, precision) : scientific(number, precision), true);
    }

    /// ~g: fixed between 0.1 and 10000, as far as the significant digits reach.
    static char32_t general_style(double magnitude, std::size_t& precision) {
        if (magnitude < 0.1 || magnitude >= 10000) return 'e';
        int exponent = magnitude < 1 ? -1 : magnitude < 10 ? 0 : magnitude < 100 ? 1 : magnitude < 1000 ? 2 : 3;
        int digits = static_cast<int>(precision);
        if (digits - 1 > exponent) return precision = static_cast<std::size_t>(digits - 1 - exponent), 'f';
        if (digits <= 1) precision = 2;
        return 'e';
    }

    static std::string fixed(double number, std::size_t decimals) {
        std::string text(600, '\0'); // the longest double has 309 digits before the point
        int size = std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(decimals), number);
        text.resize(static_cast<std::size_t>(size));
        return text;
    }

    static std::string scientific(double number, std::size_t digits) {
        std::string text(300, '\0');
        int size = std::snprintf(text.data(), text.size(), "%.*e", static_cast<int>(digits) - 1, number);
        text.resize(static_cast<std::size_t>(size));
        auto digit = text.find('e') + 2; // Erlang writes the exponent without leading zeros
        while (text[digit] == '0' && digit + 1 < text.size()) text.erase(digit, 1);
        return text;
    }

    void prefixed(const directive& d) {
        term_view value = argument();
        term_view prefix = argument();
        auto text = prefix.atom_text() ? std::optional<std::string>{*prefix.atom_text()} : characters(prefix);
        if (!text) bad_ = true;
        if (!bad_) integer(d, value, *text);
    }

    void based(const directive& d, const std::string& prefix) {
        term_view value = argument();
        if (!bad_) integer(d, value, prefix);
    }

    void integer(const directive& d, const term_view& value, const std::string& prefix) {
        std::size_t base = d.precision.value_or(10);
        if (value.kind() != term_kind::integer || base < 2 || base > 36) return void(bad_ = true);
        std::string text;
        if (base == 10) {
            text = to_erlang_plain(value, options_); // of any size
            text.insert(text[0] == '-' ? 1 : 0, prefix);
        } else {
            auto small = value.as<std::int64_t>();
            if (!small) return void(bad_ = true);
            bool upper = d.control == 'B' || d.control == 'X' || d.control == '#';
            auto magnitude = *small < 0 ? 0 - static_cast<std::uint64_t>(*small) : static_cast<std::uint64_t>(*small);
            do {
                auto digit = static_cast<char>(magnitude % base);
                text += static_cast<char>(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
                magnitude /= base;
            } while (magnitude != 0);
            std::reverse(text.begin(), text.end());
            text.insert(0, (*small < 0 ? "-" : "") + prefix);
        }
        field(d, text, true);
    }

    std::string_view format_;
    std::vector<term_view> arguments_;
    std::size_t bytes_max_;
    const text_options& options_;
    std::string out_;
    std::size_t next_ = 0;
    bool bad_ = false;
};

} // namespace

std::optional<std::string> format(const term_view& format, const term_view& arguments, const text_options& options) {
    auto text = format.atom_text() ? std::optional<std::string>{*format.atom_text()} : characters(format);
    if (!text || !arguments.is_list() || arguments.tail().kind() != term_kind::nil) return std::nullopt;
    auto all = arguments.elements();
    const std::size_t bytes_max = text_bytes_free + 4 * (format.bytes().size() + arguments.bytes().size());
    return formatter{*text, {all.begin(), all.end()}, bytes_max, options}.run();
}

} // namespace sedge::otp
