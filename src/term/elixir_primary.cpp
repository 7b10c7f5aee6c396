// SPDX-License-Identifier: Apache-2.0
#include "term/elixir_parser.hpp"

#include <sedge/term/encoder.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sedge::elixir {

namespace {

constexpr std::array<std::string_view, 12> reserved{"do",   "end",   "and",   "or",     "in",  "when",
                                                    "else", "after", "catch", "rescue", "not", "fn"};

term string_term(std::string_view text) {
    byte_buffer out;
    encoder{out}.string(text);
    return term::adopt(std::move(out));
}

} // namespace

bool is_reserved(std::string_view word) { return std::ranges::find(reserved, word) != reserved.end(); }

expression parser::primary() {
    const auto at = now_.at;
    switch (now_.kind) {
    case token_kind::number: return number(false, at);
    case token_kind::value: {
        literal node{std::move(now_.value)};
        step();
        return make(std::move(node), at);
    }
    case token_kind::string: {
        literal node{string_term(now_.text)};
        step();
        return make(std::move(node), at);
    }
    case token_kind::pasted: {
        auto node = std::move(now_.identifier);
        step();
        return make(std::move(node), at);
    }
    case token_kind::unsupported: {
        unsupported node{std::move(now_.text)};
        step();
        return make(std::move(node), at);
    }
    case token_kind::alias: {
        const auto text = now_.text == "Elixir" ? now_.text : "Elixir." + now_.text;
        if (!atom::is_valid(text)) {
            fail(syntax_errc::too_long, at, "an alias has at most 255 characters");
            return nothing(at);
        }
        step();
        return make(literal{atom_term(text)}, at);
    }
    case token_kind::identifier: return name(at);
    case token_kind::symbol: return container(at);
    case token_kind::key:
    case token_kind::end: break;
    }
    expected("an expression");
    return nothing(at);
}

expression parser::number(bool negative, position at) {
    std::optional<term> value;
    if (now_.base == 0)
        value = float_of(now_.text, negative);
    else
        value = integer_of(now_.text, now_.base, negative);
    if (!value) {
        fail(syntax_errc::too_long, at, "the number is too large for a float");
        return nothing(at);
    }
    step();
    return make(literal{std::move(*value)}, at);
}

expression parser::name(position at) {
    if (is_word("true") || is_word("false") || is_word("nil")) {
        literal node{atom_term(now_.text)};
        step();
        return make(std::move(node), at);
    }
    if (is_word("fn")) return skip_block("an anonymous function", at);
    if (is_reserved(now_.text)) {
        expected("an expression");
        return nothing(at);
    }
    call made{{}, now_.text, {}, false};
    step();
    call_arguments(made);
    if (!made.parentheses && made.arguments.empty()) return make(variable{std::move(made.function)}, at);
    return make(std::move(made), at);
}

expression parser::container(position at) {
    if (take("(")) {
        auto inner = binary_expression(0);
        close(")", "(", at, "an operator or ");
        return inner;
    }
    if (take("[")) {
        list node;
        node.items = elements("[", "]", at, &node.tail, true);
        return make(std::move(node), at);
    }
    if (take("{")) {
        tuple node{elements("{", "}", at)};
        return make(std::move(node), at);
    }
    if (take("<<")) return binary_container(at);
    if (take("%")) return map_container(at);
    expected("an expression");
    return nothing(at);
}

void parser::element(std::vector<expression>& items, std::vector<expression>& pairs) {
    if (now_.kind == token_kind::key)
        pairs.push_back(keyword());
    else if (pairs.empty())
        items.push_back(binary_expression(0));
    else
        expected("another keyword, since keywords come last");
}

std::vector<expression> parser::elements(std::string_view open, std::string_view closing, position at,
                                         std::vector<expression>* tail, bool flat) {
    std::vector<expression> items, pairs;
    while (!is(closing) && !at_end()) {
        element(items, pairs);
        if (tail && !items.empty() && take("|")) {
            tail->push_back(binary_expression(0));
            break;
        }
        if (!take(",")) break;
    }
    close(closing, open, at);
    if (flat)
        std::ranges::move(pairs, std::back_inserter(items));
    else
        add_keywords(items, std::move(pairs));
    return items;
}

std::vector<expression> parser::bare_arguments() {
    std::vector<expression> items, pairs;
    do {
        element(items, pairs);
    } while (take(","));
    add_keywords(items, std::move(pairs));
    return items;
}

expression parser::keyword() {
    const auto at = now_.at;
    tuple pair;
    pair.items.push_back(make(literal{atom_term(now_.text)}, at));
    step();
    pair.items.push_back(binary_expression(0));
    return make(std::move(pair), at);
}

void parser::add_keywords(std::vector<expression>& items, std::vector<expression> pairs) {
    if (pairs.empty()) return;
    const auto at = pairs.front().at;
    items.push_back(make(list{std::move(pairs), {}}, at));
}

expression parser::map_container(position at) {
    map node;
    if (now_.kind == token_kind::alias) {
        node.keys_and_values.push_back(make(literal{atom_term("__struct__")}, at));
        auto name = primary();
        while (is(".") && !at_end()) {
            step();
            name = member(std::move(name));
        }
        node.keys_and_values.push_back(std::move(name));
    }
    const auto opened = now_.at;
    if (!take("{")) {
        expected("{ behind %");
        return nothing(at);
    }
    while (!is("}") && !at_end()) {
        if (now_.kind == token_kind::key) {
            auto pair = std::get<tuple>(keyword().value);
            std::ranges::move(pair.items, std::back_inserter(node.keys_and_values));
        } else {
            node.keys_and_values.push_back(binary_expression(0));
            if (!take("=>")) expected("=> behind the key");
            node.keys_and_values.push_back(binary_expression(0));
        }
        if (!take(",")) break;
    }
    close("}", "%{", opened);
    return make(std::move(node), at);
}

expression parser::binary_container(position at) {
    binary node;
    while (!is(">>") && !at_end()) {
        const bool text = now_.kind == token_kind::string;
        node.values.push_back(binary_expression(0));
        segment form;
        if (text) form.what = segment::kind::bytes;
        if (take("::")) {
            do segment_option(form);
            while (take("-"));
        }
        node.segments.push_back(form);
        if (!take(",")) break;
    }
    close(">>", "<<", at);
    return make(std::move(node), at);
}

void parser::segment_option(segment& form) {
    if (now_.kind == token_kind::number) return segment_size(form);
    const auto word = now_.kind == token_kind::identifier ? now_.text : std::string{};
    if (word == "integer" || word == "big" || word == "unsigned" || word == "signed") {
    } else if (word == "little")
        form.little_endian = true;
    else if (word == "float")
        form.what = segment::kind::floating;
    else if (word == "binary" || word == "bytes")
        form.what = segment::kind::bytes;
    else if (word == "bitstring" || word == "bits")
        form.what = segment::kind::bits;
    else if (word == "utf8")
        form.what = segment::kind::utf8;
    else if (word == "size") {
        step();
        if (!take("(")) expected("( behind size");
        segment_size(form);
        if (!take(")")) expected(") behind the size");
        return;
    } else {
        return expected("size(N), N, integer, float, binary, bitstring, utf8, big or little behind ::");
    }
    step();
}

void parser::segment_size(segment& form) {
    std::optional<std::uint32_t> size;
    if (now_.kind == token_kind::number && now_.base != 0)
        size = integer_of(now_.text, now_.base, false).as<std::uint32_t>();
    if (!size) return expected("a size of at most 32 bits, as a number");
    form.size = size;
    step();
}

} // namespace sedge::elixir
