// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/term/elixir_syntax.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace sedge {
namespace {

using namespace elixir;
using testing::HasSubstr;

expression only(std::string_view text) {
    auto parsed = parse_elixir_expressions(text);
    EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message());
    if (!parsed || parsed->size() != 1) {
        ADD_FAILURE() << text << " is not one expression";
        return {};
    }
    return std::move(parsed->front());
}

/// A tree as text that shows its structure: `call(Process.info, [call(self)])`.
std::string shape(const expression& e);

std::string shapes(const std::vector<expression>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : " ") + shape(item);
    return out;
}

struct shape_visitor {
    std::string operator()(const literal& n) const {
        if (const auto text = n.value.view().atom_text()) return ":" + std::string{*text};
        if (const auto number = n.value.as<std::int64_t>()) return std::to_string(*number);
        if (const auto bytes = n.value.view().binary()) return "\"" + std::string{as_text(*bytes)} + "\"";
        return std::string{to_string(n.value.view().kind())};
    }
    std::string operator()(const pasted& n) const {
        std::string out = "#" + n.node;
        for (const auto number : n.numbers) out += "." + std::to_string(number);
        return out;
    }
    std::string operator()(const variable& n) const { return n.name; }
    std::string operator()(const list& n) const {
        return "[" + shapes(n.items) + (n.tail.empty() ? "" : " | " + shapes(n.tail)) + "]";
    }
    std::string operator()(const tuple& n) const { return "{" + shapes(n.items) + "}"; }
    std::string operator()(const map& n) const { return "%{" + shapes(n.keys_and_values) + "}"; }
    std::string operator()(const binary& n) const { return "<<" + shapes(n.values) + ">>"; }
    std::string operator()(const call& n) const {
        return (n.module.empty() ? "" : shapes(n.module) + ".") + n.function + "(" + shapes(n.arguments) + ")";
    }
    std::string operator()(const operation& n) const { return "(" + n.symbol + " " + shapes(n.operands) + ")"; }
    std::string operator()(const unsupported& n) const { return "<" + n.what + ">"; }
};

std::string shape(const expression& e) { return std::visit(shape_visitor{}, e.value); }

struct row {
    const char* name;
    const char* text;
    const char* tree;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.name; }

class ElixirTree : public testing::TestWithParam<row> {};

TEST_P(ElixirTree, IsWhatElixirReads) { EXPECT_EQ(shape(only(GetParam().text)), GetParam().tree); }

