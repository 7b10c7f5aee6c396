// SPDX-License-Identifier: Apache-2.0
#include "term/source_text.hpp"
#include "term/utf8.hpp"

#include <sedge/base/log.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/literal.hpp>

#include <bit>
#include <limits>
#include <unordered_map>

namespace sedge {

namespace {

error not_a_literal(const elixir::expression& e, std::string_view found) {
    return {syntax_errc::unexpected, to_string(e.at) + ": expected a literal, found " + std::string{found}};
}

term empty_list() {
    byte_buffer out;
    encoder{out}.nil();
    return term::adopt(std::move(out));
}

/// Appends bits, most significant first.
class bit_writer {
public:
    void bit(bool on) {
        if (bits_ % 8 == 0) bytes_.push_back(0);
        if (on) bytes_.back() |= static_cast<std::uint8_t>(0x80 >> bits_ % 8);
        ++bits_;
    }
    void bits(byte_view bytes, std::size_t count) {
        if (bits_ % 8 == 0 && count % 8 == 0) {
            bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count / 8));
            bits_ += count;
            return;
        }
        for (std::size_t i = 0; i < count; ++i) bit((bytes[i / 8] & (0x80 >> i % 8)) != 0);
    }
    term take() {
        byte_buffer out;
        encoder e{out};
        if (bits_ % 8 == 0)
            e.binary(bytes_);
        else
            e.bitstring(bytes_, static_cast<int>(bits_ % 8));
        return term::adopt(std::move(out));
    }

private:
    byte_buffer bytes_;
    std::size_t bits_ = 0;
};

error unfit(std::string_view what, std::size_t index) {
    return {errc::invalid_argument, "segment " + std::to_string(index + 1) + " of the binary: " + std::string{what}};
}

/// The lowest `size` bits of an integer of any width, two's complement.
result<byte_buffer> integer_bits(const term& value, std::uint32_t size, bool little_endian, std::size_t index) {
    constexpr std::uint32_t size_max = 8 * 4096; // of one integer; binaries with more are written as strings
    if (size > size_max) return unfit("an integer has at most 32768 bits here", index);
    if (value.view().kind() != term_kind::integer) return unfit("expected an integer", index);
    if (little_endian && size % 8 != 0) return unfit("a little-endian integer needs whole bytes here", index);
    const std::size_t count = (size + 7) / 8;
    byte_buffer low(count, 0); // little-endian
    if (const auto small = value.as<std::int64_t>()) {
        for (std::size_t i = 0; i < count; ++i)
            low[i] = static_cast<std::uint8_t>(*small >> std::min<std::size_t>(8 * i, 63));
    } else {
        // 110 n sign bytes, 111 n:32 sign bytes; magnitude little-endian.
        reader in{value.bytes()};
        const auto tag = in.u8();
        const std::size_t n = tag == 110 ? in.u8() : in.u32();
        const bool negative = in.u8() != 0;
        const auto magnitude = in.take(n);
        unsigned carry = 1;
        for (std::size_t i = 0; i < count; ++i) {
            const unsigned byte = i < magnitude.size() ? magnitude[i] : 0;
            const unsigned flipped = negative ? (~byte & 0xff) + carry : byte;
            low[i] = static_cast<std::uint8_t>(flipped);
            if (negative) carry = flipped >> 8;
        }
    }
    if (little_endian) return low;
    byte_buffer big(low.rbegin(), low.rend());
    if (size % 8 == 0) return big;
    const auto shift = 8 - size % 8; // the value starts at the top of the first byte
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned next = i + 1 < count ? big[i + 1] : 0;
        big[i] = static_cast<std::uint8_t>(big[i] << shift | next >> (8 - shift));
    }
    return big;
}

result<void> append_segment(bit_writer& out, const term& value, const elixir::segment& form, std::size_t index) {
    using kind = elixir::segment::kind;
    switch (form.what) {
    case kind::integer: {
        const auto size = form.size.value_or(8);
        auto bits = integer_bits(value, size, form.little_endian, index);
        if (!bits) return bits.error();
        out.bits(*bits, size);
        return {};
    }
    case kind::floating: {
        auto number = value.as<double>();
        if (const auto whole = value.as<std::int64_t>(); whole && !number) number = static_cast<double>(*whole);
        if (!number || form.size.value_or(64) != 64) return unfit("expected a float of 64 bits", index);
        byte_buffer bytes;
        writer{bytes}.u64(std::bit_cast<std::uint64_t>(*number));
        if (form.little_endian) bytes.assign(bytes.rbegin(), bytes.rend());
        out.bits(bytes, 64);
        return {};
    }
    case kind::utf8: {
        if (const auto text = value.view().binary()) {
            out.bits(*text, text->size() * 8);
            return {};
        }
        const auto code = value.as<std::uint32_t>();
        if (!code || !utf8::is_code_point(*code)) return unfit("expected a character", index);
        std::string text;
        utf8::append(text, *code);
        out.bits(as_bytes(text), text.size() * 8);
        return {};
    }
    case kind::bytes:
    case kind::bits: {
        const auto whole = value.view().binary();
        if (!whole) return unfit("expected a binary", index);
        const std::size_t unit = form.what == kind::bytes ? 8 : 1;
        const std::size_t bits = form.size ? *form.size * unit : whole->size() * 8;
        if (bits > whole->size() * 8) return unfit("the binary is shorter than its size says", index);
        out.bits(*whole, bits);
        return {};
    }
    }
    return {};
}

struct to_term_visitor {
    const elixir::expression& whole;
    const literal_options& options;

