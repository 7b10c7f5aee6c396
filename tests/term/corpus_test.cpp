// SPDX-License-Identifier: Apache-2.0
//
// Every recorded term, as OTP 25 encodes and prints it. See tests/vectors/terms/corpus.json.

#include "support/json.hpp"

#include <sedge/term/term.hpp>

#include <gtest/gtest.h>

using namespace sedge;

namespace {

const boost::json::array& corpus() {
    static const auto all = test::read_vectors("terms/corpus.json");
    return all.as_array();
}

std::string text_at(const boost::json::value& item, const char* key, std::string absent = {}) {
    const auto* found = item.as_object().if_contains(key);
    return found == nullptr ? absent : std::string{found->as_string()};
}

byte_buffer hex_at(const boost::json::value& item, const char* key) { return from_hex(text_at(item, key)).value(); }

term decoded(const boost::json::value& item) { return term::decode(hex_at(item, "hex")).value(); }

/// What a decoded term must look like when it is sent again.
std::string expected_hex(const boost::json::value& item) {
    return text_at(item, "reencoded", text_at(item, "hex_utf8_atoms", text_at(item, "hex")));
}

/// OTP sorts small maps when it decodes; we keep their order.
bool is_reordered_by_otp(const boost::json::value& item) { return text_at(item, "name").starts_with("MAP_EXT "); }

} // namespace

TEST(Corpus, DecodesAndEncodesAsOtpDoes) {
    std::size_t seen = 0;
    for (const auto& item : corpus()) {
        SCOPED_TRACE(text_at(item, "name"));
        const auto t = decoded(item);
        if (is_reordered_by_otp(item)) {
            EXPECT_EQ(t, term::decode(from_hex(expected_hex(item)).value()).value());
        } else {
            EXPECT_EQ(to_hex(t.external()), expected_hex(item));
        }
        ++seen;
    }
    EXPECT_EQ(seen, 626u);
}
