// SPDX-License-Identifier: Apache-2.0
#include "term/elixir_lexer.hpp"

#include "term/elixir_characters.hpp"
#include "term/elixir_operators.hpp"
#include "term/text_structs.hpp"
#include "term/utf8.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/term/encoder.hpp>

#include <array>
#include <charconv>
#include <span>

namespace sedge::elixir {

namespace {

/// Longest first. `<<<` and `>>>` are left out, so that binaries can stand inside of binaries.
constexpr std::array<std::string_view, 52> symbols{"...", "===",  "!==", "&&&", "|||", "^^^", "~~~", "<~>", "<|>",
                                                   "->",  "<-",   "=>",  "==",  "!=",  "=~",  "<=",  ">=",  "&&",
                                                   "||",  "<>",   "++",  "--",  "**",  "..",  "|>",  "::",  "<<",
                                                   ">>",  "\\\\", "//",  "~>",  "<~",  "(",   ")",   "[",   "]",
                                                   "{",   "}",    "%",   ",",   ";",   ".",   "=",   "+",   "-",
                                                   "*",   "/",    "<",   ">",   "|",   "!",   "&"};

/// Read behind a colon, though Elixir writes them with quotes.
constexpr std::array<std::string_view, 3> quoted_operator_atoms{"^^^", "~~~", "<|>"};

} // namespace

term atom_term(std::string_view text) {
    byte_buffer out;
    encoder{out}.atom(text);
    return term::adopt(std::move(out));
}

token lexer::next() {
    token t;
    skip_space(t);
    t.at = source_.at();
    t.offset = source_.offset();
    if (source_.at_end()) return t;
    const char c = source_.peek();
    if (c == '#')
        scan_pasted(t); // anything else behind a # was skipped as a comment
    else if (is_digit(c))
        scan_number(t);
    else if (starts_name(c) || is_upper(c))
        scan_identifier(t);
    else if (c == '"' || c == '\'')
        scan_quoted(t, c == '\'');
    else if (c == ':')
        scan_colon(t);
    else if (c == '?')
        scan_character(t);
    else if (c == '~' && (is_upper(source_.peek(1)) || starts_name(source_.peek(1))))
        scan_sigil(t);
    else if (!scan_operator_key(t))
        scan_symbol(t);
    t.space_after = source_.at_end() || is_space(source_.peek());
    if (source_.failed()) t.kind = token_kind::end;
    return t;
}

void lexer::skip_space(token& t) {
    t.newline_before = t.space_before = source_.offset() == 0;
    while (!source_.at_end()) {
        const char c = source_.peek();
        if (c == '#') {
            token pasted_here;
            auto probe = source_; // a comment, unless it has the whole shape of a pasted identifier
            if (scan_pasted(pasted_here)) {
                source_ = std::move(probe);
                return;
            }
            while (!source_.at_end() && source_.peek() != '\n') source_.advance();
        } else if (is_space(c) || (c == '\\' && source_.peek(1) == '\n')) {
            t.space_before = true;
            if (c == '\n') t.newline_before = true;
            source_.advance(c == '\\' ? 2 : 1);
        } else {
            return;
        }
    }
    t.space_before = t.newline_before = true;
}

/// Whether a node of that name would be printed so; what has control characters was never printed.
static bool is_printed_as_it_is(std::string_view node) {
    text::output out{4 * limits::atom_characters_max};
    text::write_plain(out, node);
    return std::move(out).finish() == node;
}

/// `#PID<NODE.ID.SERIAL>`, `#Port<NODE.ID>`, `#Reference<NODE.A.B.C>`, where NODE is a number or a node's name (with
/// dots in it, so the numbers are counted from the end). False, and nothing taken, for anything else.
bool lexer::scan_pasted(token& t) {
    struct shape {
        std::string_view prefix;
        pasted::kind what;
        std::size_t numbers_min, numbers_max;
    };
    static constexpr shape shapes[] = {{"#PID<", pasted::kind::pid, 2, 2},
                                       {"#Port<", pasted::kind::port, 1, 1},
                                       {"#Reference<", pasted::kind::reference, 1, limits::reference_words_max}};
    for (const auto& s : shapes) {
        if (!source_.starts_with(s.prefix)) continue;
        std::size_t size = s.prefix.size();
        while (source_.peek(size) != '>' && source_.peek(size) != '\n' && source_.peek(size) != '\0' && size < 1200)
            ++size;
        if (source_.peek(size) != '>') return false;
        auto copy = source_;
        copy.advance(size + 1);
        auto inside = copy.since(source_.offset() + s.prefix.size());
        inside.remove_suffix(1);
        pasted found{.what = s.what, .node = {}, .numbers = {}};
        const bool named = inside.find('@') != std::string_view::npos;
        // For a named reference the number of words is not known beforehand: the host may end in numbers too, so
        // exactly three are taken, which is what OTP and sedge make.
        const std::size_t wanted = named && s.what == pasted::kind::reference ? 3 : s.numbers_max;
        while (found.numbers.size() < wanted) {
            const auto dot = inside.rfind('.');
            if (dot == std::string_view::npos) break;
            const auto digits = inside.substr(dot + 1);
            std::uint64_t value = 0;
            const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) break;
            found.numbers.insert(found.numbers.begin(), value);
            inside = inside.substr(0, dot);
        }
        const bool numeric = !inside.empty() && inside.find_first_not_of("0123456789") == std::string_view::npos;
        if (found.numbers.size() < s.numbers_min || (!named && !numeric) || inside.empty()) return false;
        if (named && !is_printed_as_it_is(inside)) return false;
        if (named) found.node = std::string{inside};
        t.kind = token_kind::pasted;
        t.identifier = std::move(found);
        source_ = copy;
        return true;
    }
    return false;
}

