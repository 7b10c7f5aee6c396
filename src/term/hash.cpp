// SPDX-License-Identifier: Apache-2.0
//
// A hash that does not depend on the order of pairs in maps, nor on STRING or LIST. The same in every run: what hangs
// on it (iteration order of containers) must be repeatable. Not keyed, so do not let strangers choose many keys of
// one table.

#include <sedge/term/term.hpp>

#include "term/small_stack.hpp"
#include "term/walk.hpp"

#include <cstring>

namespace sedge {

namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ull;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t x = (a ^ b) * odd;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    return x ^ x >> 29;
}

std::uint64_t hash_bytes(const std::uint8_t* first, const std::uint8_t* last) noexcept {
    std::uint64_t h = static_cast<std::uint64_t>(last - first) * odd;
    for (; last - first >= 8; first += 8) {
        std::uint64_t word;
        std::memcpy(&word, first, 8);
        h = mix(h, word);
    }
    std::uint64_t word = 0;
    if (first != last) std::memcpy(&word, first, static_cast<std::size_t>(last - first));
    return mix(h, word);
}

struct frame {
    std::size_t left;
    std::uint64_t hash;
    std::uint64_t key; // of the pair that is being read
    bool is_map;
};

constexpr std::uint64_t list_seed = 11; // for STRING and LIST alike

std::uint64_t hash_string(const std::uint8_t* p) noexcept {
    std::uint64_t h = list_seed;
    const std::size_t size = etf::load16(p + 1);
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint8_t as_term[] = {etf::small_integer, p[3 + i]};
        h = mix(h, hash_bytes(as_term, as_term + 2));
    }
    const std::uint8_t end[] = {etf::nil};
    return mix(mix(h, hash_bytes(end, end + 1)), 7); // as a container is closed
}

} // namespace

std::size_t hash_of(const term_view& t) noexcept {
    small_stack<frame, 16> frames;
    const auto* p = t.data();
    for (;;) {
        std::uint64_t done = 0;
        const auto inside = etf::contents_of(p);
        if (inside.count > 0) {
            const std::uint64_t seed = *p == etf::list ? list_seed : std::uint64_t{*p} + inside.count;
            frames.push({inside.count, seed, 0, *p == etf::map});
            p = inside.first;
            continue;
        }
        if (*p == etf::string) {
            done = hash_string(p);
            p = etf::skip_leaf(p);
        } else {
            const auto* next = etf::skip_leaf(p);
            if (next == nullptr) next = inside.first; // an empty container
            done = hash_bytes(p, next);
            p = next;
        }
        for (;;) {
            if (frames.empty()) return done;
            auto& f = frames.top();
            --f.left;
            if (!f.is_map) {
                f.hash = mix(f.hash, done);
            } else if (f.left % 2 == 1) {
                f.key = done;
            } else {
                f.hash += mix(f.key, done);
            }
            if (f.left > 0) break;
            done = mix(f.hash, 7);
            frames.pop();
        }
    }
}

} // namespace sedge
