// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "console.hpp"
#include "session.hpp"

#include <sedge/base/task.hpp>

namespace sedge {
class node;
}

namespace sedge::shell {

/// Reads, evaluates and prints until Ctrl-D, two Ctrl-C, `exit`, or the end of the input. Gives the exit status.
///
/// Lines are evaluated by a process of the node; if it ends (`Process.exit(self, :kill)`), a new one takes its place
/// and keeps the bindings.
///
/// `state` says what is called where; its `print` is set here.
/// Threads: the node's. `on` and `state` must outlive the task.
[[nodiscard]] task<int> run_shell(node& on, std::shared_ptr<console> where, session& state);

/// Completion for the console of a shell.
completion complete_for(node& on, const session& state, std::string_view text);

} // namespace sedge::shell
