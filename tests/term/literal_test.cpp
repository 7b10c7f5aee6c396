// SPDX-License-Identifier: Apache-2.0
#include "term/elixir_operators.hpp"

#include <sedge/term/literal.hpp>
#include <sedge/term/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace sedge {
namespace {

using namespace literals;
using testing::HasSubstr;

/// Two nodes are known: `a@h`, which is here, and `b@10.0.0.2`.
literal_options two_nodes() {
    return {"a@h"_atom, [](const atom& node) -> std::optional<std::uint32_t> {
                if (node == "a@h") return 7;
                if (node == "b@10.0.0.2") return 9;
                return std::nullopt;
            }};
}

term elixir_term(std::string_view text) {
    auto parsed = parse_elixir(text, two_nodes());
    EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message());
    return std::move(parsed).value_or(term{});
}

term erlang_term(std::string_view text) {
    auto parsed = parse_erlang(text, two_nodes());
    EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message());
    return std::move(parsed).value_or(term{});
}

/// The same value written in both languages.
struct row {
    const char* name;
    const char* elixir;
    const char* erlang;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.name; }

class InBothLanguages : public testing::TestWithParam<row> {};

TEST_P(InBothLanguages, ReadsAsOneValue) { EXPECT_EQ(elixir_term(GetParam().elixir), erlang_term(GetParam().erlang)); }

