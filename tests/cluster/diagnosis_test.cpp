// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/diagnosis.hpp>

#include <sedge/cluster/limits.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

#include <gmock/gmock.h>

#include <functional>

namespace sedge::cluster {

/// In failures: `problem port: port silent`.
void PrintTo(const finding& f, std::ostream* out) {
    *out << to_string(f.what) << ' ' << f.step << ": " << (f.why ? to_string(*f.why) : "") << " (" << f.evidence << ')';
}

namespace {

using namespace std::chrono_literals;

const auto host_unreachable = std::make_error_code(std::errc::host_unreachable);
const auto refused = std::make_error_code(std::errc::connection_refused);

/// A node that can be reached, and answers as it should.
peer_facts reachable() {
    peer_facts facts;
    facts.name = "b@10.0.0.2";
    facts.resolving = attempt{};
    address_facts at;
    at.address = *wire::ip_address::parse("10.0.0.2");
    at.interface = "eth0";
    at.port = 41000;
    facts.addresses = {at};
    facts.connecting = attempt{{}, 12ms};
    facts.connected_to = wire::endpoint{at.address, 41000};
    facts.said = answers{"OTP 25", 60s, 3ms, 1ms, attempt{{}, 2ms}};
    return facts;
}

const finding* step(const std::vector<finding>& all, std::string_view name) {
    for (const auto& each : all)
        if (each.step == name) return &each;
    return nullptr;
}

TEST(DiagnosisOfANode, SaysOkAtEachStepWhereNothingIsWrong) {
    const auto all = diagnose(reachable());
    for (const auto& each : all) EXPECT_EQ(each.what, verdict::ok) << each.step << ": " << each.evidence;
    std::vector<std::string> steps;
    for (const auto& each : all) steps.push_back(each.step);
    EXPECT_EQ(steps, (std::vector<std::string>{"name", "host", "route", "port mapper", "port", "handshake", "cookie",
                                               "tick", "clock", "large packets"}));
    EXPECT_EQ(first_problem(all), nullptr);
}

struct rule {
    const char* name;
    std::function<void(peer_facts&)> change;
    const char* step;
    verdict what;
    cause why;
};

void at_mapper(peer_facts& f, error failure, duration took = 1ms) {
    f.addresses[0].port = 0;
    f.addresses[0].mapper = {std::move(failure), took};
    f.connecting.reset();
    f.said.reset();
}
void at_connect(peer_facts& f, error failure, duration took = 1ms) {
    f.connecting = attempt{std::move(failure), took};
    f.said.reset();
}

const rule rules[] = {
    {"no name",
     [](auto& f) {
         f.form = error{dist::errc::name_invalid, "b: no @"};
     },
     "name", verdict::problem, cause::bad_name},
    {"short name, long names here",
     [](auto& f) {
         f.form = error{dist::errc::name_kind, "b@box is short"};
     },
     "name", verdict::problem, cause::name_forms},
    {"host unknown",
     [](auto& f) {
         f.resolving->failure = error{wire::errc::name_not_found, "box"};
     },
     "host", verdict::problem, cause::unknown_host},
    {"DNS silent",
     [](auto& f) {
         f.resolving->failure = error{errc::timed_out, "box"};
     },
     "host", verdict::problem, cause::resolver_silent},
    {"host stands for loopback",
     [](auto& f) {
         f.resolved_by_name = true;
         f.addresses[0].address = wire::ip_address::v4(127, 0, 1, 1);
     },
     "host", verdict::warning, cause::loopback_name},
    {"nobody has the address", [](auto& f) { at_mapper(f, host_unreachable, 3100ms); }, "route", verdict::problem,
     cause::no_route},
    {"network unreachable", [](auto& f) { at_mapper(f, std::make_error_code(std::errc::network_unreachable)); },
     "route", verdict::problem, cause::no_route},
    {"firewall says prohibited at once", [](auto& f) { at_mapper(f, host_unreachable, 1ms); }, "port mapper",
     verdict::problem, cause::firewall},
    {"mapper refused", [](auto& f) { at_mapper(f, error{epmd::errc::no_answer}); }, "port mapper", verdict::problem,
     cause::no_port_mapper},
    {"mapper silent", [](auto& f) { at_mapper(f, error{epmd::errc::silent}); }, "port mapper", verdict::problem,
     cause::port_mapper_silent},
    {"web server on 4369", [](auto& f) { at_mapper(f, error{epmd::errc::not_a_mapper}); }, "port mapper",
     verdict::problem, cause::not_a_port_mapper},
    {"not registered", [](auto& f) { at_mapper(f, error{epmd::errc::not_found}); }, "port mapper", verdict::problem,
     cause::name_not_registered},
    {"port refused", [](auto& f) { at_connect(f, refused); }, "port", verdict::problem, cause::port_refused},
    {"port refused here",
     [](auto& f) {
         f.addresses[0].is_ours = true;
         at_connect(f, refused);
     },
     "port", verdict::problem, cause::stale_registration},
    {"port dropped", [](auto& f) { at_connect(f, error{dist::errc::unreachable}); }, "port", verdict::problem,
     cause::port_silent},
    {"port prohibited", [](auto& f) { at_connect(f, host_unreachable, 3100ms); }, "port", verdict::problem,
     cause::firewall},
    {"says nothing", [](auto& f) { at_connect(f, error{dist::errc::silent}); }, "handshake", verdict::problem,
     cause::handshake_silent},
    {"speaks otherwise", [](auto& f) { at_connect(f, error{dist::errc::bad_handshake}); }, "handshake",
     verdict::problem, cause::not_a_node},
    {"another node", [](auto& f) { at_connect(f, error{dist::errc::name_mismatch}); }, "handshake", verdict::problem,
     cause::another_node},
    {"wrong cookie", [](auto& f) { at_connect(f, error{dist::errc::wrong_cookie}); }, "cookie", verdict::problem,
     cause::wrong_cookie},
    {"TLS there only", [](auto& f) { at_connect(f, error{dist::errc::tls_there}); }, "handshake", verdict::problem,
     cause::tls_on_one_side},
    {"another authority",
     [](auto& f) {
         f.tls = true;
         at_connect(f, error{wire::tls_errc::untrusted});
     },
     "TLS", verdict::problem, cause::certificate_untrusted},
    {"tick 15 there", [](auto& f) { f.said->tick_time = 15s; }, "tick", verdict::warning, cause::tick_times_differ},
    {"an hour ahead", [](auto& f) { f.said->clock_ahead = 3600000ms; }, "clock", verdict::warning,
     cause::clocks_differ},
    {"large message lost",
     [](auto& f) {
         f.said->large = attempt{error{errc::timed_out}, 3500ms};
     },
     "large packets", verdict::problem, cause::large_packets_lost},
    {"IPv6 does not answer",
     [](auto& f) {
         auto six = f.addresses[0];
         six.address = *wire::ip_address::parse("fd00::2");
         six.node = attempt{error{refused}, 1ms};
         f.addresses.push_back(six);
     },
     "port", verdict::warning, cause::one_address_family},
};

TEST(DiagnosisOfANode, NamesTheCauseAtItsStep) {
    for (const auto& each : rules) {
        SCOPED_TRACE(each.name);
        auto facts = reachable();
        each.change(facts);
        const auto all = diagnose(facts);
        const auto* found = step(all, each.step);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->what, each.what) << testing::PrintToString(*found);
        EXPECT_EQ(found->why, std::optional{each.why}) << testing::PrintToString(*found);
        EXPECT_FALSE(found->advice().empty());
        for (const auto& other : all) // one thing was wrong, and one thing is found
            if (&other != found) {
                EXPECT_THAT(other.what, testing::AnyOf(verdict::ok, verdict::unknown)) << testing::PrintToString(other);
            }
        if (each.what != verdict::problem) continue;
        const auto after = std::find_if(all.begin(), all.end(), [&](const auto& f) { return &f == found; }) + 1;
        for (auto i = after; i != all.end(); ++i)
            EXPECT_EQ(i->what, verdict::unknown) << "behind a failed step: " << testing::PrintToString(*i);
    }
}

TEST(DiagnosisOfANode, AnAddressThatKnowsTheNameGoesBeforeOneThatDoesNot) {
    auto facts = reachable();
    auto silent = facts.addresses[0];
    silent.address = *wire::ip_address::parse("10.0.1.2");
    silent.port = 0;
    silent.mapper.failure = error{epmd::errc::silent};
    facts.addresses.insert(facts.addresses.begin(), silent);
    const auto all = diagnose(facts);
    EXPECT_EQ(first_problem(all), nullptr);
}

// -- this machine --------------------------------------------------------------------------------------------------

machine_facts healthy() {
    machine_facts facts;
    facts.name = *node_name::parse("a@10.0.0.1");
    facts.resolving = attempt{};
    facts.own_host_addresses = {*wire::ip_address::parse("10.0.0.1")};
    facts.cookie_from = "/etc/sedge/cookie";
    facts.now = std::chrono::sys_days{std::chrono::year{2030} / 5 / 1};
    facts.mapper.failure = error{epmd::errc::no_answer};
    facts.descriptors_max = 1024;
    facts.interfaces = {{"eth0", facts.own_host_addresses, 1500, attempt{}}};
    facts.gossip = {{"clusters1", {}, {"b@10.0.0.2"}, 0, 6000ms}};
    return facts;
}

struct machine_rule {
    const char* name;
    std::function<void(machine_facts&)> change;
    const char* step;
    verdict what;
    cause why;
};

wire::certificate certificate(int from_year, int to_year) {
    wire::certificate out;
    out.addresses = {*wire::ip_address::parse("10.0.0.1")};
    out.not_before = std::chrono::sys_days{std::chrono::year{from_year} / 1 / 1};
    out.not_after = std::chrono::sys_days{std::chrono::year{to_year} / 1 / 1};
    return out;
}
void with_certificate(machine_facts& f, int from_year, int to_year) {
    f.tls = true;
    f.certificate = certificate(from_year, to_year);
}

const machine_rule machine_rules[] = {
    {"name without @",
     [](auto& f) {
         f.name_failure = error{dist::errc::name_invalid, "a b"};
     },
     "name", verdict::problem, cause::bad_name},
    {"host unknown", [](auto& f) { f.resolving->failure = error{wire::errc::name_not_found}; }, "name",
     verdict::problem, cause::unknown_host},
    {"name of another machine", [](auto& f) { f.own_host_foreign = f.own_host_addresses; }, "name", verdict::problem,
     cause::another_machine},
    {"Debian's 127.0.1.1", [](auto& f) { f.own_host_addresses = {wire::ip_address::v4(127, 0, 1, 1)}; }, "name",
     verdict::warning, cause::loopback_name},
    {"no cookie", [](auto& f) { f.cookie_is_absent = true; }, "cookie", verdict::warning, cause::no_cookie},
    {"mode 644",
     [](auto& f) {
         f.cookie_file_is_open = true;
         f.cookie_failure = error{dist::errc::cookie_unusable, "cookie file c can be read by others"};
     },
     "cookie", verdict::problem, cause::cookie_open},
    {"empty cookie file",
     [](auto& f) {
         f.cookie_failure = error{dist::errc::cookie_unusable, "is empty"};
     },
     "cookie", verdict::problem, cause::cookie_unusable},
    {"short cookie", [](auto& f) { f.cookie_advice = "it is short"; }, "cookie", verdict::warning, cause::cookie_weak},
    {"key that does not fit",
     [](auto& f) {
         f.tls = true;
         f.tls_failure = error{wire::tls_errc::unusable_file, "node.key"};
     },
     "TLS", verdict::problem, cause::tls_files},
    {"certificate of last year", [](auto& f) { with_certificate(f, 2028, 2029); }, "TLS", verdict::problem,
     cause::certificate_expired},
    {"certificate of next year", [](auto& f) { with_certificate(f, 2031, 2032); }, "TLS", verdict::problem,
     cause::certificate_not_yet_valid},
    {"certificate of another machine",
     [](auto& f) {
         with_certificate(f, 2029, 2032);
         f.certificate_name = error{wire::tls_errc::wrong_name, "is for 10.0.0.9"};
     },
     "TLS", verdict::problem, cause::certificate_name},
    {"1970", [](auto& f) { f.now = {}; }, "clock", verdict::problem, cause::clock_wrong},
    {"web server on 4369", [](auto& f) { f.mapper.failure = error{epmd::errc::not_a_mapper}; }, "port mapper",
     verdict::problem, cause::not_a_port_mapper},
    {"no mapper, and none wanted", [](auto& f) { f.mapper_embedded = false; }, "port mapper", verdict::problem,
     cause::no_port_mapper},
    {"runs already",
     [](auto& f) {
         f.registered_port = 4000;
         f.registered_node = attempt{};
     },
     "registration", verdict::warning, cause::name_in_use},
    {"registered and dead",
     [](auto& f) {
         f.registered_port = 4000;
         f.registered_node = attempt{error{refused}, 1ms};
     },
     "registration", verdict::problem, cause::stale_registration},
    {"ports taken",
     [](auto& f) {
         f.listening = error{std::make_error_code(std::errc::address_in_use), "port 1"};
     },
     "port", verdict::problem, cause::port_taken},
    {"ulimit -n 64", [](auto& f) { f.descriptors_max = 64; }, "file descriptors", verdict::warning,
     cause::few_descriptors},
    {"MTU 576", [](auto& f) { f.interfaces[0].mtu = 576; }, "interface eth0", verdict::warning, cause::small_mtu},
    {"no multicast", [](auto& f) { f.interfaces[0].multicast.reset(); }, "multicast", verdict::warning,
     cause::no_multicast},
    {"multicast dropped", [](auto& f) { f.interfaces[0].multicast->failure = error{errc::timed_out}; },
     "multicast on eth0", verdict::warning, cause::multicast_blocked},
    {"nobody gossips", [](auto& f) { f.gossip[0].names.clear(); }, "gossip of clusters1", verdict::warning,
     cause::gossip_unheard},
    {"another secret",
     [](auto& f) {
         f.gossip[0].names.clear();
         f.gossip[0].unreadable = 4;
     },
     "gossip of clusters1", verdict::problem, cause::gossip_secrets_differ},
};

TEST(DiagnosisOfAMachine, SaysOkWhereNothingIsWrong) {
    for (const auto& each : diagnose(healthy())) EXPECT_EQ(each.what, verdict::ok) << testing::PrintToString(each);
}

TEST(DiagnosisOfAMachine, NamesTheCauseAtItsThing) {
    for (const auto& each : machine_rules) {
        SCOPED_TRACE(each.name);
        auto facts = healthy();
        each.change(facts);
        const auto all = diagnose(facts);
        const auto* found = step(all, each.step);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->what, each.what) << testing::PrintToString(*found);
        EXPECT_EQ(found->why, std::optional{each.why}) << testing::PrintToString(*found);
        for (const auto& other : all)
            if (&other != found) {
                EXPECT_EQ(other.what, verdict::ok) << testing::PrintToString(other);
            }
    }
}

TEST(DiagnosisOfAMachine, AWrongConfigurationIsAllThatIsSaid) {
    auto facts = healthy();
    facts.configuration = error{errc::malformed, "sedge.toml, line 3"};
    const auto all = diagnose(facts);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].why, std::optional{cause::configuration});
}

} // namespace
} // namespace sedge::cluster
