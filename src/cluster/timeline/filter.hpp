// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/timeline.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace sedge::cluster {

/// Which events are kept (core); the rules stand at the head of filter.cpp.
class timeline_filter {
public:
    /// Whether that is news; then `left_out` is filled in.
    bool keeps(timeline_entry& entry, time_point now);

private:
    struct absence { // of a node that cannot be connected
        std::string reason;
        time_point kept_at{};
        std::uint64_t left_out = 0;
    };
    struct bucket {
        double tokens = 0;
        time_point at{};
        std::uint64_t left_out = 0;
    };
    bool keeps_failure(timeline_entry& entry, time_point now);
    bool takes_token(timeline_entry& entry, time_point now);

    std::map<std::pair<std::string, std::string>, absence> absences_; // by node and topology
    std::map<std::string, bucket> buckets_;                           // by event
};

} // namespace sedge::cluster
