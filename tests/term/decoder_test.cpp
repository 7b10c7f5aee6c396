// SPDX-License-Identifier: Apache-2.0
//
// What is read element by element is what was written, in both kinds of buffers, and nothing is read beyond the end.

#include "support/random_terms.hpp"

#include <sedge/term/decoder.hpp>
#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

using namespace sedge;
using namespace sedge::literals;

namespace {

byte_buffer raw(const std::string& hex) { return from_hex(hex).value(); }

byte_buffer bytes_of(const term& t) { return {t.bytes().begin(), t.bytes().end()}; }

/// Reads one term and writes it again.
void copy(decoder& in, encoder& out) {
    if (!in.ok()) return;
    switch (in.kind()) {
    case term_kind::atom: return out.atom(in.atom());
    case term_kind::floating: return out.floating(in.floating());
    case term_kind::binary: return out.binary(in.binary());
    case term_kind::pid: return out.pid(in.pid().own());
    case term_kind::reference: {
        const auto ref = in.reference();
        return in.ok() ? out.reference(ref.own()) : void();
    }
    case term_kind::nil: return in.nil(), out.nil();
    case term_kind::tuple: {
        const auto count = in.tuple();
        out.tuple(count);
        for (std::size_t i = 0; i < count && in.ok(); ++i) copy(in, out);
        return;
    }
    case term_kind::map: {
        const auto count = in.map();
        out.map(count);
        for (std::size_t i = 0; i < 2 * count && in.ok(); ++i) copy(in, out);
        return;
    }
    case term_kind::list: {
        const auto start = out.size();
        const auto count = in.list();
        out.list(count);
        for (std::size_t i = 0; i <= count && in.ok(); ++i) copy(in, out);
        if (in.ok()) out.settle_list(start);
        return;
    }
    default: return out.copy(in.any()); // integers of any size, and what has no reader of its own
    }
}

std::int64_t integer_in(const std::string& hex) {
    const auto bytes = raw(hex);
    decoder in{bytes};
    const auto value = in.integer();
    EXPECT_TRUE(in.at_end()) << hex;
    return value;
}

bool refuses_integer(const std::string& hex) {
    const auto bytes = raw(hex);
    decoder in{bytes};
    return in.integer() == 0 && !in.ok();
}

} // namespace

TEST(Decoder, ReadsWhatTheEncoderWrote) {
    test::random_terms terms{11};
    encode_buffer fast;
    for (int i = 0; i < 20'000; ++i) {
        const auto bytes = bytes_of(terms.next());
        byte_buffer plain;
        encoder out{plain};
        decoder in{bytes};
        copy(in, out);
        ASSERT_TRUE(in.at_end()) << to_hex(bytes);
        ASSERT_EQ(to_hex(plain), to_hex(bytes));

        fast.clear();
        encoder fast_out{fast};
        decoder again{bytes};
        copy(again, fast_out);
        ASSERT_EQ(to_hex(fast.bytes()), to_hex(bytes));
        ASSERT_EQ(fast_out.size(), bytes.size());
    }
}

TEST(Decoder, NoticesThatBytesAreMissing) {
    test::random_terms terms{12};
    for (int i = 0; i < 500; ++i) {
        const auto bytes = bytes_of(terms.next(10));
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const byte_buffer cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
            decoder in{cut};
            encode_buffer ignored;
            encoder out{ignored};
            copy(in, out);
            ASSERT_FALSE(in.ok()) << to_hex(cut);
        }
    }
}

TEST(Decoder, SurvivesChangedBytes) {
    test::random_terms terms{13};
    for (int i = 0; i < 20'000; ++i) {
        auto bytes = bytes_of(terms.next());
        bytes[terms.below(bytes.size())] = static_cast<std::uint8_t>(terms.below(256));
        decoder in{bytes};
        encode_buffer ignored;
        encoder out{ignored};
        copy(in, out);
        ASSERT_LE(in.offset(), bytes.size());
    }
}

