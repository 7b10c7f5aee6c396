// SPDX-License-Identifier: Apache-2.0
//
// How Elixir 1.14 quotes: Macro.inspect_atom/2, the escapes of inspect/2, String.printable?/1.
//
// Elixir leaves an atom unquoted if it is an identifier, for which Unicode's tables of letters, normal forms and
// scripts are needed. Here letters of the scripts below count, and one script at a time; other atoms are quoted, which
// reads back as the same atom. Characters that turn the direction of writing are always escaped, since they can make
// a terminal show something else than what is there.

#include "term/elixir_operators.hpp"
#include "term/text_out.hpp"
#include "term/utf8.hpp"

#include <algorithm>
#include <array>

namespace sedge::text {

namespace {

enum class script : std::uint8_t { none, latin, greek, cyrillic, hebrew, arabic, east_asian };

struct letters {
    char32_t first, last;
    script of;
};
// Without letters that have a compatibility form, as the digraphs of Latin Extended-B.
constexpr std::array<letters, 24> letter_ranges{{
    {0x00c0, 0x00d6, script::latin},      {0x00d8, 0x00f6, script::latin},      {0x00f8, 0x0131, script::latin},
    {0x0134, 0x013e, script::latin},      {0x0141, 0x0148, script::latin},      {0x014a, 0x017e, script::latin},
    {0x0180, 0x01c3, script::latin},      {0x01cd, 0x01f0, script::latin},      {0x01f4, 0x0233, script::latin},
    {0x0386, 0x0386, script::greek},      {0x0388, 0x038a, script::greek},      {0x038e, 0x03a1, script::greek},
    {0x03a3, 0x03ce, script::greek},      {0x0400, 0x0481, script::cyrillic},   {0x048a, 0x052f, script::cyrillic},
    {0x05d0, 0x05ea, script::hebrew},     {0x0620, 0x063f, script::arabic},     {0x0641, 0x064a, script::arabic},
    {0x3041, 0x3096, script::east_asian}, {0x30a1, 0x30fa, script::east_asian}, {0x30fc, 0x30fc, script::east_asian},
    {0x3400, 0x4dbf, script::east_asian}, {0x4e00, 0x9ffc, script::east_asian}, {0xac00, 0xd7a3, script::east_asian},
}};

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_upper_ascii(char32_t c) { return c >= 'A' && c <= 'Z'; }
bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || is_upper_ascii(c); }

script script_of(char32_t c) {
    if (is_ascii_letter(c)) return script::latin;
    for (const auto& range : letter_ranges) {
        if (c >= range.first && c <= range.last) return range.of;
    }
    return script::none;
}

constexpr std::array<std::string_view, 10> not_callable{"%", "%{}", "->", ".", "..", "...", "..//", "<<>>", "{}", ""};
constexpr std::array<std::string_view, 4> only_callable{"::", "^^^", "~~~", "<|>"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& all, std::string_view s) {
    return std::find(all.begin(), all.end(), s) != all.end();
}

bool is_operator_atom(std::string_view atom) { return is_one_of(elixir::operator_atoms, atom); }

/// A letter or `_`, then letters, digits, `_` and `@`, perhaps `?` or `!` at the end.
bool is_identifier(std::string_view atom, bool at_sign_allowed) {
    script seen = script::none;
    for (std::size_t i = 0; i < atom.size();) {
        const auto c = utf8::decode(atom.substr(i));
        const bool first = i == 0;
        i += static_cast<std::size_t>(c.size);
        const bool last = i == atom.size();
        if (c.value == '_' || (!first && is_digit(c.value))) continue;
        if (!first && c.value == '@' && at_sign_allowed) continue;
        if (!first && last && (c.value == '?' || c.value == '!')) continue;
        const auto of = script_of(c.value);
        const bool fits = seen == script::none || of == seen || (of == script::east_asian && seen == script::latin) ||
                          (of == script::latin && seen == script::east_asian);
        if (of == script::none || !fits) return false;
        seen = of;
    }
    return !atom.empty();
}

/// `Elixir.Some.Module`: segments that begin with a capital letter, all ASCII.
bool is_alias(std::string_view atom) {
    if (!atom.starts_with("Elixir.")) return false;
    bool at_start = true;
    for (const char c : atom.substr(7)) {
        const auto u = static_cast<std::uint8_t>(c);
        if (at_start ? !is_upper_ascii(u) : !(is_ascii_letter(u) || is_digit(u) || c == '_' || c == '.')) return false;
        at_start = c == '.';
    }
    return !at_start;
}

void write_quoted(output& out, std::string_view atom) {
    out << '"';
    write_escaped_elixir(out, atom, '"');
    out << '"';
}

bool turns_direction(char32_t c) { return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069); }

