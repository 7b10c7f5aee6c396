// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <optional>
#include <string>

namespace sedge {

// Terms as text, on one line, as OTP 25 and Elixir 1.14 print them. What differs:
//
// - Identifiers show the name of their node, `<node2@host.138.0>`, where Erlang shows a number that means something
//   on the printing node only. Those of `local_node` show 0, as in Erlang.
// - Integers beyond limits::integer_decimal_bytes_max are hexadecimal; characters that turn the direction of writing
//   are escaped; structs of modules other than Elixir's own print as maps, as where the module is not loaded.
//
// None of these functions recurses, and the time they take is bounded by the size of term and text.

struct text_options {
    /// Pids of this node print as `<0.138.0>`, others with their node's name: `<node2@host.138.0>`.
    std::optional<atom> local_node;
    std::size_t bytes_max = 1u << 20; ///< Longer text is cut and ends in `...`.
};

/// As `io:format("~0tp")`: lists and binaries that look like text in quotes.
std::string to_erlang(const term_view& t, const text_options& options = {});
/// As `io:format("~tw")`: lists and binaries as numbers.
std::string to_erlang_plain(const term_view& t, const text_options& options = {});
/// As `inspect(term, limit: :infinity, printable_limit: :infinity, width: :infinity)`.
std::string to_elixir(const term_view& t, const text_options& options = {});

} // namespace sedge
