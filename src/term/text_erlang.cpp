// SPDX-License-Identifier: Apache-2.0
//
// How Erlang quotes: io_lib:write_atom/1, write_string/2 and io_lib:printable_list/1 with the default range Latin-1.

#include "term/text_out.hpp"
#include "term/utf8.hpp"

#include <algorithm>
#include <array>

namespace sedge::text {

namespace {

constexpr std::array<std::string_view, 27> reserved_words{
    "after", "and",  "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr",
    "bxor",  "case", "catch",   "cond",   "div",     "end",  "fun", "if",   "let",
    "not",   "of",   "or",      "orelse", "receive", "rem",  "try", "when", "xor"};

bool is_lower(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xdf && c <= 0xff && c != 0xf7); }
bool is_name_character(char32_t c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= '0' && c <= '9') ||
           c == '_' || c == '@';
}

bool needs_quotes(std::string_view atom) {
    if (atom.empty()) return true;
    for (std::size_t i = 0; i < atom.size();) {
        const auto c = utf8::decode(atom.substr(i));
        if (i == 0 ? !is_lower(c.value) : !is_name_character(c.value)) return true;
        i += static_cast<std::size_t>(c.size);
    }
    return std::find(reserved_words.begin(), reserved_words.end(), atom) != reserved_words.end();
}

} // namespace

bool is_printable_erlang(std::uint64_t c) noexcept {
    return (c >= 32 && c <= 126) || (c >= 160 && c <= 255) || (c >= 8 && c <= 13) || c == 27;
}

void write_escaped_erlang(output& out, char32_t c, char quote) {
    if (c == static_cast<char32_t>(quote) || c == '\\') {
        out << '\\' << static_cast<char>(c);
        return;
    }
    constexpr std::string_view named = "btnvfr"; // 8 to 13
    if (c >= 8 && c <= 13) {
        out << '\\' << named[c - 8];
    } else if (c == 27) {
        out << "\\e";
    } else if (c == 127) {
        out << "\\d";
    } else if (c < 32 || (c > 127 && c < 160)) { // octal, always three digits
        out << '\\' << static_cast<char>('0' + (c >> 6)) << static_cast<char>('0' + (c >> 3 & 7))
            << static_cast<char>('0' + (c & 7));
    } else {
        utf8::append(out.text(), c);
    }
}

void write_atom_erlang(output& out, std::string_view atom) {
    if (!needs_quotes(atom)) {
        out << atom;
        return;
    }
    out << '\'';
    for (std::size_t i = 0; i < atom.size();) {
        const auto c = utf8::decode(atom.substr(i));
        write_escaped_erlang(out, c.value, '\'');
        i += static_cast<std::size_t>(c.size);
    }
    out << '\'';
}

} // namespace sedge::text
