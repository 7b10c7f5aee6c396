// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/dist/slot_table.hpp>
#include <sedge/term/atom.hpp>

#include <optional>
#include <vector>

namespace sedge::dist {

/// The receiving half of the atom cache of one connection: 2048 slots that the sender fills through packet headers.
/// A core. Headers must be read in the order of their packets, also of packets that are dropped.
class atom_cache {
public:
    static constexpr std::size_t slots = 2048;

    /// `known` are atoms that are used in place of equal ones that come: the names of both nodes, which stand in every
    /// pid, are then found equal at first sight.
    explicit atom_cache(std::vector<atom> known = {}) noexcept : known_(std::move(known)) {}

    /// Reads the references at the start of a header (the count and what follows), updates the cache, and puts the
    /// atom of each reference into `into`. Gives the number of bytes read.
    /// Errors: errc::bad_packet for a header that is cut, names an empty slot, or holds text that is no atom.
    result<std::size_t> read_header(byte_view bytes, std::vector<atom>& into);

private:
    [[nodiscard]] atom make(std::string_view text) const;

    std::vector<atom> known_;
    slot_table<std::optional<atom>> slots_;
};

} // namespace sedge::dist
