// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <boost/json/value.hpp>

namespace sedge::cli {

/// A term for programs that do not speak Erlang: atoms and texts are strings, tuples and lists arrays, keyword lists
/// and maps objects; `nil` and `undefined` are null; what JSON has no form for (pids, other binaries, big integers)
/// is the text that `inspect` gives. Containers deeper than 64 levels are such text as well.
boost::json::value to_json(const term_view& value);

/// One line on standard output.
void print_json(const boost::json::value& value);

} // namespace sedge::cli
