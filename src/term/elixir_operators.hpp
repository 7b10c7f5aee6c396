// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace sedge::elixir {

/// Operators and containers that Elixir writes as atoms and as keys without quotes, `:<<>>` and `[+: 1]`, longest
/// first, so that the first that fits is the one that stands there. The words `and`, `or`, `in` read as names do.
inline constexpr std::array<std::string_view, 48> operator_atoms{
    "..//", "<<>>", "!==", "%{}", "&&&", "+++", "---", "...", "<<<", "<<~", "<~>", "===", ">>>", "|||",  "~>>", "!=",
    "&&",   "**",   "++",  "--",  "->",  "..",  "<-",  "<=",  "<>",  "<~",  "==",  "=~",  ">=",  "\\\\", "{}",  "|>",
    "||",   "~>",   "!",   "%",   "&",   "*",   "+",   "-",   ".",   "/",   "<",   "=",   ">",   "@",    "^",   "|"};

} // namespace sedge::elixir
