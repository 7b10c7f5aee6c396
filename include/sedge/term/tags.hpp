// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

/// Tags of the External Term Format, unaligned loads and stores: for those who read or write encodings themselves.
namespace sedge::etf {

enum tag : std::uint8_t {
    new_float = 70,        // u64 IEEE 754
    bit_binary = 77,       // u32 n, u8 bits in the last byte, n bytes
    compressed = 80,       // after the version byte only
    atom_cache_ref = 82,   // u8 index into the atoms of the packet's header
    new_pid = 88,          // node, u32 id, u32 serial, u32 creation
    new_port = 89,         // node, u32 id, u32 creation
    newer_reference = 90,  // u16 words, node, u32 creation, words * u32
    small_integer = 97,    // u8
    integer = 98,          // i32
    old_float = 99,        // 31 characters
    atom_latin1 = 100,     // u16 n, n characters
    old_reference = 101,   // node, u32 id, u8 creation
    old_port = 102,        // node, u32 id, u8 creation
    old_pid = 103,         // node, u32 id, u32 serial, u8 creation
    small_tuple = 104,     // u8 n, n terms
    large_tuple = 105,     // u32 n, n terms
    nil = 106,             //
    string = 107,          // u16 n, n bytes: the list of these integers
    list = 108,            // u32 n, n terms, tail
    binary = 109,          // u32 n, n bytes
    small_big = 110,       // u8 n, u8 sign, n bytes little-endian
    large_big = 111,       // u32 n, u8 sign, n bytes little-endian
    new_fun = 112,         // u32 size from here, u8 arity, 16 id, u32 index, u32 n, module, int, int, pid, n terms
    export_fun = 113,      // module, function, arity
    new_reference = 114,   // u16 words, node, u8 creation, words * u32
    small_atom_latin1 = 115, // u8 n, n characters
    map = 116,             // u32 n, n times key, value
    atom_utf8 = 118,       // u16 n, n bytes
    small_atom_utf8 = 119, // u8 n, n bytes
    v4_port = 120,         // node, u64 id, u32 creation
    version = 131,         // before a term that stands alone
};

inline std::uint16_t load16(const std::uint8_t* p) noexcept { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }
inline std::uint32_t load32(const std::uint8_t* p) noexcept {
    std::uint32_t v;
    std::memcpy(&v, p, 4);
    return std::endian::native == std::endian::little ? __builtin_bswap32(v) : v;
}
inline std::uint64_t load64(const std::uint8_t* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    return std::endian::native == std::endian::little ? __builtin_bswap64(v) : v;
}
/// Magnitudes of big integers are the one thing that is little-endian.
inline std::uint64_t load64_little(const std::uint8_t* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    return std::endian::native == std::endian::little ? v : __builtin_bswap64(v);
}
inline void store16(std::uint8_t* p, std::size_t v) noexcept {
    p[0] = static_cast<std::uint8_t>(v >> 8);
    p[1] = static_cast<std::uint8_t>(v);
}
inline void store32(std::uint8_t* p, std::uint32_t v) noexcept {
    if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap32(v);
    std::memcpy(p, &v, 4);
}

inline void store64(std::uint8_t* p, std::uint64_t v) noexcept {
    if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap64(v);
    std::memcpy(p, &v, 8);
}
inline void store64_little(std::uint8_t* p, std::uint64_t v) noexcept {
    if constexpr (std::endian::native != std::endian::little) v = __builtin_bswap64(v);
    std::memcpy(p, &v, 8);
}

/// The four bytes of `v` as they are sent, the first one lowest.
inline std::uint64_t big_endian(std::uint32_t v) noexcept { return __builtin_bswap32(v); }

/// memcpy for names and other short things, of which most take two loads and two stores here and no call.
inline void copy_short(std::uint8_t* to, const void* from, std::size_t count) noexcept {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    if (count > 32) {
        std::memcpy(to, bytes, count);
    } else if (count >= 16) {
        std::memcpy(to, bytes, 16);
        std::memcpy(to + count - 16, bytes + count - 16, 16);
    } else if (count >= 8) {
        std::memcpy(to, bytes, 8);
        std::memcpy(to + count - 8, bytes + count - 8, 8);
    } else if (count >= 4) {
        std::memcpy(to, bytes, 4);
        std::memcpy(to + count - 4, bytes + count - 4, 4);
    } else if (count >= 2) {
        std::memcpy(to, bytes, 2);
        to[count - 1] = bytes[count - 1];
    } else if (count == 1) {
        *to = *bytes;
    }
}

/// Whether `count` bytes are ASCII only; the same idea.
inline bool is_ascii(const void* text, std::size_t count) noexcept {
    const auto* bytes = static_cast<const std::uint8_t*>(text);
    std::uint64_t high_bits = 0;
    if (count >= 8) {
        for (std::size_t i = 0; i + 8 < count; i += 8) high_bits |= load64_little(bytes + i);
        high_bits |= load64_little(bytes + count - 8);
    } else {
        for (std::size_t i = 0; i < count; ++i) high_bits |= bytes[i];
    }
    return (high_bits & 0x8080808080808080u) == 0;
}

/// Port ids from here on need V4_PORT.
inline constexpr std::uint64_t v4_port_id_min = std::uint64_t{1} << 28;
/// A STRING holds at most this many bytes; longer lists of bytes are LISTs.
inline constexpr std::size_t string_bytes_max = 65535;

} // namespace sedge::etf
