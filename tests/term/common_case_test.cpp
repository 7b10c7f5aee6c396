// SPDX-License-Identifier: Apache-2.0
//
// The short way and the canonicaliser give the same bytes for whatever the short way takes, and it takes nothing that
// the canonicaliser refuses.

#include "support/random_terms.hpp"
#include "term/canonical.hpp"
#include "term/common_case.hpp"
#include "term/walk.hpp"

#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;

namespace {

const std::vector<atom> header{"ok"_atom,     "error"_atom,       "Elixir.Enum"_atom,
                               "日本語"_atom, "a@127.0.0.1"_atom, "ok"_atom};

decode_options inside_packet() {
    decode_options options;
    options.version_byte = false;
    options.compressed = false;
    options.header_atoms = header;
    return options;
}

/// What the two have in common, or what they differ in. Whether the short way took it is counted in `taken`.
std::string difference(byte_view bytes, const decode_options& options, int& taken) {
    encode_buffer scratch;
    const auto found = etf::find_common_case(bytes, options, scratch);
    if (!found) return {};
    ++taken;
    etf::canonicaliser judge{bytes, options};
    if (const auto judged = judge.run(); !judged) return "refused: " + judged.error().message() + ' ' + to_hex(bytes);
    if (judge.consumed() != found->consumed) return "not the same end: " + to_hex(bytes);
    if (to_hex(judge.canonical()) != to_hex(found->canonical)) return "not the same term: " + to_hex(bytes);
    return {};
}

bool takes(byte_view bytes, const decode_options& options = inside_packet()) {
    int taken = 0;
    EXPECT_EQ(difference(bytes, options, taken), "");
    return taken == 1;
}
bool takes(const std::string& hex, const decode_options& options = inside_packet()) {
    return takes(from_hex(hex).value(), options);
}

/// Puts atoms of the header in the place of texts.
byte_buffer with_references(byte_view canonical, test::random_terms& random) {
    byte_buffer out;
    const auto* p = canonical.data();
    const auto* const end = p + canonical.size();
    const auto copy_to = [&](const std::uint8_t* next) { out.insert(out.end(), p, next), p = next; };
    const auto atom_here = [&] {
        const auto text = etf::atom_text(p);
        const auto known = std::find_if(header.begin(), header.end(), [&](const atom& a) { return a == text; });
        if (known == header.end() || random.below(4) == 0) return copy_to(etf::skip_atom(p));
        const bool second = text == "ok" && random.below(2) == 0; // it stands there twice
        out.push_back(etf::atom_cache_ref);
        out.push_back(second ? 5 : static_cast<std::uint8_t>(known - header.begin()));
        p = etf::skip_atom(p);
    };
    while (p < end) {
        if (*p == etf::small_atom_utf8 || *p == etf::atom_utf8) {
            atom_here();
        } else if (*p == etf::new_pid) {
            copy_to(p + 1);
            atom_here();
            copy_to(p + 12);
        } else if (const auto* next = etf::skip_leaf(p)) {
            copy_to(next);
        } else {
            copy_to(etf::contents_of(p).first);
        }
    }
    return out;
}

} // namespace

TEST(CommonCase, GivesWhatTheCanonicaliserGives) {
    test::random_terms random{21};
    const auto options = inside_packet();
    int taken = 0;
    for (int i = 0; i < 50'000; ++i) {
        const auto bytes = with_references(random.next().bytes(), random);
        ASSERT_EQ(difference(bytes, options, taken), "");
    }
    EXPECT_GT(taken, 25'000); // not much would be proved otherwise
}

TEST(CommonCase, TakesNothingThatTheCanonicaliserRefuses) {
    test::random_terms random{22};
    const auto options = inside_packet();
    int taken = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto bytes = with_references(random.next(8).bytes(), random);
        for (auto n = 1 + random.below(3); n > 0; --n)
            bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
        ASSERT_EQ(difference(bytes, options, taken), "");
    }
    EXPECT_GT(taken, 10'000);
}

TEST(CommonCase, TakesNoTermThatIsCut) {
    test::random_terms random{23};
    for (int i = 0; i < 1'000; ++i) {
        const auto bytes = with_references(random.next(10).bytes(), random);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const byte_buffer cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
            ASSERT_FALSE(takes(cut)) << to_hex(cut);
        }
    }
}

TEST(CommonCase, IsWhatNodesSend) {
    const term call{std::tuple{
        "$gen_call"_atom, std::tuple{pid{"a@127.0.0.1"_atom, 1, 2, 3}, reference{"a@127.0.0.1"_atom, 3, 3, {1, 2, 3}}},
        std::map<atom, int>{{"a"_atom, 1}, {"b"_atom, 2}}}};
    EXPECT_TRUE(takes(call.bytes()));
    EXPECT_TRUE(takes(term{list_of(1, 2.5, "text", "ok"_atom)}.bytes()));
    EXPECT_TRUE(takes(term{std::vector<int>{1, 2, 3}}.bytes()));
    EXPECT_TRUE(takes("68 02 52 00 52 03"));
    EXPECT_TRUE(takes("6c 00000001 52 00 52 01")); // [ok | error]
    EXPECT_TRUE(takes("74 00000000"));
    EXPECT_TRUE(takes("68 00"));
}

