// SPDX-License-Identifier: Apache-2.0
//
// The header that atom_cache.cpp reads, written. An atom's slot is its hash; who comes to a slot that another atom has
// replaces it. Two atoms of one packet with the same slot: the second one is spelled out in its term, since a slot may
// be filled again only by the next header. So is everything beyond 255 different atoms.
//
// Terms are canonical encodings (see sedge/term/term.hpp). In External Term Format every term says what follows it, so
// one loop that counts the terms still to come finds all atoms, whatever the nesting. Everything between two atoms is
// copied in one piece. A fun says its own size in bytes, so it is copied as it is.
#include "dist/outgoing_atoms.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/term/tags.hpp>

#include <cstring>

namespace sedge::dist {

namespace {

using namespace etf; // tags and loads

std::size_t slot_of(std::string_view text) noexcept {
    std::uint32_t hash = 2166136261; // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619;
    return (hash ^ hash >> 16) % outgoing_atoms::slots;
}

/// Names are short: most need no call to be compared.
bool is_same(std::string_view a, std::string_view b) noexcept {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    if (size > 16) return a == b;
    const auto* const p = reinterpret_cast<const std::uint8_t*>(a.data());
    const auto* const q = reinterpret_cast<const std::uint8_t*>(b.data());
    if (size < 4) {
        for (std::size_t i = 0; i < size; ++i)
            if (p[i] != q[i]) return false;
        return true;
    }
    if (size < 8) return load32(p) == load32(q) && load32(p + size - 4) == load32(q + size - 4);
    return load64(p) == load64(q) && load64(p + size - 8) == load64(q + size - 8);
}

constexpr int spelled_out = -1;
constexpr int unwanted = -2;

/// Appends a canonical term. `refer` is told the text of each atom and says by which reference it is replaced;
/// `spelled_out`: by none; `unwanted`: the copy ends with false, and nothing is appended.
template <class Refer>
bool copy_with_references(byte_view canonical, encode_buffer& out, Refer&& refer) {
    const std::uint8_t* at = canonical.data();
    const std::uint8_t* const end = at + canonical.size();
    const std::uint8_t* kept = at; // from here on nothing is copied yet
    // A reference takes no more than an atom, so what is made is not larger.
    std::uint8_t* const made = out.extend(canonical.size());
    std::uint8_t* to = made;
    const auto copy_up_to = [&](const std::uint8_t* here) {
        const auto count = static_cast<std::size_t>(here - kept);
        copy_short(to, kept, count);
        to += count;
        kept = here;
    };
    const auto atom_here = [&] {
        const bool small = *at == small_atom_utf8;
        const std::size_t size = small ? at[1] : load16(at + 1);
        const std::uint8_t* const text = at + (small ? 2 : 3);
        const int index = refer(std::string_view{reinterpret_cast<const char*>(text), size});
        if (index >= 0) {
            copy_up_to(at);
            to[0] = atom_cache_ref;
            to[1] = static_cast<std::uint8_t>(index);
            to += 2;
            kept = text + size;
        }
        at = text + size;
        return index != unwanted;
    };
    bool wanted = true;
    for (std::size_t terms = 1; terms > 0 && wanted; --terms) {
        SEDGE_ASSERT(at < end);
        switch (*at) {
        case small_atom_utf8:
        case atom_utf8: wanted = atom_here(); break;
        case new_pid:
        case v4_port: ++at, wanted = atom_here(), at += 12; break;
        case new_port: ++at, wanted = atom_here(), at += 8; break;
        case newer_reference: {
            const std::size_t words = load16(at + 1);
            at += 3, wanted = atom_here(), at += 4 + 4 * words;
            break;
        }
        case small_tuple: terms += at[1], at += 2; break;
        case large_tuple: terms += std::size_t{load32(at + 1)}, at += 5; break;
        case list: terms += std::size_t{load32(at + 1)} + 1, at += 5; break;
        case map: terms += 2 * std::size_t{load32(at + 1)}, at += 5; break;
        case export_fun: terms += 3, at += 1; break;
        case small_integer: at += 2; break;
        case integer: at += 5; break;
        case new_float: at += 9; break;
        case nil: at += 1; break;
        case string: at += 3 + std::size_t{load16(at + 1)}; break;
        case binary: at += 5 + std::size_t{load32(at + 1)}; break;
        case bit_binary:
        case large_big: at += 6 + std::size_t{load32(at + 1)}; break;
        case small_big: at += 3 + std::size_t{at[1]}; break;
        case new_fun: at += 1 + std::size_t{load32(at + 1)}; break;
        default: SEDGE_ASSERT(false); // not canonical
        }
    }
    if (!wanted) return out.drop(canonical.size()), false;
    SEDGE_ASSERT(at == end);
    copy_up_to(end);
    out.drop(static_cast<std::size_t>(made + canonical.size() - to));
    return true;
}

} // namespace

void outgoing_atoms::begin() {
    if (++header_ == 0) { // after four thousand million packets: nothing may look like a reference of this header
        slots_.clear();
        header_ = 1;
        ++changes_;
    }
    long_texts_ = false;
    references_.clear();
    terms_.clear();
}

int outgoing_atoms::refer_to(std::string_view text) {
    const std::size_t index = slot_of(text);
    slot& s = slots_[index];
    const bool known = s.header != 0 && s.text == text;
    if (s.header == header_) return known ? int{s.reference} : spelled_out;
    if (references_.size() == references_max) return spelled_out;
    if (!known) {
        s.text = atom{text};
        ++changes_;
        long_texts_ = long_texts_ || text.size() > 255;
    }
    s.header = header_;
    s.reference = static_cast<std::uint8_t>(references_.size());
    references_.push_back({static_cast<std::uint16_t>(index), !known});
    return s.reference;
}

void outgoing_atoms::add(byte_view canonical) {
    copy_with_references(canonical, terms_, [this](std::string_view text) { return refer_to(text); });
}

std::optional<outgoing_atoms::known_atoms> outgoing_atoms::known() const {
    known_atoms all;
    all.changes = changes_;
    for (const auto& r : references_) {
        if (r.is_new) return std::nullopt;
        all.texts.push_back(slots_[r.slot].text);
    }
    return all;
}

bool outgoing_atoms::append_with(const known_atoms& atoms, std::size_t first, byte_view canonical, encode_buffer& out) {
    const auto& texts = atoms.texts;
    const std::size_t start = out.size();
    std::size_t next = first; // the atom that would be new to the header
    const auto refer = [&](std::string_view text) {
        if (next < texts.size() && is_same(texts[next].text(), text)) return static_cast<int>(next++);
        for (std::size_t i = 0; i < next; ++i)
            if (is_same(texts[i].text(), text)) return static_cast<int>(i);
        return unwanted;
    };
    if (!copy_with_references(canonical, out, refer)) return false;
    if (next == texts.size()) return true;
    out.drop(out.size() - start);
    return false;
}

void outgoing_atoms::write(encode_buffer& out) const {
    const std::size_t count = references_.size();
    if (count == 0) {
        *out.extend(1) = 0;
        return out.append(terms_.bytes());
    }
    const std::size_t flags_bytes = count / 2 + 1; // one nibble each, and one for the width of lengths
    std::uint8_t* const head = out.extend(1 + flags_bytes);
    std::memset(head, 0, 1 + flags_bytes);
    head[0] = static_cast<std::uint8_t>(count);
    const auto set = [at = out.size() - flags_bytes, &out](std::size_t i, std::size_t nibble) {
        out.data()[at + i / 2] |= static_cast<std::uint8_t>(nibble << (i % 2 * 4));
    };
    for (std::size_t i = 0; i < count; ++i) {
        const auto& r = references_[i];
        set(i, (r.is_new ? 8u : 0u) | r.slot / 256u);
        *out.extend(1) = static_cast<std::uint8_t>(r.slot % 256);
        if (!r.is_new) continue;
        const auto text = slots_[r.slot].text.text();
        if (long_texts_)
            store16(out.extend(2), text.size());
        else
            *out.extend(1) = static_cast<std::uint8_t>(text.size());
        copy_short(out.extend(text.size()), text.data(), text.size());
    }
    set(count, long_texts_ ? 1 : 0);
    out.append(terms_.bytes());
}

} // namespace sedge::dist
