// SPDX-License-Identifier: Apache-2.0
//
// From what was seen between this machine and a node to one finding for each step. The steps are those of a dial, in
// its order, so the first problem is the one to mend:
//
//   name          is it one, and of the form that this side uses
//   host          what stands behind the @, resolved
//   route         is the machine there at all
//   port mapper   does it answer, and does it know the name
//   port          does the node take connections at the port that the mapper named
//   TLS           only where this side has it
//   handshake     does a node answer, and the one that was meant
//   cookie        is it the same
//   tick, clock, large packets   what breaks connections later; asked of the node itself
//
// A step behind one that failed is `unknown`. A refusal and silence have different causes: what refuses is there. An
// answer "host unreachable" that comes at once, or from a machine that answers on another port, is a firewall's: where
// a machine is really away the kernel needs about 3 s to find that out.
#include "cluster/findings.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/wire/tls.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

using namespace findings;

constexpr milliseconds firewall_answers_within{1000}; // the kernel asks for a neighbour three times, a second apart
constexpr milliseconds clock_difference_max{2000};    // people notice; certificates are made valid an hour before

constexpr const char* step_names[] = {"name",      "host",   "route", "port mapper", "port",         "TLS",
                                      "handshake", "cookie", "tick",  "clock",       "large packets"};

class report {
public:
    void add(finding f) { all.push_back(std::move(f)); }
    /// Steps that nothing was said about are told to be unknown, in their places.
    std::vector<finding> finished(bool tls) && {
        std::vector<finding> out;
        for (const auto* step : step_names) {
            bool said = false;
            for (auto& each : all)
                if (each.step == step) {
                    out.push_back(std::move(each));
                    said = true;
                }
            if (!said && (tls || std::string_view{step} != "TLS")) out.push_back(unknown(step, "not reached"));
        }
        return out;
    }
    std::vector<finding> all;
};

std::string address_text(const address_facts& a) {
    return to_string(a.address) + (a.is_ours             ? " (this machine)"
                                   : a.interface.empty() ? " (behind a router)"
                                                         : " (by " + a.interface + ")");
}

/// What a failed attempt at one port of a machine stands for; `answers_elsewhere`: another port of it did answer.
cause cause_at(const attempt& tried, bool answers_elsewhere, bool on_segment) {
    const auto what = cause_of(tried.failure->code());
    const bool quick = tried.took < firewall_answers_within;
    if (what == cause::no_route && tried.failure->code() == std::errc::host_unreachable &&
        (answers_elsewhere || (quick && on_segment)))
        return cause::firewall;
    return what;
}

bool judge_name(report& r, const peer_facts& facts) {
    if (facts.form) {
        r.add(problem("name", cause_of(facts.form->code()), facts.form->context()));
        return false;
    }
    const auto parsed = node_name::parse(facts.name);
    r.add(fine("name", parsed && parsed->is_long() ? "a long name" : "a short name"));
    return true;
}

bool judge_host(report& r, const peer_facts& facts) {
    if (!facts.resolving) return false;
    if (facts.resolving->failure) {
        auto what = cause_of(facts.resolving->failure->code());
        if (what == cause::timed_out) what = cause::resolver_silent;
        r.add(problem("host", what, facts.resolving->failure->message()));
        return false;
    }
    std::vector<wire::ip_address> all;
    for (const auto& each : facts.addresses) all.push_back(each.address);
    const bool to_loopback = facts.resolved_by_name && std::ranges::all_of(all, &wire::ip_address::is_loopback);
    const auto host = facts.name.substr(facts.name.find('@') + 1);
    if (to_loopback && host != "localhost")
        r.add(warning("host", cause::loopback_name,
                      printable(host) + " stands for " + joined(all) + " on this machine, which is itself"));
    else
        r.add(fine("host", (facts.resolved_by_name ? "resolved in " + milliseconds_text(facts.resolving->took) + ": "
                                                   : "an address: ") +
                               joined(all)));
    return !all.empty();
}

bool answered(const attempt& tried) {
    if (!tried.failure) return true;
    const auto what = cause_of(tried.failure->code());
    return what != cause::no_route && what != cause::port_mapper_silent && what != cause::port_silent &&
           what != cause::firewall;
}

bool judge_route(report& r, const peer_facts& facts) {
    std::string ways;
    for (const auto& each : facts.addresses) ways += (ways.empty() ? "" : ", ") + address_text(each);
    const auto no_way = [](const address_facts& a) {
        return a.mapper.failure && cause_at(a.mapper, false, !a.interface.empty()) == cause::no_route;
    };
    if (std::ranges::all_of(facts.addresses, no_way)) {
        r.add(
            problem("route", cause::no_route, ways + ": " + facts.addresses.front().mapper.failure->code().message()));
        return false;
    }
    const auto there = std::ranges::find_if(facts.addresses, [](const address_facts& a) { return answered(a.mapper); });
    r.add(there == facts.addresses.end() ? unknown("route", ways + ": nothing has answered yet")
                                         : fine("route", address_text(*there)));
    return true;
}

/// The address to talk about: one that knows the name, else one that says it does not, else the first.
const address_facts& speaker(const peer_facts& facts) {
    const address_facts* best = &facts.addresses.front();
    for (const auto& each : facts.addresses) {
        if (each.port != 0) return each;
        if (answered(each.mapper) && !answered(best->mapper)) best = &each;
    }
    return *best;
}