INSTANTIATE_TEST_SUITE_P(
    Values, InBothLanguages,
    testing::Values(row{"zero", "0", "0"}, row{"negative", "-2_147_483_648", "-2147483648"},
                    row{"big", "0x1_0000_0000_0000_0000", "18446744073709551616"},
                    row{"negative_big", "-18446744073709551616", "-16#10000000000000000"}, row{"base_36", "35", "36#z"},
                    row{"float", "1.5e3", "1.5E+3"}, row{"small_float", "1.0e-400", "0.0"}, row{"atom", ":ok", "ok"},
                    row{"quoted_atom", ":\"B c\"", "'B c'"}, row{"alias", "Node", "'Elixir.Node'"},
                    row{"empty_atom", ":\"\"", "''"}, row{"nil", "nil", "nil"}, row{"charlist", "'str'", "\"str\""},
                    row{"joined_strings", "~c\"ab\"", "\"a\" \"b\""}, row{"byte_list", "[97, 98]", "\"ab\""},
                    row{"empty_charlist", "''", "\"\""}, row{"string", "\"bin\"", "<<\"bin\">>"},
                    row{"utf8_string", "\"é\"", "<<\"é\"/utf8>>"}, row{"latin1_in_binary", "<<233>>", "<<\"é\">>"},
                    row{"bytes", "<<1, 2>>", "<<1,2>>"}, row{"bits", "<<1, 5::size(3)>>", "<<1,5:3>>"},
                    row{"sixteen_bits", "<<258::16>>", "<<258:16>>"},
                    row{"twelve_bits", "<<0xabc::12>>", "<<16#abc:12>>"}, row{"negative_byte", "<<-1>>", "<<255>>"},
                    row{"wide_negative", "<<-1::size(72)>>", "<<-1:72>>"}, row{"character", "?a", "$a"},
                    row{"escaped_character", "?\\n", "$\\n"}, row{"octal", "'A'", "\"\\101\""},
                    row{"control", "[1]", "\"\\^a\""}, row{"list", "[1, :a, \"b\"]", "[1,a,<<\"b\">>]"},
                    row{"improper", "[1, 2 | 3]", "[1,2|3]"}, row{"list_tail", "[1 | [2]]", "[1,2]"},
                    row{"empty", "{[], {}, %{}}", "{[],{},#{}}"},
                    row{"map", "%{:a => 1, \"b\" => [2]}", "#{a => 1,<<\"b\">> => [2]}"},
                    row{"key_twice", "%{a: 1, a: 2}", "#{a => 2}"}, row{"keywords", "[a: 1]", "[{a,1}]"},
                    row{"own_pid", "#PID<0.138.2>", "<0.138.2>"},
                    row{"other_pid", "#PID<b@10.0.0.2.138.0>", "<b@10.0.0.2.138.0>"},
                    row{"reference", "#Reference<0.3.2.1>", "#Ref<0.3.2.1>"}, row{"port", "#Port<0.5>", "#Port<0.5>"},
                    row{"export", "&:erlang.node/0", "fun erlang:node/0"},
                    row{"comments_and_dot", "{1} # end", "{ 1 % one\n } . % end"}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST(Literal, PidsBelongToTheIncarnationTheOptionsSay) {
    EXPECT_EQ(elixir_term("#PID<0.138.2>").as<pid>(), (pid{"a@h"_atom, 138, 2, 7}));
    EXPECT_EQ(elixir_term("#PID<b@10.0.0.2.138.0>").as<pid>(), (pid{"b@10.0.0.2"_atom, 138, 0, 9}));
}

TEST(Literal, ReferencesArePrintedLastWordFirst) {
    const auto r = elixir_term("#Reference<0.3.2.1>").as<reference>();
    ASSERT_TRUE(r);
    EXPECT_EQ(r->size, 3);
    EXPECT_EQ(r->words[0], 1u);
    EXPECT_EQ(r->words[2], 3u);
}

TEST(Literal, PidsOfUnknownNodesAndWithoutOptionsAreRefused) {
    EXPECT_THAT(parse_elixir("#PID<c@h.1.0>", two_nodes()).error().message(), HasSubstr("unknown node c@h"));
    EXPECT_FALSE(parse_elixir("#PID<0.1.0>"));
    EXPECT_FALSE(parse_erlang("<0.1.0>"));
    EXPECT_FALSE(parse_elixir("#PID<0.4294967296.0>", two_nodes()));
}

TEST(Literal, ListsOfBytesHaveTheFormThatOtpWrites) {
    const byte_buffer string{107, 0, 2, 97, 98};
    for (const auto& read :
         {elixir_term("[97, 98]"), elixir_term("[97 | 'b']"), elixir_term("'ab'"), erlang_term("[$a,$b]")})
        EXPECT_EQ(byte_buffer(read.bytes().begin(), read.bytes().end()), string);
}

TEST(Literal, StructsAreMapsWithTheirName) {
    EXPECT_EQ(elixir_term("%A{b: 1}"), elixir_term("%{__struct__: A, b: 1}"));
}

TEST(Literal, OperatorsAsAtomsAndKeysReadBackAsTheyAreWritten) {
    for (const auto text : elixir::operator_atoms) {
        const term name{atom{text}};
        EXPECT_EQ(to_elixir(name), ":" + std::string{text});
        EXPECT_EQ(elixir_term(to_elixir(name)), name);
        const term keywords{std::vector{std::tuple{atom{text}, 1}, std::tuple{"and"_atom, 2}}};
        EXPECT_EQ(to_elixir(keywords), "[" + std::string{text} + ": 1, and: 2]");
        EXPECT_EQ(elixir_term(to_elixir(keywords)), keywords);
        const term map{std::map<atom, int>{{atom{text}, 1}}};
        EXPECT_EQ(elixir_term(to_elixir(map)), map);
    }
    EXPECT_EQ(elixir_term("[:^^^, :~~~, :<|>]"), elixir_term(R"([:"^^^", :"~~~", :"<|>"])"));
}

TEST(Literal, NamesWithAnAtSignAreKeys) {
    const term keywords{std::vector{std::tuple{"a@h"_atom, 1}}};
    EXPECT_EQ(elixir_term(to_elixir(keywords)), keywords);
}

TEST(Literal, CallsVariablesAndOperatorsAreNoLiterals) {
    for (const auto* text : {"self()", "x", "1 + 1", "[1, f(2)]", "%{a: x}", "\"#{1}\"", "fn -> 1 end"}) {
        const auto parsed = parse_elixir(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().message(), HasSubstr("expected a literal, found")) << text;
    }
    EXPECT_THAT(parse_elixir("[1,\n f(2)]").error().message(), HasSubstr("line 2, column 2"));
    EXPECT_EQ(parse_elixir("").error(), make_error_code(syntax_errc::incomplete));
    EXPECT_EQ(parse_elixir("1\n2").error(), make_error_code(syntax_errc::unexpected));
}

struct bad {
    const char* text;
    syntax_errc code;
    const char* sentence;
};

TEST(Literal, BadErlangIsToldWithPlaceExpectationAndFinding) {
    const bad rows[] = {
        {"", syntax_errc::incomplete, "line 1, column 1: expected an Erlang literal, found the end"},
        {"{a, b", syntax_errc::incomplete, "column 6: expected `,` or `}` to close the { of line 1, column 1"},
        {"[1 2]", syntax_errc::unexpected, "column 4: expected `,` or `]`"},
        {"Variable", syntax_errc::unexpected, "expected an Erlang literal, found `V`"},
        {"f(1)", syntax_errc::unexpected, "column 2: expected the end behind one literal, found `(`"},
        {"'abc", syntax_errc::incomplete, "to close the text of line 1, column 1"},
        {"\"abc", syntax_errc::incomplete, "to close the text"},
        {"37#1", syntax_errc::unexpected, "a base from 2 to 36"},
        {"2#2", syntax_errc::unexpected, "digits of that base"},
        {"1.0e999", syntax_errc::too_long, "too large"},
        {"#{a 1}", syntax_errc::unexpected, "=> behind the key"},
        {"<<\"\\x{100}\">>", syntax_errc::unexpected, "/utf8"},
        {"<<a>>", syntax_errc::unexpected, "expected an integer"},
        {"<0.1>", syntax_errc::unexpected, "expected a pid"},
        {"#Fun<a.1.2>", syntax_errc::unexpected, "expected a pid, port or reference"},
        {"fun a:b/256", syntax_errc::unexpected, "an arity from 0 to 255"},
        {"\xff", syntax_errc::unexpected, "expected UTF-8"},
    };
    for (const auto& [text, code, sentence] : rows) {
        const auto parsed = parse_erlang(text, two_nodes());
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(), make_error_code(code)) << text << ": " << parsed.error().message();
        EXPECT_THAT(parsed.error().message(), HasSubstr(sentence)) << text;
    }
}

TEST(Literal, ErlangNestsUpToItsLimitAndNoFurther) {
    const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
    EXPECT_TRUE(parse_erlang(nested(limits::syntax_nesting_max)));
    EXPECT_EQ(parse_erlang(nested(limits::syntax_nesting_max + 1)).error(), make_error_code(syntax_errc::too_long));
    EXPECT_EQ(parse_erlang(std::string(100'000, '{')).error(), make_error_code(syntax_errc::too_long));
}

TEST(Literal, BinarySegmentsThatDoNotFitAreRefused) {
    for (const auto* text : {"<<:a>>", "<<\"ab\"::binary-size(3)>>", "<<1::size(40000)>>", "<<1.5::size(16)-float>>",
                             "<<0xd800::utf8>>", "<<5::little-size(3)>>"})
        EXPECT_FALSE(parse_elixir(text)) << text;
    EXPECT_EQ(elixir_term("<<1.0::float>>"), elixir_term("<<63, 240, 0, 0, 0, 0, 0, 0>>"));
    EXPECT_EQ(elixir_term("<<258::little-size(16)>>"), elixir_term("<<2, 1>>"));
    EXPECT_EQ(elixir_term("<<233::utf8, \"ab\"::binary-size(1)>>"), elixir_term("\"éa\""));
}

} // namespace
} // namespace sedge
