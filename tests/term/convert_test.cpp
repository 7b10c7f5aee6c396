// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/term.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

using namespace sedge;
using namespace sedge::literals;

namespace {

template <class T>
std::string hex(const T& value) {
    return to_hex(term{value}.bytes());
}

/// What comes back after encoding and decoding as the same type.
template <class T>
std::optional<T> again(const T& value) {
    return term{value}.template as<T>();
}

template <class T>
void expect_limits_survive() {
    for (const T value : {std::numeric_limits<T>::min(), T{0}, T{1}, std::numeric_limits<T>::max()}) {
        EXPECT_EQ(again(value), value) << +value;
    }
}

} // namespace

TEST(Convert, IntegersOfAllWidthsSurvive) {
    expect_limits_survive<std::int8_t>();
    expect_limits_survive<std::uint8_t>();
    expect_limits_survive<std::int16_t>();
    expect_limits_survive<std::uint16_t>();
    expect_limits_survive<std::int32_t>();
    expect_limits_survive<std::uint32_t>();
    expect_limits_survive<std::int64_t>();
    expect_limits_survive<std::uint64_t>();
}

TEST(Convert, IntegersTakeTheShortestForm) {
    EXPECT_EQ(hex(0), "6100");
    EXPECT_EQ(hex(255), "61ff");
    EXPECT_EQ(hex(256), "6200000100");
    EXPECT_EQ(hex(-1), "62ffffffff");
    EXPECT_EQ(hex(std::int64_t{1} << 31), "6e040000000080");
    EXPECT_EQ(hex(-(std::int64_t{1} << 31)), "6280000000");
    EXPECT_EQ(hex(-(std::int64_t{1} << 31) - 1), "6e040101000080");
    EXPECT_EQ(hex(std::numeric_limits<std::uint64_t>::max()), "6e0800ffffffffffffffff");
}

TEST(Convert, AnIntegerThatDoesNotFitIsNothing) {
    EXPECT_EQ(term{256}.as<std::uint8_t>(), std::nullopt);
    EXPECT_EQ(term{-129}.as<std::int8_t>(), std::nullopt);
    EXPECT_EQ(term{-1}.as<std::uint64_t>(), std::nullopt);
    EXPECT_EQ(term{std::numeric_limits<std::uint64_t>::max()}.as<std::int64_t>(), std::nullopt);
    EXPECT_EQ(term{1.0}.as<int>(), std::nullopt);
    EXPECT_EQ(term{"1"}.as<int>(), std::nullopt);
}

