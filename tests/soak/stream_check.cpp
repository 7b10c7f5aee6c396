// SPDX-License-Identifier: Apache-2.0
#include "soak/stream_check.hpp"

namespace sedge::soak {

void stream_check::open(std::int64_t stream) {
    if (live_ && stream == stream_) return;
    stream_ = stream;
    last_ = 0;
    live_ = true;
}

stream_check::outcome stream_check::take(std::int64_t stream, std::uint64_t number) {
    auto text = [](auto n) { return std::to_string(n); };
    if (stream > stream_) return {finding::stray, 0, {}}; // sent before its sender knew that this node has been away
    if (stream < stream_)
        return {finding::again, 0,
                "out of order: message of stream " + text(stream) + " after " + text(stream_) + " began"};
    if (number <= last_)
        return {finding::again, 0, "out of order or twice: message " + text(number) + " after " + text(last_)};
    auto missing = number - last_ - 1;
    auto first_missing = last_ + 1;
    last_ = number;
    if (!live_) return {finding::stray, 0, {}};
    if (missing == 0) return {};
    return {finding::lost, missing, "lost: messages " + text(first_missing) + " to " + text(number - 1)};
}

std::optional<stream_check::place> stream_check::now() const {
    if (!live_) return std::nullopt;
    return place{stream_, last_};
}

} // namespace sedge::soak
