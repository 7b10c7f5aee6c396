// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/large_memory.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include "term/canonical.hpp"
#include "term/utf8.hpp"
#include <sedge/term/tags.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sedge {

// -- the buffers -------------------------------------------------------------------------------------------------

namespace {
constexpr std::size_t room_bytes_min = 256;       // made ahead, and
constexpr std::size_t room_bytes_max = 16 * 1024; // not more, since what is made is cleared
constexpr std::size_t large_bytes = 16 * 1024;    // a copy of this much is not worth room that was cleared before

/// Room in `buffer`, which holds `used` bytes, for `more`; at least doubling.
void make_room(byte_buffer& buffer, std::size_t used, std::size_t more) {
    if (used + more <= buffer.capacity()) return;
    buffer.resize(used); // nothing else is worth copying
    buffer.reserve(std::max(used + more, 2 * buffer.capacity()));
    expect_large(buffer.data(), buffer.capacity());
}

void append_to(byte_buffer& buffer, byte_view bytes) {
    make_room(buffer, buffer.size(), bytes.size());
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}
} // namespace

void encode_buffer::reserve(std::size_t bytes) {
    const std::size_t used = size();
    if (bytes <= storage_.capacity()) return;
    storage_.resize(used);
    storage_.reserve(bytes);
    truncate(used);
}

void encode_buffer::grow(std::size_t count) {
    const std::size_t used = size();
    const std::size_t needed = used + count;
    std::size_t wanted = needed + std::clamp(used, room_bytes_min, room_bytes_max);
    if (needed <= storage_.capacity()) wanted = std::min(wanted, storage_.capacity()); // what was reserved is enough
    make_room(storage_, used, wanted - used);
    storage_.resize(wanted);
    truncate(used);
}

void encode_buffer::append(byte_view more) {
    const bool has_room = more.size() <= static_cast<std::size_t>(end_ - at_);
    if (has_room || more.size() <= large_bytes) return etf::copy_short(extend(more.size()), more.data(), more.size());
    append_to(whole(), more);
}

byte_buffer& encode_buffer::whole() {
    storage_.resize(size());
    at_ = end_ = nullptr;
    return storage_;
}

byte_buffer encode_buffer::take() {
    whole();
    return std::exchange(storage_, {});
}

/// These two: of a `byte_buffer`.
std::uint8_t* encoder::more(std::size_t count) {
    const std::size_t used = out_->size();
    out_->resize(used + count);
    return out_->data() + used;
}

void encoder::take_back(std::size_t count) {
    out_->erase(out_->end() - static_cast<std::ptrdiff_t>(count), out_->end());
}

void encoder::append(byte_view bytes) {
    if (fast_ != nullptr)
        fast_->append(bytes);
    else
        append_to(*out_, bytes);
}

void encoder::settle_list(std::size_t start) {
    const std::size_t written = size() - start;
    auto* list = (fast_ != nullptr ? fast_->data() : out_->data()) + start;
    if (*list == etf::list) give_back(written - etf::shorten_list(list, written));
}

// -- terms ---------------------------------------------------------------------------------------------------------

void encoder::unsigned_integer(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return integer(static_cast<std::int64_t>(value));
    large_integer(false, value);
}

void encoder::big_integer(bool negative, byte_view magnitude) {
    while (!magnitude.empty() && magnitude.back() == 0) magnitude = magnitude.first(magnitude.size() - 1);
    if (magnitude.size() <= 4) { // may fit the small forms
        std::int64_t value = 0;
        for (std::size_t i = 0; i < magnitude.size(); ++i) value |= std::int64_t{magnitude[i]} << (8 * i);
        return integer(negative ? -value : value);
    }
    if (magnitude.size() <= 255) {
        auto* p = room(2);
        p[0] = etf::small_big;
        p[1] = static_cast<std::uint8_t>(magnitude.size());
    } else {
        sized(etf::large_big, magnitude.size());
    }
    *room(1) = negative ? 1 : 0;
    append(magnitude);
}

/// Of more than 255 bytes, or beyond ASCII, which is when it may be too long or no text.
void encoder::long_atom(std::string_view text) {
    SEDGE_ASSERT(sedge::atom::is_valid(text));
    if (text.size() <= 255) return checked_atom(text);
    auto* p = room(3 + text.size());
    p[0] = etf::atom_utf8;
    etf::store16(p + 1, text.size());
    etf::copy_short(p + 3, text.data(), text.size());
}

