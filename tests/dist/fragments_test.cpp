// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/error.hpp>
#include <sedge/dist/fragments.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using dist::reassembly;

namespace {

constexpr std::size_t binary_head = 5;

/// The first part of a message: a binary of `size` bytes, of which `text` has come.
byte_buffer first_of(std::size_t size, std::string_view text) {
    byte_buffer part;
    writer{part}.u8(109).u32(static_cast<std::uint32_t>(size)).text(text);
    return part;
}

byte_buffer first_part(std::size_t bytes) { return first_of(1000, std::string(bytes - binary_head, 'x')); }

const byte_buffer ten = first_part(10);

std::string text_of(const result<std::optional<reassembly::message>>& whole) {
    return std::string{as_text(whole.value().value().payload.view().binary().value())};
}

struct Reassembly : testing::Test {
    reassembly parts{{4, 100, 100, seconds{60}}};
    time_point now{};

    result<void> begin(std::uint64_t sequence, std::uint64_t count, byte_view part = ten) {
        return parts.begin(sequence, count, {}, {}, part, now);
    }
};

std::error_code code(const error& e) { return e.code(); }

} // namespace

TEST_F(Reassembly, PartsCountDownToOne) {
    ASSERT_TRUE(begin(7, 3, first_of(6, "ab")));
    EXPECT_FALSE(parts.add(7, 2, as_bytes("cd")).value());
    EXPECT_EQ(text_of(parts.add(7, 1, as_bytes("ef"))), "abcdef");
    EXPECT_EQ(parts.open_sequences(), 0u);
    EXPECT_EQ(parts.bytes(), 0u);
}

TEST_F(Reassembly, SequencesMayBeInterleaved) {
    ASSERT_TRUE(begin(7, 2, first_of(2, "a")));
    ASSERT_TRUE(begin(8, 2, first_of(2, "b")));
    EXPECT_EQ(text_of(parts.add(7, 1, as_bytes("1"))), "a1");
    EXPECT_EQ(text_of(parts.add(8, 1, as_bytes("2"))), "b2");
}

TEST_F(Reassembly, FirstPartMayHoldNothingOfThePayloadAndTheLastMoreThanIt) {
    ASSERT_TRUE(begin(7, 2, {}));
    EXPECT_EQ(text_of(parts.add(7, 1, first_of(2, "abcd"))), "ab");
}

TEST_F(Reassembly, WhatIsNoTermIsRefusedAsSoonAsItIsSeen) {
    const auto bad = make_error_code(dist::errc::bad_packet);
    EXPECT_EQ(code(begin(7, 2, from_hex("ff").value()).error()), bad);
    ASSERT_TRUE(begin(8, 3, from_hex("6802").value()));
    EXPECT_EQ(code(parts.add(8, 2, from_hex("ff").value()).error()), bad);
    ASSERT_TRUE(begin(9, 2, from_hex("6802").value()));
    EXPECT_EQ(code(parts.add(9, 1, from_hex("6101").value()).error()), bad) << "the second element is missing";
}

TEST_F(Reassembly, WrongOrderIsABadPacket) {
    const auto bad = make_error_code(dist::errc::bad_packet);
    ASSERT_TRUE(begin(7, 3));
    EXPECT_EQ(code(parts.add(7, 1, ten).error()), bad);
    EXPECT_EQ(code(parts.add(7, 3, ten).error()), bad);
    EXPECT_EQ(code(parts.add(7, 0, ten).error()), bad);
    EXPECT_EQ(code(parts.add(9, 1, ten).error()), bad);
    EXPECT_EQ(code(begin(7, 2).error()), bad);
    EXPECT_EQ(code(begin(0, 2).error()), bad);
    EXPECT_EQ(code(begin(9, 0).error()), bad);
}

TEST_F(Reassembly, NumberOfSequencesIsBounded) {
    for (std::uint64_t s = 1; s <= 4; ++s) EXPECT_TRUE(begin(s, 2)) << s;
    EXPECT_EQ(code(begin(5, 2).error()), make_error_code(errc::limit_exceeded));
}

