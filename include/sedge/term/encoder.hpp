// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/term/pid.hpp>
#include <sedge/term/tags.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sedge {

class term_view;
class term;
class encoder;

/// Memory that encodings are appended to. An `encoder` writes into it several times faster than into a `byte_buffer`,
/// since room is made for many elements at a time; it is meant to be used again after `clear`, which keeps the memory.
class encode_buffer {
public:
    encode_buffer() = default;
    /// With the memory of `used`, as much of it as has been written to once: what was in it is not kept.
    explicit encode_buffer(byte_buffer&& used) noexcept : storage_(std::move(used)) { clear(); }
    encode_buffer(encode_buffer&& other) noexcept { swap(other); }
    encode_buffer& operator=(encode_buffer&& other) noexcept { return swap(other), *this; }

    [[nodiscard]] byte_view bytes() const noexcept { return {storage_.data(), size()}; }
    [[nodiscard]] std::uint8_t* data() noexcept { return storage_.data(); }
    [[nodiscard]] std::size_t size() const noexcept {
        return at_ != nullptr ? static_cast<std::size_t>(at_ - storage_.data()) : storage_.size();
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return storage_.capacity(); }
    /// Takes memory for so many bytes in all; its pages are not touched.
    void reserve(std::size_t bytes);

    /// `count` more bytes at the end, to be written by the caller; what is in them is not said. Invalidates pointers.
    std::uint8_t* extend(std::size_t count) {
        if (count > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
            grow(count);
        return std::exchange(at_, at_ + count);
    }
    /// The same where the caller writes up to `touched` bytes, of which the first `count` stay.
    std::uint8_t* extend(std::size_t count, std::size_t touched) {
        if (touched > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
            grow(touched);
        return std::exchange(at_, at_ + count);
    }
    void append(byte_view more);
    void clear() noexcept { truncate(0); }
    /// Only the first `count` bytes stay. Precondition: count <= size().
    void truncate(std::size_t count) noexcept {
        end_ = storage_.data() + storage_.size();
        at_ = storage_.data() + count;
    }
    /// The same for what `extend` gave last, or a part of it.
    void drop(std::size_t count) noexcept { at_ -= count; }
    /// The bytes as a `byte_buffer`, which may be changed and appended to; valid until the next call of a member.
    byte_buffer& whole();
    /// The same as a buffer of its own; nothing is left here.
    [[nodiscard]] byte_buffer take();

private:
    void grow(std::size_t count);
    void swap(encode_buffer& other) noexcept {
        std::swap(storage_, other.storage_), std::swap(at_, other.at_), std::swap(end_, other.end_);
    }
    // Its size is the room there is: what is behind `at_` is not written yet. Without `at_` all of it is written.
    byte_buffer storage_;
    std::uint8_t* at_ = nullptr;
    std::uint8_t* end_ = nullptr;
};

/// Appends canonical encodings to a buffer, so that a message is written once, straight where it leaves from.
///
/// A container is announced with its size and followed by exactly that many elements:
/// `out.tuple(2); out.atom("ok"); out.integer(42);`. A list is `list(n)`, n elements, and a tail (`nil()` for a
/// proper list; the tail must not be a list with elements); maps are `map(n)` and n times key, value with
/// distinct keys. `list(0)` writes nothing, so that the tail alone remains.
class encoder {
public:
    explicit encoder(byte_buffer& out) noexcept : out_(&out) {}
    explicit encoder(encode_buffer& out) noexcept : fast_(&out) {}

    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    /// Magnitude little-endian; need not be minimal.
    void big_integer(bool negative, byte_view magnitude);
    /// Precondition: finite (Erlang has no NaN and no infinity).
    void floating(double value);
    /// Precondition: atom::is_valid(text).
    void atom(std::string_view text);
    /// The same of what has been checked: the text of an `sedge::atom`.
    void checked_atom(std::string_view text);
    void boolean(bool value) { atom(value ? "true" : "false"); }
    void binary(byte_view bytes);
    void string(std::string_view utf8) { binary(as_bytes(utf8)); } ///< An Elixir string is a binary.
    /// An Erlang string: the list of the text's code points. Precondition: valid UTF-8.
    void charlist(std::string_view utf8);
    void bitstring(byte_view bytes, int bits_in_last_byte);
    void tuple(std::size_t arity);
    void list(std::size_t length) {
        if (length > 0) sized(etf::list, length);
    }
    void nil() { put(etf::nil, 1); }
    /// The list of these integers, in the short form that OTP uses for it.
    void byte_list(byte_view bytes);
    void map(std::size_t pairs) { sized(etf::map, pairs); }
    void pid(const sedge::pid& value);
    void port(const sedge::port& value);
    void reference(const sedge::reference& value);
    /// `fun Module:Function/Arity`, the one kind of fun that C++ can make.
    void export_fun(std::string_view module, std::string_view function, std::uint8_t arity);
    /// A whole term.
    void copy(const term_view& value);

    /// Gives the list that was written from `start` on the short form that OTP uses for a list of bytes, if it is one.
    /// Precondition: a whole term, the last thing written.
    void settle_list(std::size_t start);

    /// Bytes in the buffer.
    [[nodiscard]] std::size_t size() const noexcept { return fast_ != nullptr ? fast_->size() : out_->size(); }
    /// The buffer, for codecs that look at what they have written. Valid until something more is written.
    byte_buffer& buffer() { return fast_ != nullptr ? fast_->whole() : *out_; }

private:
    std::uint8_t* room(std::size_t count) { return fast_ != nullptr ? fast_->extend(count) : more(count); }
    std::uint8_t* more(std::size_t count);
    void put(std::uint64_t bytes, std::size_t count);
    void give_back(std::size_t count);
    void take_back(std::size_t count);
    void large_integer(bool negative, std::uint64_t magnitude);
    std::uint8_t* named(std::uint8_t tag, std::size_t words, std::string_view node, std::size_t count);
    void long_atom(std::string_view text);
    void long_binary(byte_view bytes);
    void sized(std::uint8_t tag, std::size_t size);
    void append(byte_view bytes);

    encode_buffer* fast_ = nullptr; // one of the two is set
    byte_buffer* out_ = nullptr;
};

// -- what is called for nearly every element --------------------------------------------------------------------------
//
// Heads are made in registers and written as words, whatever their size is; what follows overwrites the rest.

/// The first `count` bytes, beginning with the lowest. Precondition: count <= 8.
inline void encoder::put(std::uint64_t bytes, std::size_t count) {
    if (fast_ != nullptr) [[likely]]
        return etf::store64_little(fast_->extend(count, 8), bytes);
    auto* p = more(count);
    for (std::size_t i = 0; i < count; ++i, bytes >>= 8) p[i] = static_cast<std::uint8_t>(bytes);
}

inline void encoder::integer(std::int64_t value) {
    if (static_cast<std::uint64_t>(value) <= 255) {
        auto* p = room(2);
        p[0] = etf::small_integer;
        p[1] = static_cast<std::uint8_t>(value);
    } else if (value == static_cast<std::int32_t>(value)) {
        auto* p = room(5);
        p[0] = etf::integer;
        etf::store32(p + 1, static_cast<std::uint32_t>(value));
    } else {
        large_integer(value < 0, value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
    }
}

/// Precondition: outside of what INTEGER holds.
inline void encoder::large_integer(bool negative, std::uint64_t magnitude) {
    const auto size = static_cast<std::size_t>(71 - std::countl_zero(magnitude)) / 8;
    std::uint8_t bytes[3 + 8];
    auto* p = fast_ != nullptr ? fast_->extend(3 + size, sizeof bytes) : bytes;
    p[0] = etf::small_big;
    p[1] = static_cast<std::uint8_t>(size);
    p[2] = negative ? 1 : 0;
    etf::store64_little(p + 3, magnitude);
    if (p == bytes) append({bytes, 3 + size});
}

inline void encoder::floating(double value) {
    SEDGE_ASSERT(std::isfinite(value));
    auto* p = room(9);
    p[0] = etf::new_float;
    etf::store64(p + 1, std::bit_cast<std::uint64_t>(value));
}

/// A tag and a size of 32 bits.
inline void encoder::sized(std::uint8_t tag, std::size_t size) {
    SEDGE_ASSERT(size <= 0xffffffff);
    put(tag | etf::big_endian(static_cast<std::uint32_t>(size)) << 8, 5);
}

inline void encoder::checked_atom(std::string_view text) {
    if (text.size() > 255) return long_atom(text);
    auto* p = room(2 + text.size());
    p[0] = etf::small_atom_utf8;
    p[1] = static_cast<std::uint8_t>(text.size());
    etf::copy_short(p + 2, text.data(), text.size());
}

inline void encoder::atom(std::string_view text) {
    if (text.size() > 255 || !etf::is_ascii(text.data(), text.size())) return long_atom(text);
    checked_atom(text);
}

inline void encoder::binary(byte_view bytes) {
    const std::size_t size = bytes.size();
    if (size > 255) return long_binary(bytes);
    std::uint8_t* p = nullptr;
    if (fast_ != nullptr) [[likely]] {
        p = fast_->extend(5 + size, 8 + size);
        etf::store64_little(p, etf::binary | std::uint64_t{size} << 32);
    } else {
        p = more(5 + size);
        p[0] = etf::binary;
        etf::store32(p + 1, static_cast<std::uint32_t>(size));
    }
    etf::copy_short(p + 5, bytes.data(), size);
}

inline void encoder::tuple(std::size_t arity) {
    if (arity > 255) return sized(etf::large_tuple, arity);
    put(etf::small_tuple | std::uint64_t{arity} << 8, 2);
}

/// The last bytes of what `room` gave.
inline void encoder::give_back(std::size_t count) {
    if (fast_ != nullptr) [[likely]]
        fast_->drop(count);
    else
        take_back(count);
}

} // namespace sedge
