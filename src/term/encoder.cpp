// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/large_memory.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include "term/tags.hpp"
#include "term/utf8.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sedge {

namespace {
void append(byte_buffer& out, byte_view bytes) {
    if (bytes.size() > out.capacity() - out.size()) {
        out.reserve(std::max(out.size() + bytes.size(), 2 * out.capacity()));
        expect_large(out.data(), out.capacity());
    }
    out.insert(out.end(), bytes.begin(), bytes.end());
}
} // namespace

void encoder::integer(std::int64_t value) {
    if (value >= 0 && value <= 255) {
        const std::uint8_t raw[] = {etf::small_integer, static_cast<std::uint8_t>(value)};
        return append(*out_, raw);
    }
    if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
        std::uint8_t raw[5] = {etf::integer};
        etf::store32(raw + 1, static_cast<std::uint32_t>(value));
        return append(*out_, raw);
    }
    const auto magnitude = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    std::uint8_t raw[8];
    for (int i = 0; i < 8; ++i) raw[i] = static_cast<std::uint8_t>(magnitude >> (8 * i));
    big_integer(value < 0, raw);
}

void encoder::unsigned_integer(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return integer(static_cast<std::int64_t>(value));
    }
    std::uint8_t raw[8];
    for (int i = 0; i < 8; ++i) raw[i] = static_cast<std::uint8_t>(value >> (8 * i));
    big_integer(false, raw);
}

void encoder::big_integer(bool negative, byte_view magnitude) {
    while (!magnitude.empty() && magnitude.back() == 0) magnitude = magnitude.first(magnitude.size() - 1);
    if (magnitude.size() <= 4) { // may fit the small forms
        std::int64_t value = 0;
        for (std::size_t i = 0; i < magnitude.size(); ++i) value |= std::int64_t{magnitude[i]} << (8 * i);
        if (negative) value = -value;
        if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
            return integer(value);
        }
    }
    writer out{*out_};
    if (magnitude.size() <= 255) {
        out.u8(etf::small_big).u8(static_cast<std::uint8_t>(magnitude.size()));
    } else {
        out.u8(etf::large_big).u32(static_cast<std::uint32_t>(magnitude.size()));
    }
    out.u8(negative ? 1 : 0).bytes(magnitude);
}

void encoder::floating(double value) {
    SEDGE_ASSERT(std::isfinite(value));
    writer{*out_}.u8(etf::new_float).u64(std::bit_cast<std::uint64_t>(value));
}

void encoder::atom(std::string_view text) {
    SEDGE_ASSERT(sedge::atom::is_valid(text));
    writer out{*out_};
    if (text.size() <= 255) {
        out.u8(etf::small_atom_utf8).u8(static_cast<std::uint8_t>(text.size()));
    } else {
        out.u8(etf::atom_utf8).u16(static_cast<std::uint16_t>(text.size()));
    }
    out.text(text);
}

void encoder::binary(byte_view bytes) {
    SEDGE_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
    writer{*out_}.u8(etf::binary).u32(static_cast<std::uint32_t>(bytes.size()));
    append(*out_, bytes);
}

void encoder::charlist(std::string_view utf8) {
    const auto length = utf8::length(utf8);
    SEDGE_ASSERT(length >= 0);
    std::size_t bytes = 0; // code points that fit one byte
    for (const char c : utf8) bytes += static_cast<std::uint8_t>(c) < 0xc4 && (c & 0xc0) != 0x80;
    const auto count = static_cast<std::size_t>(length);
    if (count == 0) return nil();
    const bool is_string = bytes == count && count <= etf::string_bytes_max;
    writer out{*out_};
    if (is_string) {
        out.u8(etf::string).u16(static_cast<std::uint16_t>(count));
    } else {
        list(count);
    }
    for (std::size_t i = 0; i < utf8.size();) {
        const auto c = utf8::decode(utf8.substr(i));
        i += static_cast<std::size_t>(c.size);
        if (is_string) {
            out.u8(static_cast<std::uint8_t>(c.value));
        } else {
            integer(c.value);
        }
    }
    if (!is_string) nil();
}

void encoder::bitstring(byte_view bytes, int bits_in_last_byte) {
    SEDGE_ASSERT(bits_in_last_byte >= 1 && bits_in_last_byte <= 8);
    if (bytes.empty() || bits_in_last_byte == 8) return binary(bytes);
    writer out{*out_};
    out.u8(etf::bit_binary).u32(static_cast<std::uint32_t>(bytes.size()));
    out.u8(static_cast<std::uint8_t>(bits_in_last_byte)).bytes(bytes);
    out_->back() &= static_cast<std::uint8_t>(0xff << (8 - bits_in_last_byte));
}

void encoder::tuple(std::size_t arity) {
    writer out{*out_};
    if (arity <= 255) {
        out.u8(etf::small_tuple).u8(static_cast<std::uint8_t>(arity));
    } else {
        out.u8(etf::large_tuple).u32(static_cast<std::uint32_t>(arity));
    }
}

void encoder::list(std::size_t length) {
    if (length > 0) writer{*out_}.u8(etf::list).u32(static_cast<std::uint32_t>(length));
}
void encoder::nil() { out_->push_back(etf::nil); }
void encoder::byte_list(byte_view bytes) {
    if (bytes.empty()) return nil();
    if (bytes.size() <= etf::string_bytes_max) {
        writer{*out_}.u8(etf::string).u16(static_cast<std::uint16_t>(bytes.size())).bytes(bytes);
        return;
    }
    list(bytes.size());
    for (auto b : bytes) integer(b);
    nil();
}
void encoder::map(std::size_t pairs) { writer{*out_}.u8(etf::map).u32(static_cast<std::uint32_t>(pairs)); }

void encoder::pid(const sedge::pid& value) {
    out_->push_back(etf::new_pid);
    atom(value.node.text());
    writer{*out_}.u32(value.id).u32(value.serial).u32(value.creation);
}

void encoder::port(const sedge::port& value) {
    const bool is_v4 = value.id >= etf::v4_port_id_min;
    out_->push_back(is_v4 ? etf::v4_port : etf::new_port);
    atom(value.node.text());
    writer out{*out_};
    if (is_v4) {
        out.u64(value.id);
    } else {
        out.u32(static_cast<std::uint32_t>(value.id));
    }
    out.u32(value.creation);
}

void encoder::reference(const sedge::reference& value) {
    SEDGE_ASSERT(value.size >= 1 && value.size <= value.words.size());
    writer{*out_}.u8(etf::newer_reference).u16(value.size);
    atom(value.node.text());
    writer out{*out_};
    out.u32(value.creation);
    for (std::size_t i = 0; i < value.size; ++i) out.u32(value.words[i]);
}

void encoder::export_fun(std::string_view module, std::string_view function, std::uint8_t arity) {
    out_->push_back(etf::export_fun);
    atom(module);
    atom(function);
    integer(arity);
}

void encoder::copy(const term_view& value) { append(*out_, value.bytes()); }

} // namespace sedge
