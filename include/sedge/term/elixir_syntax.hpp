// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/term/term.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

/// The part of Elixir's syntax that configuration files and shell lines are made of, as plain data.
///
/// It is a grammar of expressions, not a language: literals, containers, variables, calls with and without
/// parentheses, operators and `|>`. What is only recognised (`do` blocks, `fn`, interpolation) becomes an
/// `unsupported` node, so that one such line in a file does not make the rest of it unreadable.
namespace sedge::elixir {

/// Both count from 1; columns count characters.
struct position {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    friend bool operator==(const position&, const position&) = default;
};

struct expression;

/// A value that stands for itself: number, atom, alias (`A.B` is the atom `Elixir.A.B`), string, charlist, `?a`,
/// `&Mod.fun/1`.
struct literal {
    term value;
};

/// A pid, port or reference as shells print it: `#PID<node2@172.24.176.2.138.0>`, `#PID<0.138.0>`.
struct pasted {
    enum class kind { pid, port, reference };
    kind what = kind::pid;
    std::string node; ///< Empty if the text has a number there, which means something only where it was printed.
    std::vector<std::uint64_t>
        numbers; ///< What follows the node: pid `id, serial`, port `id`, reference words as printed.
};

/// A name alone. It may also be a call without arguments: `self`.
struct variable {
    std::string name;
};

/// `[a, b | tail]`. Keywords are elements: `[1, a: 2]` is `[1, {:a, 2}]`.
struct list {
    std::vector<expression> items;
    std::vector<expression> tail; ///< One, or none for a proper list.
};

struct tuple {
    std::vector<expression> items;
};

/// `%{k => v, a: 1}`; `%Name{...}` has the pair `__struct__: Name` in front. A key that comes twice keeps its last
/// value.
struct map {
    std::vector<expression> keys_and_values; ///< Key, value, key, value...
};

/// What stands behind `::` in `<<value::size(3)>>`.
struct segment {
    enum class kind { integer, floating, bytes, bits, utf8 };
    kind what = kind::integer; ///< A string literal in a binary is `bytes`.
    std::optional<std::uint32_t>
        size; ///< Bits of an integer (default 8) or float (64); bytes or bits of the others (all).
    bool little_endian = false;
};

struct binary {
    std::vector<expression> values;
    std::vector<segment> segments; ///< One for each value.
};

/// `f(a)`, `f a`, `Mod.f(a)`, `:mod.f a`, `Mod.f`. `a |> f(b)` is read as `f(a, b)`, `a[k]` as `Access.get(a, k)`.
/// The last argument is a list if keywords were given.
struct call {
    std::vector<expression> module; ///< One, or none for a local call.
    std::string function;
    std::vector<expression> arguments;
    bool parentheses = false; ///< False: `value.name` may also be a field of a map.
};

/// `left = right`, `not a`, `-a`, `a + b`, ...: the operator as written and one or two operands.
struct operation {
    std::string symbol;
    std::vector<expression> operands;
};

/// Text that is Elixir but has no meaning here.
struct unsupported {
    std::string what; ///< For a sentence: "a do ... end block".
};

struct expression {
    using node = std::variant<literal, pasted, variable, list, tuple, map, binary, call, operation, unsupported>;
    node value;
    position at;
    std::uint16_t nesting = 1; ///< Levels of this tree, at most `limits::syntax_nesting_max`: walking it may recurse.
};

} // namespace sedge::elixir

namespace sedge {

enum class syntax_errc {
    unexpected = 1, ///< The text is not an expression; the context says where, what was expected and what was found.
    incomplete,     ///< The text ends inside of an expression: a shell asks for another line.
    too_long,       ///< Above `limits::syntax_bytes_max` or another bound that the context names.
};
const std::error_category& syntax_category() noexcept;
inline std::error_code make_error_code(syntax_errc code) noexcept {
    return {static_cast<int>(code), syntax_category()};
}

/// The expressions of `text`, separated by newlines or `;`. Comments are skipped.
///
/// Errors: syntax_errc, with a context like `line 2, column 5: expected , or ] to close the [ of line 1, column 8,
/// found "foo"`.
result<std::vector<elixir::expression>> parse_elixir_expressions(std::string_view text);

/// `line 2, column 5`.
std::string to_string(elixir::position at);

} // namespace sedge

template <>
struct std::is_error_code_enum<sedge::syntax_errc> : std::true_type {};
