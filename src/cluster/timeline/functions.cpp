// SPDX-License-Identifier: Apache-2.0
#include "cluster/timeline/functions.hpp"

#include "cluster/timeline/timeline_limits.hpp"

#include <sedge/term/convert.hpp>

#include <algorithm>
#include <map>

namespace sedge::cluster {
namespace {

constexpr std::string_view module_name = "sedge_events";

/// `libcluster.connect_node.ok` as `[libcluster, connect_node, ok]`.
std::vector<atom> parts_of(std::string_view event) {
    std::vector<atom> out;
    for (std::size_t at = 0; at <= event.size();) {
        const auto end = std::min(event.find('.', at), event.size());
        out.emplace_back(event.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

/// A name that a stranger can make up is no atom: BEAM nodes keep atoms for ever.
term name_of(const timeline_entry& entry) {
    const bool is_known = entry.event != "sedge.node.discovered" && entry.event != "sedge.connection.refused";
    if (is_known && atom::is_valid(entry.node)) return term{atom{entry.node}};
    return term{entry.node};
}

term describe(const timeline_entry& entry) {
    std::map<atom, std::int64_t> measurements;
    if (entry.took) measurements[atom{"duration"}] = entry.took->count();
    if (entry.left_out != 0) measurements[atom{"left_out"}] = static_cast<std::int64_t>(entry.left_out);
    std::map<atom, term> metadata;
    if (!entry.node.empty()) metadata.emplace(atom{"node"}, name_of(entry));
    if (atom::is_valid(entry.topology) && !entry.topology.empty())
        metadata.emplace(atom{"topology"}, term{atom{entry.topology}});
    if (!entry.reason.empty()) metadata.emplace(atom{"reason"}, term{entry.reason});
    const auto since_1970 = std::chrono::duration_cast<std::chrono::microseconds>(entry.at.time_since_epoch());
    return term{std::tuple{static_cast<std::int64_t>(entry.number), std::int64_t{since_1970.count()},
                           parts_of(entry.event), measurements, metadata}};
}

} // namespace

void add_event_functions(otp::function_table& table, const timeline& of) {
    table.add(
        module_name, "since",
        [&of](std::uint64_t after, std::uint64_t most) {
            std::vector<term> out;
            const auto count = std::min<std::uint64_t>(most, limits::timeline_answer_max);
            for (const auto& entry : of.since(after, static_cast<std::size_t>(count))) out.push_back(describe(entry));
            return out;
        },
        otp::access::info);
    table.add(
        module_name, "last", [&of] { return of.last_number(); }, otp::access::info);
}

} // namespace sedge::cluster
