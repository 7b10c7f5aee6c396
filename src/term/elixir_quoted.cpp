// SPDX-License-Identifier: Apache-2.0
//
// The part of the lexer that reads text in quotes: strings, charlists, heredocs, sigils, `?a`, and their escapes.
#include "term/elixir_characters.hpp"
#include "term/elixir_lexer.hpp"
#include "term/utf8.hpp"

#include <sedge/term/encoder.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace sedge::elixir {

namespace {

term charlist_term(std::string_view utf8_text) {
    byte_buffer out;
    encoder{out}.charlist(utf8_text);
    return term::adopt(std::move(out));
}

} // namespace

void lexer::scan_character(token& t) {
    source_.advance();
    if (source_.at_end()) return source_.expected("a character behind the ?");
    t.kind = token_kind::value;
    std::string text;
    if (source_.take("\\"))
        scan_escape(text, false);
    else
        utf8::append(text, source_.character());
    if (text.empty()) return;
    byte_buffer out;
    encoder{out}.integer(static_cast<std::int64_t>(utf8::decode(text).value));
    t.value = term::adopt(std::move(out));
}

void lexer::scan_quoted(token& t, bool charlist) {
    const std::string_view triple = charlist ? "'''" : "\"\"\"";
    quoted form{.close = triple, .raw_bytes = !charlist, .indented = source_.starts_with(triple)};
    if (!form.indented) form.close = form.close.substr(2);
    source_.advance(form.close.size());
    auto text = scan_until_close(form, t.at);
    if (source_.failed()) return;
    const bool key = !form.indented && takes_key_colon();
    if (form.interpolated) {
        t.kind = token_kind::unsupported;
        t.text = "interpolation with #{...}";
    } else if (key) {
        t.kind = token_kind::key;
        t.text = std::move(text);
        if (!atom::is_valid(t.text)) source_.fail(syntax_errc::too_long, t.at, "an atom has at most 255 characters");
    } else if (charlist) {
        t.kind = token_kind::value;
        t.value = charlist_term(text);
    } else {
        t.kind = token_kind::string;
        t.text = std::move(text);
    }
}

/// `~s"..."`, `~c"..."`, `~w(a b)a` and their upper-case forms without escapes; others are only recognised.
void lexer::scan_sigil(token& t) {
    const char name = source_.peek(1);
    const char lower = is_upper(name) ? static_cast<char>(name - 'A' + 'a') : name;
    source_.advance(2);
    static constexpr std::string_view opening = "/|\"'([{<";
    static constexpr std::string_view closing = "/|\"')]}>";
    quoted form{.close = {}, .escapes = !is_upper(name), .raw_bytes = lower != 'c'};
    if (source_.starts_with("\"\"\"") || source_.starts_with("'''")) {
        form.close = source_.peek() == '"' ? "\"\"\"" : "'''";
        form.indented = true;
    } else {
        const auto which = opening.find(source_.peek());
        if (which == std::string_view::npos || source_.at_end())
            return source_.expected("a delimiter behind the sigil");
        form.close = closing.substr(which, 1);
    }
    source_.advance(form.close.size());
    auto text = scan_until_close(form, t.at);
    const auto modifiers_start = source_.offset();
    while (is_name(source_.peek())) source_.advance();
    const auto modifiers = source_.since(modifiers_start);
    if (source_.failed()) return;
    t.kind = token_kind::value;
    if (form.interpolated || (lower != 's' && lower != 'c' && lower != 'w')) {
        t.kind = token_kind::unsupported;
        t.text = form.interpolated ? "interpolation with #{...}" : std::string{"the sigil ~"} + name;
    } else if (lower == 's') {
        t.kind = token_kind::string;
        t.text = std::move(text);
    } else if (lower == 'c') {
        t.value = charlist_term(text);
    } else {
        byte_buffer words;
        encoder out{words};
        std::size_t count = 0;
        for (std::size_t i = 0; i < text.size();) {
            std::size_t end = i;
            while (end < text.size() && !is_space(text[end])) ++end;
            if (end > i) {
                const auto word = std::string_view{text}.substr(i, end - i);
                const bool atoms = modifiers == "a";
                if (atoms && !atom::is_valid(word))
                    return source_.fail(syntax_errc::too_long, t.at, "an atom has at most 255 characters");
                if (atoms)
                    out.atom(word);
                else if (modifiers == "c" && utf8::is_valid(word))
                    out.charlist(word);
                else
                    out.string(word);
                ++count;
            }
            i = end + 1;
        }
        byte_buffer whole;
        encoder list{whole};
        if (count > 0) list.list(count);
        whole.insert(whole.end(), words.begin(), words.end());
        list.nil();
        t.value = term::adopt(std::move(whole));
    }
}

