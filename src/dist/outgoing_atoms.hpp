// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/term/encoder.hpp>

#include <cstdint>
#include <memory>
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
    /// Appends header and terms.
    void write(encode_buffer& out) const;

    /// What was added to a header, to be added to another one without looking for its atoms.
    struct template_of_terms {
        struct atom_used {
            std::uint16_t slot = 0;
            atom text;
        };
        std::vector<atom_used> atoms; ///< In the order of their references, from 0 on.
        byte_buffer terms;
    };
    /// What was added since `begin`.
    [[nodiscard]] template_of_terms remember() const;
    /// Adds the same again, right after `begin`. False if the cache has lost one of its atoms; nothing is added then.
    bool add_again(const template_of_terms& remembered);

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
    std::optional<std::uint8_t> refer_to(std::string_view text);

    std::unique_ptr<slot[]> slots_; // made with the first atom: 32 KiB
    std::uint32_t header_ = 0;      // number of the header at hand
    bool long_texts_ = false;       // in the header at hand
    std::vector<reference> references_;
    encode_buffer terms_;
};

} // namespace sedge::dist
