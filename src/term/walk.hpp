// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

#include <sedge/term/tags.hpp>

#include <string_view>

/// Walking canonical bytes. Nothing here checks a length: the canonicaliser did. Private to the layer.
namespace sedge::etf {

/// Precondition: an atom stands at `p`.
inline std::string_view atom_text(const std::uint8_t* p) noexcept {
    if (*p == small_atom_utf8) return {reinterpret_cast<const char*>(p + 2), p[1]};
    return {reinterpret_cast<const char*>(p + 3), load16(p + 1)};
}
inline const std::uint8_t* skip_atom(const std::uint8_t* p) noexcept {
    return *p == small_atom_utf8 ? p + 2 + p[1] : p + 3 + load16(p + 1);
}

/// Where the elements of a container start, and how many terms it consists of (a list's tail is one of them).
struct contents {
    const std::uint8_t* first;
    std::size_t count;
};
inline contents contents_of(const std::uint8_t* p) noexcept {
    switch (*p) {
    case small_tuple: return {p + 2, p[1]};
    case large_tuple: return {p + 5, load32(p + 1)};
    case list: return {p + 5, std::size_t{load32(p + 1)} + 1};
    case map: return {p + 5, std::size_t{load32(p + 1)} * 2};
    default: return {p, 0};
    }
}

/// The byte behind a term that has no elements of its own; nullptr for a container.
inline const std::uint8_t* skip_leaf(const std::uint8_t* p) noexcept {
    switch (*p) {
    case small_integer: return p + 2;
    case small_atom_utf8: return p + 2 + p[1];
    case integer: return p + 5;
    case binary: return p + 5 + load32(p + 1);
    case nil: return p + 1;
    case string: return p + 3 + load16(p + 1);
    case new_pid: return skip_atom(p + 1) + 12;
    case newer_reference: return skip_atom(p + 3) + 4 + 4 * std::size_t{load16(p + 1)};
    case new_float: return p + 9;
    case atom_utf8: return p + 3 + load16(p + 1);
    case small_big: return p + 3 + p[1];
    case large_big: return p + 6 + load32(p + 1);
    case bit_binary: return p + 6 + load32(p + 1);
    case new_port: return skip_atom(p + 1) + 8;
    case v4_port: return skip_atom(p + 1) + 12;
    case export_fun: return skip_atom(skip_atom(p + 1)) + 2;
    case new_fun: return p + 1 + load32(p + 1);
    default: return nullptr;
    }
}

/// The byte behind the term at `p`. Counts what is still to be passed instead of descending.
inline const std::uint8_t* skip(const std::uint8_t* p) noexcept {
    std::size_t left = 1;
    while (left > 0) {
        --left;
        if (const auto* next = skip_leaf(p)) {
            p = next;
            continue;
        }
        const auto inside = contents_of(p);
        left += inside.count;
        p = inside.first;
    }
    return p;
}

} // namespace sedge::etf
