// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>
#include <sedge/term/term.hpp>

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

namespace sedge::shell {

class evaluator;

/// A function that the shell itself serves. Everything else goes to the node's function table, or, in a remote
/// shell, to the other node.
struct shell_function {
    using at_once = term (*)(evaluator&, const std::vector<term>& arguments);
    using waiting = task<term> (*)(evaluator&, std::vector<term> arguments);

    std::string_view module;   ///< As an atom's text, `Elixir.Node`; empty: called without a module.
    std::string_view name;
    std::size_t arity_least = 0;
    std::size_t arity_most = 0;
    std::variant<at_once, waiting> run; ///< Throws `failure`.
    std::string_view usage;    ///< `Node.connect(:"name@host")`
    std::string_view help;     ///< One sentence.
    bool always_here = true;   ///< False: in a remote shell the other node is asked instead.
};

/// In the order in which `h` shows them.
const std::vector<shell_function>& shell_functions();

/// Null if the shell has no such function.
const shell_function* find_function(std::string_view module, std::string_view name, std::size_t arity);

// The parts of the table, one file each.
std::vector<shell_function> gen_functions();
std::vector<shell_function> kernel_functions();
std::vector<shell_function> node_functions();
std::vector<shell_function> process_functions();

} // namespace sedge::shell
