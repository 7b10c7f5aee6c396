// SPDX-License-Identifier: Apache-2.0
#include "dist/notation.hpp"

#include <sedge/term/text.hpp>

#include <algorithm>
#include <charconv>

namespace sedge::test {

namespace {

bool is_plain(std::string_view bytes) {
    return !bytes.empty() &&
           std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= ' ' && c < 127 && c != '"' && c != '\\'; });
}

std::string atom_notation(std::string_view text) {
    const auto shown = to_erlang(term{atom{text}});
    const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
    return ascii || shown.front() == '\'' ? shown : "'" + shown + "'";
}

template <class Range, class Each>
std::string joined(const Range& range, Each each) {
    std::string text;
    for (const auto& item : range) text += (text.empty() ? "" : ",") + each(item);
    return text;
}

std::string numbers(byte_view bytes) {
    return joined(bytes, [](std::uint8_t b) { return std::to_string(b); });
}

std::string binary_notation(byte_view bytes) {
    if (is_plain(as_text(bytes))) return "<<\"" + std::string{as_text(bytes)} + "\">>";
    if (bytes.size() <= 64) return "<<" + numbers(bytes) + ">>";
    return "<<" + numbers(bytes.first(16)) + ",... " + std::to_string(bytes.size()) + " bytes>>";
}

std::string float_notation(double value) {
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    std::string shown{text, end};
    return shown.find_first_of(".e") == std::string::npos ? shown + ".0" : shown;
}

std::string list_notation(const term_view& t) {
    std::string characters;
    for (const auto& item : t.elements()) {
        const auto value = item.as<std::uint8_t>();
        if (!value) {
            characters.clear();
            break;
        }
        characters += static_cast<char>(*value);
    }
    const bool proper = t.tail().kind() == term_kind::nil;
    if (proper && is_plain(characters)) return "\"" + characters + "\"";
    const auto inside = joined(t.elements(), notation);
    return proper ? "[" + inside + "]" : "[" + inside + "|" + notation(t.tail()) + "]";
}

std::string map_notation(const term_view& t) {
    std::string text;
    bool is_key = true;
    for (const auto& item : t.keys_and_values()) {
        if (is_key && !text.empty()) text += ",";
        text += notation(item) + (is_key ? " => " : "");
        is_key = !is_key;
    }
    return "#{" + text + "}";
}

/// 112 size:32 arity:8 uniq:16 bytes index:32 free:32 module old_index old_uniq pid free...   113 module function arity
std::string fun_notation(const term_view& t) {
    constexpr std::uint8_t export_tag = 113;
    reader in{t.bytes()};
    const bool is_export = in.u8() == export_tag;
    std::uint8_t arity = 0;
    std::uint32_t index = 0;
    std::uint32_t free_count = 0;
    if (!is_export) {
        in.u32();
        arity = in.u8();
        in.take(16);
        index = in.u32();
        free_count = in.u32();
    }
    const auto next = [&] {
        const auto part = term_view::over(t.bytes().subspan(in.offset()));
        in.take(part.bytes().size());
        return part;
    };
    if (is_export) {
        const auto module = notation(next());
        const auto function = notation(next());
        return "fun " + module + ":" + function + "/" + notation(next());
    }
    const std::string module{*next().atom_text()};
    for (int i = 0; i < 3; ++i) next();
    std::string free;
    for (std::uint32_t i = 0; i < free_count; ++i) free += (free.empty() ? "" : ",") + notation(next());
    return "#Fun<" + module + "." + std::to_string(index) + "/" + std::to_string(arity) + " free=[" + free + "]>";
}

} // namespace

std::string notation(const term_view& t) {
    switch (t.kind()) {
    case term_kind::atom: return atom_notation(*t.atom_text());
    case term_kind::floating: return float_notation(*t.as<double>());
    case term_kind::binary: return binary_notation(*t.binary());
    case term_kind::nil: return "[]";
    case term_kind::list: return list_notation(t);
    case term_kind::map: return map_notation(t);
    case term_kind::tuple: return "{" + joined(t.elements(), notation) + "}";
    case term_kind::fun: return fun_notation(t);
    case term_kind::pid: {
        const auto p = *t.as<pid>();
        return "#Pid<" + p.node.str() + "." + std::to_string(p.id) + "." + std::to_string(p.serial) + "." +
               std::to_string(p.creation) + ">";
    }
    case term_kind::port: {
        const auto p = *t.as<port>();
        return "#Port<" + p.node.str() + "." + std::to_string(p.id) + "." + std::to_string(p.creation) + ">";
    }
    case term_kind::reference: {
        const auto r = *t.as<reference>();
        std::string text = "#Ref<" + r.node.str() + "." + std::to_string(r.creation);
        for (std::size_t i = 0; i < r.size; ++i) text += "." + std::to_string(r.words[i]);
        return text + ">";
    }
    case term_kind::integer:
    case term_kind::bitstring: break;
    }
    return to_erlang_plain(t);
}

} // namespace sedge::test