TEST(Decoder, ReadsIntegersOfEverySize) {
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, std::int64_t{0x7fffffff},
          std::int64_t{0x80000000}, -std::int64_t{0x80000000}, -std::int64_t{0x80000001}, std::int64_t{1} << 40,
          std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        const term t{value};
        decoder in{t.bytes()};
        EXPECT_EQ(in.integer(), value);
        EXPECT_TRUE(in.at_end()) << value;
        const term pair{std::tuple{value, "followed by something longer"}}; // not at the end of the bytes
        decoder first{pair.bytes()};
        first.tuple(2);
        EXPECT_EQ(first.integer(), value);
        EXPECT_EQ(as_text(first.binary()), "followed by something longer");
        EXPECT_TRUE(first.at_end());
    }
    EXPECT_EQ(integer_in("6e 00 00"), 0);
    EXPECT_EQ(integer_in("6e 0a 01 05 00 00 00 00 00 00 00 00 00"), -5);
    EXPECT_EQ(integer_in("6f 00000001 00 07"), 7);
    EXPECT_TRUE(refuses_integer("6e 08 00 00 00 00 00 00 00 00 80")); // 2^63
    EXPECT_TRUE(refuses_integer("6e 09 00 00 00 00 00 00 00 00 00 01"));
    EXPECT_TRUE(refuses_integer("6e 08 01 01 00 00 00 00 00 00 80")); // -2^63 - 1
    EXPECT_TRUE(refuses_integer("77 02 6f 6b"));
}

TEST(Decoder, ReadsAtomsInEveryForm) {
    const std::string long_text(255, 'x');
    std::string widest;
    for (int i = 0; i < 255; ++i) widest += "日";
    for (const std::string& text : {std::string{}, std::string{"a"}, std::string{"seven77"}, std::string{"eight888"},
                                    std::string{"é"}, std::string{"日本語日本語"}, long_text, widest}) {
        const term t{atom{text}};
        decoder in{t.bytes()};
        EXPECT_EQ(in.atom(), text);
        EXPECT_TRUE(in.at_end()) << text;
        const term pair{std::tuple{atom{text}, "followed by something longer"}};
        decoder first{pair.bytes()};
        first.tuple(2);
        EXPECT_EQ(first.atom(), text);
    }
    const std::vector<atom> header{"ok"_atom, "é"_atom};
    const auto referred = raw("52 01");
    decoder in{referred, header};
    EXPECT_EQ(in.atom(), "é");
    EXPECT_TRUE(in.at_end());
    for (const char* bad :
         {"52 02", "77 01 ff", "77 08 61 62 63 64 65 66 67 80", "76 0001 ff", "77 05 61", "77", "61 01"}) {
        const auto bytes = raw(bad);
        decoder wrong{bytes, header};
        EXPECT_EQ(wrong.atom(), "") << bad;
        EXPECT_FALSE(wrong.ok()) << bad;
    }
}

TEST(Decoder, GivesTheElementsOfAShortList) {
    const term t{std::tuple{std::vector<int>{1, 2, 255}, "behind"}};
    decoder in{t.bytes()};
    in.tuple(2);
    ASSERT_EQ(in.list(), 3u);
    EXPECT_EQ(in.integer(), 1);
    EXPECT_FALSE(in.at_end());
    EXPECT_EQ(in.integer(), 2);
    EXPECT_EQ(in.kind(), term_kind::integer);
    EXPECT_EQ(in.integer(), 255);
    in.nil();
    EXPECT_EQ(in.kind(), term_kind::binary);
    EXPECT_EQ(as_text(in.binary()), "behind");
    EXPECT_TRUE(in.at_end());
}

TEST(Decoder, CountsTheBytesItHasRead) {
    const auto bytes = raw("68 02 6b 0002 01 02 77 01 61");
    decoder in{bytes};
    EXPECT_EQ(in.offset(), 0u);
    in.tuple(2);
    EXPECT_EQ(in.offset(), 2u);
    EXPECT_EQ(in.list(), 2u);
    EXPECT_EQ(in.offset(), 5u);
    in.integer();
    EXPECT_EQ(in.offset(), 6u);
    in.integer();
    in.nil();
    EXPECT_EQ(in.offset(), 7u);
    EXPECT_EQ(in.atom(), "a");
    EXPECT_EQ(in.offset(), bytes.size());
    EXPECT_TRUE(in.at_end());
    in.nil();
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.offset(), 0u);
}

TEST(Decoder, OfNoBytesIsAtTheEndUntilItIsRead) {
    decoder in{byte_view{}};
    EXPECT_TRUE(in.at_end());
    EXPECT_EQ(in.offset(), 0u);
    EXPECT_EQ(in.kind(), term_kind::nil);
    EXPECT_FALSE(in.ok());
}

TEST(Decoder, IsNotAtTheEndBeforeTheTailOfAShortList) {
    const term t{std::vector<int>{1}};
    decoder in{t.bytes()};
    in.list();
    EXPECT_EQ(in.integer(), 1);
    EXPECT_FALSE(in.at_end());
    in.nil();
    EXPECT_TRUE(in.at_end());
}

