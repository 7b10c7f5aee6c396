// SPDX-License-Identifier: Apache-2.0
//
// Beyond the recorded corpus: texts as OTP 25 and Elixir 1.14 print them, and what is sedge's own.

#include <sedge/term/text.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::literals;

namespace {

struct printed {
    term value;
    const char* text;
};

void expect_erlang(const std::vector<printed>& all) {
    for (const auto& [value, text] : all) EXPECT_EQ(to_erlang(value), text);
}
void expect_elixir(const std::vector<printed>& all) {
    for (const auto& [value, text] : all) EXPECT_EQ(to_elixir(value), text);
}

term bytes(byte_buffer raw) { return term{raw}; }

using fields = std::map<atom, term>;
const term iso{"Elixir.Calendar.ISO"_atom};

term module(std::string_view name, fields all) {
    all["__struct__"_atom] = atom{"Elixir." + std::string{name}};
    return term{all};
}

} // namespace

TEST(ErlangText, ListsOfPrintableLatin1AreStrings) {
    expect_erlang({{charlist{"hello"}, "\"hello\""},
                   {charlist{"åäö"}, "\"åäö\""},
                   {charlist{"a\"b'\\\n\t\v\b\f\r\x1b"}, "\"a\\\"b'\\\\\\n\\t\\v\\b\\f\\r\\e\""},
                   {charlist{"日"}, "[26085]"},
                   {list_of(127), "[127]"},
                   {list_of(0), "[0]"},
                   {list_of(159), "[159]"},
                   {improper_list{{97}, "b"_atom}, "[97|b]"},
                   {list_of(charlist{"a"}, 1), "[\"a\",1]"},
                   {std::vector<int>{}, "[]"}});
    EXPECT_EQ(to_erlang_plain(term{charlist{"hi"}}), "[104,105]");
}

TEST(ErlangText, BinariesAreTextIfTheyReadAsSuch) {
    expect_erlang({{"abc", "<<\"abc\">>"},
                   {"", "<<>>"},
                   {"åäö", "<<\"åäö\"/utf8>>"},
                   {"日本", "<<230,151,165,230,156,172>>"},
                   {"a\"\\\n", "<<\"a\\\"\\\\\\n\">>"},
                   {bytes({229, 228, 246}), "<<\"åäö\">>"},   // Latin-1, since it is not UTF-8
                   {bytes({220, 162, 64}), "<<220,162,64>>"}, // UTF-8, but not in the printable range
                   {bytes({127}), "<<127>>"}});
}

TEST(ErlangText, AtomsAreQuotedWhereTheyWouldNotReadBack) {
    expect_erlang({{"ok"_atom, "ok"},
                   {"a@b_1"_atom, "a@b_1"},
                   {"ß"_atom, "ß"},
                   {"÷"_atom, "'÷'"},
                   {"À"_atom, "'À'"},
                   {"aÀ"_atom, "aÀ"},
                   {"a×"_atom, "'a×'"},
                   {"_a"_atom, "'_a'"},
                   {"after"_atom, "'after'"},
                   {"maybe"_atom, "maybe"},
                   {"else"_atom, "else"},
                   {""_atom, "''"},
                   {"a'b\n"_atom, "'a\\'b\\n'"}});
}

TEST(ErlangText, FloatsTakeTheShorterForm) {
    expect_erlang({{1000.0, "1.0e3"},
                   {100.0, "100.0"},
                   {0.001, "0.001"},
                   {0.0001, "0.0001"},
                   {123456.75, "123456.75"},
                   {1.5e300, "1.5e300"},
                   {-12.5, "-12.5"}});
    expect_elixir({{1000.0, "1000.0"}, {0.0001, "0.0001"}, {1.0e16, "1.0e16"}, {-1.0e15, "-1000000000000000.0"}});
}

