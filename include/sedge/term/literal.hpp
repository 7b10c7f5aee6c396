// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/term/elixir_syntax.hpp>
#include <sedge/term/term.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace sedge {

/// What text does not say about pids, ports and references.
struct literal_options {
    /// The node that `<0.138.0>` belongs to. Empty: such texts are refused.
    atom local_node;
    /// The incarnation that a pasted pid of `node` is taken to belong to; nothing if the node is not known.
    /// Not set: texts of pids, ports and references are refused.
    std::function<std::optional<std::uint32_t>(const atom& node)> creation_of;
};

/// One Elixir literal: numbers, atoms, aliases, strings, charlists, binaries, lists, keywords, tuples, maps, pids.
/// Nothing is evaluated. Errors: syntax_errc, with line, column, what was expected and what was found.
result<term> parse_elixir(std::string_view text, const literal_options& options = {});

/// One Erlang literal, with or without the final dot: `{a,'B c',"str",<<"bin">>,<<1,2>>,#{k => v},$a,16#ff,[a|b]}`.
/// Errors as above.
result<term> parse_erlang(std::string_view text, const literal_options& options = {});

/// The term that an expression stands for, if it is a literal all the way down; else syntax_errc::unexpected.
result<term> to_term(const elixir::expression& literal, const literal_options& options = {});

// Building terms from parts that are terms already; evaluators use them for containers with calls inside.

/// `[items... | tail]`; without items, the tail.
term build_list(std::vector<term> items, term tail);
term build_tuple(const std::vector<term>& items);
/// Key, value, key, value...; the last value of a key counts. Precondition: an even number.
term build_map(const std::vector<term>& keys_and_values);
/// Errors: errc::invalid_argument if a value does not fit its segment.
result<term> build_binary(const std::vector<term>& values, const std::vector<elixir::segment>& segments);
/// Errors: errc::invalid_argument if the numbers are out of range, or the node is not known.
result<term> build_pasted(const elixir::pasted& text, const literal_options& options);

} // namespace sedge
