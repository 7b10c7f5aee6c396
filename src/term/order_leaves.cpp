// SPDX-License-Identifier: Apache-2.0
#include "term/order_leaves.hpp"

#include <sedge/base/bytes.hpp>

#include "term/number.hpp"
#include "term/walk.hpp"

#include <algorithm>
#include <cmath>

namespace sedge::etf {

rank rank_of(const std::uint8_t* p) noexcept {
    switch (*p) {
    case small_integer:
    case integer:
    case small_big:
    case large_big:
    case new_float: return rank::number;
    case newer_reference: return rank::reference;
    case new_fun:
    case export_fun: return rank::fun;
    case new_port:
    case v4_port: return rank::port;
    case new_pid: return rank::pid;
    case small_tuple:
    case large_tuple: return rank::tuple;
    case map: return rank::map;
    case nil: return rank::nil;
    case string:
    case list: return rank::list;
    case binary:
    case bit_binary: return rank::bits;
    default: return rank::atom;
    }
}

namespace {

int order_magnitudes(const integer_parts& a, const integer_parts& b) noexcept {
    if (a.size != b.size) return sign_of(a.size, b.size);
    for (std::size_t i = a.size; i-- > 0;) {
        if (a.magnitude[i] != b.magnitude[i]) return sign_of(a.magnitude[i], b.magnitude[i]);
    }
    return 0;
}

int order_integers(const std::uint8_t* p, const std::uint8_t* q) noexcept {
    if (*p == small_integer && *q == small_integer) return sign_of(p[1], q[1]);
    const integer_parts a{p};
    const integer_parts b{q};
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    return a.negative ? order_magnitudes(b, a) : order_magnitudes(a, b);
}

/// By value and exactly, also where no double is near the integer.
int order_integer_and_float(const std::uint8_t* p, double d) noexcept {
    const integer_parts a{p};
    const auto bits = a.bits();
    if (bits <= 53) {
        const auto value = static_cast<double>(a.low());
        return sign_of(a.negative ? -value : value, d);
    }
    if (a.negative != (d < 0)) return a.negative ? -1 : 1;
    const int larger = a.negative ? -1 : 1; // the answer if the integer's magnitude is the larger
    int exponent = 0;
    const auto fraction = std::frexp(std::fabs(d), &exponent); // 0.5 <= fraction < 1
    if (exponent < 0 || bits != static_cast<std::size_t>(exponent)) {
        return exponent > 0 && bits < static_cast<std::size_t>(exponent) ? -larger : larger;
    }
    // Equally long: the 53 leading bits against the fraction; then any bit below makes the integer larger.
    const auto below = bits - 53;
    std::uint64_t lead = 0;
    for (std::size_t i = 0; i < 8 && below / 8 + i < a.size; ++i) {
        lead |= std::uint64_t{a.magnitude[below / 8 + i]} << (8 * i);
    }
    lead >>= below % 8;
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    if (lead != mantissa) return lead < mantissa ? -larger : larger;
    const auto* first = a.magnitude;
    const bool rest = std::any_of(first, first + below / 8, [](auto b) { return b != 0; }) ||
                      (first[below / 8] & ((1u << (below % 8)) - 1)) != 0;
    return rest ? larger : 0;
}

int order_pids(const std::uint8_t* a, const std::uint8_t* b) noexcept {
    const auto* p = skip_atom(a + 1); // id, serial, creation
    const auto* q = skip_atom(b + 1);
    if (int o = sign_of(load32(p + 4), load32(q + 4))) return o;
    if (int o = sign_of(load32(p), load32(q))) return o;
    if (int o = sign_of(atom_text(a + 1), atom_text(b + 1))) return o;
    return sign_of(load32(p + 8), load32(q + 8));
}

int order_ports(const std::uint8_t* a, const std::uint8_t* b) noexcept {
    const auto id = [](const std::uint8_t* p) {
        const auto* fields = skip_atom(p + 1);
        return *p == v4_port ? load64(fields) : load32(fields);
    };
    if (int o = sign_of(atom_text(a + 1), atom_text(b + 1))) return o;
    if (int o = sign_of(load32(skip_leaf(a) - 4), load32(skip_leaf(b) - 4))) return o; // creation
    return sign_of(id(a), id(b));
}

int order_references(const std::uint8_t* a, const std::uint8_t* b) noexcept {
    if (int o = sign_of(atom_text(a + 3), atom_text(b + 3))) return o;
    const auto* p = skip_atom(a + 3); // creation, words
    const auto* q = skip_atom(b + 3);
    if (int o = sign_of(load32(p), load32(q))) return o;
    const std::size_t p_words = load16(a + 1);
    const std::size_t q_words = load16(b + 1);
    for (std::size_t i = std::max(p_words, q_words); i > 0; --i) { // a missing word is zero
        const auto x = i <= p_words ? load32(p + 4 * i) : 0;
        const auto y = i <= q_words ? load32(q + 4 * i) : 0;
        if (x != y) return sign_of(x, y);
    }
    return sign_of(p_words, q_words);
}

int order_bytes(byte_view a, byte_view b) noexcept {
    const auto shared = std::min(a.size(), b.size());
    if (shared > 0) {
        if (int o = std::memcmp(a.data(), b.data(), shared)) return o < 0 ? -1 : 1;
    }
    return sign_of(a.size(), b.size());
}

int order_funs(const std::uint8_t* a, const std::uint8_t* b) noexcept {
    if (*a != *b) return *a == new_fun ? -1 : 1; // funs with an environment come before `fun m:f/a`
    const std::size_t head = *a == new_fun ? 30 : 1;
    if (int o = sign_of(atom_text(a + head), atom_text(b + head))) return o;
    const auto* p = skip_atom(a + head); // index and unique value, or function and arity
    const auto* q = skip_atom(b + head);
    if (*a == export_fun) {
        if (int o = sign_of(atom_text(p), atom_text(q))) return o;
        return order_integers(skip_atom(p), skip_atom(q));
    }
    if (int o = order_integers(p, q)) return o;
    if (int o = order_integers(skip_leaf(p), skip_leaf(q))) return o;
    return order_bytes({a, skip_leaf(a)}, {b, skip_leaf(b)});
}

/// Unused low bits are zero, so that bytes decide unless one is the beginning of the other.
int order_bits(const std::uint8_t* a, const std::uint8_t* b) noexcept {
    const auto bytes_of = [](const std::uint8_t* p) { return byte_view{p + (*p == binary ? 5 : 6), load32(p + 1)}; };
    const auto bits_in_last = [](const std::uint8_t* p) { return *p == binary ? 8 : p[5]; };
    if (int o = order_bytes(bytes_of(a), bytes_of(b))) return o;
    return sign_of(bits_in_last(a), bits_in_last(b));
}

} // namespace

int order_numbers(const std::uint8_t* a, const std::uint8_t* b, strictness how) noexcept {
    const bool a_is_integer = is_integer(a);
    const bool b_is_integer = is_integer(b);
    if (a_is_integer && b_is_integer) return order_integers(a, b);
    if (a_is_integer != b_is_integer) {
        if (how == strictness::exact) return a_is_integer ? -1 : 1;
        return a_is_integer ? order_integer_and_float(a, load_float(b)) : -order_integer_and_float(b, load_float(a));
    }
    const double x = load_float(a);
    const double y = load_float(b);
    if (x != y || how == strictness::by_value) return sign_of(x, y);
    return sign_of(std::signbit(y), std::signbit(x)); // -0.0 before 0.0
}

int order_leaves(const std::uint8_t* a, const std::uint8_t* b, rank of_both, strictness how) noexcept {
    switch (of_both) {
    case rank::number: return order_numbers(a, b, how);
    case rank::atom: return sign_of(atom_text(a), atom_text(b));
    case rank::reference: return order_references(a, b);
    case rank::fun: return order_funs(a, b);
    case rank::port: return order_ports(a, b);
    case rank::pid: return order_pids(a, b);
    case rank::bits: return order_bits(a, b);
    default: return 0;
    }
}

} // namespace sedge::etf
