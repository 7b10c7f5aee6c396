// SPDX-License-Identifier: Apache-2.0
//
// Elixir's expressions by precedence climbing over the tokens of elixir_lexer.
//
//   statement  = expression [do ... end]
//   expression = unary { operator unary }             operators: the table below
//   unary      = ( - | + | ! | not | ^ | @ | & ) unary | postfix
//   postfix    = primary { .name [arguments] | .Alias | [key] }
//   primary    = literal | variable | name(arguments) | name arguments | ( expression ) | container
//
// New lines end an expression, except inside of brackets, behind a comma or operator, and before an operator that
// cannot start an expression. A name with a space and something that can start an expression behind it is a call
// without parentheses, which takes everything up to the end of its last argument.
//
// The C++ stack is bounded by limits::syntax_nesting_max, and so is the depth of the tree: chains like `a |> b |> c`
// nest to the left without recursion here, but whoever walks the tree recurses.
#include "term/elixir_parser.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/term/encoder.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace sedge {

namespace elixir {

struct binary_operator {
    std::string_view symbol;
    int power;
    bool right = false;
};

namespace {

constexpr std::array<binary_operator, 30> binary_operators{{
    {"=", 10, true}, {"||", 20},       {"|||", 20},      {"or", 20},       {"&&", 30},       {"&&&", 30},
    {"and", 30},     {"==", 40},       {"!=", 40},       {"=~", 40},       {"===", 40},      {"!==", 40},
    {"<", 50},       {">", 50},        {"<=", 50},       {">=", 50},       {"|>", 60},       {"in", 70},
    {"^^^", 75},     {"++", 80, true}, {"--", 80, true}, {"<>", 80, true}, {"..", 80, true}, {"+", 90},
    {"-", 90},       {"*", 100},       {"/", 100},       {"**", 110},      {"~>", 60},       {"<~", 60},
}};

/// Levels of the deepest child; over all kinds of node.
struct deepest_child {
    std::uint16_t of(const std::vector<expression>& children) const {
        std::uint16_t most = 0;
        for (const auto& child : children) most = std::max(most, child.nesting);
        return most;
    }
    std::uint16_t operator()(const list& n) const { return std::max(of(n.items), of(n.tail)); }
    std::uint16_t operator()(const tuple& n) const { return of(n.items); }
    std::uint16_t operator()(const map& n) const { return of(n.keys_and_values); }
    std::uint16_t operator()(const binary& n) const { return of(n.values); }
    std::uint16_t operator()(const call& n) const { return std::max(of(n.module), of(n.arguments)); }
    std::uint16_t operator()(const operation& n) const { return of(n.operands); }
    template <class Leaf>
    std::uint16_t operator()(const Leaf&) const {
        return 0;
    }
};

} // namespace

result<std::vector<expression>> parser::run() {
    std::vector<expression> out;
    while (!at_end()) {
        if (take(";")) continue;
        out.push_back(statement());
        if (!at_end() && !now_.newline_before && !is(";")) expected("a new line or an operator");
    }
    if (lexer_.source().failed()) return lexer_.source().failure();
    return out;
}

void parser::fail(syntax_errc code, position where, std::string_view sentence) {
    lexer_.source().fail(code, where, sentence);
    now_ = token{};
}

void parser::expected(std::string_view what) {
    if (lexer_.source().failed()) return;
    const auto prefix = "expected " + std::string{what} + ", found ";
    if (at_end()) return fail(syntax_errc::incomplete, lexer_.source().at(), prefix + "the end");
    const auto shown = excerpt(lexer_.source().since(now_.offset));
    fail(syntax_errc::unexpected, now_.at, prefix + "`" + shown + "`");
}

void parser::close(std::string_view with, std::string_view opened, position where, std::string_view or_else) {
    if (take(with)) return;
    expected(std::string{or_else} + std::string{with} + " to close the " + std::string{opened} + " of " +
             to_string(where));
}

expression parser::make(expression::node node, position at) {
    const auto nesting = static_cast<std::uint16_t>(std::visit(deepest_child{}, node) + 1);
    if (nesting > limits::syntax_nesting_max) too_deep(at);
    return {std::move(node), at, nesting};
}

void parser::too_deep(position at) {
    fail(syntax_errc::too_long, at,
         "expressions are nested at most " + std::to_string(limits::syntax_nesting_max) + " levels here");
}

expression parser::statement() {
    auto whole = binary_expression(0);
    if (is_word("do")) whole = skip_block("a do ... end block", whole.at);
    return whole;
}

expression parser::skip_block(std::string_view what, position at) {
    std::size_t open = 0;
    do {
        if (at_end()) {
            expected("end to close what was opened at " + to_string(at));
            return nothing(at);
        }
        if (is_word("do") || is_word("fn")) ++open;
        if (is_word("end")) --open;
        step();
    } while (open > 0);
    return make(unsupported{std::string{what}}, at);
}

const binary_operator* parser::operator_here() const {
    if (now_.kind != token_kind::symbol && now_.kind != token_kind::identifier) return nullptr;
    if (now_.newline_before && (now_.text == "+" || now_.text == "-")) return nullptr; // starts an expression
    const auto found = std::ranges::find(binary_operators, now_.text, &binary_operator::symbol);
    return found == binary_operators.end() ? nullptr : &*found;
}

expression parser::binary_expression(int power) {
    const auto start = now_.at;
    if (depth_ >= limits::syntax_nesting_max) {
        too_deep(start);
        return nothing(start);
    }
    ++depth_;
    auto left = unary();
    while (const auto* op = operator_here()) {
        if (op->power < power) break;
        const auto at = now_.at;
        step();
        auto right = binary_expression(op->right ? op->power : op->power + 1);
        if (op->symbol == "|>") {
            left = pipe(std::move(left), std::move(right));
        } else {
            operation node{std::string{op->symbol}, {}};
            node.operands.push_back(std::move(left));
            node.operands.push_back(std::move(right));
            left = make(std::move(node), at);
        }
    }
    --depth_;
    return left;
}

expression parser::pipe(expression left, expression right) {
    const auto at = right.at;
    if (auto* name = std::get_if<variable>(&right.value)) {
        call made{{}, std::move(name->name), {}, false};
        made.arguments.push_back(std::move(left));
        return make(std::move(made), at);
    }
    if (auto* target = std::get_if<call>(&right.value)) {
        auto made = std::move(*target);
        made.arguments.insert(made.arguments.begin(), std::move(left));
        return make(std::move(made), at);
    }
    fail(syntax_errc::unexpected, at, "expected a call behind |>, as in |> Process.info");
    return nothing(at);
}

expression parser::unary() {
    const auto at = now_.at;
    const bool word = is_word("not");
    if (!word && !is("-") && !is("+") && !is("!") && !is("^") && !is("@") && !is("&")) return postfix();
    auto symbol = now_.text;
    step();
    if ((symbol == "-" || symbol == "+") && now_.kind == token_kind::number && !now_.space_before)
        return number(symbol == "-", at);
    if (symbol == "^" || symbol == "@") {
        binary_expression(120);
        return make(unsupported{symbol == "^" ? "the pin operator ^" : "a module attribute"}, at);
    }
    auto operand = binary_expression(symbol == "&" ? 11 : 120);
    if (symbol == "&") return capture(std::move(operand), at);
    operation node{std::move(symbol), {}};
    node.operands.push_back(std::move(operand));
    return make(std::move(node), at);
}

expression parser::capture(expression operand, position at) {
    const auto* division = std::get_if<operation>(&operand.value);
    if (division && division->symbol == "/" && division->operands.size() == 2) {
        const auto* target = std::get_if<call>(&division->operands[0].value);
        const auto* arity = std::get_if<literal>(&division->operands[1].value);
        const auto* module =
            target && target->module.size() == 1 ? std::get_if<literal>(&target->module[0].value) : nullptr;
        const auto count = arity ? arity->value.as<std::uint8_t>() : std::nullopt;
        const auto name = module ? module->value.view().atom_text() : std::nullopt;
        if (name && count && target->arguments.empty()) {
            byte_buffer out;
            encoder{out}.export_fun(*name, target->function, *count);
            return make(literal{term::adopt(std::move(out))}, at);
        }
    }
    return make(unsupported{"an anonymous function"}, at);
}

expression parser::postfix() {
    auto base = primary();
    while (!at_end()) {
        if (is(".")) {
            step();
            base = member(std::move(base));
        } else if (is_adjacent("[") && !now_.newline_before) {
            const auto at = now_.at;
            step();
            call access{{}, "get", {}, true};
            access.module.push_back(make(literal{atom_term("Elixir.Access")}, at));
            access.arguments.push_back(std::move(base));
            access.arguments.push_back(binary_expression(0));
            close("]", "[", at, "");
            base = make(std::move(access), at);
        } else {
            break;
        }
    }
    return base;
}

expression parser::member(expression base) {
    const auto at = base.at;
    auto* name = std::get_if<literal>(&base.value);
    if (now_.kind == token_kind::alias && name && name->value.view().atom_text()) {
        const auto whole = std::string{*name->value.view().atom_text()} + "." + now_.text;
        if (!atom::is_valid(whole))
            fail(syntax_errc::too_long, at, "an alias has at most 255 characters");
        else
            step();
        return lexer_.source().failed() ? nothing(at) : make(literal{atom_term(whole)}, at);
    }
    if (is("(")) {
        step();
        elements("(", ")", at);
        return make(unsupported{"calling an anonymous function"}, at);
    }
    const bool is_operator = operator_here() != nullptr;
    if (now_.kind != token_kind::identifier && now_.kind != token_kind::string && !is_operator) {
        expected("the name of a function behind the dot");
        return nothing(at);
    }
    call made{{}, now_.text, {}, false};
    if (!atom::is_valid(made.function)) fail(syntax_errc::too_long, at, "a name has at most 255 characters");
    made.module.push_back(std::move(base));
    step();
    call_arguments(made);
    return make(std::move(made), at);
}

void parser::call_arguments(call& made) {
    if (is_adjacent("(")) {
        const auto at = now_.at;
        step();
        made.parentheses = true;
        made.arguments = elements("(", ")", at);
    } else if (starts_argument()) {
        made.arguments = bare_arguments();
    }
}

bool parser::starts_argument() const {
    if (!now_.space_before || now_.newline_before) return false;
    switch (now_.kind) {
    case token_kind::end: return false;
    case token_kind::identifier: return !is_reserved(now_.text) || now_.text == "not" || now_.text == "fn";
    case token_kind::symbol:
        if (now_.text == "-" || now_.text == "+") return !now_.space_after;
        return now_.text == "[" || now_.text == "{" || now_.text == "%" || now_.text == "<<" || now_.text == "(" ||
               now_.text == "&" || now_.text == "!" || now_.text == "^" || now_.text == "@";
    default: return true;
    }
}

} // namespace elixir

result<std::vector<elixir::expression>> parse_elixir_expressions(std::string_view text) {
    return elixir::parser{text}.run();
}

} // namespace sedge
