// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <cstddef>
#include <string>

namespace sedge::shell {

/// As Elixir's `inspect` on one line. Pids name their node, `#PID<node2@172.24.176.2.138.0>`, so that they can be
/// pasted into any shell of the cluster.
std::string inspect(const term_view& value);

/// The same, but a container that is wider than `columns` has its elements on lines of their own, as in iex.
std::string show(const term_view& value, std::size_t columns);

/// `Node`, `:rpc`: the name of a module as Elixir writes it.
std::string module_name(std::string_view atom_text);

/// `Node.list/0`.
std::string function_name(std::string_view module, std::string_view function, std::size_t arity);

} // namespace sedge::shell
