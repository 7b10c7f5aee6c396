// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <random>

namespace sedge::test {

/// Seeded, bounded random terms of every kind that C++ can make: the same seed gives the same terms.
class random_terms {
public:
    explicit random_terms(std::uint64_t seed) : random_(seed) {}

    /// At most `size` leaves or so.
    term next(int size = 20) {
        byte_buffer bytes;
        encoder out{bytes};
        write(out, size);
        return term::decode(bytes, {.version_byte = false}).value();
    }

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

private:
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::uint64_t any64() { return random_(); }

    void write(encoder& out, int size) {
        switch (size <= 1 ? below(9) : below(16)) {
        case 0: return out.integer(static_cast<std::int64_t>(any64()) >> below(64));
        case 1: return out.unsigned_integer(any64() >> below(64));
        case 2: return out.big_integer(one_in(2), random_bytes(one_in(50) ? 300 : 20));
        case 3: return write_float(out);
        case 4: return write_atom(out);
        case 5: return out.binary(random_bytes(one_in(20) ? 300 : 10));
        case 6: return out.string(random_text(12));
        case 7: return one_in(2) ? out.nil() : out.charlist(random_text(8));
        case 8: return write_rare_leaf(out);
        case 9:
        case 10: return write_tuple(out, size);
        case 11:
        case 12:
        case 13: return write_list(out, size);
        default: return write_map(out, size);
        }
    }

    void write_float(encoder& out) {
        double d = one_in(3) ? static_cast<double>(below(2000)) / 8 - 100 : std::bit_cast<double>(any64());
        if (!std::isfinite(d)) d = 0.1;
        out.floating(d);
    }

    void write_atom(encoder& out) {
        constexpr std::string_view some[] = {"ok",          "error", "true", "nil", "undefined",
                                             "Elixir.Enum", "",      "a b",  "é",   "日本語"};
        if (one_in(3)) return out.atom(random_text(one_in(30) ? 255 : 6));
        out.atom(some[below(std::size(some))]);
    }

    void write_rare_leaf(encoder& out) {
        const atom node{one_in(2) ? "a@127.0.0.1" : "b@localhost"};
        const auto small = [&] { return static_cast<std::uint32_t>(any64() >> (32 + below(32))); };
        const std::uint32_t creation = 1 + static_cast<std::uint32_t>(below(3));
        switch (below(5)) {
        case 0: return out.pid({node, small(), small(), creation});
        case 1: return out.port({node, any64() >> below(64), creation});
        case 2: {
            // OTP 25 loses references of one word or two as keys of large maps.
            reference r{node, creation, static_cast<std::uint8_t>(3 + below(3)), {}};
            for (std::size_t i = 0; i < r.size; ++i) r.words[i] = small();
            return out.reference(r);
        }
        case 3: return out.export_fun("lists", one_in(2) ? "map" : "a b", static_cast<std::uint8_t>(below(256)));
        default: {
            auto bytes = random_bytes(5);
            bytes.push_back(static_cast<std::uint8_t>(any64()));
            return out.bitstring(bytes, 1 + static_cast<int>(below(8)));
        }
        }
    }

    /// Splits `size` among `n` parts.
    int share(int size, std::size_t n) { return size / static_cast<int>(n + 1); }

    void write_tuple(encoder& out, int size) {
        const auto n = one_in(200) ? 250 + below(10) : below(5);
        out.tuple(n);
        for (std::size_t i = 0; i < n; ++i) write(out, share(size, n));
    }

    void write_list(encoder& out, int size) {
        const auto n = one_in(200) ? below(300) : below(6);
        out.list(n);
        const bool bytes_only = one_in(4);
        for (std::size_t i = 0; i < n; ++i) {
            if (bytes_only) {
                out.integer(static_cast<std::int64_t>(below(256)));
            } else {
                write(out, share(size, n));
            }
        }
        if (n > 0 && one_in(6)) return out.atom("tail");
        out.nil();
    }

    void write_map(encoder& out, int size) {
        const auto n = one_in(30) ? below(70) : below(6);
        std::vector<term> keys;
        for (std::size_t i = 0; i < n; ++i) {
            auto key = next(one_in(4) ? share(size, n) : 1);
            // OTP up to 26 takes 0.0 and -0.0 for one key.
            if (key == term{-0.0} || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
            keys.push_back(std::move(key));
        }
        out.map(keys.size());
        for (const auto& key : keys) {
            out.copy(key);
            write(out, share(size, n));
        }
    }

    byte_buffer random_bytes(std::size_t most) {
        byte_buffer bytes(below(most + 1));
        for (auto& b : bytes) b = static_cast<std::uint8_t>(any64());
        return bytes;
    }

    std::string random_text(std::size_t most) {
        constexpr std::string_view pieces[] = {"a",  "b",  "Z", "0", "_", "@", " ",  "'", "\"",
                                               "\\", "\n", "#", "{", "é", "ß", "日", "𝄞"};
        std::string text;
        for (auto n = below(most + 1); n > 0; --n) text += pieces[below(std::size(pieces))];
        return text;
    }

    std::mt19937_64 random_;
};

} // namespace sedge::test
