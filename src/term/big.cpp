// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/big.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <iterator>
#include <limits>

namespace sedge {

namespace {
using number = boost::multiprecision::cpp_int;
}

big_integer::big_integer(std::int64_t value)
    : big_integer(
          from_unsigned(value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value))) {
    negative_ = value < 0;
}

big_integer big_integer::from_unsigned(std::uint64_t value) {
    big_integer made;
    for (; value > 0; value >>= 8) made.magnitude_.push_back(static_cast<std::uint8_t>(value));
    return made;
}

big_integer big_integer::from_magnitude(bool negative, byte_view magnitude) {
    while (!magnitude.empty() && magnitude.back() == 0) magnitude = magnitude.first(magnitude.size() - 1);
    big_integer made;
    made.negative_ = negative && !magnitude.empty();
    made.magnitude_.assign(magnitude.begin(), magnitude.end());
    return made;
}

result<big_integer> big_integer::from_text(std::string_view decimal) {
    const bool negative = decimal.starts_with('-');
    if (negative || decimal.starts_with('+')) decimal.remove_prefix(1);
    if (decimal.empty() || decimal.find_first_not_of("0123456789") != decimal.npos) {
        return error{errc::malformed, "an integer has decimal digits only"};
    }
    decimal.remove_prefix(std::min(decimal.find_first_not_of('0'), decimal.size() - 1)); // 0 would mean octal
    byte_buffer bytes;
    export_bits(number{std::string{decimal}}, std::back_inserter(bytes), 8, false);
    return from_magnitude(negative, bytes);
}

std::optional<std::uint64_t> big_integer::as_unsigned() const noexcept {
    if (negative_ || magnitude_.size() > 8) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < magnitude_.size(); ++i) value |= std::uint64_t{magnitude_[i]} << (8 * i);
    return value;
}

std::optional<std::int64_t> big_integer::as_signed() const noexcept {
    if (magnitude_.size() > 8) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < magnitude_.size(); ++i) value |= std::uint64_t{magnitude_[i]} << (8 * i);
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value > max + (negative_ ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(negative_ ? ~value + 1 : value);
}

std::string big_integer::str() const {
    number value;
    import_bits(value, magnitude_.begin(), magnitude_.end(), 8, false);
    return (negative_ ? "-" : "") + value.str();
}

std::strong_ordering operator<=>(const big_integer& a, const big_integer& b) noexcept {
    if (a.negative_ != b.negative_) return a.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
    const auto& x = a.negative_ ? b.magnitude_ : a.magnitude_;
    const auto& y = a.negative_ ? a.magnitude_ : b.magnitude_;
    if (x.size() != y.size()) return x.size() <=> y.size();
    return std::lexicographical_compare_three_way(x.rbegin(), x.rend(), y.rbegin(), y.rend());
}

} // namespace sedge
