// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/bytes.hpp>

#include <gtest/gtest.h>

using namespace sedge;

TEST(Reader, GivesBigEndianFieldsInOrder) {
    byte_buffer raw{1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 9, 9};
    reader in{raw};
    EXPECT_EQ(in.u8(), 1);
    EXPECT_EQ(in.u16(), 2);
    EXPECT_EQ(in.u32(), 3u);
    EXPECT_EQ(in.u64(), 4u);
    EXPECT_EQ(in.take(2).size(), 2u);
    EXPECT_TRUE(in.at_end());
}

TEST(Reader, RemembersItsFirstErrorAndReadsNothingAfterwards) {
    byte_buffer raw{1, 2, 3};
    reader in{raw};
    EXPECT_EQ(in.u32(), 0u);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.u8(), 0);
    EXPECT_EQ(in.remaining(), 0u);
    EXPECT_EQ(in.offset(), 0u);
}

TEST(Reader, RefusesACountBeyondTheEndEvenIfItWouldOverflow) {
    byte_buffer raw{1, 2, 3};
    reader in{raw};
    in.u8();
    EXPECT_TRUE(in.take(static_cast<std::size_t>(-1)).empty());
    EXPECT_FALSE(in.ok());
}

TEST(Writer, AppendsWhatAReaderReads) {
    byte_buffer raw;
    writer{raw}.u8(7).u16(65535).u32(0xdeadbeef).u64(~0ull).text("ok");
    EXPECT_EQ(to_hex(raw), "07ffffdeadbeefffffffffffffffff6f6b");
}

TEST(Hex, RoundTripsAndSkipsWhiteSpace) {
    EXPECT_EQ(to_hex(from_hex("83 61\n2A").value()), "83612a");
    EXPECT_FALSE(from_hex("8").has_value());
    EXPECT_FALSE(from_hex("8x").has_value());
}

TEST(ConstantTimeEquality, DependsOnEveryByte) {
    byte_buffer a{1, 2, 3}, b{1, 2, 4};
    EXPECT_TRUE(equal_in_constant_time(a, a));
    EXPECT_FALSE(equal_in_constant_time(a, b));
    EXPECT_FALSE(equal_in_constant_time(a, byte_view{b}.first(2)));
}
