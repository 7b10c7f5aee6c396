// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "term/source_text.hpp"

#include <sedge/term/elixir_syntax.hpp>

#include <string>
#include <string_view>

namespace sedge::elixir {

enum class token_kind {
    end,
    number,      ///< `text` holds the digits, `base` says which; base 0 is a float.
    value,       ///< A whole term: atom, charlist, `?a`, `~w(a b)`.
    string,      ///< `text` holds the bytes.
    key,         ///< `name:` with a space behind; `text` is the name.
    identifier,  ///< Also `do`, `end`, `not`, `and`, ...
    alias,       ///< One part of it: `Process`.
    pasted,      ///< `#PID<...>`
    symbol,      ///< Operators and punctuation.
    unsupported, ///< `text` says what.
};

struct token {
    token_kind kind = token_kind::end;
    std::string text;
    int base = 10;
    term value;
    elixir::pasted identifier;
    position at;
    std::size_t offset = 0;      ///< Of the first byte.
    bool space_before = false;   ///< Also if a new line is before it.
    bool newline_before = false; ///< Or the start of the text.
    bool space_after = false;    ///< For operators: `f -1` and `f - 1` differ.
};

[[nodiscard]] term atom_term(std::string_view text);

/// Text to tokens, one at a time. Numbers and strings are unescaped here.
class lexer {
public:
    explicit lexer(std::string_view text) : source_(text) {}

    /// After a failure: `end` for ever.
    token next();

    [[nodiscard]] source_text& source() noexcept { return source_; }

private:
    void skip_space(token& t);
    bool scan_pasted(token& t);
    void scan_number(token& t);
    void scan_identifier(token& t);
    void scan_colon(token& t);
    void scan_character(token& t);
    void scan_sigil(token& t);
    void scan_symbol(token& t);
    void scan_quoted(token& t, bool charlist);
    bool scan_operator_key(token& t);
    bool takes_key_colon();
    [[nodiscard]] std::size_t rest_of_key_with_at_sign() const;

    struct quoted {
        std::string_view close;
        bool escapes = true;       ///< `\n` and `#{...}` have their meaning.
        bool raw_bytes = true;     ///< `\xff` is a byte, not a character.
        bool indented = false;     ///< A heredoc: the indentation of `close` is taken off each line.
        bool interpolated = false; ///< Set by scanning: the text has `#{...}` in it.
    };
    std::string scan_until_close(quoted& form, position opened);
    void scan_escape(std::string& out, bool raw_bytes);
    void skip_interpolation(position opened);

    source_text source_;
};

} // namespace sedge::elixir
