// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/term/pid.hpp>
#include <sedge/term/tags.hpp>
#include <sedge/term/term.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sedge {

/// Reads an encoded term element by element from bytes that came from outside, checking them on the way. Nothing is
/// built or copied: the counterpart of `encoder`, for those who only look at a message, or take a few numbers out of
/// many. To keep a term, or to look at it more than once, decode it: `term::decode`.
///
///     decoder in{bytes};                     // {reading, 17, <<"C">>}
///     in.tuple(3);
///     if (in.atom() != "reading") ...
///     const auto value = in.integer();
///     const auto unit = in.binary();
///     if (!in.ok()) ...                      // not such a term; all of the above is worth nothing then
///
/// A container is its size, followed by that many elements: after `tuple()` they are read one by one, after `map()`
/// key, value, key, value..., after `list()` the elements and then the tail (`nil()` for a proper list; `list()` gives
/// 0 and takes nothing where an empty list stands). The first error is remembered: everything read later gives zero
/// or an empty view, so one look at `ok` at the end is enough, and loops over counts that were read should look at it.
///
/// Takes what OTP 23 and later send. Older encodings, and compressed ones, are errors here; `term` reads them.
/// Two equal keys in a map are not noticed. Views point into the bytes given.
///
/// A decoder that is a local variable of the function that reads with it costs least: its members are registers then.
class decoder {
public:
    struct pid_view {
        std::string_view node;
        std::uint32_t id = 0;
        std::uint32_t serial = 0;
        std::uint32_t creation = 0;
        [[nodiscard]] sedge::pid own() const { return {sedge::atom{node}, id, serial, creation}; }
    };
    struct reference_view {
        std::string_view node;
        std::uint32_t creation = 0;
        std::uint8_t size = 0; ///< Words used, 1 to 5.
        std::array<std::uint32_t, 5> words{};
        [[nodiscard]] sedge::reference own() const { return {sedge::atom{node}, creation, size, words}; }
    };

    /// `bytes` begin with the term, without version byte. `header_atoms` are what ATOM_CACHE_REF means in them.
    explicit decoder(byte_view bytes, std::span<const sedge::atom> header_atoms = {}) noexcept
        : at_(bytes.empty() ? nothing : bytes.data()), end_(at_ + bytes.size()), begin_(at_), last_(end_),
          atoms_(header_atoms) {}

    /// What stands next. An error if nothing does, or nothing known (the answer is `nil` then).
    [[nodiscard, gnu::always_inline]] term_kind kind() noexcept {
        if (!has(1)) [[unlikely]]
            return fail(), term_kind::nil;
        const auto kind = kinds[*at_];
        if (kind == unknown) [[unlikely]]
            return fail(), term_kind::nil;
        return static_cast<term_kind>(kind);
    }

    [[gnu::always_inline]] std::string_view atom() noexcept;
    /// Errors: also an integer that does not fit.
    [[gnu::always_inline]] std::int64_t integer() noexcept;
    [[gnu::always_inline]] double floating() noexcept;
    [[gnu::always_inline]] byte_view binary() noexcept;
    [[gnu::always_inline]] pid_view pid() noexcept;
    [[gnu::always_inline]] reference_view reference() noexcept;

    /// The number of elements that follow.
    [[gnu::always_inline]] std::size_t tuple() noexcept;
    /// The same, where only one size is right.
    [[gnu::always_inline]] void tuple(std::size_t arity) noexcept {
        if (tuple() != arity) fail();
    }
    /// The number of pairs that follow.
    [[gnu::always_inline]] std::size_t map() noexcept;
    /// The number of elements that follow before the tail; 0 where an empty list stands.
    [[gnu::always_inline]] std::size_t list() noexcept;
    /// An empty list; at the end of a proper list.
    [[gnu::always_inline]] void nil() noexcept {
        if (!has(1) || *at_ != etf::nil) [[unlikely]]
            return fail();
        ++at_;
    }
    /// A whole term, whatever it is, as a value.
    sedge::term any() { return apart(&decoder::decode_any); }