INSTANTIATE_TEST_SUITE_P(
    Lines, ElixirTree,
    testing::Values(
        row{"article_list", "Node.list", ":Elixir.Node.list()"},
        row{"article_connect", "Node.connect :\"node2@172.24.176.2\"", ":Elixir.Node.connect(:node2@172.24.176.2)"},
        row{"article_self", "self", "self"}, row{"self_with_parentheses", "self()", "self()"},
        row{"article_info", ":erlang.list_to_pid('<0.138.0>') |> Process.info",
            ":Elixir.Process.info(:erlang.list_to_pid(list))"},
        row{"article_pid", "pid(\"node2@172.24.176.2\", 0, 138, 0) |> Process.info",
            ":Elixir.Process.info(pid(\"node2@172.24.176.2\" 0 138 0))"},
        row{"pasted_pid", "#PID<node2@172.24.176.2.138.0> |> Process.info",
            ":Elixir.Process.info(#node2@172.24.176.2.138.0)"},
        row{"pasted_numeric_pid", "x = #PID<0.138.0>", "(= x #.138.0)"}, row{"binding", "x = self", "(= x self)"},
        row{"pipe_with_arguments", "x |> Process.info(:links) |> inspect", "inspect(:Elixir.Process.info(x :links))"},
        row{"rpc", ":rpc.call(:n@h, Node, :self, [])", ":rpc.call(:n@h :Elixir.Node :self [])"},
        row{"send_tuple", "send {:shell, :n@h}, {:hello, self()}", "send({:shell :n@h} {:hello self()})"},
        row{"alias_chain", "Cluster.Strategy.Gossip", ":Elixir.Cluster.Strategy.Gossip"},
        row{"alias_elixir", "Elixir.Node", ":Elixir.Node"},
        row{"keywords_in_list", "[1, a: 2, b: 3]", "[1 {:a 2} {:b 3}]"},
        row{"keywords_in_call", "config :libcluster, debug: true, topologies: []",
            "config(:libcluster [{:debug :true} {:topologies []}])"},
        row{"quoted_key", "[\"a b\": 1]", "[{:a b 1}]"}, row{"trailing_comma", "[1,\n 2,\n]", "[1 2]"},
        row{"improper_list", "[1, 2 | 3]", "[1 2 | 3]"}, row{"maps", "%{\"k\" => 1, a: 2}", "%{\"k\" 1 :a 2}"},
        row{"struct", "%A.B{c: 1}", "%{:__struct__ :Elixir.A.B :c 1}"},
        row{"binary", "<<1, \"x\", 5::size(3)>>", "<<1 \"x\" 5>>"},
        row{"binaries_in_binaries", "<<1, <<2>>>>", "<<1 <<2>>>>"},
        row{"precedence", "1 + 2 * 3 == 7 and true", "(and (== (+ 1 (* 2 3)) 7) :true)"},
        row{"right_associative", "a = b = 1", "(= a (= b 1))"}, row{"negative_number", "-5", "-5"},
        row{"minus_with_spaces", "a - 1", "(- a 1)"}, row{"minus_without_space_is_an_argument", "f -1", "f(-1)"},
        row{"not", "not true", "(not :true)"}, row{"access", "x[:k]", ":Elixir.Access.get(x :k)"},
        row{"field", "x.name", "x.name()"}, row{"quoted_function", ":m.\"f g\"(1)", ":m.f g(1)"},
        row{"operator_function", "Kernel.+(1, 2)", ":Elixir.Kernel.+(1 2)"},
        row{"capture_of_a_function", "&Mod.fun/1", "fun"}, row{"word_list", "~w(a b)a", "list"},
        row{"charlist_sigil", "~c\"ab\"", "list"}, row{"character", "?a", "97"}, row{"hexadecimal", "0xFF", "255"},
        row{"underscores", "1_000", "1000"}, row{"escapes", R"("a\n\x{e9}\"")", "\"a\n\u00e9\"\""},
        row{"heredoc", "\"\"\"\n  a\n    b\n  \"\"\"", "\"a\n  b\n\""},
        row{"operator_on_the_next_line", "self\n|> Process.info", ":Elixir.Process.info(self)"},
        row{"comment_behind", "Node.list # who is there", ":Elixir.Node.list()"},
        row{"comment_that_looks_like_a_pid", "1 #PID<nothing", "1"},
        row{"call_without_parentheses_takes_the_pipe", "IO.inspect 1 |> f", ":Elixir.IO.inspect(f(1))"},
        row{"interpolation", "import_config \"#{config_env()}.exs\"", "import_config(<interpolation with #{...}>)"},
        row{"do_block", "if config_env() == :prod do\n x = fn a -> a end\nend", "<a do ... end block>"},
        row{"anonymous_function", "f(fn x -> x end)", "f(<an anonymous function>)"},
        row{"regular_expression", "~r/a+/i", "<the sigil ~r>"}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST(ElixirSyntax, ReadsTheArticlesConfiguration) {
    const auto parsed = parse_elixir_expressions(R"(import Config

# which nodes
config :libcluster,
  topologies: [
    clusters1: [
      strategy: Cluster.Strategy.Epmd,
      config: [hosts: [:"node1@172.24.176.1", :"node2@172.24.176.2"]],
    ]
  ]
)");
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->size(), 2u);
    EXPECT_EQ(shape((*parsed)[0]), "import(:Elixir.Config)");
    EXPECT_EQ(shape((*parsed)[1]), "config(:libcluster [{:topologies [{:clusters1 [{:strategy "
                                   ":Elixir.Cluster.Strategy.Epmd} {:config [{:hosts [:node1@172.24.176.1 "
                                   ":node2@172.24.176.2]}]}]}]}])");
    EXPECT_EQ((*parsed)[1].at, (position{4, 1}));
}

TEST(ElixirSyntax, SeparatesExpressionsByNewLinesAndSemicolons) {
    const auto parsed = parse_elixir_expressions("a = 1; b = 2\n\n-3\n");
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->size(), 3u);
    EXPECT_EQ(shape((*parsed)[2]), "-3");
    EXPECT_TRUE(parse_elixir_expressions("")->empty());
    EXPECT_TRUE(parse_elixir_expressions("# nothing").value().empty());
}

TEST(ElixirSyntax, SizesOfBinarySegmentsAreKept) {
    const auto e = only("<<1::3, x::binary-size(2), 5::16-little, \"t\">>");
    const auto& segments = std::get<binary>(e.value).segments;
    ASSERT_EQ(segments.size(), 4u);
    EXPECT_EQ(segments[0].size, 3u);
    EXPECT_EQ(segments[1].what, segment::kind::bytes);
    EXPECT_EQ(segments[1].size, 2u);
    EXPECT_TRUE(segments[2].little_endian);
    EXPECT_EQ(segments[3].what, segment::kind::bytes);
}

struct bad {
    const char* name;
    const char* text;
    syntax_errc code;
    const char* sentence;
};

void PrintTo(const bad& r, std::ostream* out) { *out << r.name; }

