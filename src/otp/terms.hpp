// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Short ways to make and read the terms that this layer's protocols consist of.
namespace sedge::otp {

/// An Erlang string: the list of the code points.
inline term erlang_string(std::string_view utf8) { return term{charlist{std::string{utf8}}}; }

inline term binary(std::string_view text) { return term{text}; }

inline term term_list(std::span<const term> items) { return term{std::vector<term>{items.begin(), items.end()}}; }
inline term nil() { return term{std::vector<term>{}}; }

/// A tuple of terms, atoms, pids and C++ values.
template <class... T>
term tuple(const T&... elements) {
    return term{std::tuple<T...>{elements...}};
}

/// The elements of a proper list, or nothing.
inline std::optional<std::vector<term>> proper_list(const term_view& list) {
    if (!list.is_list() || list.tail().kind() != term_kind::nil) return std::nullopt;
    std::vector<term> items;
    items.reserve(list.length());
    for (auto item : list.elements()) items.emplace_back(item);
    return items;
}

inline bool is_tuple(const term_view& t, std::size_t arity) {
    return t.kind() == term_kind::tuple && t.arity() == arity;
}
/// A tuple of this size whose first element is that atom.
inline bool is_tagged(const term_view& t, std::string_view tag, std::size_t arity) {
    return is_tuple(t, arity) && t.element(0).is_atom(tag);
}

} // namespace sedge::otp