void lexer::scan_number(token& t) {
    t.kind = token_kind::number;
    if (source_.peek() == '0' && (source_.peek(1) == 'x' || source_.peek(1) == 'o' || source_.peek(1) == 'b')) {
        t.base = source_.peek(1) == 'x' ? 16 : source_.peek(1) == 'o' ? 8 : 2;
        source_.advance(2);
    }
    t.text = source_.digits(t.base);
    if (t.base == 10) {
        const auto fraction = source_.fraction();
        if (!fraction.empty()) {
            t.base = 0;
            t.text += fraction;
        }
    }
    if (t.text.empty() || is_name(source_.peek()))
        source_.expected(t.base == 16                  ? "hexadecimal digits"
                         : t.base == 10 || t.base == 0 ? "digits"
                                                       : "digits of that base");
}

/// `+: 1` in a keyword list. Not `::`, and not `&1:`.
bool lexer::scan_operator_key(token& t) {
    for (const auto symbol : operator_atoms) {
        if (!source_.starts_with(symbol)) continue;
        if (source_.peek(symbol.size()) != ':' || !is_space(source_.peek(symbol.size() + 1))) return false;
        source_.advance(symbol.size() + 1);
        t.kind = token_kind::key;
        t.text = symbol;
        return true;
    }
    return false;
}

/// True, and the colon taken, if the name just read is a key of a keyword list.
bool lexer::takes_key_colon() {
    if (source_.peek() != ':' || source_.peek(1) == ':') return false;
    if (source_.peek(1) != '\0' && !is_space(source_.peek(1))) {
        source_.advance();
        source_.expected("a space behind the colon of a keyword");
    }
    return source_.take(":");
}

/// Of `a@h: 1` the bytes `@h`: only keys and atoms have such names. 0 if there is none.
std::size_t lexer::rest_of_key_with_at_sign() const {
    if (source_.peek() != '@') return 0;
    std::size_t size = 0;
    while (is_name(source_.peek(size)) || source_.peek(size) == '@') ++size;
    if (source_.peek(size) == '?' || source_.peek(size) == '!') ++size;
    return source_.peek(size) == ':' && is_space(source_.peek(size + 1)) ? size : 0;
}

void lexer::scan_identifier(token& t) {
    const bool alias = is_upper(source_.peek());
    const auto start = source_.offset();
    while (is_name(source_.peek())) source_.advance();
    const bool mark = source_.peek() == '?' || source_.peek() == '!';
    if (!alias && mark && source_.peek(1) != '=') source_.advance();
    source_.advance(rest_of_key_with_at_sign());
    t.text = std::string{source_.since(start)};
    t.kind = alias ? token_kind::alias : token_kind::identifier;
    if (takes_key_colon()) t.kind = token_kind::key;
    if (!atom::is_valid(t.text)) source_.fail(syntax_errc::too_long, t.at, "a name has at most 255 characters");
}

void lexer::scan_colon(token& t) {
    if (source_.take("::")) {
        t.kind = token_kind::symbol;
        t.text = "::";
        return;
    }
    source_.advance();
    t.kind = token_kind::value;
    std::string text;
    if (source_.peek() == '"' || source_.peek() == '\'') {
        quoted form{.close = source_.peek() == '"' ? "\"" : "'", .raw_bytes = false};
        source_.advance();
        text = scan_until_close(form, t.at);
        if (form.interpolated) {
            t.kind = token_kind::unsupported;
            t.text = "interpolation with #{...}";
            return;
        }
    } else if (starts_name(source_.peek()) || is_upper(source_.peek())) {
        const auto start = source_.offset();
        while (is_name(source_.peek()) || source_.peek() == '@') source_.advance();
        if (source_.peek() == '?' || source_.peek() == '!') source_.advance();
        text = std::string{source_.since(start)};
    } else {
        for (const auto& symbols : {std::span<const std::string_view>{quoted_operator_atoms},
                                    std::span<const std::string_view>{operator_atoms}}) {
            for (const auto symbol : symbols) {
                if (!source_.take(symbol)) continue;
                t.value = atom_term(symbol);
                return;
            }
        }
        return source_.expected("the text of an atom behind the colon");
    }
    if (!atom::is_valid(text)) return source_.fail(syntax_errc::too_long, t.at, "an atom has at most 255 characters");
    if (!source_.failed()) t.value = atom_term(text);
}

void lexer::scan_symbol(token& t) {
    t.kind = token_kind::symbol;
    for (const auto symbol : symbols) {
        if (!source_.take(symbol)) continue;
        t.text = symbol;
        return;
    }
    if (source_.peek() == '^' || source_.peek() == '@') {
        t.text = std::string{source_.peek()};
        source_.advance();
        return;
    }
    source_.expected("an expression");
}

} // namespace sedge::elixir
