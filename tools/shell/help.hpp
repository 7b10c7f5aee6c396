// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session.hpp"

#include <sedge/term/elixir_syntax.hpp>

#include <string>

namespace sedge::shell {

/// `h`: what this shell takes, with all of its functions.
std::string help();

/// `h Node.connect`, `h Node`, `h flush`: the usage and sentence of each function that is meant.
std::string help_for(const session& state, const elixir::expression& what);

} // namespace sedge::shell
