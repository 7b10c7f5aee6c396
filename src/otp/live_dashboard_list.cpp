// SPDX-License-Identifier: Apache-2.0
#include "otp/live_dashboard.hpp"

#include <algorithm>

namespace sedge::otp::dashboard {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

term item::value(const atom& key) const {
    for (const auto& [name, value] : pairs)
        if (name == key) return value;
    return elixir_nil();
}

std::optional<question> as_question(builtin_arguments arguments) {
    question asked;
    auto search = arguments[0].as<std::string>();
    auto key = arguments[1].as<atom>();
    bool ascending = arguments[2].is_atom("asc");
    auto limit = arguments[3].as<std::size_t>();
    if (!search && !arguments[0].is_atom("nil")) return std::nullopt;
    if (!key || !limit || (!ascending && !arguments[2].is_atom("desc"))) return std::nullopt;
    if (search) asked.search = lower(*search);
    asked.sort_by = *key;
    asked.descending = !ascending;
    asked.limit = *limit;
    return asked;
}

void keep_found(std::vector<item>& items, const question& asked) {
    if (!asked.search) return;
    std::erase_if(items, [&](const item& i) { return i.searched.find(*asked.search) == std::string::npos; });
}

std::pair<term, std::size_t> page_of(std::vector<item> items, const question& asked) {
    std::stable_sort(items.begin(), items.end(), [&](const item& a, const item& b) {
        term left = a.value(asked.sort_by);
        term right = b.value(asked.sort_by);
        return asked.descending ? compare(right, left) < 0 : compare(left, right) < 0;
    });
    std::vector<term> shown;
    for (const auto& i : std::span<const item>{items}.first(std::min(items.size(), asked.limit)))
        shown.push_back(i.list());
    return {term_list(shown), items.size()};
}

outcome answer(std::vector<item> items, const question& asked) {
    keep_found(items, asked);
    auto [shown, count] = page_of(std::move(items), asked);
    return outcome::value(tuple(shown, count));
}

} // namespace sedge::otp::dashboard
