// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <string>

namespace sedge::test {

/// A term in the notation of the recorded streams: Erlang's syntax with every field of identifiers spelled out,
/// `#Pid<node.id.serial.creation>`, and long binaries shortened.
std::string notation(const term_view& t);

} // namespace sedge::test
