// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/certified_name.hpp>
#include <sedge/wire/tls.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sedge::dist {
namespace {

struct row {
    const char* what;
    wire::certificate shown;
    const char* claimed;
    const char* proved; // null: refused
};

wire::certificate of_machine(const char* address, const char* name) {
    wire::certificate c;
    if (address) c.addresses.push_back(wire::ip_address::parse(address).value());
    if (name) c.dns_names.emplace_back(name);
    return c;
}

wire::certificate with_uri(wire::certificate c, const char* uri) {
    c.uris.emplace_back(uri);
    return c;
}

class CertifiedName : public testing::TestWithParam<row> {};

TEST_P(CertifiedName, IsWhatTheCertificateProves) {
    const auto& r = GetParam();
    const auto name = certified_name(r.shown, node_name::parse(r.claimed).value());
    if (r.proved) {
        ASSERT_TRUE(name) << name.error().message();
        EXPECT_EQ(*name, r.proved);
    } else {
        ASSERT_FALSE(name) << *name;
        EXPECT_EQ(name.error(), make_error_code(wire::tls_errc::wrong_name));
        EXPECT_THAT(name.error().context(), testing::HasSubstr(std::string{"not for "} + r.claimed));
    }
}

const row rows[] = {
    {"AddressOfTheMachine", of_machine("10.0.0.5", nullptr), "node1@10.0.0.5", "10.0.0.5"},
    {"AnyNodeOfTheMachine", of_machine("10.0.0.5", nullptr), "other@10.0.0.5", "10.0.0.5"},
    {"AnotherAddress", of_machine("10.0.0.5", nullptr), "node1@10.0.0.50", nullptr},
    {"DnsName", of_machine(nullptr, "box.example.org"), "node1@box.example.org", "box.example.org"},
    {"DnsNameInOtherCase", of_machine(nullptr, "Box.Example.Org"), "node1@box.example.org", "box.example.org"},
    {"ShortName", of_machine(nullptr, "box"), "node1@box", "box"},
    {"PartOfADnsName", of_machine(nullptr, "example.org"), "node1@box.example.org", nullptr},
    {"Wildcard", of_machine(nullptr, "*.example.org"), "node1@box.example.org", nullptr},
    {"AddressWrittenAsDnsName", of_machine(nullptr, "10.0.0.5"), "node1@10.0.0.5", "10.0.0.5"},
    {"NameOfTheNode", with_uri({}, "erlang://node1@10.0.0.5"), "node1@10.0.0.5", "node1@10.0.0.5"},
    {"NameOfTheNodeWithoutScheme", with_uri({}, "node1@10.0.0.5"), "node1@10.0.0.5", "node1@10.0.0.5"},
    {"NodeNamesExcludeOthersOfTheMachine", with_uri(of_machine("10.0.0.5", nullptr), "erlang://node1@10.0.0.5"),
     "node2@10.0.0.5", nullptr},
    {"SeveralNodeNames", with_uri(with_uri({}, "erlang://node1@10.0.0.5"), "erlang://node2@10.0.0.5"), "node2@10.0.0.5",
     "node2@10.0.0.5"},
    {"UriOfSomebodyElse", with_uri(of_machine("10.0.0.5", nullptr), "spiffe://example.org/robot"), "node1@10.0.0.5",
     "10.0.0.5"},
    {"BrokenNodeNameStillBinds", with_uri(of_machine("10.0.0.5", nullptr), "erlang://"), "node1@10.0.0.5", nullptr},
    {"NoNamesAtAll", {}, "node1@10.0.0.5", nullptr},
};

INSTANTIATE_TEST_SUITE_P(Rows, CertifiedName, testing::ValuesIn(rows),
                         [](const auto& made) { return std::string{made.param.what}; });

} // namespace
} // namespace sedge::dist
