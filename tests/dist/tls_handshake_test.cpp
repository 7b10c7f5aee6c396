// SPDX-License-Identifier: Apache-2.0
//
// The handshake of distribution inside of TLS, and what happens where it is not wanted, or not possible.
#include "dist/two_machines.hpp"
#include "support/json.hpp"
#include "support/test_authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

using namespace sedge;
using namespace sedge::dist;
using testing::HasSubstr;

namespace {

constexpr const char* a_host = "10.0.0.1";
constexpr const char* b_host = "10.0.0.2";

struct TlsHandshake : testing::Test, test::two_machines {
    test::test_authority authority{a.wall_clock()};

    static std::shared_ptr<const wire::tls_context> load(const wire::tls_options& options) {
        return wire::tls_context::load(options).value();
    }
    /// a dials b; null: without TLS.
    void shake_with(std::shared_ptr<const wire::tls_context> of_a, std::shared_ptr<const wire::tls_context> of_b) {
        auto o = options();
        o.tls = std::move(of_a);
        tls_of_b = std::move(of_b);
        shake(std::move(o));
        ASSERT_TRUE(dialled && accepted);
    }
    std::string dial_says_why() { return *dialled ? "it did not fail" : dialled->error().message(); }
    std::string accept_says_why() { return *accepted ? "it did not fail" : accepted->error().message(); }
};

} // namespace

TEST_F(TlsHandshake, BothSidesLearnWhatTheOthersCertificateProves) {
    shake_with(load(authority.issue(a_host, {"a"})), load(authority.issue(b_host, {"b"})));
    ASSERT_TRUE(*dialled) << dial_says_why();
    ASSERT_TRUE(*accepted) << accept_says_why();
    EXPECT_EQ((**dialled).certificate, b_host);
    EXPECT_EQ((**accepted).certificate, a_host);
    EXPECT_EQ((**accepted).peer.name.full, "a@10.0.0.1");
}

TEST_F(TlsHandshake, CertificatesOfSingleNodesProveTheWholeName) {
    shake_with(load(authority.issue(a_host, {"a"}, "a@10.0.0.1")), load(authority.issue(b_host, {"b"}, "b@10.0.0.2")));
    ASSERT_TRUE(*dialled) << dial_says_why();
    EXPECT_EQ((**dialled).certificate, "b@10.0.0.2");
    EXPECT_EQ((**accepted).certificate, "a@10.0.0.1");
}

TEST_F(TlsHandshake, WorksByteByByte) {
    test::two_machines slow{3, {.step_bytes_max = 1}};
    auto o = slow.options();
    o.tls = load(authority.issue(a_host, {"a"}));
    slow.tls_of_b = load(authority.issue(b_host, {"b"}));
    slow.shake(std::move(o));
    EXPECT_TRUE(slow.dialled.value());
    EXPECT_TRUE(slow.accepted.value());
}

TEST_F(TlsHandshake, CookieIsStillAsked) {
    door_says.secret = cookie::from_text("ANOTHER").value();
    shake_with(load(authority.issue(a_host, {"a"})), load(authority.issue(b_host, {"b"})));
    EXPECT_EQ(dialled->error(), make_error_code(dist::errc::wrong_cookie));
    EXPECT_EQ(accepted->error(), make_error_code(dist::errc::wrong_cookie));
}

TEST_F(TlsHandshake, NodeThatClaimsAnothersNameIsRefusedByItsCertificate) {
    shake_with(load(authority.issue("10.0.0.9", {"a"})), load(authority.issue(b_host, {"b"})));
    EXPECT_EQ(accepted->error(), make_error_code(wire::tls_errc::wrong_name));
    EXPECT_THAT(accept_says_why(),
                HasSubstr("a@10.0.0.1 was refused: its certificate is for 10.0.0.9, not for a@10.0.0.1"));
    EXPECT_EQ(dialled->error(), make_error_code(dist::errc::not_allowed));
    EXPECT_THAT(dial_says_why(), HasSubstr("knows from the certificate"));
    EXPECT_EQ(door_says.claims, 0) << "nothing is looked up for a name that is not proved";
}

TEST_F(TlsHandshake, NodeThatStandsInForAnotherIsNotToldOurName) {
    shake_with(load(authority.issue(a_host, {"a"})), load(authority.issue("10.0.0.9", {"b"})));
    EXPECT_EQ(dialled->error(), make_error_code(wire::tls_errc::wrong_name));
    EXPECT_THAT(dial_says_why(), HasSubstr("b@10.0.0.2: it is for 10.0.0.9, not for b@10.0.0.2"));
    EXPECT_THAT(accept_says_why(), HasSubstr("does not accept this node's certificate (bad certificate)"));
}