void encoder::long_binary(byte_view bytes) {
    sized(etf::binary, bytes.size());
    append(bytes);
}

void encoder::charlist(std::string_view utf8) {
    const auto length = utf8::length(utf8);
    SEDGE_ASSERT(length >= 0);
    std::size_t bytes = 0; // code points that fit one byte
    for (const char c : utf8) bytes += static_cast<std::uint8_t>(c) < 0xc4 && (c & 0xc0) != 0x80;
    const auto count = static_cast<std::size_t>(length);
    if (count == 0) return nil();
    const bool is_string = bytes == count && count <= etf::string_bytes_max;
    if (is_string) {
        auto* p = room(3);
        p[0] = etf::string;
        etf::store16(p + 1, count);
    } else {
        list(count);
    }
    for (std::size_t i = 0; i < utf8.size();) {
        const auto c = utf8::decode(utf8.substr(i));
        i += static_cast<std::size_t>(c.size);
        if (is_string) {
            *room(1) = static_cast<std::uint8_t>(c.value);
        } else {
            integer(c.value);
        }
    }
    if (!is_string) nil();
}

void encoder::bitstring(byte_view bytes, int bits_in_last_byte) {
    SEDGE_ASSERT(bits_in_last_byte >= 1 && bits_in_last_byte <= 8);
    if (bytes.empty() || bits_in_last_byte == 8) return binary(bytes);
    sized(etf::bit_binary, bytes.size());
    *room(1) = static_cast<std::uint8_t>(bits_in_last_byte);
    append(bytes.first(bytes.size() - 1));
    *room(1) = static_cast<std::uint8_t>(bytes.back() & 0xff << (8 - bits_in_last_byte));
}

void encoder::byte_list(byte_view bytes) {
    if (bytes.empty()) return nil();
    if (bytes.size() <= etf::string_bytes_max) {
        auto* p = room(3);
        p[0] = etf::string;
        etf::store16(p + 1, bytes.size());
        return append(bytes);
    }
    list(bytes.size());
    for (auto b : bytes) integer(b);
    nil();
}
/// Tag, number of words (unless 0) and node name; gives the place for the `count` bytes of numbers that follow.
std::uint8_t* encoder::named(std::uint8_t tag, std::size_t words, std::string_view node, std::size_t count) {
    const std::size_t head = words > 0 ? 3 : 1;
    const bool is_short = node.size() <= 255;
    auto* p = room(is_short ? head + 2 + node.size() + count : head);
    p[0] = tag;
    if (words > 0) etf::store16(p + 1, words);
    if (!is_short) {
        long_atom(node);
        return room(count);
    }
    p += head;
    p[0] = etf::small_atom_utf8;
    p[1] = static_cast<std::uint8_t>(node.size());
    etf::copy_short(p + 2, node.data(), node.size());
    return p + 2 + node.size();
}

void encoder::pid(const sedge::pid& value) {
    auto* p = named(etf::new_pid, 0, value.node.text(), 12);
    etf::store32(p, value.id);
    etf::store32(p + 4, value.serial);
    etf::store32(p + 8, value.creation);
}

void encoder::port(const sedge::port& value) {
    const bool is_v4 = value.id >= etf::v4_port_id_min;
    auto* p = named(is_v4 ? etf::v4_port : etf::new_port, 0, value.node.text(), is_v4 ? 12 : 8);
    if (is_v4) {
        etf::store64(p, value.id);
    } else {
        etf::store32(p, static_cast<std::uint32_t>(value.id));
    }
    etf::store32(p + (is_v4 ? 8 : 4), value.creation);
}

void encoder::reference(const sedge::reference& value) {
    SEDGE_ASSERT(value.size >= 1 && value.size <= value.words.size());
    auto* p = named(etf::newer_reference, value.size, value.node.text(), 4 + 4 * std::size_t{value.size});
    etf::store32(p, value.creation);
    for (std::size_t i = 0; i < value.size; ++i) etf::store32(p + 4 + 4 * i, value.words[i]);
}

void encoder::export_fun(std::string_view module, std::string_view function, std::uint8_t arity) {
    *room(1) = etf::export_fun;
    atom(module);
    atom(function);
    integer(arity);
}

void encoder::copy(const term_view& value) { append(value.bytes()); }

} // namespace sedge