TEST(Convert, BigIntegersOfAnySize) {
    const auto big = big_integer::from_text("-123456789012345678901234567890").value();
    EXPECT_EQ(again(big), big);
    EXPECT_EQ(big.str(), "-123456789012345678901234567890");
    EXPECT_EQ(again(big_integer{std::numeric_limits<std::int64_t>::min()})->as_signed(),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(term{big_integer{5}}, term{5});
    EXPECT_EQ(term{5}.as<big_integer>(), big_integer{5});
    EXPECT_LT(big, big_integer{-1});
    EXPECT_GT(big_integer::from_unsigned(~0ull), big_integer{std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(big_integer::from_text("-0").value(), big_integer{});
    EXPECT_EQ(big_integer::from_text("0012").value(), big_integer{12});
    EXPECT_FALSE(big_integer::from_text("12a"));
    EXPECT_FALSE(big_integer::from_text("-"));
    EXPECT_EQ(big.as_signed(), std::nullopt);
}

TEST(Convert, FloatsAreNotIntegers) {
    EXPECT_EQ(again(1.5), 1.5);
    EXPECT_EQ(again(1.5f), 1.5f);
    EXPECT_EQ(term{1}.as<double>(), std::nullopt);
    EXPECT_EQ(hex(1.5), "463ff8000000000000");
}

TEST(Convert, TruthIsAnAtom) {
    EXPECT_EQ(hex(true), hex("true"_atom));
    EXPECT_EQ(term{"false"_atom}.as<bool>(), false);
    EXPECT_EQ(term{1}.as<bool>(), std::nullopt);
}

TEST(Convert, TextIsABinaryAndMustBeUtf8) {
    EXPECT_EQ(hex("hi"), "6d000000026869");
    EXPECT_EQ(hex(std::string_view{"hi"}), hex(std::string{"hi"}));
    EXPECT_EQ(again(std::string{"日本語"}), "日本語");
    const byte_buffer raw{0xff, 0xfe};
    EXPECT_EQ(term{raw}.as<std::string>(), std::nullopt);
    EXPECT_EQ(again(raw), raw);
}

TEST(Convert, CharlistsAreListsOfCodePoints) {
    EXPECT_EQ(hex(charlist{"abc"}), "6b0003616263");
    EXPECT_EQ(hex(charlist{"é"}), "6b0001e9");
    EXPECT_EQ(hex(charlist{"日"}), "6c0000000162000065e56a");
    EXPECT_EQ(hex(charlist{""}), "6a");
    for (const auto* text : {"", "abc", "åäö", "日本語", "𝄞"}) EXPECT_EQ(again(charlist{text}), charlist{text});
    EXPECT_EQ(term{std::vector{0xd800}}.as<charlist>(), std::nullopt);
    EXPECT_EQ((term{improper_list{{97}, 98}}.as<charlist>()), std::nullopt);
}

TEST(Convert, IdentifiersSurvive) {
    const pid p{"a@host"_atom, 0xffffffff, 8192, 77};
    const port small{"a@host"_atom, (1u << 28) - 1, 3};
    const port large{"a@host"_atom, 1u << 28, 3};
    const reference r{"a@host"_atom, 9, 3, {1, 2, 3}};
    EXPECT_EQ(again(p), p);
    EXPECT_EQ(again(small), small);
    EXPECT_EQ(again(large), large);
    EXPECT_EQ(hex(small).substr(0, 2), "59");
    EXPECT_EQ(hex(large).substr(0, 2), "78");
    EXPECT_EQ(again(r), r);
    EXPECT_EQ(term{p}.as<reference>(), std::nullopt);
    EXPECT_EQ(to_string(p), "#PID<a@host.4294967295.8192>");
    EXPECT_EQ(to_string(r), "#Reference<a@host.3.2.1>");
    EXPECT_EQ(to_string(pid{"a\x1b[31m"_atom, 1, 2, 3}), "#PID<a\\e[31m.1.2>");
}

TEST(Convert, TuplesAndPairs) {
    const std::tuple value{"ok"_atom, 42, std::string{"text"}, std::tuple{true, 1.5}};
    EXPECT_EQ(again(value), value);
    EXPECT_EQ(hex(std::pair{1, 2}), hex(std::tuple{1, 2}));
    EXPECT_EQ((term{std::pair{1, 2}}.as<std::pair<int, int>>()), (std::pair{1, 2}));
    EXPECT_EQ((term{std::tuple{1, 2}}.as<std::tuple<int>>()), std::nullopt);
    EXPECT_EQ((term{std::tuple{1, "a"}}.as<std::tuple<int, int>>()), std::nullopt);
    EXPECT_EQ(again(std::tuple{}), std::tuple{});
}

TEST(Convert, ValuesOfKnownSizeAreWrittenAsTheEncoderWritesThem) {
    std::string long_text; // 255 characters of two bytes
    for (int i = 0; i < 255; ++i) long_text += "\u00e9";
    const std::vector<atom> atoms{atom{}, "a"_atom, "seventeen_letters"_atom, atom{std::string(255, 'x')},
                                  atom{long_text}};
    for (int shift = 0; shift < 64; ++shift)
        for (const std::int64_t near : {-1, 0, 1})
            for (const bool negative : {false, true}) {
                const auto size =
                    static_cast<std::int64_t>((std::uint64_t{1} << shift) + static_cast<std::uint64_t>(near));
                const std::int64_t value =
                    negative ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(size)) : size;
                for (const auto& name : atoms) {
                    const pid who{name, 1u << (shift % 28), static_cast<std::uint32_t>(shift), 7};
                    byte_buffer expected;
                    encoder out{expected};
                    out.tuple(3);
                    out.atom(name.text());
                    out.tuple(2);
                    out.integer(value);
                    out.integer(static_cast<int>(shift));
                    out.pid(who);
                    const term made{std::tuple{name, std::tuple{value, shift}, who}};
                    ASSERT_EQ(byte_buffer(made.bytes().begin(), made.bytes().end()), expected) << value;
                    ASSERT_EQ(made.element(1).element(0).as<std::int64_t>(), value);
                }
            }
}

TEST(Convert, BinariesAreWrittenAsTheEncoderWritesThem) {
    for (const std::size_t size : {0, 1, 3, 4, 8, 16, 31, 32, 33, 255, 256, 65'500, 65'536, 70'000, 300'000}) {
        const byte_buffer bytes(size, 'x');
        const std::string text(size, 'x');
        byte_buffer expected;
        encoder out{expected};
        out.tuple(2);
        out.atom("msg");
        out.binary(bytes);
        const auto expect = [&](const term& made) {
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(), made.bytes().begin(), made.bytes().end())) << size;
        };
        expect(term{std::tuple{"msg"_atom, bytes}});
        expect(term{std::tuple{"msg"_atom, byte_view{bytes}}});
        expect(term{std::tuple{"msg"_atom, text}});
        expect(term{std::tuple{"msg"_atom, std::string_view{text}}});
        EXPECT_EQ(term{text}.as<std::string>(), text);
    }
}

