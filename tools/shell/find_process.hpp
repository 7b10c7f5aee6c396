// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluator.hpp"

#include <sedge/term/elixir_syntax.hpp>
#include <sedge/term/pid.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace sedge::shell {

/// The pid behind `<0.ID.SERIAL>`, a text that does not say which node's it is: the process of this node (in a
/// remote shell, of that node) with these numbers if it lives, else the only one in the cluster that has them.
///
/// Asks all connected nodes. Throws `failure` if none or several have one; the sentence lists them ready to paste.
[[nodiscard]] task<pid> process_numbered(evaluator& e, std::uint32_t id, std::uint32_t serial);

/// The process `id.serial` of `node`, which is connected if need be. Throws `failure`.
[[nodiscard]] task<pid> process_of(evaluator& e, atom node, std::uint32_t id, std::uint32_t serial);

/// What a pasted `#PID<...>`, `#Reference<...>` or `#Port<...>` stands for. Throws `failure`.
[[nodiscard]] task<term> pasted_value(evaluator& e, elixir::pasted text);

/// `0.138.0`, `<0.138.0>`, `node2@172.24.176.2.138.0` or `#PID<...>` as a pasted pid, or nothing.
std::optional<elixir::pasted> pid_text(std::string_view text);

} // namespace sedge::shell