    [[nodiscard]] bool ok() const noexcept { return at_ != nullptr; }
    /// True if all bytes were read without an error.
    [[nodiscard]] bool at_end() const noexcept { return ok() && at_ == end_ && listed_ == 0 && read_to() == last_; }
    /// Bytes read; 0 after an error.
    [[nodiscard]] std::size_t offset() const noexcept {
        return ok() ? static_cast<std::size_t>(read_to() - begin_) : 0;
    }
    /// Marks the input as bad.
    void fail() noexcept {
        at_ = end_ = listed_at_ = nullptr;
        listed_ = 0;
    }

private:
    static constexpr std::uint8_t unknown = 255;
    static constexpr auto kinds = [] {
        std::array<std::uint8_t, 256> all{};
        all.fill(unknown);
        const auto set = [&](term_kind kind, auto... tags) { ((all[tags] = static_cast<std::uint8_t>(kind)), ...); };
        set(term_kind::atom, etf::small_atom_utf8, etf::atom_utf8, etf::atom_cache_ref);
        set(term_kind::integer, etf::small_integer, etf::integer, etf::small_big, etf::large_big);
        set(term_kind::floating, etf::new_float);
        set(term_kind::tuple, etf::small_tuple, etf::large_tuple);
        set(term_kind::map, etf::map);
        set(term_kind::nil, etf::nil);
        set(term_kind::list, etf::list, etf::string);
        set(term_kind::binary, etf::binary);
        set(term_kind::bitstring, etf::bit_binary);
        set(term_kind::pid, etf::new_pid);
        set(term_kind::reference, etf::newer_reference);
        set(term_kind::port, etf::new_port, etf::v4_port);
        set(term_kind::fun, etf::new_fun, etf::export_fun);
        return all;
    }();

    static constexpr auto low_bytes = [] {
        std::array<std::uint64_t, 9> masks{};
        for (std::size_t i = 1; i <= 8; ++i) masks[i] = ~std::uint64_t{0} >> (64 - 8 * i);
        return masks;
    }();

    static constexpr std::uint8_t nothing[] = {0}; // where the bytes of no bytes stand

