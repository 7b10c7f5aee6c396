// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <optional>
#include <string>

namespace sedge {

struct text_options {
    /// Pids of this node print as `<0.138.0>`, others with their node's name: `<node2@host.138.0>`.
    std::optional<atom> local_node;
    std::size_t bytes_max = 1u << 20; ///< Longer text is cut and ends in `...`.
};

/// As `io:format("~p")` prints it on one line (strings as "..", no line breaks).
std::string to_erlang(const term_view& t, const text_options& options = {});
/// As `io:format("~w")` prints it: no strings, no line breaks.
std::string to_erlang_plain(const term_view& t, const text_options& options = {});
/// As Elixir's `inspect(term, limit: :infinity)` prints it on one line.
std::string to_elixir(const term_view& t, const text_options& options = {});

} // namespace sedge
