// SPDX-License-Identifier: Apache-2.0
//
// What is rare in messages: texts beyond ASCII, large sizes, the end of the bytes. Here stands whatever may refuse.
//
// A STRING is a list whose elements have no tags. Each is read from a table of the terms that bytes stand for, so that
// nobody has to know of this form; behind the last one its tail is read, and then what stands behind the STRING.
#include <sedge/term/decoder.hpp>

#include "term/utf8.hpp"

#include <iterator>
#include <utility>

namespace sedge {

namespace {
constexpr std::uint8_t tail[] = {etf::nil};
} // namespace

bool decoder::more() noexcept {
    if (at_ != end_ || listed_at_ == nullptr) return false;
    if (listed_ > 1) {
        at_ = detail::byte_terms.data() + 2 * std::size_t{*listed_at_++};
        end_ = at_ + 2;
    } else if (listed_ == 1) {
        at_ = std::begin(tail);
        end_ = std::end(tail);
    } else {
        at_ = std::exchange(listed_at_, nullptr);
        end_ = last_;
        return true;
    }
    --listed_;
    return true;
}

std::string_view decoder::other_atom() noexcept {
    if (!has(2)) return fail(), std::string_view{};
    if (*at_ == etf::atom_cache_ref && at_[1] < atoms_.size()) {
        const auto text = atoms_[at_[1]].text();
        at_ += 2;
        return text;
    }
    const bool is_long = *at_ == etf::atom_utf8;
    if ((!is_long && *at_ != etf::small_atom_utf8) || !has(3)) {
        // An empty atom may be the last two bytes.
        if (*at_ != etf::small_atom_utf8 || at_[1] != 0) return fail(), std::string_view{};
        return at_ += 2, std::string_view{};
    }
    const std::size_t head = is_long ? 3 : 2;
    const std::size_t size = is_long ? etf::load16(at_ + 1) : at_[1];
    if (remaining() < head + size) return fail(), std::string_view{};
    const std::string_view text{reinterpret_cast<const char*>(at_ + head), size};
    if (!sedge::atom::is_valid(text)) return fail(), std::string_view{};
    at_ += head + size;
    return text;
}

std::int64_t decoder::other_integer() noexcept {
    if (!has(2)) return fail(), 0;
    if (*at_ == etf::small_integer || (*at_ == etf::integer && has(5))) return integer();
    const bool is_large = *at_ == etf::large_big;
    if ((!is_large && *at_ != etf::small_big) || !has(is_large ? 6 : 3)) return fail(), 0;
    const std::size_t head = is_large ? 6 : 3;
    const std::size_t size = is_large ? etf::load32(at_ + 1) : at_[1];
    if (remaining() - head < size) return fail(), 0;
    const bool negative = at_[head - 1] != 0;
    std::uint64_t magnitude = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (i >= 8 && at_[head + i] != 0) return fail(), 0;
        if (i < 8) magnitude |= std::uint64_t{at_[head + i]} << (8 * i);
    }
    constexpr std::uint64_t most = 0x7fffffffffffffff;
    if (magnitude > most + (negative ? 1 : 0)) return fail(), 0;
    at_ += head + size;
    return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::size_t decoder::other_tuple() noexcept {
    if (!has(2)) return fail(), 0;
    if (*at_ == etf::small_tuple) return tuple();
    if (*at_ != etf::large_tuple || !has(5)) return fail(), 0;
    return count_of(1);
}

std::size_t decoder::other_list() noexcept {
    if (!has(1)) return fail(), 0;
    if (*at_ == etf::nil) return 0;
    if (*at_ == etf::list && has(5)) return count_of(1);
    if (*at_ != etf::string || !has(3)) return fail(), 0;
    const std::size_t size = etf::load16(at_ + 1);
    if (remaining() < 3 + size) return fail(), 0;
    listed_at_ = at_ + 3;
    listed_ = static_cast<std::uint32_t>(size) + 1;
    at_ = end_; // of nothing: the first element is next
    return size;
}

term decoder::decode_any() {
    decode_options options;
    options.version_byte = false;
    options.compressed = false;
    options.header_atoms = atoms_;
    if (!has(1)) return fail(), term{};
    auto decoded = term::decode_prefix({at_, end_}, options);
    if (!decoded) return fail(), term{};
    at_ += decoded->consumed;
    return std::move(decoded->value);
}

} // namespace sedge