TEST(CommonCase, LeavesToTheCanonicaliserWhatHasToChange) {
    EXPECT_FALSE(takes("62 000000ff"));                      // fits SMALL_INTEGER
    EXPECT_FALSE(takes("6e 04 00 ffffffff"));                // could fit INTEGER
    EXPECT_FALSE(takes("6e 05 00 0100000000"));              // leading zeros
    EXPECT_FALSE(takes("69 00000001 61 01"));                // small enough for SMALL_TUPLE
    EXPECT_FALSE(takes("6c 00000002 61 01 61 02 6a"));       // a list of bytes
    EXPECT_FALSE(takes("6c 00000001 6a 6c 00000001 6a 6a")); // goes on in its tail
    EXPECT_FALSE(takes("6c 00000001 6a 6b 0001 01"));
    EXPECT_FALSE(takes("6c 00000000 6a"));
    EXPECT_FALSE(takes("6b 0000"));
    EXPECT_FALSE(takes("64 0002 6f6b"));
    EXPECT_FALSE(takes("52 06"));
    EXPECT_FALSE(takes("77 02 c3 28"));
    EXPECT_FALSE(takes("46 7ff0000000000000"));
}

TEST(CommonCase, FindsEqualKeysInAnyOrder) {
    const auto map = [](std::initializer_list<const char*> keys) {
        std::string hex = "74 0000000" + std::to_string(keys.size());
        for (const auto* key : keys) hex += std::string{" "} + key + " 61 00";
        return hex;
    };
    const char* const ok = "77 02 6f6b";
    const char* const ok_again = "52 05";
    const char* const error = "52 01";
    EXPECT_TRUE(takes(map({error, ok})));
    EXPECT_TRUE(takes(map({ok, error}))); // descending
    EXPECT_FALSE(takes(map({ok, ok})));
    EXPECT_FALSE(takes(map({ok, error, ok_again})));
    EXPECT_FALSE(takes(map({ok_again, "52 00"})));
    EXPECT_TRUE(takes(map({"61 01", "61 02", "6d 00000001 61", "6d 00000002 6161", "6d 00000001 62"})));
    EXPECT_FALSE(takes(
        map({"6d 00000009 616161616161616162", "6d 00000009 616161616161616161", "6d 00000009 616161616161616162"})));
    EXPECT_TRUE(takes(
        map({"6d 00000009 616161616161616162", "6d 00000009 616161616161616161", "6d 00000008 6161616161616161"})));
    EXPECT_TRUE(takes(map({"6d 00000000", "6d 00000001 00", "6d 00000002 0000"})));
    EXPECT_FALSE(takes(map({"6d 00000001 00", "6d 00000000", "6d 00000001 00"})));
    EXPECT_FALSE(takes(map({"68 01 61 01", "68 01 61 02"}))); // containers: the canonicaliser's
    const term process{pid{"a@127.0.0.1"_atom, 1, 2, 3}};
    const auto key = to_hex(process.bytes());
    EXPECT_FALSE(takes(map({key.c_str(), "61 01", key.c_str()})));
    auto no_header = inside_packet();
    no_header.header_atoms = {};
    EXPECT_TRUE(takes(map({key.c_str(), "61 01"}), no_header));
    EXPECT_FALSE(takes(map({key.c_str(), "61 01", key.c_str()}), no_header));
}

TEST(CommonCase, KeepsToTheBoundsOfNestingAndGrowth) {
    const auto nested = [](int levels) {
        byte_buffer bytes;
        for (int i = 0; i < levels; ++i) bytes.insert(bytes.end(), {etf::small_tuple, 1});
        bytes.push_back(etf::nil);
        return bytes;
    };
    EXPECT_TRUE(takes(nested(64)));
    EXPECT_FALSE(takes(nested(65))); // the canonicaliser goes on
    auto few = inside_packet();
    few.nesting_max = 3;
    EXPECT_TRUE(takes(nested(3), few));
    EXPECT_FALSE(takes(nested(4), few));

    const std::vector<atom> wide{atom{std::string(255, 'x')}};
    auto growing = inside_packet();
    growing.header_atoms = wide;
    const auto references = [](std::size_t count) {
        byte_buffer bytes;
        encoder out{bytes};
        out.tuple(count);
        for (std::size_t i = 0; i < count; ++i) bytes.insert(bytes.end(), {etf::atom_cache_ref, 0});
        return bytes;
    };
    EXPECT_TRUE(takes(references(200), growing));
    EXPECT_FALSE(takes(references(2000), growing)); // 500 KiB out of 4
    EXPECT_EQ(term::decode(references(200), growing).value().arity(), 200u);
    EXPECT_EQ(term::decode(references(2000), growing).error(), make_error_code(term_errc::too_large));
}
