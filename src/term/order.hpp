// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/tags.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Order of canonical terms. Private to the layer; the public face is `compare` and `==` in term.hpp.
namespace sedge::etf {

/// The maps inside one term, each with its pairs sorted by key. Built in one pass, innermost maps first, so that
/// comparing keys finds the maps inside them sorted already.
class map_index {
public:
    struct pair {
        const std::uint8_t* key;
        const std::uint8_t* value;
    };

    /// Precondition: a canonical term, which outlives this. Maps of more than `sorted_max` pairs are listed as they
    /// stand; order() wants none of these.
    explicit map_index(const std::uint8_t* term, std::size_t sorted_max = static_cast<std::size_t>(-1));

    /// Pairs of the map at `map`, which is inside the term and has two or more.
    [[nodiscard]] std::span<const pair> pairs(const std::uint8_t* map) const noexcept;
    /// The byte behind that map.
    [[nodiscard]] const std::uint8_t* end_of(const std::uint8_t* map) const noexcept;

private:
    struct entry {
        const std::uint8_t* map;
        const std::uint8_t* end;
        std::size_t first; // in pairs_
    };
    [[nodiscard]] const entry& at(const std::uint8_t* map) const noexcept;

    std::vector<entry> maps_; // in the order of their addresses
    std::vector<pair> pairs_;
};

enum class strictness : std::uint8_t {
    by_value, // 1 == 1.0, as `<` and `==` see it
    exact,    // integers before floats, as `=:=` and the keys of maps see it
};

/// Negative, 0 or positive. Both indexes or none; without them `needs_index` if maps must be sorted to tell.
int order(const std::uint8_t* a, const std::uint8_t* b, strictness how, const map_index* maps_of_a,
          const map_index* maps_of_b);
inline constexpr int needs_index = 2;

/// True if two of the terms are equal (`=:=`).
bool has_equal_terms(std::vector<const std::uint8_t*> terms);

} // namespace sedge::etf
