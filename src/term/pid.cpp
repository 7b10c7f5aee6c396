// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/term/pid.hpp>

#include "term/text_structs.hpp"

namespace sedge {

std::strong_ordering operator<=>(const pid& a, const pid& b) noexcept {
    if (auto order = a.serial <=> b.serial; order != 0) return order;
    if (auto order = a.id <=> b.id; order != 0) return order;
    if (auto order = a.node <=> b.node; order != 0) return order;
    return a.creation <=> b.creation;
}

std::strong_ordering operator<=>(const port& a, const port& b) noexcept {
    if (auto order = a.node <=> b.node; order != 0) return order;
    if (auto order = a.creation <=> b.creation; order != 0) return order;
    return a.id <=> b.id;
}

std::strong_ordering operator<=>(const reference& a, const reference& b) noexcept {
    if (auto order = a.node <=> b.node; order != 0) return order;
    if (auto order = a.creation <=> b.creation; order != 0) return order;
    // Unused words are zero, so a shorter reference is one with leading zeros, as in Erlang.
    for (std::size_t i = a.words.size(); i-- > 0;) {
        if (auto order = a.words[i] <=> b.words[i]; order != 0) return order;
    }
    return a.size <=> b.size;
}

namespace {
/// A node's name may come from a stranger and go to a terminal.
std::string safe(const atom& node) {
    text::output out{4 * limits::atom_characters_max};
    text::write_plain(out, node.text());
    return std::move(out).finish();
}
} // namespace

std::string to_string(const pid& p) {
    return "#PID<" + safe(p.node) + '.' + std::to_string(p.id) + '.' + std::to_string(p.serial) + '>';
}

std::string to_string(const port& p) { return "#Port<" + safe(p.node) + '.' + std::to_string(p.id) + '>'; }

std::string to_string(const reference& r) {
    std::string words;
    for (std::size_t i = r.size; i-- > 0;) words += '.' + std::to_string(r.words[i]);
    return "#Reference<" + safe(r.node) + words + '>';
}

} // namespace sedge