TEST_F(TlsHandshake, OtherNodeOfTheMachineIsRefusedWhereTheCertificateIsForOneNode) {
    shake_with(load(authority.issue(a_host, {"a"}, "other@10.0.0.1")), load(authority.issue(b_host, {"b"})));
    EXPECT_EQ(accepted->error(), make_error_code(wire::tls_errc::wrong_name));
}

TEST_F(TlsHandshake, WrongAuthorityIsToldOnBothSides) {
    test::test_authority other{a.wall_clock()};
    auto stranger = other.issue(a_host, {"a"});
    stranger.ca_file = authority.ca_file();
    shake_with(load(stranger), load(authority.issue(b_host, {"b"})));
    EXPECT_EQ(accepted->error(), make_error_code(wire::tls_errc::untrusted));
    EXPECT_THAT(accept_says_why(), HasSubstr("connection from 10.0.0.1"));
    EXPECT_EQ(&dialled->error().code().category(), &wire::tls_alert_category());
    EXPECT_THAT(dial_says_why(), HasSubstr("b@10.0.0.2: "));
}

TEST_F(TlsHandshake, ExpiredCertificateIsToldOnBothSides) {
    const test::test_authority::wishes old{"a", std::chrono::hours{-48}, std::chrono::hours{24}};
    shake_with(load(authority.issue(a_host, old)), load(authority.issue(b_host, {"b"})));
    EXPECT_EQ(accepted->error(), make_error_code(wire::tls_errc::expired));
    EXPECT_THAT(dial_says_why(), HasSubstr("this node's certificate has expired"));
}

TEST_F(TlsHandshake, PlainPeerIsRefusedByANodeWithTls) {
    shake_with(nullptr, load(authority.issue(b_host)));
    EXPECT_THAT(accept_says_why(), HasSubstr("peer speaks plain distribution, this node requires TLS"));
    EXPECT_THAT(dial_says_why(), HasSubstr("requires TLS, this node speaks plain distribution"));
}

TEST_F(TlsHandshake, PlainPeerHearsTheBytesThatOtpSays) {
    std::string recorded;
    const auto refusals = test::read_vectors("dist/tls_refusals.json");
    for (const auto& row : refusals.as_array())
        if (row.at("attempt").as_string() == "plain TCP name message to a TLS port")
            recorded = std::string{row.at("result").as_string()};
    ASSERT_FALSE(recorded.empty());
    tls_of_b = load(authority.issue(b_host));
    tasks.start(accept_one());
    auto stream = world.block_on(a.net().connect(there())).value();
    const byte_buffer name{0, 21, 'N'}; // the beginning of a plain handshake
    ASSERT_TRUE(world.block_on(wire::write_all(*stream, name)));
    std::array<std::uint8_t, 32> heard{};
    const auto count = world.block_on(wire::read_some(*stream, heard));
    ASSERT_TRUE(count);
    EXPECT_EQ(to_hex({heard.data(), *count}), recorded);
}

TEST_F(TlsHandshake, PlainNodeRefusesAPeerWithTls) {
    shake_with(load(authority.issue(a_host)), nullptr);
    EXPECT_THAT(accept_says_why(), HasSubstr("speaks TLS, this node speaks plain distribution"));
    EXPECT_THAT(dial_says_why(), HasSubstr("it may speak plain distribution, and this node requires TLS"));
    EXPECT_EQ(door_says.claims, 0);
}

TEST_F(TlsHandshake, PlainNodeThatWaitsForMoreIsToldFromASilentOne) {
    auto o = options();
    o.tls = load(authority.issue(a_host));
    tasks.start(dial_once(std::move(o))); // nobody answers
    ASSERT_TRUE(world.run_until([this] { return dialled.has_value(); }, seconds{30}));
    EXPECT_EQ(dialled->error(), make_error_code(dist::errc::silent));
    EXPECT_THAT(dial_says_why(), HasSubstr("waiting for b@10.0.0.2 to speak TLS; it may speak plain distribution"));
}

TEST_F(TlsHandshake, SilenceInsteadOfTlsEndsWithTheTimeForHandshakes) {
    tls_of_b = load(authority.issue(b_host));
    tasks.start(accept_one());
    auto stream = world.block_on(a.net().connect(there())).value();
    const byte_buffer beginning{22, 3, 1};
    ASSERT_TRUE(world.block_on(wire::write_all(*stream, beginning)));
    EXPECT_FALSE(
        world.run_until([this] { return accepted.has_value(); }, limits::handshake_time_max - milliseconds{500}));
    ASSERT_TRUE(world.run_until([this] { return accepted.has_value(); }, seconds{1}));
    EXPECT_THAT(accept_says_why(), HasSubstr("waiting for the TLS of whoever connected"));
}
