// SPDX-License-Identifier: Apache-2.0
//
// Erlang's term order, equality and hashing.

#include "support/json.hpp"

#include <sedge/term/order.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace sedge;
using namespace sedge::literals;

namespace {

int sign(std::weak_ordering o) { return o < 0 ? -1 : o > 0 ? 1 : 0; }

/// Checks that the terms stand in strictly ascending order, each against each.
void expect_ascending(const std::vector<term>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < all.size(); ++j) {
            EXPECT_EQ(sign(compare(all[i], all[j])), i < j ? -1 : i > j ? 1 : 0) << i << ' ' << j;
            EXPECT_EQ(all[i] == all[j], i == j) << i << ' ' << j;
        }
    }
}

/// A map with its pairs in the order given.
term map_of(const std::vector<std::pair<term, term>>& pairs) {
    byte_buffer bytes;
    encoder out{bytes};
    out.map(pairs.size());
    for (const auto& [k, v] : pairs) out.copy(k), out.copy(v);
    return term::adopt(std::move(bytes));
}

term bits(byte_buffer bytes, int in_last) {
    byte_buffer raw;
    encoder{raw}.bitstring(bytes, in_last);
    return term::adopt(std::move(raw));
}

term fun(std::string_view module, std::string_view function, std::uint8_t arity) {
    byte_buffer raw;
    encoder{raw}.export_fun(module, function, arity);
    return term::adopt(std::move(raw));
}

term hex(const std::string& canonical) { return term::decode(from_hex("83" + canonical).value()).value(); }

const std::string new_fun = "7000000033"
                            "00"
                            "00000000000000000000000000000000"
                            "00000000"
                            "00000000"
                            "77017a"
                            "6100"
                            "6100"
                            "58770161000000010000000000000002";

} // namespace

TEST(Order, KindsComeInErlangsOrder) {
    expect_ascending({term{1}, term{"atom"_atom}, term{reference{"a"_atom, 1, 1, {1}}}, hex(new_fun), fun("a", "b", 0),
                      term{port{"a"_atom, 1, 1}}, term{pid{"a"_atom, 1, 1, 1}}, term{std::tuple{}}, map_of({}),
                      term{list_of()}, term{list_of(1)}, term{""}});
}

TEST(Order, NumbersCompareByValueAndExactlyBeyondTheReachOfFloats) {
    const auto big = [](const char* text) { return term{big_integer::from_text(text).value()}; };
    expect_ascending({term{-1.7976931348623157e308},
                      big("-18446744073709551617"),
                      big("-18446744073709551616"),
                      term{std::numeric_limits<std::int64_t>::min()},
                      term{-2147483649},
                      term{-1.5},
                      term{-1},
                      term{-0.5},
                      term{0},
                      term{5.0e-324},
                      term{0.5},
                      term{1},
                      term{255},
                      term{256},
                      term{9007199254740992.0},
                      term{9007199254740993},
                      term{9007199254740994.0},
                      term{9007199254740995},
                      big("18446744073709551615"),
                      term{18446744073709551616.0},
                      big("18446744073709551617"),
                      big("100000000000000000000000"),
                      term{1.7976931348623157e308},
                      big(("1" + std::string(400, '0')).c_str())});
    EXPECT_EQ(compare(term{1}, term{1.0}), std::weak_ordering::equivalent);
    EXPECT_FALSE(term{1} == term{1.0});
    EXPECT_EQ(compare(big("18446744073709551616"), term{18446744073709551616.0}), std::weak_ordering::equivalent);
    EXPECT_EQ(compare(term{0.0}, term{-0.0}), std::weak_ordering::equivalent);
}

TEST(Order, ExactlyWhatIsEqualIsTheSameKey) {
    EXPECT_TRUE(compare_exactly(term{1}, term{1.0}) < 0);
    EXPECT_TRUE(compare_exactly(term{2}, term{1.0}) < 0) << "integers come first";
    EXPECT_TRUE(compare_exactly(term{1.0}, term{1.0}) == 0);
    EXPECT_TRUE(compare_exactly(map_of({{1, 1}, {2, 2}, {3, 3}}), map_of({{3, 3}, {1, 1}, {2, 2}})) == 0);
    EXPECT_TRUE(compare_exactly(map_of({{1, 1}, {2, 2}, {3, 3}}), map_of({{3, 3.0}, {1, 1}, {2, 2}})) < 0);
}

