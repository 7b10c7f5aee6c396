// SPDX-License-Identifier: Apache-2.0
#include "term/text_leaves.hpp"

#include "term/number.hpp"
#include "term/text_structs.hpp"
#include "term/utf8.hpp"
#include "term/walk.hpp"

#include <algorithm>

namespace sedge::text {

void leaf_writer::write(const std::uint8_t* p, bool as_numbers) {
    switch (*p) {
    case etf::nil: out_ << "[]"; return;
    case etf::string: return write_string(p, as_numbers);
    case etf::binary: return write_binary({p + 5, etf::load32(p + 1)});
    case etf::bit_binary: return write_bitstring(p);
    case etf::new_float: {
        const auto value = etf::load_float(p);
        return is_elixir() ? write_float_elixir(out_, value) : write_float_erlang(out_, value);
    }
    case etf::new_pid: return write_pid(p);
    case etf::new_port:
    case etf::v4_port: return write_port(p);
    case etf::newer_reference: return write_reference(p);
    case etf::export_fun: return write_export(p);
    case etf::new_fun: return write_fun(p);
    case etf::small_atom_utf8:
    case etf::atom_utf8: return write_atom(etf::atom_text(p));
    default: return write_integer(out_, p, is_elixir() ? "0x" : "16#");
    }
}

// --- lists and binaries that may be text ---

bool leaf_writer::write_as_text(const std::uint8_t* list) {
    if (dialect_ == dialect::erlang_plain) return false;
    const std::size_t count = etf::load32(list + 1);
    const auto* p = list + 5;
    for (std::size_t left = count; left > 0; --left, p += 2) {
        if (*p != etf::small_integer || !is_text_character(p[1])) return false;
    }
    if (*p != etf::nil) return false;
    write_text(list + 6, 2, count);
    return true;
}

bool leaf_writer::is_text_character(std::uint8_t c) const {
    return is_elixir() ? is_charlist_character(c) : is_printable_erlang(c);
}

/// `count` characters, one every `stride` bytes.
void leaf_writer::write_text(const std::uint8_t* first, std::size_t stride, std::size_t count) {
    if (is_elixir()) { // ASCII, and escapes look at two characters
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += static_cast<char>(first[i * stride]);
        out_ << '\'';
        write_escaped_elixir(out_, text, '\'');
        out_ << '\'';
        return;
    }
    out_ << '"';
    for (std::size_t i = 0; i < count && !out_.is_full(); ++i) write_escaped_erlang(out_, first[i * stride], '"');
    out_ << '"';
}

void leaf_writer::write_string(const std::uint8_t* p, bool as_numbers) {
    const byte_view bytes{p + 3, etf::load16(p + 1)};
    if (dialect_ != dialect::erlang_plain && !as_numbers &&
        std::all_of(bytes.begin(), bytes.end(), [&](auto c) { return is_text_character(c); })) {
        return write_text(bytes.data(), 1, bytes.size());
    }
    out_ << '[';
    write_numbers(bytes);
    out_ << ']';
}

void leaf_writer::write_numbers(byte_view bytes) {
    bool is_first = true;
    for (const auto b : bytes) {
        if (!is_first) out_ << separator();
        is_first = false;
        out_ << std::to_string(b);
        if (out_.is_full()) return;
    }
}

void leaf_writer::write_binary(byte_view bytes) {
    const auto utf8 = as_text(bytes);
    if (is_elixir() && is_printable_elixir(utf8)) {
        out_ << '"';
        write_escaped_elixir(out_, utf8, '"');
        out_ << '"';
        return;
    }
    if (dialect_ == dialect::erlang && !bytes.empty() && write_binary_as_text(bytes)) return;
    out_ << "<<";
    write_numbers(bytes);
    out_ << ">>";
}

/// `<<"abc">>`, `<<"åäö"/utf8>>` if it is UTF-8, or Latin-1 if it is not; false if a character is not printable.
bool leaf_writer::write_binary_as_text(byte_view bytes) {
    const auto utf8 = as_text(bytes);
    const bool is_utf8 = utf8::is_valid(utf8);
    const auto at = [&](std::size_t i) {
        return is_utf8 ? utf8::decode(utf8.substr(i)) : utf8::code_point{bytes[i], 1};
    };
    bool is_ascii = true;
    for (std::size_t i = 0; i < bytes.size();) {
        const auto c = at(i);
        if (!is_printable_erlang(c.value)) return false;
        is_ascii = is_ascii && c.size == 1;
        i += static_cast<std::size_t>(c.size);
    }
    out_ << "<<\"";
    for (std::size_t i = 0; i < bytes.size() && !out_.is_full();) {
        const auto c = at(i);
        write_escaped_erlang(out_, c.value, '"');
        i += static_cast<std::size_t>(c.size);
    }
    out_ << (is_utf8 && !is_ascii ? "\"/utf8>>" : "\">>");
    return true;
}

void leaf_writer::write_bitstring(const std::uint8_t* p) {
    const byte_view bytes{p + 6, etf::load32(p + 1)};
    const int bits = p[5];
    out_ << "<<";
    write_numbers(bytes.first(bytes.size() - 1));
    if (bytes.size() > 1) out_ << separator();
    out_ << std::to_string(bytes.back() >> (8 - bits));
    if (is_elixir()) {
        out_ << "::size(" << std::to_string(bits) << ")>>";
    } else {
        out_ << ':' << std::to_string(bits) << ">>";
    }
}

// --- names ---

void leaf_writer::write_atom(std::string_view atom) {
    if (is_elixir()) {
        write_atom_elixir(out_, atom);
    } else {
        write_atom_erlang(out_, atom);
    }
}

/// The first part of an identifier: 0 for this node, as Erlang writes it, otherwise the node's name.
void leaf_writer::write_node(std::string_view node) {
    if (options_.local_node && options_.local_node->text() == node) {
        out_ << '0';
    } else {
        write_plain(out_, node);
    }
}

void leaf_writer::write_pid(const std::uint8_t* p) {
    const auto* numbers = etf::skip_atom(p + 1);
    out_ << (is_elixir() ? "#PID<" : "<");
    write_node(etf::atom_text(p + 1));
    out_ << '.' << std::to_string(etf::load32(numbers)) << '.' << std::to_string(etf::load32(numbers + 4)) << '>';
}

void leaf_writer::write_port(const std::uint8_t* p) {
    const auto* id = etf::skip_atom(p + 1);
    out_ << "#Port<";
    write_node(etf::atom_text(p + 1));
    out_ << '.' << std::to_string(*p == etf::v4_port ? etf::load64(id) : etf::load32(id)) << '>';
}

void leaf_writer::write_reference(const std::uint8_t* p) {
    const auto* words = etf::skip_atom(p + 3) + 4;
    out_ << (is_elixir() ? "#Reference<" : "#Ref<");
    write_node(etf::atom_text(p + 3));
    for (std::size_t i = etf::load16(p + 1); i-- > 0;) out_ << '.' << std::to_string(etf::load32(words + 4 * i));
    out_ << '>';
}

void leaf_writer::write_export(const std::uint8_t* p) {
    const auto* function = etf::skip_atom(p + 1);
    out_ << (is_elixir() ? "&" : "fun ");
    write_atom(etf::atom_text(p + 1));
    out_ << (is_elixir() ? '.' : ':');
    if (is_elixir()) {
        write_function_name_elixir(out_, etf::atom_text(function));
    } else {
        write_atom(etf::atom_text(function));
    }
    out_ << '/';
    write_integer(out_, etf::skip_atom(function), "");
}

/// Elixir adds the function that made it, which only the module's code knows.
void leaf_writer::write_fun(const std::uint8_t* p) {
    constexpr std::size_t head_bytes = 30; // up to the module's name
    const auto* module = p + head_bytes;
    const auto* index = etf::skip_atom(module);
    out_ << (is_elixir() ? "#Function<" : "#Fun<");
    if (!is_elixir()) write_plain(out_, etf::atom_text(module)), out_ << '.';
    write_integer(out_, index, "");
    out_ << '.';
    write_integer(out_, etf::skip_leaf(index), "");
    if (is_elixir()) {
        out_ << '/' << std::to_string(p[5]) << " in ";
        write_atom(etf::atom_text(module));
    }
    out_ << '>';
}

} // namespace sedge::text
