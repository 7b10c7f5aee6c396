// SPDX-License-Identifier: Apache-2.0
//
// The message, one bit, zeros, and its length in bits make blocks of 64 bytes. Four words of state go through 64 steps
// with each block; a step adds one of the block's sixteen words and a constant, and turns the sum left.
#include "dist/md5.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string.h> // explicit_bzero

namespace sedge::dist {

namespace {

using state = std::array<std::uint32_t, 4>;

constexpr std::size_t block_bytes = 64;
constexpr std::size_t length_bytes = 8;

// floor(2^32 * abs(sin(i + 1))): numbers that nobody could choose.
constexpr std::array<std::uint32_t, 64> constants{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<int, 4>, 4> turns{{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

std::uint32_t load_little(const std::uint8_t* at) noexcept {
    return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

void mix(state& s, const std::uint8_t* block) noexcept {
    auto [a, b, c, d] = s;
    for (std::size_t i = 0; i < 64; ++i) {
        std::uint32_t f = 0;
        std::size_t word = 0;
        switch (i / 16) {
        case 0: f = (b & c) | (~b & d), word = i; break;
        case 1: f = (d & b) | (~d & c), word = (5 * i + 1) % 16; break;
        case 2: f = b ^ c ^ d, word = (3 * i + 5) % 16; break;
        default: f = c ^ (b | ~d), word = 7 * i % 16; break;
        }
        const std::uint32_t sum = a + f + constants[i] + load_little(block + 4 * word);
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, turns[i / 16][i % 4]);
    }
    s = {s[0] + a, s[1] + b, s[2] + c, s[3] + d};
}

} // namespace

std::array<std::uint8_t, 16> md5(byte_view first, byte_view second) noexcept {
    state s{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    std::array<std::uint8_t, block_bytes> block;
    std::size_t filled = 0;
    const auto take = [&](byte_view bytes) {
        while (!bytes.empty()) {
            const std::size_t count = std::min(bytes.size(), block.size() - filled);
            std::memcpy(block.data() + filled, bytes.data(), count);
            bytes = bytes.subspan(count);
            filled += count;
            if (filled < block.size()) return;
            mix(s, block.data());
            filled = 0;
        }
    };
    take(first);
    take(second);

    constexpr std::array<std::uint8_t, block_bytes> padding{0x80};
    const std::uint64_t bits = 8 * (std::uint64_t{first.size()} + second.size());
    const std::size_t to_length = (2 * block_bytes - length_bytes - filled - 1) % block_bytes + 1;
    take(byte_view{padding}.first(to_length));
    std::array<std::uint8_t, length_bytes> length;
    for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<std::uint8_t>(bits >> 8 * i);
    take(length);
    explicit_bzero(block.data(), block.size()); // it has held a cookie

    std::array<std::uint8_t, 16> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(s[i / 4] >> 8 * (i % 4));
    return out;
}

} // namespace sedge::dist