bool judge_mapper(report& r, const peer_facts& facts) {
    const auto& at = speaker(facts);
    if (at.mapper.failure) {
        const auto what = cause_at(at.mapper, false, !at.interface.empty());
        r.add(problem("port mapper", what, told(*at.mapper.failure, facts.name)));
        return false;
    }
    r.add(fine("port mapper", "answers in " + milliseconds_text(at.mapper.took) + ": port " + std::to_string(at.port)));
    return true;
}

/// Where the addresses of a host are of both families, and the node is at home in one of them only.
std::optional<finding> judge_families(const peer_facts& facts) {
    for (const auto& each : facts.addresses) {
        if (!each.node || !each.node->failure || !facts.connected_to) continue;
        if (each.address.is_v4() == facts.connected_to->address.is_v4()) continue;
        const auto family = [](const wire::ip_address& a) { return std::string{a.is_v4() ? "IPv4" : "IPv6"}; };
        return warning("port", cause::one_address_family,
                       "connections go to " + to_string(*facts.connected_to) + " only; nothing answers over " +
                           family(each.address) + " at " +
                           to_string(wire::endpoint{each.address, speaker(facts).port}) +
                           ", which the host name has, too");
    }
    return std::nullopt;
}

/// Which step an error of the whole dial belongs to.
std::string_view step_of(const error& failure, cause what) {
    switch (what) {
    case cause::port_refused:
    case cause::port_silent:
    case cause::no_route:
    case cause::firewall:
    case cause::timed_out: return "port";
    case cause::wrong_cookie: return "cookie";
    case cause::tls_on_one_side:
    case cause::certificate_untrusted:
    case cause::certificate_expired:
    case cause::certificate_not_yet_valid:
    case cause::certificate_name:
    case cause::certificate_purpose:
    case cause::certificate_missing:
    case cause::certificate_refused:
    case cause::tls_versions:
    case cause::tls_broken:
    case cause::tls_files: return "TLS";
    default: break;
    }
    const auto& category = failure.code().category();
    return category == wire::tls_category() || category == wire::tls_alert_category() ? "TLS" : "handshake";
}

void judge_failed_connection(report& r, const peer_facts& facts) {
    const auto& at = speaker(facts);
    const error& failure = *facts.connecting->failure;
    auto what = cause_at(*facts.connecting, true, !at.interface.empty());
    const auto step = step_of(failure, what);
    if (what == cause::port_refused && (at.is_ours || at.address.is_loopback())) what = cause::stale_registration;
    if (step != "port") r.add(fine("port", "takes connections"));
    if (facts.tls && step != "port" && step != "TLS") r.add(fine("TLS", "the certificates are in order"));
    if (step == "cookie") r.add(fine("handshake", "the node that was meant answers"));
    // Without TLS here the finding still is about TLS.
    r.add(problem(std::string{step == "TLS" && !facts.tls ? "handshake" : step}, what, told(failure, facts.name)));
}

void judge_answers(report& r, const peer_facts& facts) {
    if (!facts.said) return;
    const auto& said = *facts.said;
    const auto mute = "the node does not tell";
    if (!said.tick_time)
        r.add(unknown("tick", mute));
    else if (*said.tick_time != facts.tick_time)
        r.add(warning("tick", cause::tick_times_differ,
                      "there " + std::to_string(said.tick_time->count()) + " s, here " +
                          std::to_string(facts.tick_time.count()) + " s"));
    else
        r.add(fine("tick", std::to_string(said.tick_time->count()) + " s on both sides"));

    if (!said.clock_ahead) {
        r.add(unknown("clock", mute));
    } else {
        const auto ahead = *said.clock_ahead;
        const auto far = std::chrono::abs(ahead) - said.clock_doubt.value_or(milliseconds{0});
        const auto text = "the clock there is " + std::to_string(std::chrono::abs(ahead).count()) + " ms " +
                          (ahead.count() < 0 ? "behind" : "ahead");
        r.add(far > clock_difference_max ? warning("clock", cause::clocks_differ, text) : fine("clock", text));
    }

    const auto size = std::to_string(limits::diagnosis_large_bytes / 1024) + " KiB there and back";
    if (!said.large)
        r.add(unknown("large packets", mute));
    else if (said.large->failure)
        r.add(problem("large packets", cause::large_packets_lost,
                      size + " did not arrive in " + milliseconds_text(said.large->took) + ", small messages do"));
    else
        r.add(fine("large packets", size + " in " + milliseconds_text(said.large->took)));
}

void judge_connection(report& r, const peer_facts& facts) {
    if (!facts.connecting) {
        if (facts.cannot_connect) r.add(unknown("handshake", "not tried: " + facts.cannot_connect->message()));
        return;
    }
    if (facts.connecting->failure) return judge_failed_connection(r, facts);
    const auto where = facts.connected_to ? to_string(*facts.connected_to) : std::string{"it"};
    if (auto one_family = judge_families(facts))
        r.add(*std::move(one_family));
    else
        r.add(fine("port", where + " takes connections"));
    if (facts.tls) r.add(fine("TLS", "the certificate there is for " + facts.certificate));
    const auto release = facts.said ? facts.said->release : std::string{};
    r.add(fine("handshake", "done in " + milliseconds_text(facts.connecting->took) +
                                (release.empty() ? "" : "; the node there is " + release)));
    r.add(fine("cookie", "the same on both sides"));
    judge_answers(r, facts);
}

} // namespace

std::vector<finding> diagnose(const peer_facts& facts) {
    report r;
    const bool found = judge_name(r, facts) && judge_host(r, facts) && judge_route(r, facts) && judge_mapper(r, facts);
    if (found) judge_connection(r, facts);
    return std::move(r).finished(facts.tls);
}

} // namespace sedge::cluster
