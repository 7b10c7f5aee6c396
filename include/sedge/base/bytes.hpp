// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sedge {

using byte_view = std::span<const std::uint8_t>;
using byte_buffer = std::vector<std::uint8_t>;

inline byte_view as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(byte_view bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal, two digits a byte, without separators.
std::string to_hex(byte_view bytes);
/// Accepts upper and lower case and skips white space. Errors: errc::malformed.
result<byte_buffer> from_hex(std::string_view text);

/// True if both are equal; the time taken depends on the lengths only. For digests and cookies.
[[nodiscard]] bool equal_in_constant_time(byte_view a, byte_view b) noexcept;

/// Reads big-endian fields from bytes that came from outside.
///
/// Remembers its first error with the offset; later reads are no-ops that give zero or an empty view, so that a
/// parser reads all fields and checks once. Views point into the bytes given.
class reader {
public:
    explicit reader(byte_view bytes) noexcept : bytes_(bytes) {}

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() noexcept { return number(8); }
    byte_view take(std::size_t count) noexcept {
        if (failed_ || count > bytes_.size() - offset_) return fail(), byte_view{};
        auto view = bytes_.subspan(offset_, count);
        offset_ += count;
        return view;
    }
    byte_view rest() noexcept { return take(remaining()); }

    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return failed_ ? 0 : bytes_.size() - offset_; }
    [[nodiscard]] bool ok() const noexcept { return !failed_; }
    [[nodiscard]] bool at_end() const noexcept { return ok() && remaining() == 0; }
    /// Marks the input as bad; the offset stays where it is.
    void fail() noexcept { failed_ = true; }

private:
    std::uint64_t number(std::size_t size) noexcept {
        if (failed_ || size > bytes_.size() - offset_) return fail(), 0;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes_[offset_ + i];
        offset_ += size;
        return value;
    }
    byte_view bytes_;
    std::size_t offset_ = 0;
    bool failed_ = false;
};

/// Appends big-endian fields to a buffer that somebody else owns.
class writer {
public:
    explicit writer(byte_buffer& out) noexcept : out_(&out) {}

    writer& u8(std::uint8_t v) { return out_->push_back(v), *this; }
    writer& u16(std::uint16_t v) { return number(v, 2); }
    writer& u32(std::uint32_t v) { return number(v, 4); }
    writer& u64(std::uint64_t v) { return number(v, 8); }
    writer& bytes(byte_view v) { return out_->insert(out_->end(), v.begin(), v.end()), *this; }
    writer& text(std::string_view v) { return bytes(as_bytes(v)); }

    [[nodiscard]] std::size_t size() const noexcept { return out_->size(); }
    byte_buffer& buffer() noexcept { return *out_; }

private:
    writer& number(std::uint64_t v, int size) {
        std::uint8_t raw[8];
        for (int i = 0; i < size; ++i) raw[i] = static_cast<std::uint8_t>(v >> (8 * (size - 1 - i)));
        out_->insert(out_->end(), raw, raw + size);
        return *this;
    }
    byte_buffer* out_;
};

} // namespace sedge
