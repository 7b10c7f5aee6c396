// SPDX-License-Identifier: Apache-2.0
//
// What a node needs of its machine, thing by thing, whether it runs already or not. Nothing here concerns other
// machines except gossip, which says whether anybody at all is heard.
#include "cluster/findings.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/limits.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

using namespace findings;
using list = std::vector<finding>;

constexpr std::uint32_t mtu_min = 1280; // of IPv6, RFC 8200
constexpr std::chrono::days certificate_renewed_before{14};
// sedge did not exist before; a machine without a battery begins in 1970.
constexpr std::chrono::system_clock::time_point clock_least = std::chrono::sys_days{std::chrono::year{2025} / 1 / 1};

void judge_name(list& out, const machine_facts& facts) {
    if (facts.name_failure) {
        out.push_back(problem("name", cause::bad_name, facts.name_failure->message()));
        return;
    }
    if (!facts.name) {
        out.push_back(unknown("name", "no name was given: --name, --sname or --config"));
        return;
    }
    const auto& name = *facts.name;
    const auto shown = printable(name.full.text());
    if (facts.resolving && facts.resolving->failure) {
        auto what = cause_of(facts.resolving->failure->code());
        if (what == cause::timed_out) what = cause::resolver_silent;
        out.push_back(problem("name", what, shown + ": " + facts.resolving->failure->message()));
        return;
    }
    const auto& all = facts.own_host_addresses;
    if (!facts.own_host_foreign.empty()) {
        const bool none_is_ours = facts.own_host_foreign.size() == all.size();
        out.push_back(
            {"name", none_is_ours ? verdict::problem : verdict::warning, cause::another_machine,
             shown + " leads to " + joined(facts.own_host_foreign) + ", and this machine has other addresses"});
        return;
    }
    if (!all.empty() && std::ranges::all_of(all, &wire::ip_address::is_loopback)) {
        out.push_back(warning("name", cause::loopback_name, shown + " leads to " + joined(all)));
        return;
    }
    out.push_back(fine("name", shown + (all.empty() ? "" : " leads to " + joined(all))));
}

void judge_cookie(list& out, const machine_facts& facts) {
    if (facts.cookie_is_absent)
        out.push_back(
            warning("cookie", cause::no_cookie, "none was given, and " + facts.cookie_from + " is not there"));
    else if (facts.cookie_file_is_open)
        out.push_back(problem("cookie", cause::cookie_open,
                              facts.cookie_failure ? facts.cookie_failure->context() : facts.cookie_from));
    else if (facts.cookie_failure)
        out.push_back(problem("cookie", cause::cookie_unusable, facts.cookie_failure->message()));
    else if (facts.cookie_advice)
        out.push_back(warning("cookie", cause::cookie_weak, *facts.cookie_advice));
    else
        out.push_back(fine("cookie", "from " + facts.cookie_from));
}

void judge_tls(list& out, const machine_facts& facts) {
    if (!facts.tls) {
        out.push_back(fine("TLS", "not used: connections are not encrypted"));
        return;
    }
    if (facts.tls_failure) {
        out.push_back(problem("TLS", cause::tls_files, facts.tls_failure->message()));
        return;
    }
    if (!facts.certificate) {
        out.push_back(problem("TLS", cause::certificate_missing, "there is no certificate of this machine's own"));
        return;
    }
    const auto& own = *facts.certificate;
    const auto day = [](std::chrono::system_clock::time_point at) {
        const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(at)};
        return std::to_string(static_cast<int>(date.year())) + "-" +
               std::to_string(100 + static_cast<unsigned>(date.month())).substr(1) + "-" +
               std::to_string(100 + static_cast<unsigned>(date.day())).substr(1);
    };
    const auto until = "the certificate is for " + names_of(own) + ", from " + day(own.not_before) + " to " +
                       day(own.not_after) + "; today is " + day(facts.now);
    if (facts.now < own.not_before)
        out.push_back(problem("TLS", cause::certificate_not_yet_valid, until));
    else if (facts.now >= own.not_after)
        out.push_back(problem("TLS", cause::certificate_expired, until));
    else if (facts.certificate_name)
        out.push_back(problem("TLS", cause::certificate_name, "the certificate " + facts.certificate_name->context()));
    else if (own.not_after - facts.now < certificate_renewed_before)
        out.push_back(warning("TLS", cause::certificate_expired, until));
    else
        out.push_back(fine("TLS", until));
}

