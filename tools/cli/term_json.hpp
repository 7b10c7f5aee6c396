// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <boost/json/value.hpp>

namespace sedge::cli {

/// A term as JSON, for programs: numbers, `true`, `false` and `nil` as themselves; other atoms and UTF-8 binaries as
/// strings; lists and tuples as arrays; maps as objects, keys as text. What JSON has no form for (pids, big integers,
/// other binaries, ...) is the string that `inspect` gives.
boost::json::value to_json(const term_view& t);

} // namespace sedge::cli
