// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/term/block.hpp>
#include <sedge/term/pid.hpp>

#include <compare>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace sedge {

/// In Erlang's term order, apart from numbers, which compare by value across both kinds.
enum class term_kind : std::uint8_t {
    integer, floating, atom, reference, fun, port, pid, tuple, map, nil, list, binary, bitstring,
};

std::string_view to_string(term_kind kind) noexcept;

class term;
class term_view;
class encoder;
class encode_buffer;

/// How C++ types become terms and back; specialise it for your own types. See `term/convert.hpp` for those that
/// have one: integers of all widths, big_integer, double, bool, string, byte_buffer, atom, pid, port, reference,
/// term, tuple, pair, vector, map, optional, variant. Funs and bitstrings, for which C++ has no type, are carried as
/// `term`.
///
///     static void encode(encoder& out, const T& value);
///     static std::optional<T> decode(const term_view& in);   // nothing if `in` is another kind of term
template <class T>
struct term_codec;

template <class T>
concept encodable = requires(encoder& out, const T& value) { term_codec<T>::encode(out, value); };
template <class T>
concept decodable = requires(const term_view& in) {
    { term_codec<T>::decode(in) } -> std::same_as<std::optional<T>>;
};

/// Reads a validated term in place; cheap to copy, owns nothing.
///
/// Only canonical encodings are ever behind a view (see `term`), so no access can fail on structure. Accessors of
/// one kind may be called on any term; on another kind they give nothing (an empty range, 0, nullopt).
///
/// Life: valid as long as the term, or the buffer, that it was made from.
class term_view {
public:
    term_view() noexcept; ///< The atom `undefined`.
    term_view(const term& whole) noexcept;
    /// Precondition: `canonical` holds at least one canonical term without version byte.
    static term_view over(byte_view canonical) noexcept;

    [[nodiscard]] term_kind kind() const noexcept;
    [[nodiscard]] bool is_atom(std::string_view text) const noexcept;
    [[nodiscard]] bool is_list() const noexcept { return kind() == term_kind::list || kind() == term_kind::nil; }

    /// Text of an atom. Valid as long as the view's bytes.
    [[nodiscard]] std::optional<std::string_view> atom_text() const noexcept;
    /// Bytes of a binary (not of a bitstring).
    [[nodiscard]] std::optional<byte_view> binary() const noexcept;

    /// Tuples: number of elements, and the i-th (which walks over those before it).
    [[nodiscard]] std::size_t arity() const noexcept;
    /// Precondition: i < arity().
    [[nodiscard]] term_view element(std::size_t i) const noexcept;

    class sequence; // forward range of term_view
    /// Elements of a tuple, or of the proper part of a list, in order. `[1,2|x]` gives 1, 2.
    [[nodiscard]] sequence elements() const noexcept;
    /// Lists: number of elements of the proper part, and what follows it (`[]` for a proper list).
    [[nodiscard]] std::size_t length() const noexcept;
    [[nodiscard]] term_view tail() const noexcept;

    /// Maps: number of pairs; the range gives key, value, key, value...; `find` compares exactly (`=:=`).
    [[nodiscard]] std::size_t map_size() const noexcept;
    [[nodiscard]] sequence keys_and_values() const noexcept;
    [[nodiscard]] std::optional<term_view> find(const term_view& key) const noexcept;
    [[nodiscard]] std::optional<term_view> find_atom(std::string_view key) const noexcept;

    /// The term as a C++ value, or nothing if it does not fit that type.
    template <decodable T>
    [[nodiscard]] std::optional<T> as() const {
        return term_codec<T>::decode(*this);
    }

    /// Exactly the bytes of this term, without version byte. Walks the term.
    [[nodiscard]] byte_view bytes() const noexcept;
    /// First byte; for codecs.
    [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }

    /// Exact equality, `=:=`.
    friend bool operator==(const term_view& a, const term_view& b) noexcept;

private:
    friend class term;
    explicit term_view(const std::uint8_t* data) noexcept : data_(data) {}
    const std::uint8_t* data_;
};

/// Erlang's order (`1 == 1.0`); for sorting and for `<`. Exact equality is `operator==`.
std::weak_ordering compare(const term_view& a, const term_view& b) noexcept;
/// Equal terms (`=:=`) have equal hashes.
std::size_t hash_of(const term_view& t) noexcept;

class term_view::sequence {
public:
    class iterator {
    public:
        using value_type = term_view;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::forward_iterator_tag;
        iterator() noexcept = default;
        term_view operator*() const noexcept;
        iterator& operator++() noexcept;
        iterator operator++(int) noexcept { auto old = *this; return ++*this, old; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.left_ == b.left_; }

