// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/term.hpp>

#include "term/walk.hpp"

#include <array>

namespace sedge {

namespace {
constexpr std::uint8_t nil_bytes[] = {etf::nil};
} // namespace

constexpr std::array<std::uint8_t, 512> detail::byte_terms = [] {
    std::array<std::uint8_t, 512> all{};
    for (std::size_t i = 0; i < 256; ++i) {
        all[2 * i] = etf::small_integer;
        all[2 * i + 1] = static_cast<std::uint8_t>(i);
    }
    return all;
}();

constexpr std::array<term_kind, 256> detail::kind_of_tag = [] {
    std::array<term_kind, 256> all{};
    all.fill(term_kind::atom);
    for (auto tag : {etf::small_integer, etf::integer, etf::small_big, etf::large_big}) all[tag] = term_kind::integer;
    all[etf::new_float] = term_kind::floating;
    all[etf::newer_reference] = term_kind::reference;
    for (auto tag : {etf::new_fun, etf::export_fun}) all[tag] = term_kind::fun;
    for (auto tag : {etf::new_port, etf::v4_port}) all[tag] = term_kind::port;
    all[etf::new_pid] = term_kind::pid;
    for (auto tag : {etf::small_tuple, etf::large_tuple}) all[tag] = term_kind::tuple;
    all[etf::map] = term_kind::map;
    all[etf::nil] = term_kind::nil;
    for (auto tag : {etf::string, etf::list}) all[tag] = term_kind::list;
    all[etf::binary] = term_kind::binary;
    all[etf::bit_binary] = term_kind::bitstring;
    return all;
}();

const std::uint8_t* detail::skip_any(const std::uint8_t* p) noexcept { return etf::skip(p); }

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

std::optional<byte_view> term_view::binary() const noexcept {
    if (*data_ != etf::binary) return std::nullopt;
    return byte_view{data_ + 5, etf::load32(data_ + 1)};
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

} // namespace sedge
