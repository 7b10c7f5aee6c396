// SPDX-License-Identifier: Apache-2.0
//
// Memory of large terms that are no more. Under the address sanitizer none is kept, so that a use after it was given
// back is found; then that is what these tests see.
#include "term/spare_buffers.hpp"

#include <sedge/term/spare_memory.hpp>
#include <sedge/term/term.hpp>

#include <gtest/gtest.h>

namespace sedge::test {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_memory = false;
#else
constexpr bool keeps_memory = true;
#endif
constexpr std::size_t mebibyte = 1024 * 1024;

class SpareMemory : public testing::Test {
protected:
    void SetUp() override { release_twice(); }
    void TearDown() override { release_twice(); }
    static void release_twice() {
        release_spare_memory();
        release_spare_memory();
    }
    static void keep(std::size_t bytes) {
        byte_buffer one;
        one.reserve(bytes);
        etf::keep_spare(std::move(one));
    }
};

TEST_F(SpareMemory, GoesToAMessageOfAboutTheSameSize) {
    keep(10 * mebibyte);
    EXPECT_EQ(etf::spare_buffer(mebibyte, 2 * mebibyte).capacity(), 0u) << "too small for it";
    EXPECT_EQ(etf::spare_buffer(mebibyte, 11 * mebibyte).capacity(), 0u) << "too large for it";
    EXPECT_EQ(etf::spare_buffer(mebibyte, 9 * mebibyte).capacity(), keeps_memory ? 10 * mebibyte : 0);
    EXPECT_EQ(etf::spare_buffer(mebibyte, 9 * mebibyte).capacity(), 0u) << "given away";
}

TEST_F(SpareMemory, IsFreedIfNoMessageTookItBetweenTwoTicks) {
    keep(10 * mebibyte);
    release_spare_memory();
    EXPECT_EQ(etf::spare_buffer(mebibyte, 9 * mebibyte).capacity(), keeps_memory ? 10 * mebibyte : 0);
    keep(10 * mebibyte);
    release_twice();
    EXPECT_EQ(etf::spare_buffer(mebibyte, 9 * mebibyte).capacity(), 0u);
}

TEST_F(SpareMemory, IsBounded) {
    keep(257 * mebibyte);
    EXPECT_EQ(etf::spare_buffer(mebibyte, 256 * mebibyte).capacity(), 0u);
}

TEST_F(SpareMemory, IsThatOfATermThatIsNoMore) {
    { const term large{byte_buffer(10 * mebibyte, 1)}; }
    EXPECT_EQ(etf::spare_buffer(mebibyte, 10 * mebibyte).capacity() > 0, keeps_memory);
}

} // namespace sedge::test
