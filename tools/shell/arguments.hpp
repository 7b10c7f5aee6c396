// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session.hpp"
#include "show.hpp"

#include <sedge/process/process.hpp>
#include <sedge/term/term.hpp>

#include <string>
#include <string_view>

namespace sedge::shell {

class evaluator;

/// The value of an argument, or a failure that says what was expected.
template <class T>
T argument(const term& value, std::string_view expected) {
    auto converted = value.as<T>();
    if (!converted) throw failure{"ArgumentError", "expected " + std::string{expected} + ", found " + inspect(value)};
    return *std::move(converted);
}

inline atom node_argument(const term& value) {
    return argument<atom>(value, "the name of a node, as in :\"node2@172.24.176.2\"");
}
inline pid pid_argument(const term& value) { return argument<pid>(value, "a pid"); }

/// A pid, a registered name, or `{name, node}`.
destination destination_argument(const term& value);

/// Milliseconds from now, or `:infinity`.
time_point deadline_argument(evaluator& e, const term& value);

inline term ok() { return term{atom{"ok"}}; }

} // namespace sedge::shell
