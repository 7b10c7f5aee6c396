// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "term/order.hpp"
#include "term/text_out.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sedge::text {

/// A struct that `inspect` does not print as a map: either complete in `head`, or `head` followed by fields and `}`,
/// or by the keys of `set` and `])`.
struct struct_text {
    std::string head;
    std::vector<etf::map_index::pair> fields{};
    const std::uint8_t* set = nullptr; ///< A map whose keys are the elements.
};

/// Ranges, sets, dates and times, URIs and exceptions. A struct of any other module is printed as a map, which is what
/// Elixir does where that module is not loaded. Precondition: all pairs of a map.
std::optional<struct_text> known_struct(std::span<const etf::map_index::pair> pairs);

/// As it is, without quotes, but with control characters escaped.
void write_plain(output& out, std::string_view utf8);

} // namespace sedge::text