std::string lexer::scan_until_close(quoted& form, position opened) {
    std::string out;
    const bool own_delimiter = !form.indented;
    if (form.indented) {
        while (source_.peek() == ' ' || source_.peek() == '\t' || source_.peek() == '\r') source_.advance();
        if (!source_.take("\n")) source_.expected("a new line behind the three quotes");
    }
    while (!source_.starts_with(form.close)) {
        if (source_.at_end()) {
            source_.fail(syntax_errc::incomplete, source_.at(),
                         "expected " + std::string{form.close} + " to close the text of " + to_string(opened) +
                             ", found the end");
            return {};
        }
        if (source_.peek() == '\\') {
            const bool escapes_close = own_delimiter && source_.peek(1) == form.close[0];
            if (form.escapes || escapes_close) {
                source_.advance();
                if (!form.escapes)
                    out.push_back(source_.peek()), source_.advance();
                else
                    scan_escape(out, form.raw_bytes);
                continue;
            }
        }
        if (form.escapes && source_.starts_with("#{")) {
            form.interpolated = true;
            skip_interpolation(source_.at());
            continue;
        }
        out.push_back(source_.peek());
        source_.advance();
    }
    source_.advance(form.close.size());
    if (!form.indented) return out;
    // The closing quotes stand behind the indentation of the heredoc, which is now the end of `out`.
    const auto last_line = out.rfind('\n') + 1; // npos + 1 is 0
    const auto indent = out.size() - last_line;
    if (out.find_first_not_of(" \t", last_line) != std::string::npos) return out;
    out.resize(last_line);
    std::string stripped;
    for (std::size_t line = 0; line < out.size();) {
        const auto end = out.find('\n', line) + 1;
        std::size_t skip = 0;
        while (skip < indent && (out[line + skip] == ' ' || out[line + skip] == '\t')) ++skip;
        stripped.append(out, line + skip, end - line - skip);
        line = end;
    }
    return stripped;
}

/// Behind the backslash.
void lexer::scan_escape(std::string& out, bool raw_bytes) {
    static constexpr std::string_view names = "abdefnrstv0";
    static constexpr std::string_view values{"\a\b\x7f\x1b\f\n\r \t\v\0", 11};
    if (source_.at_end()) return source_.expected("a character behind the backslash");
    const char c = source_.peek();
    if (c == 'x' || c == 'u') {
        source_.advance();
        const bool two_digits = c == 'x' && source_.peek() != '{';
        const auto value = source_.hexadecimal(c == 'x' ? 2 : 4);
        if (two_digits && raw_bytes)
            out.push_back(static_cast<char>(value));
        else if (!source_.failed())
            utf8::append(out, value);
    } else if (const auto which = names.find(c); which != std::string_view::npos) {
        out.push_back(values[which]);
        source_.advance();
    } else if (c == '\n') {
        source_.advance();
    } else {
        utf8::append(out, source_.character());
    }
}

/// Over `#{...}` with braces inside; what stands there is not read.
void lexer::skip_interpolation(position opened) {
    std::size_t depth = 0;
    source_.advance();
    do {
        if (source_.at_end())
            return source_.fail(syntax_errc::incomplete, source_.at(),
                                "expected } to close the #{ of " + to_string(opened) + ", found the end");
        if (source_.peek() == '{') ++depth;
        if (source_.peek() == '}') --depth;
        source_.advance();
    } while (depth > 0);
}

} // namespace sedge::elixir
