// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <sedge/term/text.hpp>

#include <boost/json.hpp>
#include <cstdio>

namespace sedge::cli {

namespace {

constexpr int nesting_max = 64; // JSON readers have limits; this is above what people read

std::string key_of(const term_view& key) {
    if (const auto text = key.atom_text()) return std::string{*text};
    if (const auto text = key.as<std::string>()) return *text;
    return to_elixir(key);
}

bool is_keyword_list(const term_view& list) {
    if (list.kind() != term_kind::list || list.tail().kind() != term_kind::nil) return false;
    for (const auto pair : list.elements())
        if (pair.kind() != term_kind::tuple || pair.arity() != 2 || !pair.element(0).atom_text()) return false;
    return true;
}

boost::json::value converted(const term_view& value, int level) {
    if (const auto text = value.atom_text()) {
        if (*text == "true" || *text == "false") return *text == "true";
        if (*text == "nil" || *text == "undefined") return nullptr;
        return boost::json::string{*text};
    }
    if (const auto number = value.as<std::int64_t>()) return *number;
    if (value.kind() == term_kind::floating) return value.as<double>().value_or(0);
    if (const auto text = value.as<std::string>()) return boost::json::string{*text};
    const bool proper = value.is_list() && (value.kind() == term_kind::nil || value.tail().kind() == term_kind::nil);
    if (level < nesting_max && value.kind() == term_kind::map) {
        boost::json::object out;
        term_view key;
        bool at_key = true;
        for (const auto item : value.keys_and_values()) {
            if (at_key) key = item;
            else out[key_of(key)] = converted(item, level + 1);
            at_key = !at_key;
        }
        return out;
    }
    if (level < nesting_max && is_keyword_list(value)) {
        boost::json::object out;
        for (const auto pair : value.elements()) out[key_of(pair.element(0))] = converted(pair.element(1), level + 1);
        return out;
    }
    if (level < nesting_max && (value.kind() == term_kind::tuple || proper)) {
        boost::json::array out;
        for (const auto item : value.elements()) out.push_back(converted(item, level + 1));
        return out;
    }
    return boost::json::string{to_elixir(value)};
}

} // namespace

boost::json::value to_json(const term_view& value) { return converted(value, 0); }

void print_json(const boost::json::value& value) {
    const auto text = boost::json::serialize(value);
    std::printf("%s\n", text.c_str());
}

} // namespace sedge::cli
