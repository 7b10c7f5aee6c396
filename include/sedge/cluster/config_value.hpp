// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// One value of a configuration, wherever it came from (TOML, `config.exs`, the command line), with the place where
/// it stands, so that whoever reads it can say where the mistake is.
struct config_value {
    enum class kind { absent, boolean, integer, floating, text, list, map };
    struct field; // name, value

    kind what = kind::absent;
    bool truth = false;
    std::int64_t number = 0;
    double real = 0;
    std::string text;                ///< Also of an atom of `config.exs`.
    std::vector<config_value> items; ///< Of a list.
    std::vector<field> fields;       ///< Of a map, in the order of the source.
    int line = 0;                    ///< From 1; 0: from no file.

    static config_value of(bool value);
    static config_value of(std::int64_t value);
    static config_value of(std::string value);
    static config_value of(std::vector<std::string> values);
    static config_value map();

    [[nodiscard]] bool is_absent() const noexcept { return what == kind::absent; }
    /// The field of that name, or null.
    [[nodiscard]] const config_value* find(std::string_view name) const noexcept;
    [[nodiscard]] config_value* find(std::string_view name) noexcept;
    /// The field of that name; made if there is none. An absent value becomes a map. Precondition: absent or a map.
    config_value& at(std::string_view name);
    /// Lays `other` over this: maps are merged field by field, anything else is replaced.
    void overlay(const config_value& other);
};

struct config_value::field {
    std::string name;
    config_value value;
};

/// Whether both mean the same; where they stand does not count, nor the order of a map's fields.
bool same(const config_value& a, const config_value& b);

/// `a whole number`, `text`, `a list`: what error messages call a kind.
std::string_view describe(config_value::kind what) noexcept;

/// The candidate closest to `word` (by edit distance, at most a third of its length), or nothing.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace sedge::cluster
