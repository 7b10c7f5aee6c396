// SPDX-License-Identifier: Apache-2.0
//
// The references in front of a packet's terms (External Term Format 12.3):
//
//   n:8  flags:(n/2 + 1) bytes, if n > 0  n references
//
// The flags are n + 1 nibbles, the even ones in the low half of their byte. Nibble i < n: bit 3 says that reference i
// brings a new text, bits 0 to 2 are the segment of its slot. The last nibble: bit 0 says that lengths are 16 bits.
// A reference is index:8, and for a new one length:8 or 16 and the text. Its slot is segment * 256 + index.
//
// Reference i stands for what its slot holds right after reference i: the same header may fill a slot twice.
#include <sedge/dist/atom_cache.hpp>
#include <sedge/dist/error.hpp>

namespace sedge::dist {

atom atom_cache::make(std::string_view text) const {
    for (const auto& one : known_)
        if (one == text) return one;
    return atom{text};
}

result<std::size_t> atom_cache::read_header(byte_view bytes, std::vector<atom>& into) {
    reader in{bytes};
    const std::size_t count = in.u8();
    if (!in.ok()) return error{errc::bad_packet, "header without a count"};
    if (count == 0) {
        into.clear();
        return in.offset();
    }
    const byte_view nibbles = in.take(count / 2 + 1);
    if (!in.ok()) return error{errc::bad_packet, "header cut in its flags"};
    const auto nibble = [&](std::size_t i) { return nibbles[i / 2] >> (i % 2 * 4) & 0x0f; };
    const bool long_texts = (nibble(count) & 1) != 0;

    into.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto flag = nibble(i);
        const std::size_t index = in.u8();
        auto& slot = slots_[static_cast<std::size_t>(flag & 7) * 256 + index];
        if ((flag & 8) != 0) {
            const std::size_t size = long_texts ? in.u16() : in.u8();
            const auto text = as_text(in.take(size));
            if (!in.ok()) return error{errc::bad_packet, "header cut in an atom"};
            if (!atom::is_valid(text)) return error{errc::bad_packet, "header with text that is not an atom"};
            slot.emplace(make(text));
        }
        if (!in.ok()) return error{errc::bad_packet, "header cut in a reference"};
        if (!slot) return error{errc::bad_packet, "header refers to an empty slot of the atom cache"};
        if (into[i] != *slot) into[i] = *slot; // mostly it is what the packet before had there
    }
    return in.offset();
}

} // namespace sedge::dist
