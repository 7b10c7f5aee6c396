// SPDX-License-Identifier: Apache-2.0
#include "support/vectors.hpp"

#include <sedge/otp/io_lib.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sedge::otp {
namespace {

term read(const std::string& hex) { return term::decode(from_hex(hex).value()).value(); }

TEST(IoLibFormat, MakesTheTextThatOtpMakes) {
    std::ifstream file{test::vectors("otp/io_lib_format.txt")};
    std::string line;
    int rows = 0;
    while (std::getline(file, line)) {
        if (line.starts_with('#')) continue;
        std::string input, expected;
        std::istringstream{line} >> input >> expected;
        term call = read(input);
        auto text = format(call.element(0), call.element(1));
        std::string made = text ? to_hex(as_bytes(*text)) : "badarg";
        EXPECT_EQ(made, expected) << to_erlang(call) << " gave " << text.value_or("badarg");
        ++rows;
    }
    EXPECT_GT(rows, 100);
}

TEST(IoLibFormat, WidthFromOutsideIsBounded) {
    term arguments{std::vector<term>{term{atom{"a"}}}};
    EXPECT_FALSE(format(term{charlist{"~99999999999w"}}, arguments));
    EXPECT_FALSE(format(term{charlist{"~.1048577s"}}, arguments));
    EXPECT_EQ(format(term{charlist{"~1048576w"}}, arguments)->size(), 1048576u);
}

TEST(IoLibFormat, ManyWideFieldsMakeNoMoreThanTheInputIsWorth) {
    std::string fields;
    std::vector<term> values;
    for (int i = 0; i < 20'000; ++i) { // 2 GB of text, if all were made
        fields += "~100000s";
        values.emplace_back("a");
    }
    EXPECT_FALSE(format(term{fields}, term{values}));
    fields.clear();
    values.clear();
    for (int i = 0; i < 100'000; ++i) {
        fields += "~253f";
        values.emplace_back(1e300);
    }
    EXPECT_FALSE(format(term{fields}, term{values}));
    const std::string large(10'000'000, 'x'); // its own size is no reason
    EXPECT_EQ(format(term{"~s~30s"}, term{std::vector<term>{term{large}, term{"y"}}})->size(), large.size() + 30);
}

TEST(IoLibFormat, PidsOfTheLocalNodeAreWrittenWithoutItsName) {
    pid here{atom{"a@h"}, 7, 0, 1};
    text_options options;
    options.local_node = atom{"a@h"};
    EXPECT_EQ(format(term{charlist{"~p"}}, term{std::vector<pid>{here}}, options), "<0.7.0>");
}

TEST(Chardata, IsBinariesAndCodePointsToAnyDepth) {
    term deep{std::vector<term>{term{"a"}, term{charlist{"bc"}}, term{std::vector<term>{term{0x20ac}, term{"d"}}}}};
    EXPECT_EQ(characters(deep), "abc\xe2\x82\xac" "d");
    EXPECT_EQ(characters(term{improper_list{{term{'x'}}, term{"tail"}}}), "xtail");
    EXPECT_EQ(characters(term{byte_buffer{0xe9}}, true), "\xc3\xa9");
}

TEST(Chardata, AnythingElseIsRefused) {
    EXPECT_FALSE(characters(term{atom{"abc"}}));
    EXPECT_FALSE(characters(term{std::vector<term>{term{atom{"a"}}}}));
    EXPECT_FALSE(characters(term{byte_buffer{0xff}}));
    EXPECT_FALSE(characters(term{std::vector<int>{0xd800}}));
    EXPECT_FALSE(characters(term{std::vector<int>{-1}}));
    EXPECT_FALSE(characters(term{std::vector<int>{256}}, true));
    EXPECT_FALSE(characters(term{improper_list{{term{'x'}}, term{'y'}}}));
}

TEST(Chardata, DeepNestingDoesNotUseTheStack) {
    term t{charlist{"x"}};
    for (int i = 0; i < 2000; ++i) t = term{std::vector<term>{t}};
    EXPECT_EQ(characters(t), "x");
}

} // namespace
} // namespace sedge::otp