TEST(Order, PidsBySerialIdNodeCreation) {
    expect_ascending({term{pid{"a"_atom, 1, 0, 2}}, term{pid{"b"_atom, 1, 0, 1}}, term{pid{"a"_atom, 2, 0, 1}},
                      term{pid{"a"_atom, 0, 1, 1}}});
    EXPECT_LT((pid{"b"_atom, 1, 0, 1}), (pid{"a"_atom, 2, 0, 1}));
    EXPECT_LT((pid{"z"_atom, 9, 0, 1}), (pid{"a"_atom, 0, 1, 1}));
}

TEST(Order, ReferencesByNodeCreationAndWordsFromTheLast) {
    const std::vector<reference> all{{"a"_atom, 1, 3, {9, 9, 1}},
                                     {"a"_atom, 1, 3, {1, 1, 2}},
                                     {"a"_atom, 1, 3, {2, 1, 2}},
                                     {"a"_atom, 2, 3, {0, 0, 0}},
                                     {"b"_atom, 1, 3, {0, 0, 0}}};
    expect_ascending({all.begin(), all.end()});
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST(Order, PortsAndFuns) {
    const std::vector<port> ports{{"a"_atom, 2, 1}, {"a"_atom, 1ull << 40, 1}, {"a"_atom, 1, 2}, {"b"_atom, 1, 1}};
    expect_ascending({ports.begin(), ports.end()});
    EXPECT_TRUE(std::is_sorted(ports.begin(), ports.end()));
    expect_ascending({hex(new_fun), fun("a", "b", 1), fun("a", "b", 2), fun("a", "c", 0), fun("b", "a", 0)});
}

TEST(Order, TuplesByArityFirst) {
    expect_ascending({term{std::tuple{}}, term{std::tuple{9}}, term{std::tuple{1, 1}}, term{std::tuple{1, 2}},
                      term{std::tuple{1, "a"_atom}}, term{std::tuple{std::tuple{}, 0}}});
}

TEST(Order, ListsElementByElementInWhateverForm) {
    expect_ascending({term{list_of()}, term{improper_list{{1}, 0}}, term{improper_list{{1}, "a"_atom}},
                      term{list_of(1)}, term{improper_list{{1, 1}, 5}}, term{list_of(1, 1)},
                      term{improper_list{{1, 2}, 3}}, term{list_of(1, 2)}, term{list_of(1, 2, 300)},
                      term{improper_list{{1}, "binary"}}, term{list_of(1.5)}, term{list_of(2)}, term{list_of(300)},
                      term{list_of("a"_atom)}, term{list_of(list_of())}, term{list_of(list_of(1), 1)}});
    EXPECT_EQ(compare(term{list_of(1, 2)}, term{list_of(1.0, 2)}), std::weak_ordering::equivalent);
    EXPECT_EQ(compare(term{list_of(list_of(1), 2)}, term{list_of(list_of(1.0), 2.0)}), std::weak_ordering::equivalent);

    byte_buffer raw; // what an encoder writes and OTP would not
    encoder out{raw};
    out.list(2), out.integer(1), out.integer(2), out.nil();
    const auto unsettled = term::adopt(raw);
    EXPECT_EQ(unsettled, term{list_of(1, 2)});
    EXPECT_EQ(hash_of(unsettled), hash_of(term{list_of(1, 2)}));
    EXPECT_EQ(compare(unsettled, term{list_of(1, 2)}), std::weak_ordering::equivalent);
}

TEST(Order, BitstringsByBytesThenLength) {
    expect_ascending({term{""}, bits({0}, 1), term{byte_buffer{0}}, term{byte_buffer{0, 0}}, bits({0x80}, 1),
                      bits({0xa0}, 3), term{byte_buffer{0xa0}}, term{"\xff"}});
}

TEST(Order, MapsBySizeThenKeysThenValues) {
    const term a{"a"_atom}, b{"b"_atom}, c{"c"_atom};
    expect_ascending({map_of({{c, 9}}), map_of({{a, 1}, {b, 9}}), map_of({{b, 9}, {a, 2}}), map_of({{c, 0}, {a, 1}}),
                      map_of({{1, 0}, {a, 0}, {b, 0}})});
    EXPECT_EQ(map_of({{a, 1}, {b, 2}}), map_of({{b, 2}, {a, 1}}));
    EXPECT_EQ(hash_of(map_of({{a, 1}, {b, 2}})), hash_of(map_of({{b, 2}, {a, 1}})));
    EXPECT_NE(hash_of(map_of({{a, 1}, {b, 2}})), hash_of(map_of({{a, 2}, {b, 1}})));
}

TEST(Order, KeysOfMapsPutIntegersBeforeFloatsAndValuesDoNot) {
    const term a{"a"_atom};
    // As keys 1 < 2 < 1.0, so {1, 1.0} comes after {1, 2}; as values 1 == 1.0.
    expect_ascending({map_of({{1, 0}, {2, 0}}), map_of({{1, 0}, {1.0, 0}}), map_of({{2, 0}, {1.0, 0}})});
    EXPECT_EQ(compare(map_of({{a, 1}, {1, 2}}), map_of({{1, 2.0}, {a, 1.0}})), std::weak_ordering::equivalent);
    EXPECT_EQ(sign(compare(map_of({{1.0, 0}}), map_of({{1, 0}}))), 1);
    EXPECT_EQ(sign(compare(map_of({{std::tuple{2}, 0}}), map_of({{std::tuple{1.0}, 0}}))), -1) << "inside keys, too";
    EXPECT_EQ(compare(map_of({{a, map_of({{a, 1}})}}), map_of({{a, map_of({{a, 1.0}})}})),
              std::weak_ordering::equivalent);
}

TEST(Order, AMapBeforeTheEndOfTheShorterListIsComparedFirst) {
    const auto map = [](int value) { return map_of({{1, value}, {2, 0}}); };
    expect_ascending({term{improper_list{{map(1)}, "a"_atom}}, term{list_of(map(1))}, term{list_of(map(1), 0)},
                      term{list_of(map(2))}, term{list_of(map(2), "x", "y")}, term{list_of(map(3), 0)}});
    expect_ascending(
        {map_of({{1, list_of(map(1))}}), map_of({{1, list_of(map(1), 1)}}), map_of({{1, list_of(map(2))}})});
}

TEST(Order, MapsInsideKeysOfMapsMayStandInAnyOrder) {
    const auto inner = [](bool turned) { return turned ? map_of({{2, 0}, {1, 0}}) : map_of({{1, 0}, {2, 0}}); };
    const auto outer = [&](bool turned) {
        return turned ? map_of({{inner(true), 1}, {3, 1}}) : map_of({{3, 1}, {inner(false), 1}});
    };
    EXPECT_EQ(outer(true), outer(false));
    EXPECT_EQ(hash_of(outer(true)), hash_of(outer(false)));
    EXPECT_EQ(outer(true).view().find(inner(false))->as<int>(), 1);
    EXPECT_EQ(term{std::tuple{outer(true)}}, term{std::tuple{outer(false)}});
    EXPECT_FALSE((term{std::tuple{outer(true), 1}} == term{std::tuple{outer(false), 2}}));
}

TEST(Order, IsTotalAndConsistentOverTheCorpus) {
    std::vector<term> all;
    const auto file = test::read_vectors("terms/corpus.json");
    for (const auto& item : file.as_array()) {
        all.push_back(term::decode(from_hex(std::string{item.at("hex").as_string()}).value()).value());
    }
    // Sorting twice from different starts gives the same sequence of classes, and neighbours agree with all pairs.
    auto sorted = all;
    const auto less = [](const term& a, const term& b) { return compare(a, b) < 0; };
    std::stable_sort(sorted.begin(), sorted.end(), less);
    std::size_t failures = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        for (std::size_t j = i; j < sorted.size(); ++j) {
            const int forth = sign(compare(sorted[i], sorted[j]));
            const int back = sign(compare(sorted[j], sorted[i]));
            failures += forth > 0 || forth != -back;
            if (sorted[i] == sorted[j]) failures += forth != 0 || hash_of(sorted[i]) != hash_of(sorted[j]);
        }
    }
    EXPECT_EQ(failures, 0u);
}
