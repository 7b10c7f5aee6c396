// SPDX-License-Identifier: Apache-2.0
//
// Input that must not become a term, and the bounds on what may. See tests/vectors/terms/malformed.json.

#include "support/json.hpp"

#include <sedge/term/text.hpp>

#include <gtest/gtest.h>
#include <zlib.h>

using namespace sedge;
using namespace sedge::literals;

namespace {

byte_buffer repeated(byte_view piece, std::size_t times) {
    byte_buffer all;
    all.reserve(piece.size() * times);
    for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), piece.begin(), piece.end());
    return all;
}

byte_buffer input_of(const boost::json::value& item) {
    if (const auto* hex = item.as_object().if_contains("hex")) return from_hex(std::string{hex->as_string()}).value();
    byte_buffer all;
    for (const auto& piece : item.at("make").as_array()) {
        const auto bytes = from_hex(std::string{piece.at(0).as_string()}).value();
        const auto more = repeated(bytes, piece.at(1).to_number<std::size_t>());
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

std::error_code refusal(byte_view bytes, const decode_options& options = {}) {
    const auto t = term::decode(bytes, options);
    return t ? std::error_code{} : t.error().code();
}

std::error_code refusal(const std::string& hex) { return refusal(from_hex(hex).value()); }

byte_buffer joined(std::initializer_list<byte_buffer> parts) {
    byte_buffer all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

byte_buffer raw(const std::string& hex) { return from_hex(hex).value(); }

/// `levels` lists around an empty one.
byte_buffer nested_lists(std::size_t levels) {
    return joined({raw("83"), repeated(raw("6c00000001"), levels), raw("6a"), repeated(raw("6a"), levels)});
}

/// A fun with `free` variables, all of them [].
byte_buffer fun_with(std::uint32_t free) {
    byte_buffer bytes{131, 112, 0, 0, 0, 0, 1};
    bytes.resize(bytes.size() + 16);
    writer{bytes}.u32(0).u32(free).bytes(raw("77016d6100610058770161000000010000000000000002"));
    writer{bytes}.bytes(repeated(raw("6a"), free));
    return bytes;
}

/// A compressed binary of `size` zeros in all, head of five bytes included.
byte_buffer compressed_zeros(std::uint32_t size) {
    byte_buffer plain{109};
    writer{plain}.u32(size - 5);
    plain.resize(size);
    byte_buffer packed(compressBound(size));
    uLongf packed_size = packed.size();
    compress2(packed.data(), &packed_size, plain.data(), plain.size(), 9);
    packed.resize(packed_size);
    byte_buffer all{131, 80};
    writer{all}.u32(size).bytes(packed);
    return all;
}

} // namespace

TEST(Malformed, RecordedInputIsRefusedAsItShould) {
    const auto file = test::read_vectors("terms/malformed.json");
    std::size_t seen = 0;
    for (const auto& item : file.as_array()) {
        const std::string name{item.at("name").as_string()};
        SCOPED_TRACE(name);
        const auto bytes = input_of(item);
        const auto expected = item.at("expect").as_string();
        ++seen;
        if (expected == "reject") {
            EXPECT_EQ(refusal(bytes), term_errc::malformed);
        } else if (expected == "policy") { // more behind the term: the caller decides by the function it calls
            EXPECT_EQ(refusal(bytes), term_errc::malformed);
            EXPECT_EQ(term::decode_prefix(bytes).value().consumed, bytes.size() - 3);
        } else if (name.starts_with("zip bomb")) {
            EXPECT_EQ(refusal(bytes), term_errc::too_large);
        } else if (name.starts_with("deep")) {
            EXPECT_EQ(refusal(bytes), term_errc::too_deep);
        } else { // many atoms and huge tuples cost no more than their bytes: nothing is interned, there are no cells
            const auto t = term::decode(bytes);
            ASSERT_TRUE(t);
            EXPECT_EQ(t->bytes().size(), bytes.size() - 1);
        }
    }
    EXPECT_EQ(seen, 104u);
}

TEST(Malformed, EveryPrefixOfEveryRecordedTermIsRefused) {
    const auto file = test::read_vectors("terms/corpus.json");
    for (const auto& item : file.as_array()) {
        const auto bytes = raw(std::string{item.at("hex").as_string()});
        const std::size_t step = bytes.size() < 500 ? 1 : bytes.size() / 100;
        for (std::size_t size = 0; size < bytes.size(); size += step) {
            ASSERT_TRUE(refusal(byte_view{bytes}.first(size))) << item.at("name") << " cut to " << size;
        }
    }
}

TEST(Malformed, ErrorsNameTheByteAndTheReason) {
    const auto t = term::decode(raw("8368026101ff"));
    ASSERT_FALSE(t);
    EXPECT_EQ(t.error().message(), "byte 4: unknown tag: not a valid encoded term");
}

TEST(Malformed, OldIdentifiersKeepTheirNarrowFields) {
    EXPECT_EQ(refusal("836677016100000005"
                      "04"),
              term_errc::malformed)
        << "port: creation above 3";
    EXPECT_FALSE(refusal("836677016100000005"
                         "03"));
    EXPECT_EQ(refusal("836577016100000005"
                      "04"),
              term_errc::malformed)
        << "reference: creation above 3";
    EXPECT_EQ(refusal("837200017701610400000005"), term_errc::malformed) << "new reference: creation above 3";
}

TEST(Malformed, CacheReferencesNeedAHeader) {
    const std::vector<atom> header{"first"_atom, "second"_atom};
    decode_options options;
    options.version_byte = false;
    options.header_atoms = header;
    EXPECT_EQ(term::decode(raw("68025200"
                               "5201"),
                           options)
                  .value(),
              (term{std::tuple{"first"_atom, "second"_atom}}));
    EXPECT_EQ(term::decode(raw("585201000000010000000000000002"), options).value(),
              (term{pid{"second"_atom, 1, 0, 2}}));
    EXPECT_EQ(refusal(raw("5202"), options), term_errc::malformed);
    EXPECT_EQ(refusal(raw("5200"), {.version_byte = false}), term_errc::malformed);
}

TEST(Malformed, PacketsAreNeverCompressed) {
    const auto bytes = compressed_zeros(1000);
    EXPECT_FALSE(refusal(bytes));
    EXPECT_EQ(refusal(bytes, {.compressed = false}), term_errc::malformed);
    EXPECT_EQ(refusal(byte_view{bytes}.subspan(1), {.version_byte = false}), term_errc::malformed);
}

TEST(Malformed, APrefixSaysHowMuchItTook) {
    auto bytes = compressed_zeros(1000);
    const auto size = bytes.size();
    bytes.insert(bytes.end(), {1, 2, 3});
    EXPECT_EQ(term::decode_prefix(bytes).value().consumed, size);
    const auto legacy = raw("8362000000056107");
    EXPECT_EQ(term::decode_prefix(legacy).value().consumed, 6u);
}

TEST(Limits, NestingOfListsTuplesMapsAndFuns) {
    const auto max = limits::term_nesting_max;
    EXPECT_FALSE(refusal(nested_lists(max - 1)));
    EXPECT_FALSE(refusal(nested_lists(max)));
    EXPECT_EQ(refusal(nested_lists(max + 1)), term_errc::too_deep);
    decode_options options;
    for (const std::string head : {"6801",
                                   "7400000001610"
                                   "1",
                                   "6c000000016101"}) { // the last: nested as tails
        for (const std::size_t levels : {9u, 10u, 11u}) {
            options.nesting_max = 10;
            const auto bytes = joined({raw("83"), repeated(raw(head), levels), raw("6a")});
            const bool is_deep = levels > 10 && head.substr(0, 2) != "6c";
            EXPECT_EQ(refusal(bytes, options), is_deep ? make_error_code(term_errc::too_deep) : std::error_code{})
                << head << ' ' << levels;
        }
    }
    options.nesting_max = 1;
    EXPECT_FALSE(refusal(fun_with(1), options));
    options.nesting_max = 0;
    EXPECT_EQ(refusal(fun_with(1), options), term_errc::too_deep);
}

TEST(Limits, DeepTermsAreWalkedWithoutTheStack) {
    decode_options options;
    options.nesting_max = 1'000'000;
    for (const std::string head : {"6801", "6c00000001",
                                   "740000000161"
                                   "01"}) {
        const bool is_list = head.starts_with("6c");
        const auto bytes = joined({raw("83"), repeated(raw(head), 200'000), raw("6a"),
                                   is_list ? repeated(raw("6a"), 200'000) : byte_buffer{}});
        const auto a = term::decode(bytes, options).value();
        const auto b = term::decode(bytes, options).value();
        EXPECT_EQ(a, b);
        EXPECT_EQ(compare(a, b), std::weak_ordering::equivalent);
        EXPECT_EQ(hash_of(a), hash_of(b));
        EXPECT_EQ(a.view().bytes().size(), bytes.size() - 1);
        EXPECT_GT(to_erlang(a).size(), 200'000u);
        EXPECT_GT(to_elixir(a).size(), 200'000u);
    }
    // Maps as keys of maps of two pairs, each level in another order than OTP would send.
    byte_buffer level = raw("6a");
    for (int i = 0; i < 2'000; ++i) level = joined({raw("7400000002"), raw("77017a6101"), level, raw("6101")});
    const auto deep = term::decode(joined({raw("83"), level})).value();
    EXPECT_EQ(deep, deep);
    EXPECT_EQ(compare(deep, term{deep.view()}), std::weak_ordering::equivalent);
    EXPECT_FALSE(to_erlang(deep).empty());
}

TEST(Limits, InflatedBytes) {
    const auto bytes = compressed_zeros(1000);
    EXPECT_FALSE(refusal(bytes, {.inflated_bytes_max = 1001}));
    EXPECT_FALSE(refusal(bytes, {.inflated_bytes_max = 1000}));
    EXPECT_EQ(refusal(bytes, {.inflated_bytes_max = 999}), term_errc::too_large);
}

TEST(Limits, InflatedRatio) {
    // Claims decide before anything is inflated, so the claim is changed and only it.
    auto bytes = compressed_zeros(1000);
    const auto packed = bytes.size() - 6;
    const auto claim = [&](std::size_t size) {
        for (int i = 0; i < 4; ++i)
            bytes[2 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
        return refusal(bytes);
    };
    const auto max = limits::term_inflated_free_bytes + limits::term_inflated_ratio_max * packed;
    EXPECT_EQ(claim(max - 1), term_errc::malformed) << "is inflated, and then shorter than announced";
    EXPECT_EQ(claim(max), term_errc::malformed);
    EXPECT_EQ(claim(max + 1), term_errc::too_large);
}

TEST(Limits, GrowthByCacheReferences) {
    const std::vector<atom> header{atom{std::string(255, 'x')}};
    decode_options options;
    options.version_byte = false;
    options.header_atoms = header;
    // A list of n references has 6 + 2n bytes and becomes one of 6 + 257n.
    const auto list_of_references = [](std::uint32_t n) {
        byte_buffer bytes{108};
        writer{bytes}.u32(n).bytes(repeated(raw("5200"), n)).u8(106);
        return bytes;
    };
    std::uint32_t fitting = 0;
    while (5 + 257 * (fitting + 1) <=
           limits::term_growth_free_bytes + limits::term_growth_ratio_max * (6 + 2 * (fitting + 1)))
        ++fitting;
    EXPECT_FALSE(refusal(list_of_references(fitting - 1), options));
    EXPECT_FALSE(refusal(list_of_references(fitting), options));
    EXPECT_EQ(refusal(list_of_references(fitting + 1), options), term_errc::too_large);
}

TEST(Limits, ReferenceWordsAndFreeVariables) {
    const auto reference = [](int words) {
        return joined({raw("835a000" + std::to_string(words)), raw("77016100000001"),
                       repeated(raw("00000001"), static_cast<std::size_t>(words))});
    };
    EXPECT_EQ(refusal(reference(0)), term_errc::malformed);
    EXPECT_FALSE(refusal(reference(1)));
    EXPECT_FALSE(refusal(reference(4)));
    EXPECT_FALSE(refusal(reference(5)));
    EXPECT_EQ(refusal(reference(6)), term_errc::malformed);

    EXPECT_FALSE(refusal(fun_with(254)));
    EXPECT_FALSE(refusal(fun_with(255)));
    EXPECT_EQ(refusal(fun_with(256)), term_errc::malformed);
}

TEST(Limits, AtomCharacters) {
    const auto utf8 = [](std::uint16_t characters) {
        byte_buffer bytes{131, 118};
        writer{bytes}.u16(static_cast<std::uint16_t>(2 * characters)).bytes(repeated(raw("c3a9"), characters));
        return bytes;
    };
    const auto latin1 = [](std::uint16_t characters) {
        byte_buffer bytes{131, 100};
        writer{bytes}.u16(characters).bytes(repeated(raw("e9"), characters));
        return bytes;
    };
    EXPECT_FALSE(refusal(utf8(254)));
    EXPECT_EQ(term::decode(utf8(255)).value(), term::decode(latin1(255)).value());
    EXPECT_EQ(refusal(utf8(256)), term_errc::malformed);
    EXPECT_EQ(refusal(latin1(256)), term_errc::malformed);
}

TEST(Limits, DecimalDigitsOfHugeIntegers) {
    const auto power = [](std::size_t bytes) { // 2^(8 * bytes) - 1
        return term{big_integer::from_magnitude(true, byte_buffer(bytes, 0xff))};
    };
    EXPECT_TRUE(to_erlang(power(limits::integer_decimal_bytes_max)).starts_with("-2003529930"));
    EXPECT_TRUE(to_erlang(power(limits::integer_decimal_bytes_max + 1)).starts_with("-16#FFFF"));
    EXPECT_TRUE(to_elixir(power(limits::integer_decimal_bytes_max + 1)).starts_with("-0xFFFF"));
}

TEST(Limits, TextIsCutBetweenCharacters) {
    text_options options;
    options.bytes_max = 10;
    EXPECT_EQ(to_elixir(term{"12345678"}, options), "\"12345678\"");
    EXPECT_EQ(to_elixir(term{"123456789"}, options), "\"123456789...");
    EXPECT_EQ(to_elixir(term{"12345678é"}, options), "\"12345678...");
    options.bytes_max = 100;
    const term many{std::vector<int>(100'000, 1000)};
    EXPECT_EQ(to_erlang(many, options).size(), 103u);
}

TEST(MapKeys, EqualOnesAreRefusedHoweverTheyAreWritten) {
    const auto pair = [](const std::string& a, const std::string& b) {
        return refusal("8374000000"
                       "02" +
                       a + "6a" + b + "6a");
    };
    EXPECT_EQ(pair("6101", "6101"), term_errc::malformed);
    EXPECT_EQ(pair("6101", "6200000001"), term_errc::malformed);
    EXPECT_EQ(pair("6b00020102", "6c0000000261016102"
                                 "6a"),
              term_errc::malformed);
    EXPECT_EQ(pair("770161", "64000161"), term_errc::malformed);
    EXPECT_EQ(pair("74000000026101610161026102", "74000000026102610261016101"), term_errc::malformed) << "other order";
    EXPECT_FALSE(pair("74000000026101610161026102", "74000000026102610161016102"));
    EXPECT_FALSE(pair("6101", "463ff0000000000000")) << "1 and 1.0";
    EXPECT_FALSE(pair("460000000000000000", "468000000000000000")) << "0.0 and -0.0, as from OTP 27 on";
}

TEST(MapKeys, EqualOnesAreFoundInLargeMaps) {
    const auto map_of = [](std::uint32_t count, std::uint32_t last) {
        byte_buffer bytes{131, 116};
        writer out{bytes};
        out.u32(count);
        for (std::uint32_t i = 0; i + 1 < count; ++i) out.u8(98).u32(i * 2654435761u | 0x100).u8(106);
        out.u8(98).u32(last).u8(106);
        return bytes;
    };
    EXPECT_FALSE(refusal(map_of(100'000, 0x7fffffff & ~0x100u)));
    EXPECT_EQ(refusal(map_of(100'000, 777u * 2654435761u | 0x100)), term_errc::malformed);
}
