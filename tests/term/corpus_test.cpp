// SPDX-License-Identifier: Apache-2.0
//
// Every recorded term, as OTP 25 encodes and prints it. See tests/vectors/terms/corpus.json.

#include "support/json.hpp"

#include <sedge/term/term.hpp>
#include <sedge/term/text.hpp>

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

/// Long texts were recorded as their first 400 characters and "...".
std::string shortened(const std::string& text) {
    std::size_t characters = 0;
    std::size_t end_of_400 = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<std::uint8_t>(text[i]) & 0xc0) == 0x80) continue;
        if (characters++ == 400) end_of_400 = i;
    }
    return characters > 4000 ? text.substr(0, end_of_400) + "..." : text;
}

/// Identifiers print with the name of their node, where Erlang prints a number that changes from node to node.
bool is_comparable_text(const boost::json::value& item) { return !item.at("text_is_node_local").as_bool(); }

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

TEST(Corpus, PrintsAsErlangDoes) {
    for (const auto& item : corpus()) {
        if (!is_comparable_text(item)) continue;
        SCOPED_TRACE(text_at(item, "name"));
        EXPECT_EQ(shortened(to_erlang_plain(decoded(item))), text_at(item, "erlang"));
    }
}

TEST(Corpus, PrintsAsElixirDoes) {
    for (const auto& item : corpus()) {
        if (!is_comparable_text(item)) continue;
        SCOPED_TRACE(text_at(item, "name"));
        EXPECT_EQ(shortened(to_elixir(decoded(item))), text_at(item, "elixir"));
    }
}
