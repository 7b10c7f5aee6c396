// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/term.hpp>

#include "term/walk.hpp"

#include <array>

namespace sedge {

namespace {

constexpr std::uint8_t undefined_bytes[] = {etf::small_atom_utf8, 9, 'u', 'n', 'd', 'e', 'f', 'i', 'n', 'e', 'd'};

/// What a STRING's bytes are when looked at one by one: encoded integers that live for ever.
constexpr auto byte_terms = [] {
    std::array<std::uint8_t, 512> all{};
    for (std::size_t i = 0; i < 256; ++i) {
        all[2 * i] = etf::small_integer;
        all[2 * i + 1] = static_cast<std::uint8_t>(i);
    }
    return all;
}();
constexpr std::uint8_t nil_bytes[] = {etf::nil};

} // namespace

std::string_view to_string(term_kind kind) noexcept {
    switch (kind) {
    case term_kind::integer: return "integer";
    case term_kind::floating: return "float";
    case term_kind::atom: return "atom";
    case term_kind::reference: return "reference";
    case term_kind::fun: return "fun";
    case term_kind::port: return "port";
    case term_kind::pid: return "pid";
    case term_kind::tuple: return "tuple";
    case term_kind::map: return "map";
    case term_kind::nil: return "empty list";
    case term_kind::list: return "list";
    case term_kind::binary: return "binary";
    case term_kind::bitstring: return "bitstring";
    }
    return "";
}

term_view::term_view() noexcept : data_(undefined_bytes) {}
term_view::term_view(const term& whole) noexcept : data_(whole.bytes().data()) {}
term_view term_view::over(byte_view canonical) noexcept { return term_view{canonical.data()}; }

term_kind term_view::kind() const noexcept {
    switch (*data_) {
    case etf::small_integer:
    case etf::integer:
    case etf::small_big:
    case etf::large_big: return term_kind::integer;
    case etf::new_float: return term_kind::floating;
    case etf::newer_reference: return term_kind::reference;
    case etf::new_fun:
    case etf::export_fun: return term_kind::fun;
    case etf::new_port:
    case etf::v4_port: return term_kind::port;
    case etf::new_pid: return term_kind::pid;
    case etf::small_tuple:
    case etf::large_tuple: return term_kind::tuple;
    case etf::map: return term_kind::map;
    case etf::nil: return term_kind::nil;
    case etf::string:
    case etf::list: return term_kind::list;
    case etf::binary: return term_kind::binary;
    case etf::bit_binary: return term_kind::bitstring;
    default: return term_kind::atom;
    }
}

bool term_view::is_atom(std::string_view text) const noexcept { return atom_text() == text; }

std::optional<std::string_view> term_view::atom_text() const noexcept {
    if (*data_ != etf::small_atom_utf8 && *data_ != etf::atom_utf8) return std::nullopt;
    return etf::atom_text(data_);
}

std::optional<byte_view> term_view::binary() const noexcept {
    if (*data_ != etf::binary) return std::nullopt;
    return byte_view{data_ + 5, etf::load32(data_ + 1)};
}

std::size_t term_view::arity() const noexcept {
    if (*data_ == etf::small_tuple) return data_[1];
    return *data_ == etf::large_tuple ? etf::load32(data_ + 1) : 0;
}

term_view term_view::element(std::size_t i) const noexcept {
    const std::uint8_t* p = *data_ == etf::small_tuple ? data_ + 2 : data_ + 5;
    for (; i > 0; --i) p = etf::skip(p);
    return term_view{p};
}

term_view::sequence term_view::elements() const noexcept {
    sequence all;
    all.begin_.left_ = *data_ == etf::small_tuple || *data_ == etf::large_tuple ? arity() : length();
    all.begin_.bytes_ = *data_ == etf::string;
    all.begin_.at_ = *data_ == etf::string ? data_ + 3 : *data_ == etf::small_tuple ? data_ + 2 : data_ + 5;
    return all;
}

std::size_t term_view::length() const noexcept {
    if (*data_ == etf::string) return etf::load16(data_ + 1);
    return *data_ == etf::list ? etf::load32(data_ + 1) : 0;
}

term_view term_view::tail() const noexcept {
    if (*data_ != etf::list) return term_view{nil_bytes};
    const std::uint8_t* p = data_ + 5;
    for (auto left = etf::load32(data_ + 1); left > 0; --left) p = etf::skip(p);
    return term_view{p};
}

std::size_t term_view::map_size() const noexcept { return *data_ == etf::map ? etf::load32(data_ + 1) : 0; }

term_view::sequence term_view::keys_and_values() const noexcept {
    sequence all;
    all.begin_.left_ = 2 * map_size();
    all.begin_.at_ = data_ + 5;
    return all;
}

std::optional<term_view> term_view::find(const term_view& key) const noexcept {
    const std::uint8_t* p = data_ + 5;
    for (auto left = map_size(); left > 0; --left) {
        const auto* value = etf::skip(p);
        if (term_view{p} == key) return term_view{value};
        p = etf::skip(value);
    }
    return std::nullopt;
}

std::optional<term_view> term_view::find_atom(std::string_view key) const noexcept {
    const std::uint8_t* p = data_ + 5;
    for (auto left = map_size(); left > 0; --left) {
        const auto* value = etf::skip(p);
        if (term_view{p}.is_atom(key)) return term_view{value};
        p = etf::skip(value);
    }
    return std::nullopt;
}

byte_view term_view::bytes() const noexcept { return {data_, static_cast<std::size_t>(etf::skip(data_) - data_)}; }

term_view term_view::sequence::iterator::operator*() const noexcept {
    return term_view{bytes_ ? byte_terms.data() + 2 * std::size_t{*at_} : at_};
}

term_view::sequence::iterator& term_view::sequence::iterator::operator++() noexcept {
    at_ = bytes_ ? at_ + 1 : etf::skip(at_);
    --left_;
    return *this;
}

} // namespace sedge
