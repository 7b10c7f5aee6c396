// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/tags.hpp>

#include <bit>
#include <cstring>

/// Numbers as they stand in canonical bytes. Private to the layer.
namespace sedge::etf {

inline bool is_integer(const std::uint8_t* p) noexcept {
    return *p == small_integer || *p == integer || *p == small_big || *p == large_big;
}

/// An encoded integer as sign and little-endian magnitude without leading zeros.
class integer_parts {
public:
    /// Precondition: is_integer(p).
    explicit integer_parts(const std::uint8_t* p) noexcept {
        if (*p == small_big || *p == large_big) {
            const std::size_t head = *p == small_big ? 3 : 6;
            size = *p == small_big ? p[1] : load32(p + 1);
            negative = p[head - 1] != 0;
            magnitude = p + head;
            return;
        }
        const auto value =
            *p == small_integer ? std::int64_t{p[1]} : std::int64_t{static_cast<std::int32_t>(load32(p + 1))};
        negative = value < 0;
        auto rest = static_cast<std::uint64_t>(negative ? -value : value);
        for (; rest > 0; rest >>= 8) small_[size++] = static_cast<std::uint8_t>(rest);
        magnitude = small_;
    }
    integer_parts(const integer_parts&) = delete;
    integer_parts& operator=(const integer_parts&) = delete;

    /// Bits of the magnitude; 0 for zero.
    [[nodiscard]] std::size_t bits() const noexcept {
        return size == 0 ? 0 : 8 * (size - 1) + static_cast<std::size_t>(std::bit_width(magnitude[size - 1]));
    }
    /// The low 64 bits of the magnitude.
    [[nodiscard]] std::uint64_t low() const noexcept {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size && i < 8; ++i) value |= std::uint64_t{magnitude[i]} << (8 * i);
        return value;
    }

    bool negative = false;
    const std::uint8_t* magnitude = nullptr;
    std::size_t size = 0;

private:
    std::uint8_t small_[8]{};
};

/// Precondition: a NEW_FLOAT stands at `p`.
inline double load_float(const std::uint8_t* p) noexcept { return std::bit_cast<double>(load64(p + 1)); }

} // namespace sedge::etf
