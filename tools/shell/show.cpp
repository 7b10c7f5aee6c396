// SPDX-License-Identifier: Apache-2.0
#include "show.hpp"

#include <sedge/term/text.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sedge::shell {

namespace {

constexpr std::size_t shown_bytes_max = 64 * 1024; // of one value on the screen
constexpr std::size_t broken_levels_max = 8;       // deeper containers stay on one line

bool is_pair_with_atom(const term_view& t) {
    return t.kind() == term_kind::tuple && t.arity() == 2 && t.element(0).kind() == term_kind::atom;
}

bool is_keyword_list(const term_view& t) {
    if (t.kind() != term_kind::list || t.tail().kind() != term_kind::nil) return false;
    for (const auto element : t.elements())
        if (!is_pair_with_atom(element)) return false;
    return true;
}

/// `name:` for the key of a keyword list.
std::string key_text(const term_view& key) {
    auto text = inspect(key);
    if (text.starts_with(':')) text.erase(0, 1);
    return text + ":";
}

/// In the order of the keys, as `inspect` prints them on one line.
std::vector<std::pair<term_view, term_view>> sorted_pairs(const term_view& map) {
    std::vector<std::pair<term_view, term_view>> pairs;
    std::optional<term_view> key;
    for (const auto item : map.keys_and_values()) {
        if (key) {
            pairs.emplace_back(*key, item);
            key.reset();
        } else {
            key = item;
        }
    }
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return compare(a.first, b.first) < 0; });
    return pairs;
}

std::string layout(const term_view& value, std::size_t columns, std::size_t indent, std::size_t level) {
    auto one_line = inspect(value);
    const bool container = value.kind() == term_kind::tuple || value.kind() == term_kind::map ||
                           (value.kind() == term_kind::list && value.tail().kind() == term_kind::nil);
    const bool text = one_line.starts_with('\'') || one_line.starts_with('"') || one_line.starts_with('~');
    if (one_line.size() + indent <= columns || !container || text || level == broken_levels_max) return one_line;

    const std::string pad(indent + 2, ' ');
    std::vector<std::string> parts;
    const auto child = [&](const term_view& t) { return layout(t, columns, indent + 2, level + 1); };
    std::string open = "[", close = "]";
    if (value.kind() == term_kind::map) {
        open = "%{";
        close = "}";
        const auto pairs = sorted_pairs(value);
        const bool atoms = std::all_of(pairs.begin(), pairs.end(),
                                       [](const auto& pair) { return pair.first.kind() == term_kind::atom; });
        for (const auto& [key, item] : pairs)
            parts.push_back((atoms ? key_text(key) : inspect(key) + " =>") + " " + child(item));
    } else if (is_keyword_list(value)) {
        for (const auto t : value.elements()) parts.push_back(key_text(t.element(0)) + " " + child(t.element(1)));
    } else {
        if (value.kind() == term_kind::tuple) open = "{", close = "}";
        for (const auto t : value.elements()) parts.push_back(child(t));
    }
    std::string out = open + "\n";
    for (std::size_t i = 0; i < parts.size(); ++i) out += pad + parts[i] + (i + 1 < parts.size() ? ",\n" : "\n");
    return out + std::string(indent, ' ') + close;
}

} // namespace

std::string inspect(const term_view& value) {
    text_options options;
    options.bytes_max = shown_bytes_max;
    return to_elixir(value, options);
}

std::string show(const term_view& value, std::size_t columns) { return layout(value, columns, 0, 0); }

std::string module_name(std::string_view atom_text) {
    if (!atom::is_valid(atom_text)) return {};
    return inspect(term{atom{atom_text}});
}

std::string function_name(std::string_view module, std::string_view function, std::size_t arity) {
    const auto name = std::string{function} + "/" + std::to_string(arity);
    return module.empty() ? name : module_name(module) + "." + name;
}

} // namespace sedge::shell
