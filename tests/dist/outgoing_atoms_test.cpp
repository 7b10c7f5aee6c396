// SPDX-License-Identifier: Apache-2.0

#include "dist/outgoing_atoms.hpp"

#include <sedge/dist/atom_cache.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

#include <random>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::literals;

namespace {

/// One side writes headers, the other reads them.
struct BothCaches : testing::Test {
    outgoing_atoms ours;
    atom_cache theirs;
    std::size_t packet_bytes = 0;
    std::vector<atom> header;

    /// The terms as the other side understands them.
    std::vector<term> carry(const std::vector<term>& terms) {
        ours.begin();
        for (const auto& t : terms) ours.add(t.bytes());
        encode_buffer written;
        ours.write(written);
        const byte_buffer packet = written.take();
        packet_bytes = packet.size();
        byte_view rest = packet;
        rest = rest.subspan(theirs.read_header(rest, header).value());
        std::vector<term> heard;
        for (std::size_t i = 0; i < terms.size(); ++i) {
            decode_options options;
            options.version_byte = false;
            options.header_atoms = header;
            auto one = term::decode_prefix(rest, options).value();
            rest = rest.subspan(one.consumed);
            heard.push_back(std::move(one.value));
        }
        EXPECT_TRUE(rest.empty());
        return heard;
    }
};

std::string numbered(std::size_t i) { return "atom_" + std::to_string(i); }

} // namespace

TEST_F(BothCaches, EveryKindOfTermArrivesAsItWas) {
    const pid p{"a@127.0.0.1"_atom, 7, 1, 99};
    const reference r{"a@127.0.0.1"_atom, 99, 3, {1, 2, 3}};
    byte_buffer fun_bytes = from_hex("71 7703 6c6973 7703 6d6170 6102").value();
    std::vector<term> all{
        term{"ok"_atom},
        term{""_atom},
        term{p},
        term{r},
        term{std::tuple{p, r, "ok"_atom, 1, -1, 1.5, std::string{"text"}, std::vector{1, 2, 300}}},
        term{std::vector{std::tuple{"k"_atom, "v"_atom}, std::tuple{"k2"_atom, "v"_atom}}},
        term{std::map<atom, atom>{{"a"_atom, "b"_atom}, {"c"_atom, "a"_atom}}},
        term{std::vector<int>{}},
        term{std::vector{1, 2, 3}},
        term{std::int64_t{1} << 60},
        term::decode(fun_bytes, {.version_byte = false}).value(),
        term::decode(from_hex("6d00000003010203").value(), {.version_byte = false}).value(),
        term::decode(from_hex("4d0000000105f8").value(), {.version_byte = false}).value(),
        term::decode(from_hex("6c00000001 7701 61 7701 62").value(), {.version_byte = false}).value(), // [a | b]
        term::decode(from_hex("78 7703 614068 0000000000000005 00000009").value(), {.version_byte = false}).value(),
        term::decode(from_hex("59 7703 614068 00000005 00000009").value(), {.version_byte = false}).value(),
    };
    EXPECT_EQ(carry(all), all);
    EXPECT_EQ(carry(all), all) << "now from the cache";
}

TEST_F(BothCaches, KnownAtomCostsOneByteInTheHeader) {
    const term message{std::tuple{"a_long_name_of_a_message"_atom, 1}};
    carry({message});
    const auto first = packet_bytes;
    carry({message});
    EXPECT_EQ(first - packet_bytes, 1 + std::string{"a_long_name_of_a_message"}.size());
    EXPECT_EQ(packet_bytes, 3u + 2 + 2 + 2); // count, flags, slot; tuple; tag 82; integer
}

TEST_F(BothCaches, TermsWithTheSameHeaderAreAppendedWithItsReferences) {
    const term control{std::tuple{"first"_atom, 22, "second"_atom, "first"_atom}};
    const term payload{std::tuple{"third"_atom, "first"_atom, 1}};
    const auto begin = [&] {
        ours.begin();
        ours.add(control.bytes());
        ours.add(payload.bytes());
    };
    begin();
    EXPECT_FALSE(ours.known()) << "brings its atoms";
    begin();
    const auto known = ours.known();
    ASSERT_TRUE(known);
    encode_buffer full, appended;
    ours.write(full);
    const auto append = [&](const term& what) {
        appended.clear();
        return outgoing_atoms::append_with(*known, 2, what.bytes(), appended);
    };
    ASSERT_TRUE(append(payload));
    EXPECT_TRUE(to_hex(full.bytes()).ends_with(to_hex(appended.bytes())));
    EXPECT_TRUE(append(term{std::tuple{"third"_atom, "second"_atom, std::string(100, 'x')}}));
    for (const auto& other : {term{1}, term{"second"_atom}, term{std::tuple{"third"_atom, "fourth"_atom}}}) {
        EXPECT_FALSE(append(other)) << "its header would be another";
        EXPECT_TRUE(appended.empty());
    }
    ours.begin();
    ours.add(term{"fourth"_atom}.bytes());
    EXPECT_NE(known->changes, ours.changes());
}

TEST_F(BothCaches, HeaderHasAtMost255Atoms) {
    for (const std::size_t count : {254u, 255u, 256u, 1000u}) {
        std::vector<atom> atoms;
        for (std::size_t i = 0; i < count; ++i) atoms.emplace_back(numbered(i));
        const std::vector<term> message{term{atoms}};
        EXPECT_EQ(carry(message), message) << count;
        EXPECT_LE(header.size(), 255u);
    }
}

TEST_F(BothCaches, MoreAtomsThanSlotsReplaceEachOther) {
    for (int round = 0; round < 3; ++round)
        for (std::size_t i = 0; i < 5000; i += 50) {
            std::vector<atom> atoms;
            for (std::size_t j = i; j < i + 50; ++j) atoms.emplace_back(numbered(j));
            const std::vector<term> message{term{atoms}};
            ASSERT_EQ(carry(message), message);
        }
}

TEST_F(BothCaches, LongTextsMakeAllLengthsLong) {
    std::string wide; // 255 characters of 4 bytes
    for (int i = 0; i < 255; ++i) wide += "\xf0\x9f\x90\x8d";
    const std::vector<term> message{term{std::tuple{atom{wide}, "short"_atom, atom{std::string(255, 'x')}}}};
    EXPECT_EQ(carry(message), message);
    EXPECT_EQ(header.size(), 3u);
    EXPECT_EQ(carry(message), message);
}

TEST_F(BothCaches, RandomMixturesStayInStep) {
    std::mt19937 random{1};
    for (int i = 0; i < 3000; ++i) {
        std::vector<atom> atoms;
        for (auto left = random() % 12; left > 0; --left) atoms.emplace_back(numbered(random() % 6000));
        const std::vector<term> message{term{std::tuple{1, atoms}}, term{atoms}};
        ASSERT_EQ(carry(message), message) << i;
    }
}
