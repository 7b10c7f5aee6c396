// SPDX-License-Identifier: Apache-2.0
//
// One Erlang literal by recursive descent over characters, at most limits::syntax_nesting_max levels deep. Variables,
// calls and operators are not literals; what ~p and ~w print is, apart from funs with an environment.
#include "term/source_text.hpp"
#include "term/utf8.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/literal.hpp>

#include <charconv>

namespace sedge {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_name(char c) noexcept {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '@' ||
           (static_cast<std::uint8_t>(c) & 0x80) != 0;
}

class erlang_reader {
public:
    erlang_reader(std::string_view text, const literal_options& options) : source_(text), options_(options) {}

    result<term> run() {
        auto value = literal();
        skip_space();
        if (source_.take(".")) skip_space();
        if (!source_.at_end()) source_.expected("the end behind one literal");
        if (source_.failed()) return source_.failure();
        return value;
    }

private:
    void skip_space() {
        while (!source_.at_end()) {
            if (source_.peek() == '%') {
                while (!source_.at_end() && source_.peek() != '\n') source_.advance();
            } else if (static_cast<std::uint8_t>(source_.peek()) <= ' ') {
                source_.advance();
            } else {
                return;
            }
        }
    }
    bool take(std::string_view what) {
        skip_space();
        return source_.take(what);
    }
    void close(std::string_view with, std::string_view opened, elixir::position at) {
        skip_space();
        if (!source_.failed() && !source_.take(with))
            source_.expected("`,` or `" + std::string{with} + "` to close the " + std::string{opened} + " of " +
                             to_string(at));
    }

    term literal() {
        skip_space();
        if (depth_ >= limits::syntax_nesting_max) {
            source_.fail(syntax_errc::too_long, source_.at(),
                         "literals are nested at most " + std::to_string(limits::syntax_nesting_max) + " levels here");
            return {};
        }
        ++depth_;
        auto value = one();
        --depth_;
        return value;
    }

    term one() {
        const auto at = source_.at();
        const char c = source_.peek();
        if (is_digit(c)) return number(false);
        if ((c == '-' || c == '+') && is_digit(source_.peek(1))) {
            source_.advance();
            return number(c == '-');
        }
        if (source_.take("#{")) return map(at);
        if (source_.take("<<")) return binary(at);
        if (c == '<' || c == '#') return identifier(at);
        if (source_.take("{")) return build_tuple(elements("}", "{", at, nullptr));
        if (source_.take("[")) return list(at);
        if (source_.take("\"")) return text(at);
        if (source_.take("$")) return character();
        if (is_lower(c) || c == '\'') return atom_or_fun(at);
        source_.expected("an Erlang literal");
        return {};
    }

    template <class Write>
    term encoded(Write write) {
        if (source_.failed()) return {};
        byte_buffer out;
        encoder e{out};
        write(e);
        return term::adopt(std::move(out));
    }

