// SPDX-License-Identifier: Apache-2.0
//
// A node that is away is dialled every few seconds. Kept as they come, its failures would push everything else out of
// 10,000 entries within half a day; so would a stranger who sends announcements or begins handshakes.
//
//   dial failed     kept when it is the first since the node was up, when the reason is another one (once a minute at
//                   most: two addresses of a host may fail in turn), and again after an hour.
//   each event      a bucket of tokens, which fills with time. It is small for events that strangers cause; for the
//                   others it holds what a cluster of 1,024 nodes does when it forms.
//
// What is left out is counted, and the number stands in the next entry of the same kind.
#include "cluster/timeline/filter.hpp"

#include "cluster/timeline/timeline_limits.hpp"

#include <algorithm>

namespace sedge::cluster {
namespace {

constexpr duration other_reason_gap = std::chrono::minutes{1};
constexpr duration same_reason_gap = std::chrono::hours{1};

struct bucket_size {
    double most;
    duration refill; // of one token
};
bucket_size size_for(const std::string& event) {
    if (event == "sedge.node.discovered" || event == "sedge.connection.refused") return {50, seconds{30}};
    return {4096, seconds{1}};
}

} // namespace

bool timeline_filter::keeps(timeline_entry& entry, time_point now) {
    if (entry.event == "libcluster.connect_node.error" && !keeps_failure(entry, now)) return false;
    if (entry.event == "sedge.node.up")
        std::erase_if(absences_, [&entry](const auto& known) { return known.first.first == entry.node; });
    return takes_token(entry, now);
}

bool timeline_filter::keeps_failure(timeline_entry& entry, time_point now) {
    if (absences_.size() >= limits::timeline_absences_max) absences_.clear(); // then each is told once more
    auto [at, is_new] = absences_.try_emplace({entry.node, entry.topology});
    auto& known = at->second;
    const auto gap = known.reason == entry.reason ? same_reason_gap : other_reason_gap;
    if (!is_new && now - known.kept_at < gap) {
        ++known.left_out;
        return false;
    }
    entry.left_out += known.left_out;
    known = {entry.reason, now, 0};
    return true;
}

bool timeline_filter::takes_token(timeline_entry& entry, time_point now) {
    const auto size = size_for(entry.event);
    auto [at, is_new] = buckets_.try_emplace(entry.event, bucket{size.most, now});
    auto& b = at->second;
    const auto refilled = std::chrono::duration<double>{now - b.at} / std::chrono::duration<double>{size.refill};
    b.tokens = std::min(size.most, b.tokens + refilled);
    b.at = now;
    if (b.tokens < 1) {
        ++b.left_out;
        return false;
    }
    b.tokens -= 1;
    entry.left_out += std::exchange(b.left_out, 0);
    return true;
}

} // namespace sedge::cluster
