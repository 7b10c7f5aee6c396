// SPDX-License-Identifier: Apache-2.0
//
// What must hold for any term, tried on 100,000 seeded ones.

#include "support/random_terms.hpp"

#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

using namespace sedge;

namespace {

constexpr int terms_tried = 100'000;

int sign(std::weak_ordering o) { return o < 0 ? -1 : o > 0 ? 1 : 0; }

/// The same term, made anew from its parts, with all maps turned round.
void write_turned(encoder& out, const term_view& t) {
    switch (t.kind()) {
    case term_kind::tuple:
        out.tuple(t.arity());
        for (const auto each : t.elements()) write_turned(out, each);
        return;
    case term_kind::list:
        out.list(t.length());
        for (const auto each : t.elements()) write_turned(out, each);
        return write_turned(out, t.tail());
    case term_kind::map: {
        const auto parts = t.keys_and_values();
        std::vector<term_view> all(parts.begin(), parts.end());
        out.map(t.map_size());
        for (std::size_t i = all.size(); i > 0; i -= 2) {
            write_turned(out, all[i - 2]);
            write_turned(out, all[i - 1]);
        }
        return;
    }
    default: return out.copy(t);
    }
}

} // namespace

TEST(RandomTerms, SurviveEncodingAndDecoding) {
    test::random_terms random{1};
    for (int i = 0; i < terms_tried; ++i) {
        const auto t = random.next();
        const auto again = term::decode(t.external());
        ASSERT_TRUE(again) << i << ' ' << again.error().message();
        ASSERT_EQ(to_hex(again->bytes()), to_hex(t.bytes())) << i;
        ASSERT_EQ(*again, t) << i;
        ASSERT_EQ(hash_of(*again), hash_of(t)) << i;
        ASSERT_EQ(sign(compare(*again, t)), 0) << i;
    }
}

TEST(RandomTerms, AreTheSameWithTheirMapsInAnotherOrder) {
    test::random_terms random{2};
    for (int i = 0; i < terms_tried / 4; ++i) {
        const auto t = random.next(60);
        byte_buffer bytes;
        encoder out{bytes};
        write_turned(out, t);
        const auto turned = term::adopt(bytes);
        ASSERT_EQ(turned, t) << i;
        ASSERT_EQ(hash_of(turned), hash_of(t)) << i;
        ASSERT_EQ(sign(compare(turned, t)), 0) << i;
        ASSERT_EQ(term::decode(bytes, {.version_byte = false}).value(), t) << i;
    }
}

TEST(RandomTerms, AreTotallyOrdered) {
    test::random_terms random{3};
    std::vector<term> all;
    for (int i = 0; i < 300; ++i) all.push_back(random.next(5));
    std::sort(all.begin(), all.end(), [](const term& a, const term& b) { return compare(a, b) < 0; });
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = i; j < all.size(); ++j) {
            ASSERT_LE(sign(compare(all[i], all[j])), 0) << to_erlang(all[i]) << " and " << to_erlang(all[j]);
            ASSERT_EQ(sign(compare(all[j], all[i])), -sign(compare(all[i], all[j])));
        }
    }
}

TEST(RandomTerms, PrintInAllLanguages) {
    test::random_terms random{4};
    for (int i = 0; i < terms_tried / 10; ++i) {
        const auto t = random.next();
        ASSERT_FALSE(to_erlang(t).empty());
        ASSERT_FALSE(to_erlang_plain(t).empty());
        ASSERT_FALSE(to_elixir(t).empty());
    }
}

TEST(RandomTerms, DamagedEncodingsAreTermsOrErrorsAndNeverAnythingElse) {
    test::random_terms random{5};
    for (int i = 0; i < terms_tried; ++i) {
        auto bytes = random.next(8).external();
        for (auto n = 1 + random.below(3); n > 0; --n) {
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
        }
        const auto t = term::decode_prefix(bytes);
        if (!t) continue;
        const auto again = term::decode(t->value.external());
        ASSERT_TRUE(again) << to_hex(bytes);
        ASSERT_EQ(to_hex(again->bytes()), to_hex(t->value.bytes())) << to_hex(bytes);
    }
}
