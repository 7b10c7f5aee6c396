// SPDX-License-Identifier: Apache-2.0
//
// Requests to the endpoint of the metrics, and lines of a timeline that something has bent. The first byte chooses.
#include "cluster/metrics/http_request.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/cluster/metrics.hpp>
#include <sedge/cluster/timeline.hpp>

#include <cstdint>
#include <string_view>

using namespace sedge;
using namespace sedge::cluster;

namespace {

void read_request(byte_view bytes) {
    http_request_reader at_once, in_parts;
    const bool whole = at_once.feed(bytes).has_value() && at_once.is_complete();
    bool parts = true;
    for (std::size_t i = 0; i < bytes.size() && parts && !in_parts.is_complete(); ++i)
        parts = in_parts.feed(bytes.subspan(i, 1)).has_value();
    // What came behind the head may be refused with it, where it comes with it.
    if (whole) {
        SEDGE_ASSERT(in_parts.is_complete());
        SEDGE_ASSERT(in_parts.question().host == at_once.question().host);
        (void)is_host_among(at_once.question().host, {"localhost", "::1"});
    }
}

void read_line(std::string_view line) {
    const auto entry = timeline_entry_from_json(line);
    if (!entry) return;
    const auto again = timeline_entry_from_json(to_json(*entry));
    if (!again) return; // a year of more than four digits, a name that is cut to nothing
    SEDGE_ASSERT(again->at == entry->at);
    SEDGE_ASSERT(to_json(*again) == to_json(*entry));
    (void)to_prometheus({{"events", metric_family::type::counter, entry->reason, {{{{"event", entry->event}}, 1}}}});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const byte_view rest{data + 1, size - 1};
    if (data[0] % 2 == 0)
        read_request(rest);
    else
        read_line({reinterpret_cast<const char*>(rest.data()), rest.size()});
    return 0;
}
