// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/text.hpp>

#include "term/text_out.hpp"

namespace sedge::text {

enum class dialect : std::uint8_t { erlang, erlang_plain, elixir };

/// Prints what needs no stack: terms without elements, and lists of characters.
class leaf_writer {
public:
    /// Both must outlive this.
    leaf_writer(output& out, dialect d, const text_options& options) : out_(out), dialect_(d), options_(options) {}

    [[nodiscard]] bool is_elixir() const { return dialect_ == dialect::elixir; }
    [[nodiscard]] std::string_view separator() const { return is_elixir() ? ", " : ","; }

    /// Precondition: a canonical term that is not a tuple, LIST or map. With `as_numbers` no list looks like text.
    void write(const std::uint8_t* p, bool as_numbers);

    /// Prints a LIST whose elements are all characters as text; false, and nothing printed, if it is another one. Most
    /// lists show at their first element that they are not.
    bool write_as_text(const std::uint8_t* list);

private:
    [[nodiscard]] bool is_text_character(std::uint8_t c) const;
    void write_text(const std::uint8_t* first, std::size_t stride, std::size_t count);
    void write_numbers(byte_view bytes);
    void write_string(const std::uint8_t* p, bool as_numbers);
    void write_atom(std::string_view atom);
    void write_binary(byte_view bytes);
    bool write_binary_as_text(byte_view bytes);
    void write_bitstring(const std::uint8_t* p);
    void write_node(std::string_view node);
    void write_pid(const std::uint8_t* p);
    void write_port(const std::uint8_t* p);
    void write_reference(const std::uint8_t* p);
    void write_export(const std::uint8_t* p);
    void write_fun(const std::uint8_t* p);

    output& out_;
    dialect dialect_;
    const text_options& options_;
};

} // namespace sedge::text
