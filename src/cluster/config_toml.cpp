// SPDX-License-Identifier: Apache-2.0
#include "cluster/config_check.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>

#include <toml++/toml.h>

#include <algorithm>

namespace sedge::cluster {
namespace {

int line_of(const toml::node& node) {
    return static_cast<int>(node.source().begin.line);
}

// Recursion is bounded by `levels_left`, before the library's own bound.
result<config_value> convert(const toml::node& node, const std::string& file, std::size_t levels_left) {
    if (levels_left == 0)
        return error{config_errc::syntax, file + ":" + std::to_string(line_of(node)) + ": nested too deep"};
    config_value out;
    if (const auto* table = node.as_table()) {
        out.what = config_value::kind::map;
        for (auto&& [key, child] : *table) {
            auto value = convert(child, file, levels_left - 1);
            if (!value) return value;
            // A key's own line is more to the point than that of a value that begins further down.
            if (value->line == 0) value->line = static_cast<int>(key.source().begin.line);
            out.fields.push_back({std::string{key.str()}, std::move(*value)});
        }
        // The library sorts keys; topologies are to start in the order of the file.
        std::stable_sort(out.fields.begin(), out.fields.end(),
                         [](const auto& a, const auto& b) { return a.value.line < b.value.line; });
    } else if (const auto* array = node.as_array()) {
        out.what = config_value::kind::list;
        for (const auto& child : *array) {
            auto value = convert(child, file, levels_left - 1);
            if (!value) return value;
            out.items.push_back(std::move(*value));
        }
    } else if (const auto* text = node.as_string()) {
        out = config_value::of(text->get());
    } else if (const auto* number = node.as_integer()) {
        out = config_value::of(number->get());
    } else if (const auto* truth = node.as_boolean()) {
        out = config_value::of(truth->get());
    } else if (const auto* real = node.as_floating_point()) {
        out.what = config_value::kind::floating;
        out.real = real->get();
    } else {
        return error{config_errc::wrong_type,
                     file + ":" + std::to_string(line_of(node)) + ": dates and times have no meaning here"};
    }
    out.line = line_of(node);
    return out;
}

// TOML forbids control characters; toml++ 3.0 ends the program by an assertion at some of them (NUL in a table's name).
result<void> check_characters(std::string_view text, const std::string& file) {
    int line = 1;
    for (char c : text) {
        if (c == '\n') ++line;
        bool is_control = (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        if (is_control)
            return error{config_errc::syntax, file + ":" + std::to_string(line) + ": the control character " +
                                                  printable({&c, 1}) + " has no place in a configuration"};
    }
    return {};
}

} // namespace

result<config_value> read_toml(std::string_view text, const std::string& file) {
    if (text.size() > limits::config_bytes_max) return error{config_errc::unreadable, file + ": too long"};
    auto clean = check_characters(text, file);
    if (!clean) return clean.error();
    try {
        toml::table parsed = toml::parse(text);
        return convert(parsed, file, limits::config_nesting_max);
    } catch (const toml::parse_error& failure) {
        return error{config_errc::syntax, file + ":" + std::to_string(failure.source().begin.line) + ": " +
                                              printable(failure.description())};
    }
}

} // namespace sedge::cluster
