// SPDX-License-Identifier: Apache-2.0

#include <sedge/dist/atom_cache.hpp>
#include <sedge/dist/error.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using dist::atom_cache;

namespace {

std::vector<std::string> read(atom_cache& cache, std::string_view hex) {
    std::vector<atom> atoms;
    const auto consumed = cache.read_header(from_hex(hex).value(), atoms);
    if (!consumed) throw bad_result{consumed.error()};
    std::vector<std::string> texts;
    for (const auto& a : atoms) texts.push_back(a.str());
    return texts;
}

using list = std::vector<std::string>;

} // namespace

TEST(AtomCache, ReadsTheHeaderOfTheReference) {
    atom_cache cache;
    EXPECT_EQ(read(cache, "04 8fdc00 9b 0b 61403132372e302e302e31 05 00 79 03 726578 62 10 "
                          "66656174757265735f72657175657374"),
              (list{"a@127.0.0.1", "", "rex", "features_request"}));
    EXPECT_EQ(read(cache, "01 07 9b"), list{"a@127.0.0.1"});
}

TEST(AtomCache, HeaderWithoutAtomsIsOneByte) {
    atom_cache cache;
    std::vector<atom> atoms;
    EXPECT_EQ(cache.read_header(from_hex("00ffff").value(), atoms).value(), 1u);
}

TEST(AtomCache, LaterHeadersUseWhatEarlierOnesBrought) {
    atom_cache cache;
    EXPECT_EQ(read(cache, "01 08 05 01 61"), list{"a"});
    EXPECT_EQ(read(cache, "01 00 05"), list{"a"});
}

TEST(AtomCache, SlotFilledTwiceInOneHeaderGivesBothTexts) {
    atom_cache cache;
    // n = 3: new a in slot 5, the same slot again, new b in slot 5.
    EXPECT_EQ(read(cache, "03 08 08 05 01 61 05 05 01 62"), (list{"a", "a", "b"}));
    EXPECT_EQ(read(cache, "01 00 05"), list{"b"});
}

TEST(AtomCache, LongTextsHave16BitLengths) {
    atom_cache cache;
    EXPECT_EQ(read(cache, "01 18 05 0001 61"), list{"a"});
}

TEST(AtomCache, BrokenHeadersAreRefused) {
    struct row {
        const char* what;
        const char* hex;
    };
    for (const auto& [what, hex] :
         {row{"no count", ""}, row{"flags cut", "0900"}, row{"empty slot", "010005"}, row{"no index", "0108"},
          row{"no length", "010805"}, row{"text cut", "010805ff6162"}, row{"not UTF-8", "01080501ff"},
          row{"long length cut", "01180500"}}) {
        SCOPED_TRACE(what);
        atom_cache cache;
        std::vector<atom> atoms;
        const auto read = cache.read_header(from_hex(hex).value(), atoms);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error(), make_error_code(dist::errc::bad_packet));
    }
}

TEST(AtomCache, AtomOf256CharactersIsRefused) {
    for (const std::size_t size : {254u, 255u, 256u}) {
        atom_cache cache;
        byte_buffer header;
        writer{header}.u8(1).u8(0x18).u8(5).u16(static_cast<std::uint16_t>(size)).text(std::string(size, 'x'));
        std::vector<atom> atoms;
        EXPECT_EQ(cache.read_header(header, atoms).has_value(), size <= 255) << size;
    }
}
