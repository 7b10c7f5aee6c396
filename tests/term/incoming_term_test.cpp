// SPDX-License-Identifier: Apache-2.0
//
// A term that comes in parts is the term that it is in one piece, however it is cut.

#include "support/random_terms.hpp"

#include <sedge/term/incoming_term.hpp>
#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

#include <random>

using namespace sedge;
using namespace sedge::literals;

namespace {

byte_buffer raw(const std::string& hex) { return from_hex(hex).value(); }

/// As `term::decode` in one piece, inside a packet.
result<term> whole(byte_view bytes, std::vector<atom> atoms = {}) {
    decode_options options;
    options.version_byte = false;
    options.compressed = false;
    options.header_atoms = atoms;
    return term::decode(bytes, options);
}

/// In parts of these sizes; the last one takes the rest.
result<term> in_parts(byte_view bytes, const std::vector<std::size_t>& sizes, std::vector<atom> atoms = {}) {
    incoming_term coming{std::move(atoms)};
    for (const auto size : sizes) {
        const auto part = bytes.first(std::min(size, bytes.size()));
        bytes = bytes.subspan(part.size());
        if (auto added = coming.add(part, bytes.size()); !added) return added.error();
    }
    if (auto added = coming.add(bytes); !added) return added.error();
    return coming.finish();
}

std::vector<std::size_t> cut_at_random(std::mt19937& random, std::size_t size) {
    std::vector<std::size_t> sizes;
    const std::size_t most = 1 + random() % (size + 1);
    for (std::size_t at = 0; at < size;) {
        sizes.push_back(1 + random() % most);
        at += sizes.back();
    }
    return sizes;
}

} // namespace

TEST(IncomingTerm, IsTheSameTermHoweverItIsCut) {
    test::random_terms terms{7};
    std::mt19937 random{7};
    for (int i = 0; i < 20'000; ++i) {
        const auto t = terms.next();
        const auto again = in_parts(t.bytes(), cut_at_random(random, t.bytes().size()));
        ASSERT_TRUE(again) << i << ' ' << again.error().message() << ' ' << to_hex(t.bytes());
        ASSERT_EQ(to_hex(again->bytes()), to_hex(t.bytes())) << i;
    }
}

TEST(IncomingTerm, MayBeCutAtEachByte) {
    const std::vector<atom> atoms{"ok"_atom, "node@host"_atom};
    const std::string pid = "58 5201 00000001 00000000 00000003";
    const std::string fun =
        "70 00000000 01 000102030405060708090a0b0c0d0e0f 00000000 00000001 5200 6101 6105 " + pid + " 6a";
    const std::string all[] = {
        "68 04 5200 6d00000003 010203 6a 5201",           // tuple, cached atoms, binary
        "6c 00000002 6101 6102 6c 00000001 6103 6a",      // a list that goes on in its tail
        "6c 00000001 5200 6c 00000000 6c 00000000 6a",    // tails of no elements
        "6c 00000001 6141 6b 0002 4243",                  // a list that goes on as a string
        "6c 00000001 5200 6102",                          // an improper list
        "74 00000002 5200 6101 5201 74 00000001 6101 6a", // maps
        "62 00000005",
        "6e 08 00 0102030405060708",
        "6f 00000004 00 01020304",
        "46 400921fb54442d18",
        "4d 00000002 03 ff e0",
        "5a 0003 5201 00000001 00000002 00000003 00000004",
        "71 5200 5201 6102",
        pid,
        fun,
        "64 0002 6869",
        "73 02 6869",
        "76 0002 6869",
    };
    for (const auto& hex : all) {
        const auto bytes = raw(hex);
        const auto expected = whole(bytes, atoms);
        ASSERT_TRUE(expected) << hex << ' ' << expected.error().message();
        for (std::size_t at = 0; at <= bytes.size(); ++at) {
            const auto t = in_parts(bytes, {at}, atoms);
            ASSERT_TRUE(t) << hex << " cut at " << at << ' ' << t.error().message();
            EXPECT_EQ(to_hex(t->bytes()), to_hex(expected->bytes())) << hex << " cut at " << at;
        }
        const auto singly = in_parts(bytes, std::vector<std::size_t>(bytes.size(), 1), atoms);
        ASSERT_TRUE(singly) << hex;
        EXPECT_EQ(to_hex(singly->bytes()), to_hex(expected->bytes())) << hex;
        incoming_term cut{atoms};
        ASSERT_TRUE(cut.add(byte_view{bytes}.first(bytes.size() - 1))) << hex;
        EXPECT_FALSE(cut.is_complete()) << hex;
        EXPECT_EQ(cut.finish().error(), make_error_code(term_errc::malformed)) << hex;
    }
}

TEST(IncomingTerm, BytesBehindItAreIgnored) {
    incoming_term coming;
    ASSERT_TRUE(coming.add(raw("68 02 6101 6102 ff ff")));
    ASSERT_TRUE(coming.add(raw("ff")));
    EXPECT_EQ(to_erlang(coming.finish().value()), "{1,2}");
}

TEST(IncomingTerm, WhatIsNoTermIsRefusedWhereItStands) {
    for (const std::string hex : {"ff", "68 02 6101 ff", "5200", "46 7ff0000000000000", "77 02 ffff",
                                  "74 00000002 6101 6102 6101 6103", "53", "6c 00000001 6101 ff"}) {
        const auto refused = in_parts(raw(hex), {1, 1, 2});
        ASSERT_FALSE(refused) << hex;
        EXPECT_EQ(refused.error(), make_error_code(term_errc::malformed)) << hex;
    }
}

TEST(IncomingTerm, ClaimedNumberOfElementsCostsNothing) {
    incoming_term coming;
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(coming.add(raw("6c ffffffff 69 ffffffff")));
    EXPECT_FALSE(coming.finish());
    incoming_term announced;
    ASSERT_TRUE(announced.add(raw("6d ffffffff 01"), ~std::size_t{0})) << "neither does the number of bytes to come";
}

TEST(IncomingTerm, NestingIsBounded) {
    incoming_term coming;
    for (std::size_t i = 0; i < limits::term_nesting_max; ++i) ASSERT_TRUE(coming.add(raw("6c 00000001"))) << i;
    EXPECT_EQ(coming.add(raw("6c 00000001")).error(), make_error_code(term_errc::too_deep));
}

TEST(IncomingTerm, AtomsOfTheHeaderDoNotMultiplyWithoutBound) {
    std::string name;
    for (int i = 0; i < 255; ++i) name += "日";
    incoming_term coming{{atom{name}}};
    byte_buffer part = raw("6c 7fffffff");
    for (int i = 0; i < 1000; ++i) part.insert(part.end(), {0x52, 0});
    const auto added = coming.add(part);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error(), make_error_code(term_errc::too_large));
}

TEST(IncomingTerm, LargeBinaryIsTakenInPieces) {
    constexpr std::size_t size = 3'000'000;
    constexpr std::size_t part_bytes = 65'536;
    byte_buffer bytes = raw("68 02 5200 6d");
    writer{bytes}.u32(size);
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 7 + i / 1000));
    const auto t = in_parts(bytes, std::vector<std::size_t>(size / part_bytes, part_bytes), {"chunk"_atom});
    ASSERT_TRUE(t) << t.error().message();
    EXPECT_EQ(*t, *whole(bytes, {"chunk"_atom}));
    const term copy = *t;
    EXPECT_EQ(copy.bytes().data(), t->bytes().data());
}
