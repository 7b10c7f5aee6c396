// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/atom.hpp>
#include <sedge/term/term.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::otp {
class function_table;
}

namespace sedge::shell {

/// Thrown by everything that evaluates: what the shell shows as `** (ArgumentError) text`.
struct failure {
    std::string kind; ///< `ArgumentError`, `UndefinedFunctionError`, ...
    std::string text;
};

/// What one shell remembers between its lines; it outlives the process that evaluates them.
struct session {
    static constexpr std::size_t results_max = 1000; ///< What `v` can go back to; each may be a whole message.

    std::map<std::string, term> bindings;
    std::vector<std::optional<term>> results;        ///< Of line 1, 2, ...; nothing where the line failed, or long ago.
    std::function<void(std::string_view)> print;     ///< Whole lines, without the last newline.
    otp::function_table* functions = nullptr;        ///< Of this node: what any `Mod.fun(...)` is looked up in.
    atom remote;                                     ///< The node on which `Mod.fun(...)` is called; empty: this one.
    std::size_t columns = 80;                        ///< Longer values are shown on several lines.
    std::optional<int> exit_status;                  ///< Set: the shell ends.

    void remember(std::optional<term> value) {
        results.push_back(std::move(value));
        if (results.size() > results_max) results[results.size() - results_max - 1].reset();
    }
};

} // namespace sedge::shell