    [[nodiscard]] const std::uint8_t* read_to() const noexcept { return listed_at_ != nullptr ? listed_at_ : at_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// Whether `count` bytes stand next.
    [[nodiscard, gnu::always_inline]] bool has(std::size_t count) noexcept {
        return remaining() >= count || (apart(&decoder::more) && remaining() >= count);
    }

    // What is rare is in decoder.cpp and works on a copy: nobody outside of this header ever has the address of a
    // decoder, so that the compiler need not keep it in memory. See docs/decisions/0032-decoders-in-registers.md.
    template <class Result>
    [[gnu::always_inline]] Result apart(Result (decoder::*rare)()) {
        decoder copy{*this};
        Result result = (copy.*rare)();
        at_ = copy.at_;
        end_ = copy.end_;
        listed_at_ = copy.listed_at_;
        listed_ = copy.listed_;
        return result;
    }
    decoder(const decoder&) = default;
    [[gnu::cold]] sedge::term decode_any();
    [[gnu::cold]] bool more() noexcept;                      // goes on to the next element of a STRING, or behind it
    [[gnu::always_inline]] std::string_view node() noexcept; // of a pid or reference
    static std::size_t ascii_atom_size(const std::uint8_t* at, const std::uint8_t* end) noexcept; // 0: another atom
    [[gnu::cold]] std::string_view other_atom() noexcept;                   // all but an ASCII one of at most 255 bytes
    [[gnu::cold]] std::int64_t other_integer() noexcept;                    // all but those of one and four bytes
    [[gnu::cold]] std::size_t other_tuple() noexcept;                       // more than 255 elements
    [[gnu::cold]] std::size_t other_list() noexcept;                        // all but a LIST
    [[gnu::always_inline]] std::size_t count_of(std::size_t each) noexcept; // behind a tag; `each`: terms per element

    const std::uint8_t* at_; // null after an error
    // While the elements of a STRING are read, `at_` is in a table of encoded bytes:
    std::uint32_t listed_ = 0; // elements to come, the tail included
    const std::uint8_t* listed_at_ = nullptr;
    const std::uint8_t* end_; // of the bytes that `at_` is in
    // Constant after construction:
    const std::uint8_t* begin_;
    const std::uint8_t* last_;
    std::span<const sedge::atom> atoms_;
};

// -- what is called for nearly every element --------------------------------------------------------------------------

/// It takes and gives values, so that it may be a call.
inline std::size_t decoder::ascii_atom_size(const std::uint8_t* at, const std::uint8_t* end) noexcept {
    const auto left = static_cast<std::size_t>(end - at);
    if (left < 2 || *at != etf::small_atom_utf8) return 0;
    const std::size_t size = at[1];
    const std::uint8_t* text = at + 2;
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t bytes = 0;
    if (size >= 8) {
        if (left < 2 + size) return 0;
        bytes = etf::load64(text + size - 8);
        for (std::size_t i = 0; i + 8 < size; i += 8) bytes |= etf::load64(text + i);
    } else {
        if (size == 0 || left < 10) return 0;
        bytes = etf::load64_little(text) << (64 - 8 * size);
    }
    return (bytes & high_bits) == 0 ? size : 0;
}

inline std::string_view decoder::atom() noexcept {
    const std::size_t size = ascii_atom_size(at_, end_);
    if (size == 0) [[unlikely]]
        return apart(&decoder::other_atom);
    const auto* text = reinterpret_cast<const char*>(at_ + 2);
    at_ += 2 + size;
    return {text, size};
}

inline std::int64_t decoder::integer() noexcept {
    if (remaining() >= 2 && *at_ == etf::small_integer) {
        const std::int64_t value = at_[1];
        at_ += 2;
        return value;
    }
    if (remaining() >= 5 && *at_ == etf::integer) {
        const auto value = static_cast<std::int32_t>(etf::load32(at_ + 1));
        at_ += 5;
        return value;
    }
    if (remaining() >= 11 && *at_ == etf::small_big && at_[1] <= 8) {
        const std::size_t size = at_[1];
        const std::uint64_t magnitude = etf::load64_little(at_ + 3) & low_bytes[size];
        const std::uint64_t sign = at_[2] != 0 ? ~std::uint64_t{0} : 0;
        if (magnitude >> 63 == 0) [[likely]] {
            at_ += 3 + size;
            return static_cast<std::int64_t>((magnitude ^ sign) - sign);
        }
    }
    return apart(&decoder::other_integer);
}

inline double decoder::floating() noexcept {
    if (!has(9) || *at_ != etf::new_float || (etf::load16(at_ + 1) & 0x7ff0) == 0x7ff0) [[unlikely]]
        return fail(), 0;
    const auto value = std::bit_cast<double>(etf::load64(at_ + 1));
    at_ += 9;
    return value;
}

inline byte_view decoder::binary() noexcept {
    if (!has(5) || *at_ != etf::binary) [[unlikely]]
        return fail(), byte_view{};
    // Most are short: the length is their last byte, and the next element does not wait for the other three.
    std::size_t size = at_[4];
    if ((at_[1] | at_[2] | at_[3]) != 0) [[unlikely]]
        size = etf::load32(at_ + 1);
    if (remaining() - 5 < size) [[unlikely]]
        return fail(), byte_view{};
    const byte_view bytes{at_ + 5, size};
    at_ += 5 + size;
    return bytes;
}

inline std::size_t decoder::tuple() noexcept {
    if (remaining() < 2 || *at_ != etf::small_tuple) [[unlikely]]
        return apart(&decoder::other_tuple);
    const std::size_t arity = at_[1];
    at_ += 2;
    if (arity > remaining()) [[unlikely]]
        return fail(), 0;
    return arity;
}

inline std::size_t decoder::map() noexcept {
    if (!has(5) || *at_ != etf::map) [[unlikely]]
        return fail(), 0;
    return count_of(2);
}

inline std::size_t decoder::list() noexcept {
    if (remaining() < 5 || *at_ != etf::list) [[unlikely]]
        return apart(&decoder::other_list);
    return count_of(1);
}

/// Each element takes at least one byte: a count of more is a lie, however it is used.
inline std::size_t decoder::count_of(std::size_t each) noexcept {
    const std::size_t count = etf::load32(at_ + 1);
    at_ += 5;
    if (each * count > remaining()) [[unlikely]]
        return fail(), 0;
    return count;
}

inline std::string_view decoder::node() noexcept {
    ++at_;
    return atom();
}

inline decoder::pid_view decoder::pid() noexcept {
    if (!has(1) || *at_ != etf::new_pid) [[unlikely]]
        return fail(), pid_view{};
    const auto name = node();
    if (remaining() < 12) [[unlikely]]
        return fail(), pid_view{};
    const pid_view value{name, etf::load32(at_), etf::load32(at_ + 4), etf::load32(at_ + 8)};
    at_ += 12;
    return value;
}

inline decoder::reference_view decoder::reference() noexcept {
    reference_view value;
    if (!has(3) || *at_ != etf::newer_reference) [[unlikely]]
        return fail(), value;
    const std::size_t words = etf::load16(at_ + 1);
    at_ += 2;
    const auto name = node();
    if (words - 1 >= value.words.size() || remaining() < 4 + 4 * words) [[unlikely]]
        return fail(), value;
    value.node = name;
    value.creation = etf::load32(at_);
    value.size = static_cast<std::uint8_t>(words);
    for (std::size_t i = 0; i < words; ++i) value.words[i] = etf::load32(at_ + 4 + 4 * i);
    at_ += 4 + 4 * words;
    return value;
}

} // namespace sedge
