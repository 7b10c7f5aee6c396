// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/result.hpp>

#include <gtest/gtest.h>

using namespace sedge;

TEST(Result, HoldsAValueOrAnError) {
    result<int> good = 4;
    result<int> bad = error{errc::malformed, "here"};
    EXPECT_EQ(*good, 4);
    EXPECT_EQ(bad.value_or(7), 7);
    EXPECT_EQ(bad.error(), make_error_code(errc::malformed));
    EXPECT_THROW(bad.value(), bad_result);
}

TEST(Result, ChainsUntilTheFirstError) {
    auto half = [](int n) -> result<int> {
        if (n % 2) return error{errc::invalid_argument, "odd"};
        return n / 2;
    };
    EXPECT_EQ(*result<int>{8}.and_then(half).and_then(half), 2);
    EXPECT_EQ(result<int>{6}.and_then(half).and_then(half).error().context(), "odd");
}

TEST(Error, NamesItsStepsFromTheOutside) {
    error e{errc::timed_out, "handshake"};
    EXPECT_EQ(e.within("connect edge2@10.0.0.6").message(), "connect edge2@10.0.0.6: handshake: timed out");
}
