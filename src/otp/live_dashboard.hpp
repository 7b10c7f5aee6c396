// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

/// What the pages of Phoenix LiveDashboard have in common (live_dashboard.cpp): lists that are searched, sorted, and
/// cut.
namespace sedge::otp::dashboard {

using term_map = std::map<atom, term>;

inline term elixir_nil() { return term{atom{"nil"}}; }
std::string lower(std::string text);

/// One entry, `[key: value]`, in the making.
struct item {
    std::vector<std::pair<atom, term>> pairs;
    std::string searched; ///< Lower case.

    void add(std::string_view key, term value) { pairs.emplace_back(atom{key}, std::move(value)); }
    [[nodiscard]] term value(const atom& key) const;
    [[nodiscard]] term list() const { return term{pairs}; }
};

/// What a list function is asked for, by its first four arguments: a text to search for or nil, the key to sort by,
/// asc or desc, and how many.
struct question {
    std::optional<std::string> search;
    atom sort_by;
    bool descending = false;
    std::size_t limit = 0;
};
std::optional<question> as_question(builtin_arguments arguments);

void keep_found(std::vector<item>& items, const question& asked);
/// The list to be shown, and how many there were before it was cut.
std::pair<term, std::size_t> page_of(std::vector<item> items, const question& asked);
/// `{Items, Count}`
outcome answer(std::vector<item> items, const question& asked);

/// `%ProcessDetails{}`; of processes of other nodes, and of names, only the address is told.
term details(node& here, const term& who);

// The functions of single pages.
void add_processes(function_table& table);
void add_operating_system(function_table& table);

constexpr std::string_view module_name = "Elixir.Phoenix.LiveDashboard.SystemInfo";

} // namespace sedge::otp::dashboard
