// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "term/order.hpp"

/// Order of terms without elements. Private to the layer.
namespace sedge::etf {

template <class T>
int sign_of(const T& a, const T& b) noexcept {
    return a < b ? -1 : b < a ? 1 : 0;
}

/// Kinds in Erlang's order; those of one rank are comparable with each other.
enum class rank : std::uint8_t { number, atom, reference, fun, port, pid, tuple, map, nil, list, bits };
rank rank_of(const std::uint8_t* p) noexcept;

/// Precondition: both numbers.
int order_numbers(const std::uint8_t* a, const std::uint8_t* b, strictness how) noexcept;
/// Precondition: both of one rank, which is not tuple, map or list.
int order_leaves(const std::uint8_t* a, const std::uint8_t* b, rank of_both, strictness how) noexcept;

} // namespace sedge::etf
