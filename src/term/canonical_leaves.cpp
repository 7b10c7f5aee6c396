// SPDX-License-Identifier: Apache-2.0
//
// The canonicaliser's part for terms without elements: each reads one tag, in its present or in an old form, checks
// it and leaves the form that OTP 25 and later send. Layouts stand in tags.hpp.

#include "term/canonical.hpp"
#include "term/utf8.hpp"
#include <sedge/term/tags.hpp>

#include <charconv>
#include <cmath>

namespace sedge::etf {

namespace {
constexpr std::uint32_t old_reference_word_end = 1u << 18;
constexpr std::uint8_t old_creation_max = 3;
} // namespace

bool canonicaliser::read_atom() {
    if (!has(2)) return cut();
    const std::uint8_t* p = here();
    switch (*p) {
    case small_atom_utf8: {
        const std::size_t size = p[1];
        if (!has(2 + size)) return cut();
        if (!utf8::is_valid({reinterpret_cast<const char*>(p + 2), size})) return fail("atom is not UTF-8");
        return keep(2 + size);
    }
    case atom_utf8: {
        if (!has(3) || !has(3 + std::size_t{load16(p + 1)})) return cut();
        const std::string_view text{reinterpret_cast<const char*>(p + 3), load16(p + 1)};
        if (!atom::is_valid(text)) return fail("atom is not UTF-8 or has more than 255 characters");
        if (text.size() > 255) return keep(3 + text.size());
        rewrite(3 + text.size()).atom(text);
        return true;
    }
    case small_atom_latin1: return read_latin1_atom(2, p[1]);
    case atom_latin1:
        if (!has(3)) return cut();
        return read_latin1_atom(3, load16(p + 1));
    case atom_cache_ref:
        if (p[1] >= options_.header_atoms.size()) return fail("no such atom in the header");
        rewrite(2).atom(options_.header_atoms[p[1]].text());
        return true;
    default: return fail("not an atom");
    }
}

bool canonicaliser::read_latin1_atom(std::size_t head_bytes, std::size_t size) {
    if (size > limits::atom_characters_max) return fail("atom has more than 255 characters");
    if (!has(head_bytes + size)) return cut();
    std::string text;
    for (const auto c : in_.subspan(at_ + head_bytes, size)) utf8::append(text, c);
    rewrite(head_bytes + size).atom(text);
    return true;
}

bool canonicaliser::read_big(std::size_t head_bytes, std::size_t size) {
    if (!has(head_bytes + size)) return cut();
    const auto magnitude = in_.subspan(at_ + head_bytes, size);
    const auto sign = here()[head_bytes - 1];
    const bool needs_tag =
        size > 4 || (size == 4 && (magnitude[3] > 0x80 || (magnitude[3] == 0x80 && sign == 0) ||
                                   (magnitude[3] == 0x80 && (magnitude[0] | magnitude[1] | magnitude[2]) != 0)));
    if (needs_tag && magnitude.back() != 0 && sign <= 1 && (head_bytes == 3 || size > 255)) {
        return keep(head_bytes + size);
    }
    rewrite(head_bytes + size).big_integer(sign != 0, magnitude);
    return true;
}

/// Text as `%.20e` prints it: sign, digits, a point, digits, perhaps an exponent; the rest is padding.
bool canonicaliser::read_old_float() {
    if (!has(32)) return cut();
    auto text = as_text(in_.subspan(at_ + 1, 31));
    text = text.substr(0, text.find('\0'));
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::size_t lead = text.starts_with('-') ? 1 : 0;
    const auto point = text.find('.');
    double value = 0;
    if (text.size() <= lead || !digit(text[lead]) || point == text.npos || point + 1 >= text.size() ||
        !digit(text[point + 1])) {
        return fail("not a float");
    }
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || code != std::errc{} || !std::isfinite(value)) return fail("not a float");
    rewrite(32).floating(value);
    return true;
}

bool canonicaliser::read_bitstring() {
    if (!has(6)) return cut();
    const std::size_t size = load32(here() + 1);
    const int bits = here()[5];
    if (!has(6 + size)) return cut();
    if (bits > 8 || (size == 0) != (bits == 0)) return fail("impossible number of bits");
    const auto bytes = in_.subspan(at_ + 6, size);
    if (size > 0 && bits < 8 && (bytes.back() & (0xff >> bits)) == 0) return keep(6 + size);
    rewrite(6 + size).bitstring(bytes, size == 0 ? 8 : bits);
    return true;
}

