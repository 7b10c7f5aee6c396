// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session.hpp"

#include <sedge/base/task.hpp>
#include <sedge/otp/outcome.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/elixir_syntax.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sedge::shell {

/// Evaluates expressions as one process of a node: `self` is that process, and what is sent to it can be flushed.
///
/// Calls are looked up in this order: the shell's own functions (`functions.hpp`), then the node's function table,
/// or, in a remote shell, the other node by erpc.
///
/// Life:    inside of the process's body. Threads: the node's.
class evaluator {
public:
    evaluator(process& self, session& state) : self_(self), state_(state) {}

    /// The value of the last one. Throws `failure`. Destroying the task stops the evaluation where it waits.
    /// `input` must outlive the task.
    [[nodiscard]] task<term> run(const std::vector<elixir::expression>& input);

    /// Calls a function as an expression would. An empty module: a function of the shell.
    [[nodiscard]] task<term> call(std::string module, std::string function, std::vector<term> arguments);
    /// The same on another node. Connects first; throws `failure` if that does not succeed.
    [[nodiscard]] task<term> call_on(atom node, std::string module, std::string function, std::vector<term> arguments);

    /// The incarnation of `node` that a pasted pid belongs to: the one that is connected; it is connected if need
    /// be. Throws `failure`.
    [[nodiscard]] task<std::uint32_t> creation_of(atom node);

    [[nodiscard]] process& self() noexcept { return self_; }
    [[nodiscard]] session& state() noexcept { return state_; }
    void print(std::string_view lines) { state_.print(lines); }
    [[nodiscard]] time_point deadline_of_calls();

private:
    struct visitor;
    task<term> value_of(const elixir::expression& e);
    task<std::vector<term>> values_of(const std::vector<elixir::expression>& items);
    task<term> value_of_name(const elixir::variable& name);
    task<term> value_of_operation(const elixir::operation& node);
    task<term> value_of_call(const elixir::call& node);
    task<term> call_here(std::string module, std::string function, std::vector<term> arguments);

    process& self_;
    session& state_;
};

/// The value of an outcome; throws what Elixir would show for the others.
term value_or_failure(const otp::outcome& what, std::string_view module, std::string_view function,
                      std::size_t arity, std::string_view on = {});
term value_or_failure(const otp::remote_outcome& what, std::string_view module, std::string_view function,
                      std::size_t arity, const atom& on);

/// `function Node.lst/0 is undefined. Did you mean Node.list/0?`
failure undefined_function(const session& state, std::string_view module, std::string_view function, std::size_t arity);

} // namespace sedge::shell
