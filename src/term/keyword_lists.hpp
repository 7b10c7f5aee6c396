// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace sedge::text {

/// The lists inside a term, itself included, that Elixir prints as `[key: value]`: proper, not empty, all elements
/// pairs that begin with an atom which is no module's name. In the order of their addresses.
/// Precondition: a canonical term.
std::vector<const std::uint8_t*> keyword_lists(const std::uint8_t* term);

} // namespace sedge::text