    result<std::vector<term>> all(const std::vector<elixir::expression>& items) const {
        std::vector<term> out;
        out.reserve(items.size());
        for (const auto& item : items) {
            auto value = to_term(item, options);
            if (!value) return std::move(value).error();
            out.push_back(*std::move(value));
        }
        return out;
    }

    result<term> operator()(const elixir::literal& n) const { return n.value; }
    result<term> operator()(const elixir::pasted& n) const {
        auto made = build_pasted(n, options);
        if (!made) return made.error().within(to_string(whole.at));
        return made;
    }
    result<term> operator()(const elixir::list& n) const {
        auto items = all(n.items);
        if (!items) return std::move(items).error();
        auto tail = all(n.tail);
        if (!tail) return std::move(tail).error();
        return build_list(*std::move(items), tail->empty() ? empty_list() : tail->front());
    }
    result<term> operator()(const elixir::tuple& n) const {
        auto items = all(n.items);
        if (!items) return std::move(items).error();
        return build_tuple(*items);
    }
    result<term> operator()(const elixir::map& n) const {
        auto items = all(n.keys_and_values);
        if (!items) return std::move(items).error();
        return build_map(*items);
    }
    result<term> operator()(const elixir::binary& n) const {
        auto items = all(n.values);
        if (!items) return std::move(items).error();
        auto made = build_binary(*items, n.segments);
        if (!made) return made.error().within(to_string(whole.at));
        return made;
    }
    result<term> operator()(const elixir::variable& n) const {
        return not_a_literal(whole, "the variable `" + excerpt(n.name) + "`");
    }
    result<term> operator()(const elixir::call& n) const {
        return not_a_literal(whole, "a call of `" + excerpt(n.function) + "`");
    }
    result<term> operator()(const elixir::operation& n) const {
        return not_a_literal(whole, "the operator " + n.symbol);
    }
    result<term> operator()(const elixir::unsupported& n) const { return not_a_literal(whole, n.what); }
};

template <class Number>
bool fits(std::uint64_t value) noexcept {
    return value <= std::numeric_limits<Number>::max();
}

} // namespace

result<term> to_term(const elixir::expression& e, const literal_options& options) {
    return std::visit(to_term_visitor{e, options}, e.value);
}

result<term> parse_elixir(std::string_view text, const literal_options& options) {
    auto parsed = parse_elixir_expressions(text);
    if (!parsed) return std::move(parsed).error();
    if (parsed->empty()) return error{syntax_errc::incomplete, "line 1, column 1: expected a literal, found the end"};
    if (parsed->size() > 1)
        return error{syntax_errc::unexpected, to_string((*parsed)[1].at) + ": expected the end behind one literal"};
    return to_term(parsed->front(), options);
}

term build_list(std::vector<term> items, term tail) {
    if (items.empty()) return tail;
    return term{improper_list{std::move(items), std::move(tail)}};
}

term build_tuple(const std::vector<term>& items) {
    byte_buffer out;
    encoder e{out};
    e.tuple(items.size());
    for (const auto& item : items) e.copy(item);
    return term::adopt(std::move(out));
}

term build_map(const std::vector<term>& keys_and_values) {
    std::unordered_map<term, std::size_t> place; // of a key in `order`
    std::vector<std::pair<term, term>> order;
    for (std::size_t i = 0; i + 1 < keys_and_values.size(); i += 2) {
        const auto [found, is_new] = place.try_emplace(keys_and_values[i], order.size());
        if (is_new)
            order.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
        else
            order[found->second].second = keys_and_values[i + 1];
    }
    byte_buffer out;
    encoder e{out};
    e.map(order.size());
    for (const auto& [key, value] : order) {
        e.copy(key);
        e.copy(value);
    }
    return term::adopt(std::move(out));
}

result<term> build_binary(const std::vector<term>& values, const std::vector<elixir::segment>& segments) {
    bit_writer out;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (auto added = append_segment(out, values[i], segments[i], i); !added) return added.error();
    return out.take();
}

result<term> build_pasted(const elixir::pasted& text, const literal_options& options) {
    using kind = elixir::pasted::kind;
    const auto node = text.node.empty() ? options.local_node : atom::is_valid(text.node) ? atom{text.node} : atom{};
    const auto creation = options.creation_of && !node.empty() ? options.creation_of(node) : std::nullopt;
    if (!creation) {
        const auto of =
            node.empty() ? std::string{"a node that the text does not name"} : "the unknown node " + node.str();
        return error{errc::invalid_argument, "a printed identifier of " + printable(of) + " cannot be used"};
    }
    byte_buffer out;
    encoder e{out};
    const auto& n = text.numbers;
    const error too_large{errc::invalid_argument, "a number of the printed identifier is too large"};
    switch (text.what) {
    case kind::pid:
        if (!fits<std::uint32_t>(n[0]) || !fits<std::uint32_t>(n[1])) return too_large;
        e.pid({node, static_cast<std::uint32_t>(n[0]), static_cast<std::uint32_t>(n[1]), *creation});
        break;
    case kind::port: e.port({node, n[0], *creation}); break;
    case kind::reference: {
        // Printed last word first.
        reference r{.node = node, .creation = *creation, .size = static_cast<std::uint8_t>(n.size()), .words = {}};
        for (std::size_t i = 0; i < n.size(); ++i) {
            if (!fits<std::uint32_t>(n[i])) return too_large;
            r.words[n.size() - 1 - i] = static_cast<std::uint32_t>(n[i]);
        }
        e.reference(r);
    }
    }
    return term::adopt(std::move(out));
}

} // namespace sedge