class BadElixir : public testing::TestWithParam<bad> {};

TEST_P(BadElixir, IsToldWithPlaceExpectationAndFinding) {
    const auto parsed = parse_elixir_expressions(GetParam().text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), make_error_code(GetParam().code)) << parsed.error().message();
    EXPECT_THAT(parsed.error().context(), HasSubstr(GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadElixir,
    testing::Values(
        bad{"open_list", "[1, 2", syntax_errc::incomplete,
            "line 1, column 6: expected , or ] to close the [ of line 1, column 1, found the end"},
        bad{"open_call", "f(1,\n", syntax_errc::incomplete, "line 2, column 1"},
        bad{"open_string", "x = \"abc", syntax_errc::incomplete, "to close the text of line 1, column 5"},
        bad{"open_operator", "1 +", syntax_errc::incomplete, "expected an expression, found the end"},
        bad{"open_map", "%{a: 1", syntax_errc::incomplete, "to close the %{"},
        bad{"open_block", "if true do", syntax_errc::incomplete, "expected end"},
        bad{"wrong_bracket", "[1)", syntax_errc::unexpected, "line 1, column 3: expected , or ] to close"},
        bad{"two_values", "1 2", syntax_errc::unexpected, "column 3: expected a new line or an operator, found `2`"},
        bad{"second_line", "a = 1\nb = ]", syntax_errc::unexpected,
            "line 2, column 5: expected an expression, found `]`"},
        bad{"column_counts_characters", "\"é\" ]", syntax_errc::unexpected, "column 5"},
        bad{"lonely_colon", "[: a]", syntax_errc::unexpected, "the text of an atom behind the colon"},
        bad{"keyword_without_space", "[a:1]", syntax_errc::unexpected, "a space behind the colon of a keyword"},
        bad{"keyword_in_front", "f(a: 1, 2)", syntax_errc::unexpected, "keywords come last"},
        bad{"pipe_into_a_value", "1 |> 2", syntax_errc::unexpected, "expected a call behind |>"},
        bad{"map_without_arrow", "%{1, 2}", syntax_errc::unexpected, "=> behind the key"},
        bad{"bad_digit", "0xG", syntax_errc::unexpected, "hexadecimal digits"},
        bad{"name_behind_number", "12ab", syntax_errc::unexpected, "digits"},
        bad{"surrogate", R"("\u{d800}")", syntax_errc::unexpected, "hexadecimal number of a character"},
        bad{"not_utf8", "\"\xff\"", syntax_errc::unexpected, "line 1, column 2: expected UTF-8"},
        bad{"huge_float", "1.0e999", syntax_errc::too_long, "too large for a float"},
        bad{"segment_option", "<<1::banana>>", syntax_errc::unexpected, "size(N)"},
        bad{"control_character", "\x01", syntax_errc::unexpected, "found `\\x{1}`"}),
    [](const auto& one) { return std::string{one.param.name}; });

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(ElixirSyntax, NestsUpToItsLimitAndNoFurther) {
    const auto most = limits::syntax_nesting_max;
    EXPECT_TRUE(parse_elixir_expressions(nested(most - 1)));
    EXPECT_TRUE(parse_elixir_expressions(nested(most)));
    const auto deeper = parse_elixir_expressions(nested(most + 1));
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error(), make_error_code(syntax_errc::too_long));
}

TEST(ElixirSyntax, ChainsOfOperatorsAndPrefixesCountAsNesting) {
    std::string pipes = "a", minuses, matches = "a";
    for (int i = 0; i < 100'000; ++i) {
        pipes += " |> f";
        minuses += "- ";
        matches += " = a";
    }
    for (const auto& text : {pipes, minuses + "1", matches, "f " + matches, std::string(100'000, '(')}) {
        const auto parsed = parse_elixir_expressions(text);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error(), make_error_code(syntax_errc::too_long));
    }
}

TEST(ElixirSyntax, TextsAndNumbersHaveALongestLength) {
    const std::string longest(limits::syntax_bytes_max, ' ');
    EXPECT_TRUE(parse_elixir_expressions(longest));
    EXPECT_EQ(parse_elixir_expressions(longest + " ").error(), make_error_code(syntax_errc::too_long));
    const std::string digits(limits::syntax_digits_max, '9');
    EXPECT_TRUE(parse_elixir_expressions(digits));
    EXPECT_EQ(parse_elixir_expressions(digits + "9").error(), make_error_code(syntax_errc::too_long));
    EXPECT_TRUE(parse_elixir_expressions(":" + std::string(255, 'a')));
    EXPECT_EQ(parse_elixir_expressions(":" + std::string(256, 'a')).error(), make_error_code(syntax_errc::too_long));
}

} // namespace
} // namespace sedge
