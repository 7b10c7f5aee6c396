// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/cause.hpp>

#include <sedge/dist/error.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <set>

namespace sedge::cluster {
namespace {

TEST(Cause, HasWordsAnIdAndAdviceOfItsOwn) {
    std::set<std::string_view> ids, words;
    for (const auto& each : explanations()) {
        EXPECT_TRUE(ids.insert(each.id).second) << each.id;
        EXPECT_TRUE(words.insert(each.words).second) << each.words;
        EXPECT_THAT(std::string{each.advice}, testing::EndsWith(".")) << each.id;
        EXPECT_EQ(each.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << each.id;
    }
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(cause::other) + 1) << "each cause stands in the table";
    for (std::size_t i = 0; i < explanations().size(); ++i)
        EXPECT_EQ(static_cast<std::size_t>(explanations()[i].what), i) << explanations()[i].id;
}

TEST(Cause, StandsInTheGuideWithItsWordsAndAdvice) {
    std::ifstream file{SEDGE_DOCS "/guide/doctor.md"};
    const std::string guide{std::istreambuf_iterator<char>{file}, {}};
    std::string table = "| words | name | what to do |\n|---|---|---|\n";
    for (const auto& each : explanations())
        table +=
            "| " + std::string{each.words} + " | `" + std::string{each.id} + "` | " + std::string{each.advice} + " |\n";
    EXPECT_THAT(guide, testing::EndsWith(table)) << "put this table there";
}

struct row {
    std::error_code code;
    cause what;
};

TEST(Cause, OfEachFailedStepHasItsName) {
    const auto system = [](std::errc code) { return std::make_error_code(code); };
    const auto alert = [](int code) { return std::error_code{code, wire::tls_alert_category()}; };
    const row rows[] = {
        {dist::errc::name_invalid, cause::bad_name},
        {dist::errc::name_kind, cause::name_forms},
        {wire::errc::name_not_found, cause::unknown_host},
        {epmd::errc::resolver_silent, cause::resolver_silent},
        {system(std::errc::host_unreachable), cause::no_route},
        {system(std::errc::network_unreachable), cause::no_route},
        {epmd::errc::no_answer, cause::no_port_mapper},
        {epmd::errc::silent, cause::port_mapper_silent},
        {epmd::errc::not_a_mapper, cause::not_a_port_mapper},
        {epmd::errc::closed_unanswered, cause::port_mapper_closes},
        {epmd::errc::not_found, cause::name_not_registered},
        {system(std::errc::connection_refused), cause::port_refused},
        {dist::errc::unreachable, cause::port_silent},
        {dist::errc::tls_there, cause::tls_on_one_side},
        {dist::errc::silent, cause::handshake_silent},
        {dist::errc::bad_handshake, cause::not_a_node},
        {dist::errc::name_mismatch, cause::another_node},
        {dist::errc::flags_missing, cause::capabilities_missing},
        {dist::errc::wrong_cookie, cause::wrong_cookie},
        {dist::errc::not_allowed, cause::not_allowed},
        {dist::errc::refused, cause::closed},
        {wire::tls_errc::not_tls, cause::tls_on_one_side},
        {wire::tls_errc::untrusted, cause::certificate_untrusted},
        {wire::tls_errc::expired, cause::certificate_expired},
        {wire::tls_errc::not_yet_valid, cause::certificate_not_yet_valid},
        {wire::tls_errc::wrong_name, cause::certificate_name},
        {wire::tls_errc::incompatible, cause::tls_versions},
        {wire::tls_errc::unusable_file, cause::tls_files},
        {alert(48), cause::certificate_refused},
        {alert(10), cause::tls_on_one_side},
        {alert(70), cause::tls_versions},
        {errc::timed_out, cause::timed_out},
        {errc::malformed, cause::other},
    };
    for (const auto& each : rows) EXPECT_EQ(cause_of(each.code), each.what) << each.code.message();
}

TEST(Cause, OpensTheSentenceThatNamesThePeerOnce) {
    const error closed{dist::errc::wrong_cookie, "b@10.0.0.2 closed the connection after our proof"};
    EXPECT_EQ(told(closed, "b@10.0.0.2"), "wrong cookie: b@10.0.0.2 closed the connection after our proof");
    const error absent{epmd::errc::no_answer, "connect b@10.0.0.2: find b on host 10.0.0.2"};
    EXPECT_EQ(told(absent, "b@10.0.0.2"), "no port mapper: find b on host 10.0.0.2");
    EXPECT_EQ(told(error{errc::timed_out, "connect b@10.0.0.2"}, "b@10.0.0.2"), "no answer in time");
    EXPECT_EQ(told(error{errc::stopped, "connect b@10.0.0.2: this node is not running"}, "b@10.0.0.2"),
              "this node is not running: stopped");
}

} // namespace
} // namespace sedge::cluster