TEST(ElixirText, AtomsAndModules) {
    expect_elixir({{"Elixir.A1_b"_atom, "A1_b"},
                   {"Elixir.foo"_atom, ":\"Elixir.foo\""},
                   {"Elixir.Foo."_atom, ":\"Elixir.Foo.\""},
                   {"Elixir.Elixir"_atom, "Elixir.Elixir"},
                   {"Elixir."_atom, ":\"Elixir.\""},
                   {"a@b"_atom, ":a@b"},
                   {"@a"_atom, ":\"@a\""},
                   {"a?b"_atom, ":\"a?b\""},
                   {"a\"b"_atom, ":\"a\\\"b\""},
                   {"a#{b}"_atom, ":\"a\\#{b}\""},
                   {"::"_atom, ":\"::\""},
                   {"..//"_atom, ":..//"},
                   {"аb"_atom, ":\"аb\""}, // a Cyrillic letter among Latin ones
                   {"日本"_atom, ":日本"},
                   {"\u202e"_atom, ":\"\\u202E\""}});
}

TEST(ElixirText, KeywordListsAndMaps) {
    const auto pair = [](std::string_view key, term value) { return term{std::tuple{atom{key}, std::move(value)}}; };
    expect_elixir(
        {{list_of(pair("a", 1), pair("foo bar", 2), pair("+", 3), pair("nil", 4), pair("Elixir", 5)),
          "[a: 1, \"foo bar\": 2, +: 3, nil: 4, \"Elixir\": 5]"},
         {list_of(pair("a", 1), pair("Elixir.B", 2)), "[{:a, 1}, {B, 2}]"},
         {improper_list{{pair("a", 1)}, 3}, "[{:a, 1} | 3]"},
         {list_of(std::tuple{"a"_atom, 1, 2}), "[{:a, 1, 2}]"},
         {list_of(pair("a", list_of(pair("b", 1)))), "[a: [b: 1]]"},
         {std::map<atom, int>{{"b"_atom, 2}, {"a"_atom, 1}}, "%{a: 1, b: 2}"},
         {std::map<term, int, bool (*)(const term&, const term&)>(
              {{term{"a"_atom}, 3}, {term{1}, 2}}, [](const term& a, const term& b) { return compare(a, b) < 0; }),
          "%{1 => 2, :a => 3}"}});
}

TEST(ElixirText, CharlistsAndStrings) {
    expect_elixir({{charlist{"it's \"x\" #{a} \\ \n\x1b"}, "'it\\'s \"x\" \\#{a} \\\\ \\n\\e'"},
                   {charlist{"\a\b\t"}, "'\\a\\b\\t'"},
                   {charlist{"é"}, "[233]"},
                   {"\a\b\v\f\x1b\x7f", "\"\\a\\b\\v\\f\\e\\d\""},
                   {"#a #{", "\"#a \\#{\""},
                   {std::string_view{"a\0", 2}, "<<97, 0>>"},
                   {"\ufeff", "\"\\uFEFF\""}});
}

TEST(ElixirText, StructsThatHaveAFormOfTheirOwn) {
    const auto range = [](int first, int last, int step) {
        return module("Range", {{"first"_atom, first}, {"last"_atom, last}, {"step"_atom, step}});
    };
    const auto set = [](std::map<int, std::vector<int>> of) {
        return module("MapSet", {{"map"_atom, of}, {"version"_atom, 2}});
    };
    const auto micro = [](int value, int digits) { return std::tuple{value, digits}; };
    expect_elixir({{range(1, 10, 1), "1..10"},
                   {range(1, 10, 3), "1..10//3"},
                   {range(5, 1, 1), "5..1//1"},
                   {range(5, 1, -1), "5..1//-1"},
                   {set({}), "MapSet.new([])"},
                   {set({{97, {}}}), "MapSet.new([97])"},
                   {set({{1, {}}, {2, {}}}), "MapSet.new([1, 2])"},
                   {term{list_of(set({{1, {}}}), "x")}, "[MapSet.new([1]), \"x\"]"},
                   {module("Date", {{"calendar"_atom, iso}, {"year"_atom, -1}, {"month"_atom, 1}, {"day"_atom, 2}}),
                    "~D[-0001-01-02]"},
                   {module("Time", {{"calendar"_atom, iso},
                                    {"hour"_atom, 1},
                                    {"minute"_atom, 2},
                                    {"second"_atom, 3},
                                    {"microsecond"_atom, micro(4500, 6)}}),
                    "~T[01:02:03.004500]"},
                   {module("NaiveDateTime", {{"calendar"_atom, iso},
                                             {"year"_atom, 2024},
                                             {"month"_atom, 1},
                                             {"day"_atom, 2},
                                             {"hour"_atom, 3},
                                             {"minute"_atom, 4},
                                             {"second"_atom, 5},
                                             {"microsecond"_atom, micro(100000, 1)}}),
                    "~N[2024-01-02 03:04:05.1]"},
                   {module("RuntimeError", {{"__exception__"_atom, true}, {"message"_atom, "x"}}),
                    "%RuntimeError{message: \"x\"}"},
                   {module("Some.Module", {{"a"_atom, 1}}), "%{__struct__: Some.Module, a: 1}"}});
}

