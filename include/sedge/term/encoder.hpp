// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/term/pid.hpp>

#include <cstdint>
#include <string_view>

namespace sedge {

class term_view;
class term;

/// Appends canonical encodings to a buffer, so that a message is written once, straight where it leaves from.
///
/// A container is announced with its size and followed by exactly that many elements:
/// `out.tuple(2); out.atom("ok"); out.integer(42);`. A list is `list(n)`, n elements, and a tail (`nil()` for a
/// proper list; the tail must not be a list with elements); maps are `map(n)` and n times key, value with
/// distinct keys. `list(0)` writes nothing, so that the tail alone remains.
class encoder {
public:
    explicit encoder(byte_buffer& out) noexcept : out_(&out) {}

    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    /// Magnitude little-endian; need not be minimal.
    void big_integer(bool negative, byte_view magnitude);
    /// Precondition: finite (Erlang has no NaN and no infinity).
    void floating(double value);
    /// Precondition: atom::is_valid(text).
    void atom(std::string_view text);
    void boolean(bool value) { atom(value ? "true" : "false"); }
    void binary(byte_view bytes);
    void string(std::string_view utf8) { binary(as_bytes(utf8)); } ///< An Elixir string is a binary.
    /// An Erlang string: the list of the text's code points. Precondition: valid UTF-8.
    void charlist(std::string_view utf8);
    void bitstring(byte_view bytes, int bits_in_last_byte);
    void tuple(std::size_t arity);
    void list(std::size_t length);
    void nil();
    /// The list of these integers, in the short form that OTP uses for it.
    void byte_list(byte_view bytes);
    void map(std::size_t pairs);
    void pid(const sedge::pid& value);
    void port(const sedge::port& value);
    void reference(const sedge::reference& value);
    /// `fun Module:Function/Arity`, the one kind of fun that C++ can make.
    void export_fun(std::string_view module, std::string_view function, std::uint8_t arity);
    /// A whole term.
    void copy(const term_view& value);

    byte_buffer& buffer() noexcept { return *out_; }

private:
    byte_buffer* out_;
};

} // namespace sedge