void judge_mapper(list& out, const machine_facts& facts) {
    if (!facts.mapper.failure) {
        out.push_back(fine("port mapper", "answers in " + milliseconds_text(facts.mapper.took)));
        return;
    }
    const auto what = cause_of(facts.mapper.failure->code());
    if (what == cause::no_port_mapper && facts.mapper_embedded)
        out.push_back(fine("port mapper", "none runs; the first node will be it"));
    else
        out.push_back(problem("port mapper", what == cause::port_mapper_silent ? cause::not_a_port_mapper : what,
                              facts.mapper.failure->message()));
}

void judge_registration(list& out, const machine_facts& facts) {
    if (facts.registered_port == 0 || !facts.name) return;
    const auto text =
        "the name " + printable(facts.name->alive) + " is registered at port " + std::to_string(facts.registered_port);
    if (facts.registered_node && facts.registered_node->failure)
        out.push_back(problem("registration", cause::stale_registration,
                              text + ", where nothing listens: " + facts.registered_node->failure->code().message()));
    else
        out.push_back(warning("registration", cause::name_in_use, text + ": a node of that name runs"));
}

void judge_port(list& out, const machine_facts& facts) {
    if (!facts.listening)
        out.push_back(fine("port", "one can be had"));
    else if (facts.listening->code() == std::errc::address_in_use && facts.registered_port != 0)
        out.push_back(fine("port", "the node that runs has it"));
    else if (facts.listening->code() == std::errc::address_in_use)
        out.push_back(problem("port", cause::port_taken, facts.listening->context()));
    else
        out.push_back(problem("port", cause::configuration, facts.listening->message()));
}

void judge_limits(list& out, const machine_facts& facts) {
    if (facts.descriptors_max == 0) return;
    const auto text = "at most " + std::to_string(facts.descriptors_max) + " open at a time";
    out.push_back(facts.descriptors_max < limits::descriptors_advised
                      ? warning("file descriptors", cause::few_descriptors, text)
                      : fine("file descriptors", text));
}

void judge_clock(list& out, const machine_facts& facts) {
    const auto since = std::chrono::duration_cast<seconds>(facts.now.time_since_epoch()).count();
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(facts.now)};
    const auto text = "it is the year " + std::to_string(static_cast<int>(date.year())) + " (" + std::to_string(since) +
                      " s since 1970)";
    out.push_back(facts.now < clock_least ? problem("clock", cause::clock_wrong, text) : fine("clock", text));
}

void judge_interfaces(list& out, const machine_facts& facts) {
    bool any_multicast = false;
    for (const auto& each : facts.interfaces) {
        const auto step = "interface " + printable(each.name);
        const auto text = joined(each.addresses) + (each.mtu ? ", MTU " + std::to_string(each.mtu) : "");
        out.push_back(each.mtu != 0 && each.mtu < mtu_min ? warning(step, cause::small_mtu, text) : fine(step, text));
        if (!each.multicast) continue;
        any_multicast = true;
        const auto on = "multicast on " + printable(each.name);
        if (!each.multicast->failure)
            out.push_back(fine(on, "heard itself in " + milliseconds_text(each.multicast->took)));
        else
            out.push_back(warning(on, cause::multicast_blocked, each.multicast->failure->message()));
    }
    if (!any_multicast) out.push_back(warning("multicast", cause::no_multicast, "no interface that is up carries it"));
}

void judge_gossip(list& out, const machine_facts& facts) {
    for (const auto& each : facts.gossip) {
        const auto step = "gossip of " + printable(each.topology);
        const auto listened = " in " + std::to_string(each.listened.count() / 1000) + " s";
        std::string names;
        for (const auto& name : each.names) names += (names.empty() ? "" : ", ") + printable(name);
        if (each.failure)
            out.push_back(problem(step, cause::configuration, each.failure->message()));
        else if (!each.names.empty())
            out.push_back(fine(step, "heard " + names + listened));
        else if (each.unreadable > 0)
            out.push_back(problem(step, cause::gossip_secrets_differ,
                                  std::to_string(each.unreadable) + " packets that cannot be read" + listened +
                                      ", and none that can"));
        else
            out.push_back(warning(step, cause::gossip_unheard, "no other node was heard" + listened));
    }
}

} // namespace

std::vector<finding> diagnose(const machine_facts& facts) {
    list out;
    if (facts.configuration) {
        out.push_back(problem("configuration", cause::configuration, facts.configuration->message()));
        return out;
    }
    judge_name(out, facts);
    judge_cookie(out, facts);
    judge_tls(out, facts);
    judge_clock(out, facts);
    judge_mapper(out, facts);
    judge_registration(out, facts);
    judge_port(out, facts);
    judge_limits(out, facts);
    judge_interfaces(out, facts);
    judge_gossip(out, facts);
    return out;
}

} // namespace sedge::cluster