TEST(Decoder, RemembersItsFirstError) {
    const term t{std::tuple{1, 2}};
    decoder in{t.bytes()};
    in.tuple(3);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.integer(), 0);
    EXPECT_EQ(in.atom(), "");
    EXPECT_EQ(in.list(), 0u);
    EXPECT_EQ(in.kind(), term_kind::nil);
    EXPECT_EQ(in.any(), term{});
    EXPECT_FALSE(in.at_end());
}

TEST(Decoder, BelievesNoCountBeyondTheBytes) {
    for (const char* lie : {"68 02 61 01", "69 ffffffff 61 01", "6c 00000003 61 01", "74 00000001 61 01",
                            "6b 0003 01 02", "6d 00000002 01", "6d ffffffff 01"}) {
        const auto bytes = raw(lie);
        decoder in{bytes};
        encode_buffer ignored;
        encoder out{ignored};
        copy(in, out);
        EXPECT_FALSE(in.ok()) << lie;
    }
}

TEST(EncodeBuffer, HoldsWhatWasWrittenAndIsUsedAgain) {
    encode_buffer buffer;
    encoder out{buffer};
    EXPECT_TRUE(buffer.empty());
    out.tuple(2);
    out.integer(1);
    EXPECT_EQ(to_hex(buffer.bytes()), "68026101");
    out.buffer().push_back(0x6a); // a codec that writes for itself
    EXPECT_EQ(to_hex(buffer.bytes()), "680261016a");
    out.integer(-1); // written behind it
    EXPECT_EQ(to_hex(buffer.bytes()), "680261016a62ffffffff");
    buffer.truncate(4);
    EXPECT_EQ(out.size(), 4u);
    out.nil();
    const auto taken = buffer.take();
    EXPECT_EQ(to_hex(taken), "680261016a");
    EXPECT_TRUE(buffer.empty());
    out.integer(7);
    EXPECT_EQ(to_hex(buffer.bytes()), "6107");
}

TEST(EncodeBuffer, TakesLargeBinariesAmongSmallThings) {
    const byte_buffer large(300'000, 5);
    encode_buffer buffer;
    encoder out{buffer};
    byte_buffer plain;
    encoder same{plain};
    for (auto* each : {&out, &same}) {
        each->tuple(4);
        each->binary(large);
        each->atom("between");
        each->binary(large);
        each->integer(1 << 20);
    }
    EXPECT_EQ(plain.size(), buffer.size());
    EXPECT_TRUE(std::equal(plain.begin(), plain.end(), buffer.bytes().begin(), buffer.bytes().end()));
    EXPECT_EQ(term::adopt(buffer), term::adopt(plain));
    EXPECT_TRUE(buffer.empty());
}

TEST(EncodeBuffer, UsesMemoryAgainWithoutWhatWasInIt) {
    encode_buffer buffer{byte_buffer(1000, 0xff)};
    EXPECT_TRUE(buffer.empty());
    const auto* const memory = buffer.data();
    const byte_buffer sent(600, 1);
    buffer.append(sent);
    EXPECT_EQ(buffer.data(), memory);
    EXPECT_EQ(buffer.size(), 600u);
    buffer.reserve(100'000);
    EXPECT_GE(buffer.capacity(), 100'000u);
    const auto* const more = buffer.data();
    std::fill_n(buffer.extend(90'000), 90'000, std::uint8_t{2});
    EXPECT_EQ(buffer.data(), more) << "it had the room";
    const auto all = buffer.take();
    ASSERT_EQ(all.size(), 90'600u);
    EXPECT_TRUE(std::equal(sent.begin(), sent.end(), all.begin()));
    EXPECT_EQ(std::count(all.begin() + 600, all.end(), 2), 90'000);
}

namespace {
struct nested {
    int depth;
};
} // namespace

template <>
struct sedge::term_codec<nested> {
    /// Makes terms while a term is being made.
    static void encode(encoder& out, const nested& value) {
        if (value.depth == 0) return out.nil();
        out.tuple(2);
        out.integer(value.depth);
        out.copy(term{nested{value.depth - 1}}.view());
    }
};

TEST(EncodeBuffer, ServesCodecsThatMakeTermsOfTheirOwn) {
    EXPECT_EQ(to_erlang(term{nested{3}}), "{3,{2,{1,[]}}}");
    EXPECT_EQ(to_erlang(term{nested{1}}), "{1,[]}");
}