TEST(Convert, ListsOfBytesTakeTheShortForm) {
    EXPECT_EQ(hex(std::vector<int>{1, 2, 255}), "6b00030102ff");
    EXPECT_EQ(hex(std::vector<int>{1, 256}), "6c00000002610162000001006a");
    EXPECT_EQ(hex(std::vector<int>{}), "6a");
    EXPECT_EQ(hex(list_of(1, 2)), "6b00020102");
    EXPECT_EQ(hex(list_of(1, "a"_atom)), "6c0000000261017701616a");
    EXPECT_EQ(hex(list_of()), "6a");
}

TEST(Convert, VectorsReadEveryFormOfAProperList) {
    const std::vector<int> bytes{1, 2, 3};
    EXPECT_EQ(again(bytes), bytes);
    EXPECT_EQ(again(std::vector<std::string>{"a", "b"}), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(again(std::vector<std::vector<int>>{{1}, {}}), (std::vector<std::vector<int>>{{1}, {}}));
    EXPECT_EQ((term{improper_list{{1, 2}, 3}}.as<std::vector<int>>()), std::nullopt);
    EXPECT_EQ(term{5}.as<std::vector<int>>(), std::nullopt);
    const std::vector<int> many(70'000, 7); // longer than a STRING can be
    EXPECT_EQ(again(many), many);
}

TEST(Convert, ImproperListsKeepTheirTail) {
    const improper_list alias{{"alias"_atom}, reference{"a@host"_atom, 9, 3, {1, 2, 3}}};
    EXPECT_EQ(again(alias), alias);
    EXPECT_EQ(hex(improper_list{{1}, 2}), "6c0000000161016102");
    // A tail that is a list makes one list.
    EXPECT_EQ(hex(improper_list{{1}, term{std::vector{2, 300}}}), hex(std::vector{1, 2, 300}));
    EXPECT_EQ(hex(improper_list{{1}, term{std::vector{2}}}), hex(std::vector{1, 2}));
    EXPECT_EQ(hex(improper_list{{1}, term{std::vector<int>{}}}), hex(std::vector{1}));
    EXPECT_EQ(hex(improper_list{{}, 5}), hex(5));
}

TEST(Convert, MapsBothWays) {
    const std::map<std::string, int> ordered{{"a", 1}, {"b", 2}};
    const std::unordered_map<std::string, int> hashed{{"a", 1}, {"b", 2}};
    EXPECT_EQ(again(ordered), ordered);
    EXPECT_EQ(again(hashed), hashed);
    EXPECT_EQ(term{ordered}, term{hashed});
    EXPECT_EQ((term{ordered}.as<std::map<std::string, std::string>>()), std::nullopt);
}

TEST(Convert, NothingIsNil) {
    EXPECT_EQ(hex(std::optional<int>{}), hex("nil"_atom));
    EXPECT_EQ(term{"nil"_atom}.as<std::optional<int>>(), std::optional<std::optional<int>>{std::optional<int>{}});
    EXPECT_EQ(term{"undefined"_atom}.as<std::optional<int>>()->has_value(), false);
    EXPECT_EQ(**term{5}.as<std::optional<int>>(), 5);
    EXPECT_FALSE(term{"x"}.as<std::optional<int>>().has_value());
    EXPECT_TRUE(term{"nil"_atom}.as<std::monostate>().has_value());
}

TEST(Convert, AVariantTakesTheFirstThatFits) {
    using either = std::variant<int, std::string, byte_buffer>;
    EXPECT_EQ(again(either{5}), either{5});
    EXPECT_EQ(again(either{std::string{"a"}}), either{std::string{"a"}});
    EXPECT_EQ((term{byte_buffer{0xff}}.as<either>()), (either{byte_buffer{0xff}}));
    EXPECT_FALSE(term{1.5}.as<either>().has_value());
}

TEST(Convert, TermsCarryTerms) {
    const term inner{std::tuple{1, "two"}};
    EXPECT_EQ(term{std::vector{inner}}.as<std::vector<term>>()->front(), inner);
    EXPECT_EQ(term{}.as<atom>(), "undefined"_atom);
}

TEST(View, WalksTuplesListsAndMaps) {
    const term t{std::tuple{1, list_of(2, "x"_atom), std::map<atom, int>{{"k"_atom, 3}}}};
    EXPECT_EQ(t.arity(), 3u);
    const auto list = t.element(1);
    EXPECT_EQ(list.length(), 2u);
    EXPECT_EQ(list.tail().kind(), term_kind::nil);
    const auto map = t.element(2);
    EXPECT_EQ(map.map_size(), 1u);
    EXPECT_EQ(map.find_atom("k")->as<int>(), 3);
    EXPECT_EQ(map.find(term{"k"_atom})->as<int>(), 3);
    EXPECT_FALSE(map.find_atom("other"));
    EXPECT_EQ(term{map}.bytes().size(), map.bytes().size());
}

TEST(View, AccessorsOfAnotherKindGiveNothing) {
    const term t{5};
    EXPECT_EQ(t.arity(), 0u);
    EXPECT_EQ(t.view().length(), 0u);
    EXPECT_EQ(t.view().map_size(), 0u);
    EXPECT_TRUE(t.view().elements().empty());
    EXPECT_TRUE(t.view().keys_and_values().empty());
    EXPECT_EQ(t.view().tail().kind(), term_kind::nil);
    EXPECT_FALSE(t.view().binary());
    EXPECT_FALSE(t.view().atom_text());
    EXPECT_FALSE(t.view().find_atom("a"));
}

TEST(View, ElementsOfAnImproperListLeaveOutTheTail) {
    const term t{improper_list{{1, 2}, "x"_atom}};
    int sum = 0;
    for (const auto each : t.view().elements()) sum += *each.as<int>();
    EXPECT_EQ(sum, 3);
    EXPECT_TRUE(t.view().tail().is_atom("x"));
}

TEST(Atom, ComparesByTextAndIsShared) {
    const auto a = "some_name"_atom;
    auto b = a;
    EXPECT_EQ(a.text().data(), b.text().data());
    EXPECT_EQ(a, "some_name"_atom);
    EXPECT_LT("a"_atom, "b"_atom);
    EXPECT_EQ(atom{}.text(), "");
    EXPECT_TRUE(atom{""}.empty());
    const auto moved = std::move(b);
    EXPECT_EQ(moved, a);
}

TEST(Atom, HasAtMost255Characters) {
    std::string text;
    for (int i = 0; i < 254; ++i) text += "é";
    EXPECT_TRUE(atom::is_valid(text));
    text += "é";
    EXPECT_TRUE(atom::is_valid(text));
    EXPECT_EQ(again(atom{text}), atom{text});
    text += "é";
    EXPECT_FALSE(atom::is_valid(text));
    EXPECT_FALSE(atom::is_valid("\xff"));
}

TEST(Atom, APermanentOneIsOneForEachTextAndEqualsOthers) {
    const auto first = atom::permanent("edge1@127.0.0.1");
    {
        auto second = atom::permanent("edge1@127.0.0.1");
        const auto copy = second;
        second = first;
        EXPECT_EQ(second.text().data(), first.text().data());
        EXPECT_EQ(copy.text().data(), first.text().data());
    }
    EXPECT_EQ(first, "edge1@127.0.0.1"_atom);
    EXPECT_EQ(atom::known("edge1@127.0.0.1").text().data(), first.text().data());
    EXPECT_NE(atom::known("edge2@127.0.0.1").text().data(), first.text().data());
    EXPECT_TRUE(atom::permanent("").empty());
}
