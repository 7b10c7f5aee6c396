// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <string_view>

namespace sedge::shell {

/// `left + right`, `left == right`, `left <> right`, ...: those of Elixir's operators that need both values.
/// Integers above 64 bits are compared, not calculated with. Throws `failure`.
term apply_operator(std::string_view symbol, const term& left, const term& right);
/// `-value`, `not value`, `!value`.
term apply_operator(std::string_view symbol, const term& value);

/// Everything but `false` and `nil`.
bool is_truthy(const term& value);

} // namespace sedge::shell
