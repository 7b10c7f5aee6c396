// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/convert.hpp: values whose encoding has a size that is known before it is written, and tuples of
// them. A term of such values is written straight into its own memory. It needs nothing of the term itself.

#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/term/pid.hpp>
#include <sedge/term/tags.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>

namespace sedge::detail {

/// `size` of the canonical encoding of a value, and `write`, which gives the byte behind it.
template <class T>
struct plain_form;

template <class T>
concept has_plain_form = requires(const T& value) {
    { plain_form<T>::size(value) } -> std::same_as<std::size_t>;
};

template <class T>
requires std::same_as<T, int> || std::same_as<T, long> || std::same_as<T, long long>
struct plain_form<T> {
    static std::size_t size(std::int64_t value) noexcept {
        if (static_cast<std::uint64_t>(value) <= 255) return 2;
        return value == static_cast<std::int32_t>(value) ? 5 : 3 + large_bytes(magnitude(value));
    }
    static std::uint8_t* write(std::uint8_t* p, std::int64_t value) noexcept {
        if (static_cast<std::uint64_t>(value) <= 255) {
            p[0] = etf::small_integer;
            p[1] = static_cast<std::uint8_t>(value);
            return p + 2;
        }
        if (value == static_cast<std::int32_t>(value)) {
            p[0] = etf::integer;
            etf::store32(p + 1, static_cast<std::uint32_t>(value));
            return p + 5;
        }
        auto rest = magnitude(value);
        const std::size_t count = large_bytes(rest);
        p[0] = etf::small_big;
        p[1] = static_cast<std::uint8_t>(count);
        p[2] = value < 0 ? 1 : 0;
        for (std::size_t i = 0; i < count; ++i, rest >>= 8) p[3 + i] = static_cast<std::uint8_t>(rest);
        return p + 3 + count;
    }

private:
    static std::uint64_t magnitude(std::int64_t value) noexcept {
        return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    }
    static std::size_t large_bytes(std::uint64_t magnitude) noexcept {
        return static_cast<std::size_t>(71 - std::countl_zero(magnitude)) / 8;
    }
};

template <>
struct plain_form<atom> {
    static std::size_t size(const atom& value) noexcept {
        const std::size_t bytes = value.text().size();
        return (bytes <= 255 ? 2 : 3) + bytes;
    }
    static std::uint8_t* write(std::uint8_t* p, const atom& value) noexcept {
        const auto text = value.text();
        if (text.size() <= 255) [[likely]] {
            *p++ = etf::small_atom_utf8;
            *p++ = static_cast<std::uint8_t>(text.size());
        } else {
            *p++ = etf::atom_utf8;
            etf::store16(p, text.size());
            p += 2;
        }
        etf::copy_short(p, text.data(), text.size());
        return p + text.size();
    }
};

template <>
struct plain_form<pid> {
    static std::size_t size(const pid& value) noexcept { return 1 + plain_form<atom>::size(value.node) + 12; }
    static std::uint8_t* write(std::uint8_t* p, const pid& value) noexcept {
        *p = etf::new_pid;
        p = plain_form<atom>::write(p + 1, value.node);
        etf::store32(p, value.id);
        etf::store32(p + 4, value.serial);
        etf::store32(p + 8, value.creation);
        return p + 12;
    }
};

/// Whatever becomes a binary. Precondition of `write`: less than 4 GiB, as in every term.
template <class T>
requires std::same_as<T, byte_buffer> || std::same_as<T, byte_view> || std::same_as<T, std::string> ||
    std::same_as<T, std::string_view>
struct plain_form<T> {
    static std::size_t size(const T& value) noexcept { return 5 + value.size(); }
    static std::uint8_t* write(std::uint8_t* p, const T& value) noexcept {
        *p = etf::binary;
        etf::store32(p + 1, static_cast<std::uint32_t>(value.size()));
        etf::copy_short(p + 5, value.data(), value.size());
        return p + 5 + value.size();
    }
};

template <class... Ts>
requires(sizeof...(Ts) <= 255 && (has_plain_form<Ts> && ...)) struct plain_form<std::tuple<Ts...>> {
    static std::size_t size(const std::tuple<Ts...>& value) noexcept {
        return std::apply([](const Ts&... each) { return (std::size_t{2} + ... + plain_form<Ts>::size(each)); }, value);
    }
    static std::uint8_t* write(std::uint8_t* p, const std::tuple<Ts...>& value) noexcept {
        *p++ = etf::small_tuple;
        *p++ = static_cast<std::uint8_t>(sizeof...(Ts));
        std::apply([&p](const Ts&... each) { ((p = plain_form<Ts>::write(p, each)), ...); }, value);
        return p;
    }
};

} // namespace sedge::detail
