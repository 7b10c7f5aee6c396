// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/term.hpp: what is done with nearly every message, so that it takes no call: holding a term, reading
// its elements.

#include <sedge/term/tags.hpp>
#include <sedge/term/term.hpp>

#include <array>
#include <utility>

// g++ 12 takes the unused places of a std::variant of these for values that are destroyed.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace sedge {

namespace detail {

/// The byte behind the term at `p`; see src/term/walk.hpp.
const std::uint8_t* skip_any(const std::uint8_t* p) noexcept;
inline const std::uint8_t* skip(const std::uint8_t* p) noexcept {
    if (*p == etf::small_atom_utf8) return p + 2 + p[1];
    return *p == etf::integer ? p + 5 : skip_any(p);
}

extern const std::array<term_kind, 256> kind_of_tag;
inline constexpr std::uint8_t undefined_bytes[] = {
    etf::small_atom_utf8, 9, 'u', 'n', 'd', 'e', 'f', 'i', 'n', 'e', 'd'};

/// What a STRING's bytes are when looked at one by one: encoded integers that live for ever.
extern const std::array<std::uint8_t, 512> byte_terms;

} // namespace detail

inline term::term() noexcept = default;
inline term::term(const term& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->count.add();
}
inline term::term(term&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
inline term& term::operator=(const term& other) noexcept {
    term copy{other};
    std::swap(block_, copy.block_);
    return *this;
}
inline term& term::operator=(term&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
}
inline term::~term() {
    if (block_ != nullptr && block_->count.drop()) block::destroy(block_);
}
inline byte_view term::bytes() const noexcept {
    if (block_ == nullptr) return detail::undefined_bytes;
    return {block_->bytes(), block_->size};
}

inline term_view::term_view() noexcept : data_(detail::undefined_bytes) {}
inline term_view::term_view(const term& whole) noexcept : data_(whole.bytes().data()) {}
inline term_view term_view::over(byte_view canonical) noexcept { return term_view{canonical.data()}; }
inline term_kind term_view::kind() const noexcept { return detail::kind_of_tag[*data_]; }
inline bool term_view::is_atom(std::string_view text) const noexcept { return atom_text() == text; }

inline std::optional<std::string_view> term_view::atom_text() const noexcept {
    if (*data_ == etf::small_atom_utf8) return std::string_view{reinterpret_cast<const char*>(data_ + 2), data_[1]};
    if (*data_ != etf::atom_utf8) return std::nullopt;
    return std::string_view{reinterpret_cast<const char*>(data_ + 3), etf::load16(data_ + 1)};
}

inline std::size_t term_view::arity() const noexcept {
    if (*data_ == etf::small_tuple) return data_[1];
    return *data_ == etf::large_tuple ? etf::load32(data_ + 1) : 0;
}

inline std::size_t term_view::length() const noexcept {
    if (*data_ == etf::string) return etf::load16(data_ + 1);
    return *data_ == etf::list ? etf::load32(data_ + 1) : 0;
}

inline term_view term_view::element(std::size_t i) const noexcept {
    const std::uint8_t* p = *data_ == etf::small_tuple ? data_ + 2 : data_ + 5;
    for (; i > 0; --i) p = detail::skip(p);
    return term_view{p};
}

inline term_view::sequence term_view::elements() const noexcept {
    sequence all;
    all.begin_.left_ = *data_ == etf::small_tuple || *data_ == etf::large_tuple ? arity() : length();
    all.begin_.bytes_ = *data_ == etf::string;
    all.begin_.at_ = *data_ == etf::string ? data_ + 3 : *data_ == etf::small_tuple ? data_ + 2 : data_ + 5;
    return all;
}

inline term_view term_view::sequence::iterator::operator*() const noexcept {
    return term_view{bytes_ ? detail::byte_terms.data() + 2 * std::size_t{*at_} : at_};
}

inline term_view::sequence::iterator& term_view::sequence::iterator::operator++() noexcept {
    at_ = bytes_ ? at_ + 1 : detail::skip(at_);
    --left_;
    return *this;
}

} // namespace sedge

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