bool is_printable(char32_t c) {
    return (c >= 32 && c <= 126) || (c >= 7 && c <= 13) || c == 27 || c == 127 || (c >= 0xa0 && c <= 0xd7ff) ||
           (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

void write_hexadecimal(output& out, char32_t c, int digits) {
    for (int i = digits - 1; i >= 0; --i) out << "0123456789ABCDEF"[c >> (4 * i) & 15];
}

} // namespace

bool is_charlist_character(std::uint64_t c) noexcept { return (c >= 32 && c <= 126) || (c >= 7 && c <= 13) || c == 27; }

bool is_printable_elixir(std::string_view bytes) noexcept {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto c = utf8::decode(bytes.substr(i));
        if (c.size == 0 || !is_printable(c.value)) return false;
        i += static_cast<std::size_t>(c.size);
    }
    return true;
}

void write_escaped_elixir(output& out, std::string_view utf8, char quote) {
    for (std::size_t i = 0; i < utf8.size() && !out.is_full();) {
        const auto [c, size] = utf8::decode(utf8.substr(i));
        i += static_cast<std::size_t>(size);
        constexpr std::string_view named = "abtnvfr"; // 7 to 13
        if (c == static_cast<char32_t>(quote) || c == '\\') {
            out << '\\' << static_cast<char>(c);
        } else if (c == '#' && i < utf8.size() && utf8[i] == '{') {
            out << "\\#";
        } else if (c >= 7 && c <= 13) {
            out << '\\' << named[c - 7];
        } else if (c == 0) {
            out << "\\0";
        } else if (c == 27) {
            out << "\\e";
        } else if (c == 127) {
            out << "\\d";
        } else if (c == 0xfeff || turns_direction(c)) {
            out << "\\u", write_hexadecimal(out, c, 4);
        } else if (is_printable(c)) {
            utf8::append(out.text(), c);
        } else if (c < 0x100) {
            out << "\\x", write_hexadecimal(out, c, 2);
        } else {
            out << "\\x{", write_hexadecimal(out, c, 4), out << '}';
        }
    }
}

void write_atom_elixir(output& out, std::string_view atom) {
    if (atom == "true" || atom == "false" || atom == "nil" || atom == "Elixir") {
        out << atom;
    } else if (is_alias(atom)) {
        const auto name = atom.substr(7);
        out << (name == "Elixir" || name.starts_with("Elixir.") ? atom : name);
    } else if (is_identifier(atom, true) || is_operator_atom(atom)) {
        out << ':' << atom;
    } else {
        out << ':', write_quoted(out, atom);
    }
}

void write_key_elixir(output& out, std::string_view atom) {
    if (atom != "Elixir" && (is_identifier(atom, true) || is_operator_atom(atom))) {
        out << atom;
    } else {
        write_quoted(out, atom);
    }
    out << ": ";
}

void write_function_name_elixir(output& out, std::string_view atom) {
    const bool is_name = is_identifier(atom, false) && !is_upper_ascii(static_cast<std::uint8_t>(atom[0]));
    const bool is_operator =
        (is_operator_atom(atom) && !is_one_of(not_callable, atom)) || is_one_of(only_callable, atom);
    if (is_name || is_operator) {
        out << atom;
    } else {
        write_quoted(out, atom);
    }
}

} // namespace sedge::text
