// SPDX-License-Identifier: Apache-2.0
#include <sedge/process/node_counts.hpp>

#include "process/node_impl.hpp"

namespace sedge {

std::vector<peer_counts> counts_of_peers(node& of) { return of.internals().peers.counts(); }

process_load load_of(node& of) { return of.internals().load(); }

process_totals totals_of(node& of) { return of.internals().totals(); }

std::vector<process_info> info_of_all(node& of) { return of.internals().info_of_all(); }

const std::map<std::string_view, std::uint64_t>& refusals_of(node& of) { return of.internals().peers.refusals(); }

node::subscription watch_refusals(node& of, std::function<void(const refused_connection&)> on_refusal) {
    auto token = std::make_shared<std::function<void(const refused_connection&)>>(std::move(on_refusal));
    of.internals().refusal_watchers.push_back(token);
    return node::subscription{std::move(token)};
}

void node::impl::announce(const refused_connection& refused) {
    std::erase_if(refusal_watchers, [](const auto& w) { return w.expired(); });
    auto all = refusal_watchers; // a watcher may add or remove others
    for (auto& w : all)
        if (auto alive = w.lock()) (*alive)(refused);
}

} // namespace sedge
