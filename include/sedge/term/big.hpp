// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sedge {

/// An integer of any size: a value to carry, compare and print. It does no arithmetic; use a library for that and
/// convert by `magnitude()`.
class big_integer {
public:
    big_integer() = default; ///< 0
    big_integer(std::int64_t value);
    static big_integer from_unsigned(std::uint64_t value);
    /// Little-endian magnitude; leading zeros (at the end) are dropped, and zero is never negative.
    static big_integer from_magnitude(bool negative, byte_view magnitude);
    /// Decimal digits with an optional sign. Errors: errc::malformed.
    static result<big_integer> from_text(std::string_view decimal);

    [[nodiscard]] bool is_negative() const noexcept { return negative_; }
    /// Little-endian, without leading zeros; empty for 0.
    [[nodiscard]] byte_view magnitude() const noexcept { return magnitude_; }

    /// Nothing if the value does not fit.
    [[nodiscard]] std::optional<std::int64_t> as_signed() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> as_unsigned() const noexcept;

    /// Decimal. The time grows with the square of the size: 8 KiB of magnitude take about a millisecond.
    [[nodiscard]] std::string str() const;

    friend bool operator==(const big_integer&, const big_integer&) = default;
    friend std::strong_ordering operator<=>(const big_integer& a, const big_integer& b) noexcept;

private:
    bool negative_ = false;
    byte_buffer magnitude_;
};

} // namespace sedge
