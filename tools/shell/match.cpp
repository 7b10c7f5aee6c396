// SPDX-License-Identifier: Apache-2.0
#include "match.hpp"

#include "session.hpp"

#include <sedge/term/literal.hpp>

#include <vector>

namespace sedge::shell {

namespace {

using bindings = std::map<std::string, term>;

bool fits(const elixir::expression& pattern, const term& value, bindings& found);

bool all_fit(const std::vector<elixir::expression>& patterns, const std::vector<term>& values, bindings& found) {
    for (std::size_t i = 0; i < patterns.size(); ++i)
        if (!fits(patterns[i], values[i], found)) return false;
    return true;
}

std::vector<term> elements_of(const term& value) {
    std::vector<term> out;
    for (const auto element : value.view().elements()) out.emplace_back(element);
    return out;
}

/// The pattern is not deeper than limits::syntax_nesting_max, so this may recurse.
struct fits_visitor {
    const elixir::expression& whole;
    const term& value;
    bindings& found;

    bool operator()(const elixir::variable& n) const {
        if (n.name == "_") return true;
        const auto [place, is_new] = found.try_emplace(n.name, value);
        return is_new || place->second == value;
    }
    bool operator()(const elixir::literal& n) const { return n.value == value; }
    bool operator()(const elixir::tuple& n) const {
        if (value.view().kind() != term_kind::tuple || value.view().arity() != n.items.size()) return false;
        return all_fit(n.items, elements_of(value), found);
    }
    bool operator()(const elixir::list& n) const {
        if (!value.view().is_list()) return false;
        auto items = elements_of(value);
        if (items.size() < n.items.size() || (n.tail.empty() && items.size() > n.items.size())) return false;
        std::vector<term> rest(items.begin() + static_cast<std::ptrdiff_t>(n.items.size()), items.end());
        items.resize(n.items.size());
        const term end{value.view().kind() == term_kind::nil ? value.view() : value.view().tail()};
        if (n.tail.empty()) return end.view().kind() == term_kind::nil && all_fit(n.items, items, found);
        return all_fit(n.items, items, found) && fits(n.tail.front(), build_list(std::move(rest), end), found);
    }
    bool operator()(const elixir::map& n) const {
        if (value.view().kind() != term_kind::map) return false;
        for (std::size_t i = 0; i < n.keys_and_values.size(); i += 2) {
            const auto key = to_term(n.keys_and_values[i]);
            if (!key) throw failure{"CompileError", "the keys of a pattern must be literals"};
            const auto held = value.view().find(key->view());
            if (!held || !fits(n.keys_and_values[i + 1], term{*held}, found)) return false;
        }
        return true;
    }
    template <class Other>
    bool operator()(const Other&) const {
        const auto literal = to_term(whole);
        if (!literal)
            throw failure{"CompileError", to_string(whole.at) + ": expected a pattern on the left of =: variables, "
                                                                "literals, tuples, lists and maps"};
        return *literal == value;
    }
};

bool fits(const elixir::expression& pattern, const term& value, bindings& found) {
    return std::visit(fits_visitor{pattern, value, found}, pattern.value);
}

} // namespace

bool match(const elixir::expression& pattern, const term& value, bindings& bound) {
    bindings found;
    if (!fits(pattern, value, found)) return false;
    for (auto& [name, held] : found) bound.insert_or_assign(name, std::move(held));
    return true;
}

} // namespace sedge::shell
