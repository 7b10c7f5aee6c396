// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/error.hpp>
#include <sedge/dist/fragments.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using dist::reassembly;

namespace {

const byte_buffer ten(10, 'x');

struct Reassembly : testing::Test {
    reassembly parts{{4, 100, seconds{60}}};
    time_point now{};

    result<void> begin(std::uint64_t sequence, std::uint64_t count, byte_view part = ten) {
        return parts.begin(sequence, count, {}, {}, part, now);
    }
};

std::error_code code(const error& e) { return e.code(); }

} // namespace

TEST_F(Reassembly, PartsCountDownToOne) {
    ASSERT_TRUE(begin(7, 3, as_bytes("ab")));
    EXPECT_FALSE(parts.add(7, 2, as_bytes("cd")).value());
    const auto whole = parts.add(7, 1, as_bytes("ef")).value();
    ASSERT_TRUE(whole);
    EXPECT_EQ(as_text(whole->payload), "abcdef");
    EXPECT_EQ(parts.open_sequences(), 0u);
    EXPECT_EQ(parts.bytes(), 0u);
}

TEST_F(Reassembly, SequencesMayBeInterleaved) {
    ASSERT_TRUE(begin(7, 2, as_bytes("a")));
    ASSERT_TRUE(begin(8, 2, as_bytes("b")));
    EXPECT_EQ(as_text(parts.add(7, 1, as_bytes("1")).value()->payload), "a1");
    EXPECT_EQ(as_text(parts.add(8, 1, as_bytes("2")).value()->payload), "b2");
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

TEST_F(Reassembly, BytesAreBoundedOverAllSequences) {
    ASSERT_TRUE(begin(1, 5, byte_buffer(50)));
    ASSERT_TRUE(begin(2, 5, byte_buffer(40)));
    EXPECT_TRUE(parts.add(1, 4, byte_buffer(9)));
    EXPECT_EQ(parts.bytes(), 99u);
    EXPECT_EQ(code(parts.add(1, 3, byte_buffer(2)).error()), make_error_code(errc::limit_exceeded));
    EXPECT_TRUE(parts.add(1, 3, byte_buffer(1)));
    EXPECT_EQ(code(begin(3, 5, byte_buffer(1)).error()), make_error_code(errc::limit_exceeded));
}

TEST_F(Reassembly, BytesAreFreeAgainWhenAMessageIsWhole) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(begin(1, 2, byte_buffer(60)));
        ASSERT_TRUE(parts.add(1, 1, byte_buffer(40)).value());
    }
}

TEST_F(Reassembly, AnnouncedCountCostsNothing) {
    EXPECT_TRUE(begin(1, ~std::uint64_t{0}));
    EXPECT_EQ(parts.bytes(), 10u);
}

TEST_F(Reassembly, MessageMustBeWholeWithinAMinute) {
    ASSERT_TRUE(begin(1, 2));
    now += seconds{60};
    EXPECT_TRUE(parts.check(now));
    now += milliseconds{1};
    EXPECT_EQ(code(parts.check(now).error()), make_error_code(errc::limit_exceeded));
    ASSERT_TRUE(parts.add(1, 1, ten).value());
    EXPECT_TRUE(parts.check(now));
}
