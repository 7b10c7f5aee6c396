// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "term/elixir_lexer.hpp"

#include <sedge/term/elixir_syntax.hpp>

#include <string_view>
#include <vector>

namespace sedge::elixir {

struct binary_operator;

/// Words that end an expression or join two; none of them is a variable.
[[nodiscard]] bool is_reserved(std::string_view word);

/// Tokens to a tree. The head of elixir_syntax.cpp has the grammar, and the functions on tokens, expressions and calls;
/// those on literals, names and what stands in brackets are in elixir_primary.cpp.
class parser {
public:
    explicit parser(std::string_view text) : lexer_(text) { step(); }

    /// The whole text. The first failure ends it.
    result<std::vector<expression>> run();

private:
    // -- tokens ----------------------------------------------------------------------------------------------------

    void step() { now_ = lexer_.next(); }
    [[nodiscard]] bool at_end() const { return now_.kind == token_kind::end; }
    [[nodiscard]] bool is(std::string_view symbol) const {
        return now_.kind == token_kind::symbol && now_.text == symbol;
    }
    [[nodiscard]] bool is_word(std::string_view word) const {
        return now_.kind == token_kind::identifier && now_.text == word;
    }
    bool take(std::string_view symbol) {
        if (!is(symbol)) return false;
        step();
        return true;
    }
    /// The bracket follows the name directly, as in `f(` and `a[`.
    [[nodiscard]] bool is_adjacent(std::string_view symbol) const { return is(symbol) && !now_.space_before; }

    void fail(syntax_errc code, position where, std::string_view sentence);
    void expected(std::string_view what);
    void close(std::string_view with, std::string_view opened, position where, std::string_view or_else = ", or ");

    // -- nodes of the tree -----------------------------------------------------------------------------------------

    expression make(expression::node node, position at);
    void too_deep(position at);
    expression nothing(position at) { return {literal{}, at, 1}; } // after a failure

    // -- expressions -----------------------------------------------------------------------------------------------

    expression statement();
    /// From `do` or `fn` over the matching `end`.
    expression skip_block(std::string_view what, position at);
    [[nodiscard]] const binary_operator* operator_here() const;
    expression binary_expression(int power);
    expression pipe(expression left, expression right);
    expression unary();
    /// `&Mod.fun/1` is a value; other captures are anonymous functions.
    expression capture(expression operand, position at);
    expression postfix();
    /// Behind the dot.
    expression member(expression base);
    /// Behind a name: `(a, b)`, or ` a, b` without parentheses, or nothing.
    void call_arguments(call& made);
    [[nodiscard]] bool starts_argument() const;

    // -- literals and names ----------------------------------------------------------------------------------------

    expression primary();
    expression number(bool negative, position at);
    expression name(position at);

    // -- what stands in brackets -----------------------------------------------------------------------------------

    expression container(position at);
    /// One more of `items`, or of the keywords behind them.
    void element(std::vector<expression>& items, std::vector<expression>& pairs);
    /// What stands between brackets, up to and with the closing one. Keywords come last; they are elements of their
    /// own (`flat`, in lists) or one list. With `tail`, `| expression` may stand before the closing bracket.
    std::vector<expression> elements(std::string_view open, std::string_view closing, position at,
                                     std::vector<expression>* tail = nullptr, bool flat = false);
    std::vector<expression> bare_arguments();
    /// A pair of a keyword list; at the key.
    expression keyword();
    /// Adds `pairs` as the last argument.
    void add_keywords(std::vector<expression>& items, std::vector<expression> pairs);
    /// Behind `%`.
    expression map_container(position at);
    /// Behind `<<`.
    expression binary_container(position at);
    void segment_option(segment& form);
    void segment_size(segment& form);

    lexer lexer_;
    token now_;
    std::size_t depth_ = 0;
};

} // namespace sedge::elixir
