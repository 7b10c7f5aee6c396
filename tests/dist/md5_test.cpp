// SPDX-License-Identifier: Apache-2.0
#include "dist/md5.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>

namespace sedge::dist {
namespace {

std::string hex(const std::array<std::uint8_t, 16>& digest) {
    std::string out;
    char two[3];
    for (const auto byte : digest) {
        std::snprintf(two, sizeof two, "%02x", byte);
        out += two;
    }
    return out;
}

TEST(Md5, GivesTheDigestsOfItsSpecification) {
    const auto of = [](std::string_view text) { return hex(md5(as_bytes(text))); };
    EXPECT_EQ(of(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(of("a"), "0cc175b9c0f1b6a831c399e269772661");
    EXPECT_EQ(of("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
              "57edf4a22be3c955ac49da2e2107b67a");
}

// All lengths around the ends of blocks, cut in two at all places: where padding goes wrong.
TEST(Md5, AgreesWithOpenSslForAllLengthsAndCuts) {
    byte_buffer bytes;
    for (std::size_t size = 0; size <= 200; ++size) {
        std::array<std::uint8_t, 16> theirs{};
        ASSERT_EQ(EVP_Digest(bytes.data(), bytes.size(), theirs.data(), nullptr, EVP_md5(), nullptr), 1);
        for (std::size_t cut = 0; cut <= size; cut += 1 + size / 16)
            EXPECT_EQ(hex(md5(byte_view{bytes}.first(cut), byte_view{bytes}.subspan(cut))), hex(theirs))
                << size << " bytes, cut at " << cut;
        bytes.push_back(static_cast<std::uint8_t>(size * 7 + 13));
    }
}

} // namespace
} // namespace sedge::dist