    term number(bool negative) {
        const auto at = source_.at();
        auto digits = source_.digits(10);
        if (source_.peek() == '#' && source_.peek(1) != '{') {
            int base = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), base);
            if (base < 2 || base > 36) {
                source_.fail(syntax_errc::unexpected, at, "expected a base from 2 to 36 before the #");
                return {};
            }
            source_.advance();
            digits = source_.digits(base);
            if (digits.empty()) source_.expected("digits of that base");
            return source_.failed() ? term{} : integer_of(digits, base, negative);
        }
        const auto fraction = source_.fraction();
        if (source_.failed()) return {};
        if (fraction.empty()) return integer_of(digits, 10, negative);
        auto value = float_of(digits + fraction, negative);
        if (!value) source_.fail(syntax_errc::too_long, at, "the number is too large for a float");
        return value.value_or(term{});
    }

    /// Behind the opening bracket.
    std::vector<term> elements(std::string_view closing, std::string_view opened, elixir::position at, term* tail) {
        std::vector<term> items;
        if (take(closing)) return items;
        do items.push_back(literal());
        while (take(","));
        if (tail && take("|")) *tail = literal();
        close(closing, opened, at);
        return items;
    }

    term list(elixir::position at) {
        auto tail = encoded([](encoder& e) { e.nil(); });
        const auto items = elements("]", "[", at, &tail);
        return build_list(items, tail);
    }

    term map(elixir::position at) {
        std::vector<term> items;
        if (!take("}")) {
            do {
                items.push_back(literal());
                if (!take("=>")) source_.expected("=> behind the key");
                items.push_back(literal());
            } while (take(","));
            close("}", "#{", at);
        }
        return source_.failed() ? term{} : build_map(items);
    }

    /// Behind the opening quote, up to and with the closing one.
    std::string quoted(char quote, elixir::position at) {
        std::string out;
        while (source_.peek() != quote || source_.at_end()) {
            if (source_.at_end()) {
                source_.fail(syntax_errc::incomplete, source_.at(),
                             std::string{"expected "} + quote + " to close the text of " + to_string(at) +
                                 ", found the end");
                return {};
            }
            if (source_.take("\\")) {
                utf8::append(out, escape());
            } else {
                out.push_back(source_.peek());
                source_.advance();
            }
        }
        source_.advance();
        return out;
    }

    /// Behind the backslash: `\n`, `\x{1f600}`, `\x41`, `\101`, `\^a`, or the character itself.
    char32_t escape() {
        static constexpr std::string_view names = "bdefnrstv";
        static constexpr std::string_view values{"\b\x7f\x1b\f\n\r \t\v", 9};
        if (source_.at_end()) {
            source_.expected("a character behind the backslash");
            return U'?';
        }
        const char c = source_.peek();
        if (c == 'x') return source_.advance(), source_.hexadecimal(2);
        if (c >= '0' && c <= '7') {
            char32_t value = 0;
            for (int i = 0; i < 3 && source_.peek() >= '0' && source_.peek() <= '7'; ++i, source_.advance())
                value = value * 8 + static_cast<char32_t>(source_.peek() - '0');
            return value;
        }
        const char control = source_.peek(1);
        if (c == '^' && ((control >= '@' && control <= '_') || is_lower(control))) {
            source_.advance(2);
            return static_cast<char32_t>(control & 0x1f);
        }
        if (const auto which = names.find(c); which != std::string_view::npos) {
            source_.advance();
            return static_cast<char32_t>(static_cast<std::uint8_t>(values[which]));
        }
        return source_.character();
    }

    term character() {
        if (source_.at_end()) {
            source_.expected("a character behind the $");
            return {};
        }
        const auto value = source_.take("\\") ? escape() : source_.character();
        return encoded([&](encoder& e) { e.integer(static_cast<std::int64_t>(value)); });
    }

    /// Behind the quote. Strings that follow each other are one.
    term text(elixir::position at) {
        auto whole = quoted('"', at);
        while (!source_.failed() && take("\"")) whole += quoted('"', at);
        return encoded([&](encoder& e) { e.charlist(whole); });
    }

    term atom_or_fun(elixir::position at) {
        auto name = atom_text(at);
        if (name != "fun") return encoded([&](encoder& e) { e.atom(name); });
        skip_space();
        if (!is_lower(source_.peek()) && source_.peek() != '\'') return encoded([&](encoder& e) { e.atom(name); });
        const auto module = atom_text(at);
        if (!take(":")) source_.expected(": behind the module of a fun");
        skip_space();
        const auto function = atom_text(at);
        if (!take("/")) source_.expected("/ behind the name of a fun");
        const auto arity_at = source_.at();
        const auto arity = source_.digits(10);
        unsigned value = 256;
        std::from_chars(arity.data(), arity.data() + arity.size(), value);
        if (value > 255) source_.fail(syntax_errc::unexpected, arity_at, "expected an arity from 0 to 255");
        return encoded([&](encoder& e) { e.export_fun(module, function, static_cast<std::uint8_t>(value)); });
    }

    std::string atom_text(elixir::position at) {
        std::string out;
        if (source_.take("'")) {
            out = quoted('\'', at);
        } else if (is_lower(source_.peek())) {
            const auto start = source_.offset();
            while (is_name(source_.peek())) source_.advance();
            out = std::string{source_.since(start)};
        } else {
            source_.expected("an atom");
        }
        if (!atom::is_valid(out)) source_.fail(syntax_errc::too_long, at, "an atom has at most 255 characters");
        return out;
    }

    /// Behind `<<`: `1`, `5:3`, `"text"`, `"text"/utf8`, separated by commas.
    term binary(elixir::position at) {
        std::vector<term> values;
        std::vector<elixir::segment> segments;
        if (!take(">>")) {
            do {
                skip_space();
                const auto start = source_.at();
                elixir::segment form;
                if (source_.take("\"")) {
                    const auto bytes = quoted('"', start);
                    form.what = elixir::segment::kind::bytes;
                    values.push_back(string_bytes(bytes, source_.take("/utf8"), start));
                } else {
                    values.push_back(literal());
                    if (source_.take(":")) form.size = integer_of(source_.digits(10), 10, false).as<std::uint32_t>();
                }
                segments.push_back(form);
            } while (take(","));
            close(">>", "<<", at);
        }
        if (source_.failed()) return {};
        auto made = build_binary(values, segments);
        if (!made) source_.fail(syntax_errc::unexpected, at, made.error().context());
        return std::move(made).value_or(term{});
    }

    /// Each character of a string in a binary is one byte, unless `/utf8` stands behind it.
    term string_bytes(const std::string& text, bool is_utf8, elixir::position at) {
        std::string bytes;
        for (std::size_t i = 0; i < text.size() && !is_utf8;) {
            const auto c = utf8::decode(std::string_view{text}.substr(i));
            if (c.value > 0xff)
                source_.fail(syntax_errc::unexpected, at, "expected /utf8 behind a string with characters above 255");
            bytes.push_back(static_cast<char>(c.value));
            i += static_cast<std::size_t>(c.size);
        }
        return encoded([&](encoder& e) { e.string(is_utf8 ? text : bytes); });
    }

    /// `<0.138.0>`, `<node2@host.138.0>`, `#Ref<0.1.2.3>`, `#Port<0.5>`: read as their Elixir forms.
    term identifier(elixir::position at) {
        const auto start = source_.offset();
        while (source_.peek() != '>' && source_.peek() != '\n' && !source_.at_end()) source_.advance();
        const bool closed = source_.take(">");
        std::string text{source_.since(start)};
        if (text.starts_with("<"))
            text = "#PID" + text;
        else if (text.starts_with("#Ref<"))
            text = "#Reference" + text.substr(4);
        auto parsed = closed ? parse_elixir_expressions(text) : error{syntax_errc::unexpected};
        const auto* found =
            parsed && parsed->size() == 1 ? std::get_if<elixir::pasted>(&parsed->front().value) : nullptr;
        if (!found) {
            source_.fail(closed ? syntax_errc::unexpected : syntax_errc::incomplete, at,
                         "expected a pid, port or reference, found `" + excerpt(source_.since(start)) + "`");
            return {};
        }
        auto made = build_pasted(*found, options_);
        if (!made) source_.fail(syntax_errc::unexpected, at, made.error().context());
        return std::move(made).value_or(term{});
    }

    source_text source_;
    const literal_options& options_;
    std::size_t depth_ = 0;
};

} // namespace

result<term> parse_erlang(std::string_view text, const literal_options& options) {
    return erlang_reader{text, options}.run();
}

} // namespace sedge