    private:
        friend class sequence;
        friend class term_view;
        const std::uint8_t* at_ = nullptr; // next element, or next byte of a STRING
        std::size_t left_ = 0;
        bool bytes_ = false; // inside a STRING
    };
    [[nodiscard]] iterator begin() const noexcept { return begin_; }
    [[nodiscard]] iterator end() const noexcept { return {}; }
    [[nodiscard]] std::size_t size() const noexcept { return begin_.left_; }
    [[nodiscard]] bool empty() const noexcept { return begin_.left_ == 0; }

private:
    friend class term_view;
    iterator begin_;
};

struct decode_options {
    std::size_t nesting_max = limits::term_nesting_max;
    std::size_t inflated_bytes_max = limits::term_inflated_bytes_max;
    bool version_byte = true;     ///< 131 first; without it (inside packets) compression is illegal too.
    bool compressed = true;       ///< Accept the compressed form after the version byte.
    std::span<const atom> header_atoms{}; ///< What ATOM_CACHE_REF means here; empty: the tag is illegal.
};

enum class term_errc {
    malformed = 1,  ///< Not an encoded term.
    too_deep,       ///< Nested deeper than `nesting_max`.
    too_large,      ///< Would take more memory than its bytes justify: see limits::term_inflated_*, term_growth_*.
};
const std::error_category& term_category() noexcept;
inline std::error_code make_error_code(term_errc code) noexcept { return {static_cast<int>(code), term_category()}; }

/// One immutable Erlang value: a reference-counted buffer with its validated, canonical encoding.
///
/// Canonical means: only the tags that OTP 25 and later send in distribution (integers minimal, atoms UTF-8,
/// NEW_PID, NEWER_REFERENCE, NEW_FLOAT, byte lists as STRING where OTP would; no compression, no cache references).
/// Map order and opaque funs are kept as they came.
///
/// Copying is a counter. Threads: copies may be used from several threads.
class term {
public:
    term() noexcept;                ///< The atom `undefined`.
    explicit term(term_view view);  ///< Copies the bytes.
    template <class T>
        requires(!std::same_as<std::remove_cvref_t<T>, term> && !std::same_as<std::remove_cvref_t<T>, term_view> &&
                 encodable<std::remove_cvref_t<T>>) // asked last: clang remembers an answer given before the codec
    term(const T& value);           ///< Encodes: `term{std::tuple{"ok"_atom, 42}}`.
    term(const term& other) noexcept;
    term(term&& other) noexcept;
    term& operator=(const term& other) noexcept;
    term& operator=(term&& other) noexcept;
    ~term();

    struct decoded;
    /// Validates the term at the start of `bytes` and makes it canonical. Never allocates more than a small
    /// multiple of the bytes present (compressed terms: than `inflated_bytes_max`). Errors: term_errc.
    static result<decoded> decode_prefix(byte_view bytes, const decode_options& options = {});
    /// The same; bytes behind the term are an error.
    static result<term> decode(byte_view bytes, const decode_options& options = {});
    /// Takes over bytes that an `encoder` wrote. Precondition: exactly one canonical term; debug builds check it.
    static term adopt(byte_buffer canonical);
    /// The same; of small terms the bytes are copied, and the buffer is empty afterwards in any case.
    static term adopt(encode_buffer& canonical);

    [[nodiscard]] term_view view() const noexcept { return term_view{*this}; }
    /// Without version byte.
    [[nodiscard]] byte_view bytes() const noexcept;
    /// With version byte 131, as files and gossip want it.
    [[nodiscard]] byte_buffer external() const;

    [[nodiscard]] term_kind kind() const noexcept { return view().kind(); }
    [[nodiscard]] bool is_atom(std::string_view text) const noexcept { return view().is_atom(text); }
    [[nodiscard]] std::size_t arity() const noexcept { return view().arity(); }
    [[nodiscard]] term_view element(std::size_t i) const noexcept { return view().element(i); }
    template <decodable T>
    [[nodiscard]] std::optional<T> as() const {
        return view().as<T>();
    }

    friend bool operator==(const term& a, const term& b) noexcept { return a.view() == b.view(); }

private:
    using block = detail::term_block;
    explicit term(block* b) noexcept : block_(b) {}
    block* block_ = nullptr; // null: `undefined`
};

struct term::decoded {
    term value;
    std::size_t consumed = 0; ///< Bytes of the input that the term took.
};

} // namespace sedge

template <>
struct std::is_error_code_enum<sedge::term_errc> : std::true_type {};
template <>
struct std::hash<sedge::term> {
    std::size_t operator()(const sedge::term& t) const noexcept { return sedge::hash_of(t.view()); }
};

#include <sedge/term/access.hpp>
#include <sedge/term/convert.hpp>
