// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "console.hpp"

#include <sedge/base/task.hpp>
#include <sedge/term/atom.hpp>

namespace sedge {
class node;
}
namespace sedge::otp {
class function_table;
}

namespace sedge::shell {

struct shell_options {
    otp::function_table* functions = nullptr; ///< What `Mod.fun(...)` is looked up in.
    atom remote;                              ///< The node whose shell this is; empty: the one it runs on.
};

/// Reads, evaluates and prints until Ctrl-D, two Ctrl-C, `exit`, or the end of the input. Gives the exit status.
///
/// Lines are evaluated by a process of the node; if it ends (`Process.exit(self, :kill)`), a new one takes its place
/// and keeps the bindings.
///
/// Threads: the node's. `on` and `where` must outlive the task.
[[nodiscard]] task<int> run_shell(node& on, console& where, shell_options options);

/// Completion for the console of a shell.
completion complete_for(node& on, const shell_options& options, std::string_view text);

} // namespace sedge::shell
