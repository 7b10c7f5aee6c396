// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include <optional>

namespace sedge::etf {

/// A term that was found to be what most terms from present nodes are.
struct common_case {
    byte_view canonical;      ///< Part of the input, or in the scratch memory.
    std::size_t consumed = 0; ///< Bytes of the input that the term took.
};

/// The short way for terms from outside, several times faster than the canonicaliser: checks the same things, but
/// takes only what is canonical already, and atoms of the packet's header, which it spells out into `scratch`.
/// Nothing: the term is something else, or no term; the canonicaliser tells which.
std::optional<common_case> find_common_case(byte_view bytes, const decode_options& options, encode_buffer& scratch);

} // namespace sedge::etf
