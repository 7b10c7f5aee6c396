// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/elixir_syntax.hpp>
#include <sedge/term/term.hpp>

#include <map>
#include <string>

namespace sedge::shell {

/// Matches `value` against a pattern: variables (bound anew; twice the same name must be the same value), `_`,
/// literals, tuples, lists, maps. False, and `bound` as it was, if it does not fit. Throws `failure` for what is no
/// pattern.
bool match(const elixir::expression& pattern, const term& value, std::map<std::string, term>& bound);

} // namespace sedge::shell
