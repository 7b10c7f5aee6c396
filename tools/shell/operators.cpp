// SPDX-License-Identifier: Apache-2.0
#include "operators.hpp"

#include "session.hpp"
#include "show.hpp"

#include <sedge/term/literal.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace sedge::shell {

namespace {

failure bad_argument(std::string_view symbol, const term& left, const term& right) {
    return {"ArithmeticError", "bad argument in arithmetic expression: " + inspect(left) + " " + std::string{symbol} +
                                   " " + inspect(right)};
}

std::optional<std::int64_t> whole(std::string_view symbol, std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    const bool overflow = symbol == "+"   ? __builtin_add_overflow(a, b, &out)
                          : symbol == "-" ? __builtin_sub_overflow(a, b, &out)
                                          : __builtin_mul_overflow(a, b, &out);
    if (overflow) return std::nullopt;
    return out;
}

term calculated(std::string_view symbol, const term& left, const term& right) {
    const auto a = left.as<std::int64_t>(), b = right.as<std::int64_t>();
    if (a && b && symbol != "/") {
        const auto value = whole(symbol, *a, *b);
        if (!value)
            throw failure{"ArithmeticError", "the result needs more than 64 bits, which this shell does not have"};
        return term{*value};
    }
    const auto number = [](const term& t) -> std::optional<double> {
        if (const auto integer = t.as<std::int64_t>()) return static_cast<double>(*integer);
        return t.as<double>();
    };
    const auto x = number(left), y = number(right);
    if (!x || !y || (symbol == "/" && *y == 0)) throw bad_argument(symbol, left, right);
    const double value = symbol == "+" ? *x + *y : symbol == "-" ? *x - *y : symbol == "*" ? *x * *y : *x / *y;
    if (!std::isfinite(value)) throw bad_argument(symbol, left, right);
    return term{value};
}

term joined_strings(const term& left, const term& right) {
    const auto a = left.view().binary(), b = right.view().binary();
    if (!a || !b)
        throw failure{"ArgumentError", "expected binary argument in <> operator but got: " + inspect(a ? right : left)};
    byte_buffer out(a->begin(), a->end());
    out.insert(out.end(), b->begin(), b->end());
    return term{out};
}

term joined_lists(const term& left, const term& right) {
    const auto end = left.view();
    if (!end.is_list() || (end.kind() == term_kind::list && end.tail().kind() != term_kind::nil))
        throw failure{"ArgumentError", "expected a list on the left of ++, found: " + inspect(left)};
    std::vector<term> items;
    for (const auto element : end.elements()) items.emplace_back(element);
    return build_list(std::move(items), right);
}

bool is_member(const term& value, const term& of) {
    for (const auto element : of.view().elements())
        if (element == value.view()) return true;
    return false;
}

} // namespace

bool is_truthy(const term& value) { return !value.view().is_atom("false") && !value.view().is_atom("nil"); }

term apply_operator(std::string_view symbol, const term& left, const term& right) {
    if (symbol == "+" || symbol == "-" || symbol == "*" || symbol == "/") return calculated(symbol, left, right);
    if (symbol == "===") return term{left == right};
    if (symbol == "!==") return term{!(left == right)};
    const auto order = compare(left, right);
    if (symbol == "==") return term{order == 0};
    if (symbol == "!=") return term{order != 0};
    if (symbol == "<") return term{order < 0};
    if (symbol == ">") return term{order > 0};
    if (symbol == "<=") return term{order <= 0};
    if (symbol == ">=") return term{order >= 0};
    if (symbol == "<>") return joined_strings(left, right);
    if (symbol == "++") return joined_lists(left, right);
    if (symbol == "in" && right.view().is_list()) return term{is_member(left, right)};
    throw failure{"CompileError", "the operator " + std::string{symbol} + " has no meaning in this shell"};
}

term apply_operator(std::string_view symbol, const term& value) {
    if (symbol == "!") return term{!is_truthy(value)};
    if (symbol == "not") {
        const auto truth = value.as<bool>();
        if (!truth) throw failure{"ArgumentError", "expected true or false behind not, found: " + inspect(value)};
        return term{!*truth};
    }
    return calculated(symbol, term{0}, value);
}

} // namespace sedge::shell
