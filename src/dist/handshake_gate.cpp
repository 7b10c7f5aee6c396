// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/error.hpp>
#include <sedge/dist/handshake_gate.hpp>
#include <sedge/wire/tls.hpp>

#include <algorithm>

namespace sedge::dist {

handshake_gate::admission handshake_gate::enter(const wire::ip_address& source, time_point now) {
    if (is_blocked(source, now)) return {};
    admission result;
    const auto mine = per_source_.find(source);
    if (mine != per_source_.end() && mine->second >= bounds_.per_source_max && !source.is_loopback()) {
        result.evicted = oldest_of(source);
    } else if (inside_.size() >= bounds_.total_max) {
        result.evicted = oldest_of_greediest();
    }
    if (result.evicted) leave(*result.evicted, outcome::passed, now);
    result.admitted = ++last_;
    inside_.emplace(*result.admitted, source);
    ++per_source_[source];
    return result;
}

void handshake_gate::leave(ticket t, outcome how, time_point now) {
    const auto found = inside_.find(t);
    if (found == inside_.end()) return;
    const wire::ip_address source = found->second;
    inside_.erase(found);
    const auto count = per_source_.find(source);
    if (--count->second == 0) per_source_.erase(count);
    if (how == outcome::failed && !source.is_loopback()) note_failure(source, now);
}

void handshake_gate::note_failure(const wire::ip_address& source, time_point now) {
    if (records_.size() >= bounds_.sources_remembered_max && records_.count(source) == 0) {
        // The one whose last failure is longest ago goes; who floods us with addresses gains only that.
        const auto stalest = std::min_element(records_.begin(), records_.end(), [](const auto& a, const auto& b) {
            return a.second.failures.back() < b.second.failures.back();
        });
        records_.erase(stalest);
    }
    auto& r = records_[source];
    r.failures.push_back(now);
    while (r.failures.size() > bounds_.failures_max) r.failures.pop_front();
    const bool all_recent = now - r.failures.front() < bounds_.failure_window;
    if (r.failures.size() == bounds_.failures_max && all_recent) r.blocked_until = now + bounds_.block_time;
}

bool handshake_gate::is_blocked(const wire::ip_address& source, time_point now) const {
    const auto found = records_.find(source);
    return found != records_.end() && now < found->second.blocked_until;
}

std::optional<handshake_gate::ticket> handshake_gate::oldest_of(const wire::ip_address& source) const {
    for (const auto& [number, from] : inside_)
        if (from == source) return number;
    return std::nullopt;
}

// Of several sources that are equally greedy it is the oldest connection: whoever floods us from many addresses with
// one connection each must not put out one that came just now and is shaking hands.
handshake_gate::ticket handshake_gate::oldest_of_greediest() const {
    std::size_t most = 0;
    for (const auto& [source, count] : per_source_) most = std::max(most, count);
    const auto found =
        std::ranges::find_if(inside_, [&](const auto& one) { return per_source_.at(one.second) == most; });
    return found->first;
}

handshake_gate::outcome outcome_of(const std::error_code& code) noexcept {
    const bool failed = code == make_error_code(errc::wrong_cookie) || code == make_error_code(errc::bad_handshake) ||
                        code == make_error_code(errc::name_invalid) || code == make_error_code(errc::tls_there) ||
                        code == make_error_code(sedge::errc::timed_out) ||
                        code == make_error_code(sedge::errc::limit_exceeded);
    const bool bad_tls = code.category() == wire::tls_category() && code != make_error_code(wire::tls_errc::closed);
    return failed || bad_tls ? handshake_gate::outcome::failed : handshake_gate::outcome::passed;
}

} // namespace sedge::dist
