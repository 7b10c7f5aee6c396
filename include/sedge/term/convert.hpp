// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/term.hpp. How C++ values become terms and back; containers in term/convert_containers.hpp.
//
//   integers, bool, double, float     integer, true/false, float. Decoding refuses what does not fit the type.
//   std::string, string_view, "..."   binary (Elixir's string). Decoding to std::string wants valid UTF-8.
//   byte_buffer, byte_view            binary
//   charlist                          Erlang's string: a list of code points
//   atom, pid, port, reference, term, big_integer
//   std::tuple, std::pair             tuple
//   std::vector                       proper list;  list_of(1, "a"_atom)  for elements of different types
//   improper_list                     `[1, 2 | tail]`
//   std::map, std::unordered_map      map
//   std::optional                     the value, or `nil`; decoding takes `undefined` for nothing as well
//   std::variant                      decoding gives the first alternative that fits
//   std::monostate                    `nil`

#include <sedge/term/big.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/plain_form.hpp>
#include <sedge/term/term.hpp>

#include <utility>
#include <variant>
#include <vector>

namespace sedge {

/// Erlang's string: the list of the text's code points. Valid UTF-8.
struct charlist {
    std::string text;
    friend bool operator==(const charlist&, const charlist&) = default;
};

namespace detail {
std::optional<std::int64_t> decode_large_signed(const term_view& in) noexcept;
inline std::optional<std::int64_t> decode_signed(const term_view& in) noexcept {
    const auto* p = in.data();
    if (*p == etf::small_integer) return p[1];
    if (*p == etf::integer) return static_cast<std::int32_t>(etf::load32(p + 1));
    return decode_large_signed(in);
}
std::optional<std::uint64_t> decode_unsigned(const term_view& in) noexcept;
std::optional<double> decode_floating(const term_view& in) noexcept;

/// What a new term is written into: memory of this thread, or, where a codec makes terms while it encodes, its own.
class term_scratch {
public:
    term_scratch() noexcept;
    term_scratch(const term_scratch&) = delete;
    term_scratch& operator=(const term_scratch&) = delete;
    ~term_scratch();
    encode_buffer& buffer() noexcept { return *buffer_; }

private:
    encode_buffer* buffer_;
    encode_buffer own_; // used if the thread's is taken
};

template <class T>
concept plain_integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, wchar_t> &&
                        !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
} // namespace detail

template <detail::plain_integer T>
struct term_codec<T> {
    static void encode(encoder& out, T value) {
        if constexpr (std::is_signed_v<T>) {
            out.integer(value);
        } else {
            out.unsigned_integer(value);
        }
    }
    static std::optional<T> decode(const term_view& in) {
        if constexpr (std::is_signed_v<T>) {
            const auto value = detail::decode_signed(in);
            if (!value || !std::in_range<T>(*value)) return std::nullopt;
            return static_cast<T>(*value);
        } else {
            const auto value = detail::decode_unsigned(in);
            if (!value || !std::in_range<T>(*value)) return std::nullopt;
            return static_cast<T>(*value);
        }
    }
};

template <std::floating_point T>
struct term_codec<T> {
    /// Precondition: finite.
    static void encode(encoder& out, T value) { out.floating(static_cast<double>(value)); }
    static std::optional<T> decode(const term_view& in) {
        const auto value = detail::decode_floating(in);
        return value ? std::optional<T>{static_cast<T>(*value)} : std::nullopt;
    }
};
template <>
struct term_codec<bool> {
    static void encode(encoder& out, const bool& value);
    static std::optional<bool> decode(const term_view& in);
};
template <>
struct term_codec<std::string> {
    static void encode(encoder& out, const std::string& value);
    static std::optional<std::string> decode(const term_view& in);
};
template <>
struct term_codec<byte_buffer> {
    static void encode(encoder& out, const byte_buffer& value);
    static std::optional<byte_buffer> decode(const term_view& in);
};
template <>
struct term_codec<charlist> {
    static void encode(encoder& out, const charlist& value);
    static std::optional<charlist> decode(const term_view& in);
};
template <>
struct term_codec<atom> {
    static void encode(encoder& out, const atom& value) { out.checked_atom(value.text()); }
    static std::optional<atom> decode(const term_view& in);
};
template <>
struct term_codec<pid> {
    static void encode(encoder& out, const pid& value);
    static std::optional<pid> decode(const term_view& in);
};
template <>
struct term_codec<port> {
    static void encode(encoder& out, const port& value);
    static std::optional<port> decode(const term_view& in);
};
template <>
struct term_codec<reference> {
    static void encode(encoder& out, const reference& value);
    static std::optional<reference> decode(const term_view& in);
};
template <>
struct term_codec<big_integer> {
    static void encode(encoder& out, const big_integer& value);
    static std::optional<big_integer> decode(const term_view& in);
};
template <>
struct term_codec<std::monostate> {
    static void encode(encoder& out, const std::monostate& value);
    static std::optional<std::monostate> decode(const term_view& in);
};

template <>
struct term_codec<term> {
    static void encode(encoder& out, const term& value) { out.copy(value.view()); }
    static std::optional<term> decode(const term_view& in) { return term{in}; }
};
template <>
struct term_codec<term_view> {
    static void encode(encoder& out, const term_view& value) { out.copy(value); }
    static std::optional<term_view> decode(const term_view& in) { return in; }
};
template <>
struct term_codec<std::string_view> {
    static void encode(encoder& out, std::string_view value) { out.string(value); }
};
template <>
struct term_codec<byte_view> {
    static void encode(encoder& out, byte_view value) { out.binary(value); }
};
template <>
struct term_codec<const char*> : term_codec<std::string_view> {};
template <>
struct term_codec<char*> : term_codec<std::string_view> {};
template <std::size_t N>
struct term_codec<char[N]> : term_codec<std::string_view> {};

template <class T>
requires(!std::same_as<std::remove_cvref_t<T>, term> && !std::same_as<std::remove_cvref_t<T>, term_view> &&
         encodable<std::remove_cvref_t<T>>) term::term(const T& value) {
    using kind = std::remove_cvref_t<T>;
    if constexpr (detail::has_plain_form<kind>) {
        const std::size_t size = detail::plain_form<kind>::size(value);
        if (size <= block::inline_bytes_max) [[likely]] {
            block_ = block::with_room(size);
            [[maybe_unused]] const auto* end = detail::plain_form<kind>::write(block_->room(), value);
            SEDGE_ASSERT(end == block_->room() + size);
            return;
        }
    }
    detail::term_scratch scratch;
    encoder out{scratch.buffer()};
    term_codec<kind>::encode(out, value);
    *this = adopt(scratch.buffer());
}

} // namespace sedge

#include <sedge/term/convert_containers.hpp>
