// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <compare>

namespace sedge {

/// The order of keys in Erlang's maps: as `compare`, but integers come before floats, so that what is equal is `=:=`.
std::strong_ordering compare_exactly(const term_view& a, const term_view& b) noexcept;

/// For ordered containers with terms as keys, also those that strangers choose: nobody can make them slow.
struct exact_less {
    bool operator()(const term& a, const term& b) const noexcept { return compare_exactly(a.view(), b.view()) < 0; }
};

} // namespace sedge