TEST(ElixirText, StructsWithWrongFieldsAreMaps) {
    expect_elixir(
        {{module("Range", {{"first"_atom, 1}}), "%{__struct__: Range, first: 1}"},
         {module("Range", {{"first"_atom, "a"_atom}, {"last"_atom, 2}, {"step"_atom, 1}}),
          "%{__struct__: Range, first: :a, last: 2, step: 1}"},
         {module("MapSet", {{"map"_atom, 3}, {"version"_atom, 2}}), "%{__struct__: MapSet, map: 3, version: 2}"},
         {module("Date", {{"year"_atom, 1}}), "%{__struct__: Date, year: 1}"}});
}

TEST(Text, IdentifiersNameTheirNodeUnlessItIsTheLocalOne) {
    const pid p{"node2@172.24.176.2"_atom, 138, 0, 7};
    const reference r{"node2@172.24.176.2"_atom, 7, 3, {1, 2, 3}};
    const port o{"node2@172.24.176.2"_atom, 5, 7};
    EXPECT_EQ(to_elixir(term{p}), "#PID<node2@172.24.176.2.138.0>");
    EXPECT_EQ(to_erlang(term{p}), "<node2@172.24.176.2.138.0>");
    EXPECT_EQ(to_elixir(term{r}), "#Reference<node2@172.24.176.2.3.2.1>");
    EXPECT_EQ(to_erlang(term{r}), "#Ref<node2@172.24.176.2.3.2.1>");
    EXPECT_EQ(to_erlang(term{o}), "#Port<node2@172.24.176.2.5>");
    const text_options at_home{.local_node = "node2@172.24.176.2"_atom};
    EXPECT_EQ(to_elixir(term{p}, at_home), "#PID<0.138.0>");
    EXPECT_EQ(to_erlang(term{p}, at_home), "<0.138.0>");
    EXPECT_EQ(to_elixir(term{r}, at_home), "#Reference<0.3.2.1>");
    EXPECT_EQ(to_erlang(term{o}, at_home), "#Port<0.5>");
    EXPECT_EQ(to_elixir(term{pid{"other"_atom, 1, 2, 3}}, at_home), "#PID<other.1.2>");
}

TEST(Text, NodeNamesCannotReachTheTerminal) {
    EXPECT_EQ(to_elixir(term{pid{"a\x1b[31m\n"_atom, 1, 2, 3}}), "#PID<a\\e[31m\\n.1.2>");
}

TEST(Text, FunsOfBothKinds) {
    byte_buffer raw;
    encoder{raw}.export_fun("Elixir.Enum", "map", 2);
    const auto exported = term::adopt(raw);
    EXPECT_EQ(to_elixir(exported), "&Enum.map/2");
    EXPECT_EQ(to_erlang(exported), "fun 'Elixir.Enum':map/2");
    raw.clear();
    encoder{raw}.export_fun("m", "a b", 0);
    EXPECT_EQ(to_elixir(term::adopt(raw)), "&:m.\"a b\"/0");
}

TEST(Text, TermsLargerThanTheTextArePrintedInTheOrderTheyStand) {
    text_options few;
    few.bytes_max = 40;
    const std::map<int, std::string> many{{1, std::string(20, 'a')}, {2, std::string(20, 'b')}};
    EXPECT_EQ(to_elixir(term{many}, few), "%{1 => \"aaaaaaaaaaaaaaaaaaaa\", 2 => \"bbb...");
}