bool canonicaliser::read_pid() {
    const bool is_old = *here() == old_pid;
    if (is_old) {
        rewrite(1);
        *out_.extend(1) = new_pid;
    } else {
        keep(1);
    }
    if (!has(1)) return cut();
    if (!read_atom()) return false;
    if (!is_old) return keep(12);
    if (!has(9)) return cut();
    const auto creation = here()[8];
    if (creation > old_creation_max) return fail("creation above 3");
    keep(8);
    drop(1);
    store32(out_.extend(4), creation);
    return true;
}

bool canonicaliser::read_port() {
    const auto tag = *here();
    const std::size_t start = position();
    keep(1);
    if (!has(1)) return cut();
    if (!read_atom()) return false;
    const std::size_t id_bytes = tag == v4_port ? 8 : 4;
    const std::size_t creation_bytes = tag == old_port ? 1 : 4;
    if (!has(id_bytes + creation_bytes)) return cut();
    const std::uint64_t id = tag == v4_port ? load64(here()) : load32(here());
    const std::uint32_t creation = tag == old_port ? here()[4] : load32(here() + id_bytes);
    if (tag == old_port && creation > old_creation_max) return fail("creation above 3");
    const auto wanted = id >= v4_port_id_min ? v4_port : new_port;
    if (tag == wanted) return keep(id_bytes + 4);
    drop(id_bytes + creation_bytes);
    out_.data()[start] = wanted;
    if (wanted == v4_port) {
        store64(out_.extend(8), id);
    } else {
        store32(out_.extend(4), static_cast<std::uint32_t>(id));
    }
    store32(out_.extend(4), creation);
    return true;
}

bool canonicaliser::read_reference() {
    const auto tag = *here();
    if (tag == newer_reference) {
        if (!has(4)) return cut();
        const std::size_t words = load16(here() + 1);
        if (words == 0 || words > limits::reference_words_max) return fail("reference of too many words, or none");
        keep(3);
        return read_atom() && keep(4 + 4 * words);
    }
    std::size_t words = 1;
    if (tag == new_reference) {
        if (!has(4)) return cut();
        words = load16(here() + 1);
        if (words == 0 || words > limits::reference_words_max) return fail("reference of too many words, or none");
        drop(3);
    } else {
        drop(1);
    }
    *out_.extend(1) = newer_reference;
    store16(out_.extend(2), words);
    if (!has(1)) return cut();
    if (!read_atom()) return false;
    if (!has(1 + 4 * words)) return cut();
    // REFERENCE has the creation behind its word, NEW_REFERENCE before its words.
    const auto* p = here();
    const auto creation = tag == new_reference ? p[0] : p[4];
    const auto* first = tag == new_reference ? p + 1 : p;
    if (creation > old_creation_max) return fail("creation above 3");
    if (load32(first) >= old_reference_word_end) return fail("first word of an old reference above 18 bits");
    drop(1 + 4 * words);
    store32(out_.extend(4), creation);
    out_.append({first, 4 * words});
    return true;
}

/// An INTEGER or SMALL_INTEGER from 0 to `max`.
bool canonicaliser::read_small_integer_as(std::uint32_t max) {
    if (!has(2)) return cut();
    if (*here() == small_integer) return here()[1] <= max ? keep(2) : fail("number out of range");
    if (*here() != integer) return fail("not a small integer");
    if (!has(5)) return cut();
    const auto value = load32(here() + 1);
    if (value > max) return fail("number out of range");
    if (value > 255) return keep(5);
    rewrite(5).integer(value);
    return true;
}

bool canonicaliser::read_export() {
    keep(1);
    return read_atom() && read_atom() && read_small_integer_as(255);
}

/// `112 size:32 arity:8 id:16 index:32 free:32 module index unique pid`, then the free variables.
bool canonicaliser::read_fun() {
    constexpr std::size_t head_bytes = 1 + 4 + 1 + 16 + 4 + 4;
    if (!has(head_bytes)) return cut();
    const std::size_t free = load32(here() + head_bytes - 4);
    if (free > limits::fun_free_variables_max) return fail("fun with too many free variables");
    if (frames_.size() == options_.nesting_max) return fail("nesting", term_errc::too_deep);
    const auto start = position();
    keep(head_bytes);
    constexpr std::uint32_t any = 0xffffffff;
    if (!read_atom() || !read_small_integer_as(any) || !read_small_integer_as(any)) return false;
    if (!has(1)) return cut();
    if (*here() != new_pid && *here() != old_pid) return fail("fun without a pid");
    if (!read_pid()) return false;
    if (!can_follow(free, 0)) return fail("more elements than bytes");
    frames_.push({start, free + 1, keys_.size(), maps_seen_, shape::fun}); // + 1 for the head that is read now
    return element_done();
}

} // namespace sedge::etf