TEST_F(Reassembly, ThousandsOfSequencesAreOpenAtATimeAndOneMoreIsRefused) {
    constexpr std::uint64_t most = limits::fragment_sequences_max;
    static_assert(most >= 64);
    reassembly usual;
    for (std::uint64_t s = 1; s <= most; ++s) ASSERT_TRUE(usual.begin(s, 2, {}, {}, first_of(1, ""), now)) << s;
    EXPECT_EQ(usual.open_sequences(), most);
    EXPECT_EQ(code(usual.begin(most + 1, 2, {}, {}, first_of(1, ""), now).error()),
              make_error_code(errc::limit_exceeded));
    ASSERT_TRUE(usual.add(30, 1, as_bytes("x")).value());
    EXPECT_TRUE(usual.begin(most + 1, 2, {}, {}, first_of(1, ""), now)) << "one is whole, so there is room again";
}

TEST_F(Reassembly, EachMessageHasItsOwnBound) {
    parts = reassembly{{4, 95, 100, seconds{60}}};
    ASSERT_TRUE(begin(1, 5, first_part(50)));
    EXPECT_TRUE(parts.add(1, 4, byte_buffer(45)));
    const auto refused = parts.add(1, 3, byte_buffer(1));
    EXPECT_EQ(code(refused.error()), make_error_code(errc::limit_exceeded));
    EXPECT_NE(refused.error().context().find("message_bytes_max"), std::string::npos) << "says what to change";
    EXPECT_TRUE(parts.open(1, 3, 1).empty());
}

TEST_F(Reassembly, BytesAreBoundedOverAllSequences) {
    ASSERT_TRUE(begin(1, 5, first_part(50)));
    ASSERT_TRUE(begin(2, 5, first_part(40)));
    EXPECT_TRUE(parts.add(1, 4, byte_buffer(9)));
    EXPECT_EQ(parts.bytes(), 99u);
    EXPECT_EQ(code(parts.add(1, 3, byte_buffer(2)).error()), make_error_code(errc::limit_exceeded));
    EXPECT_TRUE(parts.add(1, 3, byte_buffer(1)));
    EXPECT_EQ(code(begin(3, 5, byte_buffer(1)).error()), make_error_code(errc::limit_exceeded));
}

TEST_F(Reassembly, BytesAreFreeAgainWhenAMessageIsWhole) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(begin(1, 2, first_of(80, std::string(55, 'x'))));
        ASSERT_TRUE(parts.add(1, 1, byte_buffer(40)).value());
    }
}

TEST_F(Reassembly, AnnouncedCountCostsNothing) {
    EXPECT_TRUE(begin(1, ~std::uint64_t{0}));
    EXPECT_EQ(parts.bytes(), 10u);
}

TEST_F(Reassembly, AMinuteWithoutAnotherPartIsTheEnd) {
    ASSERT_TRUE(begin(1, 3, first_of(20, "")));
    now += seconds{60};
    EXPECT_TRUE(parts.check(now));
    ASSERT_FALSE(parts.add(1, 2, ten).value());
    now += seconds{1};
    EXPECT_TRUE(parts.check(now)) << "it goes on";
    now += seconds{60};
    EXPECT_TRUE(parts.check(now));
    now += milliseconds{1};
    EXPECT_EQ(code(parts.check(now).error()), make_error_code(errc::limit_exceeded));
    ASSERT_TRUE(parts.add(1, 1, ten).value());
    EXPECT_TRUE(parts.check(now));
}

TEST_F(Reassembly, MessagesThatTakeTurnsHaveAMinuteEach) {
    for (std::uint64_t s = 1; s <= 4; ++s) ASSERT_TRUE(begin(s, 2, first_of(10, "")));
    now += seconds{240};
    EXPECT_TRUE(parts.check(now));
    now += milliseconds{1};
    EXPECT_FALSE(parts.check(now));
}
