// SPDX-License-Identifier: Apache-2.0
//
// No overlapping partitions: if A and B have lost each other and C sees both, then two nodes of one cluster hold
// different names. OTP (kernel prevent_overlapping_partitions, on since 25) makes such partitions disjoint:
//
//   A, to all that it knows:  {lost_connection, A, CreationOfA, Number, B}
//   each receiver C:          passes it on once, forgets B, and asks it: {remove_connection, C}
//   B:                        forgets C and closes the connection
//
// When a node ends, all others lose it at the same moment and report it. In OTP each of them passes on each of these
// reports: 100,000 messages among fifty nodes. But to whoever gets them they all say the same, forget B. So who has
// told everybody of a loss, by a report of its own or by one that it passed on, passes on no other one for a while,
// unless it sees B. And a report of our own waits for timing::report: those who lose the same node at this moment are
// to find that out before they have our messages to read.
//
// In a cluster of OTP both A and B report, so both lose everybody else. Reports go by plain messages over connections
// that are up; one that gets lost is made up for by those that pass it on.
//
// What we receive, we treat as OTP does; but a node that does not leave within timing::removal is disconnected from
// here. What we report ourselves is an option: docs/decisions/0009-losses-reported-by-one-end.md.

#include "otp/global/partitions.hpp"

#include "otp/global/pairing.hpp"

namespace sedge::otp::registry {
namespace {

constexpr std::size_t reports_remembered_max = 10'000; ///< Then the memory begins anew: some are passed on twice.
constexpr duration report_remembered = std::chrono::hours{1}; ///< As in OTP.
constexpr duration told_once = seconds{10}; ///< All reports of one end have come by then, also of a silent one.

void multicast(state& s, const term& message, const atom& except) {
    for (const auto& [node, version] : s.known)
        if (node != except) s.out.push_back(effect::plain{node, message});
    for (const auto& [node, p] : s.pairings)
        if (node != except && p.his && !s.known.contains(node)) s.out.push_back(effect::plain{node, message});
}

bool is_reported(const state& s, const atom& lost) {
    switch (s.reports) {
    case loss_reports::never: return false;
    case loss_reports::always: return true;
    case loss_reports::one_end: break;
    }
    return s.sedge_peers.contains(lost) && s.me < lost;
}

/// True if this report is news; then it is remembered.
bool is_first_sight(state& s, const atom& reporter, const term_view& creation, std::int64_t number, const atom& lost,
                    time_point now) {
    auto key = std::pair{reporter, lost};
    auto seen = s.reported.find(key);
    if (seen != s.reported.end() && seen->second.creation == creation && number <= seen->second.number) return false;
    if (seen == s.reported.end() && s.reported.size() >= reports_remembered_max) {
        std::erase_if(s.reported, [now](const auto& entry) { return entry.second.forget_at <= now; });
        if (s.reported.size() >= reports_remembered_max) s.reported.clear();
    }
    s.reported.insert_or_assign(key, state::report{term{creation}, number, now + report_remembered});
    return true;
}

/// Everybody hears from here that that node is lost.
void tell_of_loss(state& s, const term& report, const atom& lost, const atom& except, time_point now) {
    multicast(s, report, except);
    std::erase_if(s.told_of, [now](const auto& entry) { return entry.second <= now; });
    if (lost != s.me && s.told_of.size() < reports_remembered_max) s.told_of.insert_or_assign(lost, now + told_once);
}

/// Whether a report of its loss tells nobody anything that he has not heard from here, or will.
bool is_told(const state& s, const atom& lost, time_point now) {
    if (s.concerns(lost)) return false;
    const auto told = s.told_of.find(lost);
    return s.to_report.contains(lost) || (told != s.told_of.end() && now < told->second);
}

std::string in_order_to() { return " in order to prevent overlapping partitions"; }

} // namespace

void peer_lost(state& s, const atom& node, time_point now) {
    // If it was put out and has become a member again before its connection was closed, it is lost like any other:
    // whoever made it a member counts us in, too.
    const bool is_news = !s.removing.contains(node) || s.known.contains(node);
    s.removing.erase(node);
    forget(s, node);
    if (is_news && is_reported(s, node)) s.to_report.insert_or_assign(node, now + s.timing.report);
}

void report_losses(state& s, time_point now) {
    std::erase_if(s.to_report, [&](const auto& entry) {
        const auto& [node, due] = entry;
        if (due > now) return false;
        const term report{std::tuple{atom{"lost_connection"}, s.me, s.creation, s.next_report++, node}};
        tell_of_loss(s, report, node, node, now);
        return true;
    });
}

void on_lost_connection(state& s, const term_view& message, time_point now) {
    auto reporter = message.element(1).as<atom>();
    auto number = message.element(3).as<std::int64_t>();
    auto lost = message.element(4).as<atom>();
    if (!reporter || !number || !lost) return;
    if (!is_first_sight(s, *reporter, message.element(2), *number, *lost, now)) return;
    if (!is_told(s, *lost, now)) tell_of_loss(s, term{message}, *lost, *reporter, now);
    // Our own loss of the reporter has not been seen here yet; it will be. Everybody else removes us.
    const atom& removed = *lost == s.me ? *reporter : *lost;
    if (!s.concerns(removed)) return;
    s.out.push_back(effect::plain{removed, term{std::tuple{atom{"remove_connection"}, s.me}}});
    s.note(log_level::warning, "[sedge] 'global' at node " + s.me.str() + " requested disconnect from node " +
                                   removed.str() + in_order_to());
    forget(s, removed);
    s.removing.insert_or_assign(removed, now + s.timing.removal);
}

void remove_overdue(state& s, time_point now) {
    std::vector<atom> strangers;
    for (const auto& [node, due] : s.waiting_to_know)
        if (due <= now) strangers.push_back(node);
    for (const auto& node : strangers) {
        s.note(log_level::info,
               "[sedge:global] " + node.str() + " counts us in, and nobody has told us of it: meeting anew");
        s.out.push_back(effect::plain{node, term{std::tuple{atom{"remove_connection"}, s.me}}});
        forget(s, node);
        s.removing.insert_or_assign(node, now + s.timing.removal);
    }
    for (auto& [node, due] : s.removing) {
        if (due > now) continue;
        due = time_point::max();
        s.out.push_back(effect::disconnect{node});
    }
}

void on_remove_connection(state& s, const atom& node) {
    // He has forgotten us, and greets again only when the connection comes up anew. OTP keeps the connection if it has
    // not begun to pair, and then the two stay strangers.
    forget(s, node);
    s.removing.insert_or_assign(node, time_point::max());
    s.out.push_back(effect::disconnect{node});
    s.note(log_level::warning,
           "[sedge] 'global' at node " + s.me.str() + " disconnected node " + node.str() + in_order_to());
}

} // namespace sedge::otp::registry
