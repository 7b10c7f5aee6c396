// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/dist/slot_table.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/term/encoder.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sedge::dist {

/// The sending half of the atom cache of one connection: what `atom_cache` on the other side knows. A core.
///
/// For each packet: `begin`, `add` its terms, then `write`. Headers must be written in the order in which they were
/// begun, each of them exactly once: a header that is made and not sent leaves the two caches different.
class outgoing_atoms {
public:
    static constexpr std::size_t slots = 2048;
    static constexpr std::size_t references_max = 255; ///< Of one header; further atoms are spelled out.

    void begin();
    /// One canonical term, without version byte.
    void add(byte_view canonical);
    /// References, and bytes of the terms, so far.
    [[nodiscard]] std::size_t count() const noexcept { return references_.size(); }
    [[nodiscard]] std::size_t terms_size() const noexcept { return terms_.size(); }
    /// Appends header and terms.
    void write(encode_buffer& out) const;

    /// The atoms of a header that brings none, for more packets with the same header.
    struct known_atoms {
        std::vector<atom> texts;   ///< In the order of their references, from 0 on.
        std::uint64_t changes = 0; ///< As of `changes`: it can be used while that stays the same.
    };
    /// Of the header at hand; nothing if it brings a new atom.
    [[nodiscard]] std::optional<known_atoms> known() const;
    /// How often a slot has got another atom.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
    /// Appends one canonical term with these references, if its header would be that of `atoms`: behind the first
    /// `first` it has the same ones in the same order. False if not; nothing is appended then.
    static bool append_with(const known_atoms& atoms, std::size_t first, byte_view canonical, encode_buffer& out);

private:
    struct slot {
        atom text;
        std::uint32_t header = 0; ///< The last one that refers to it; 0: empty.
        std::uint8_t reference = 0;
    };
    struct reference {
        std::uint16_t slot = 0;
        bool is_new = false;
    };
    int refer_to(std::string_view text);

    slot_table<slot> slots_;
    std::uint64_t changes_ = 0;
    std::uint32_t header_ = 0; // number of the header at hand
    bool long_texts_ = false;  // in the header at hand
    std::vector<reference> references_;
    encode_buffer terms_;
};

} // namespace sedge::dist
