// SPDX-License-Identifier: Apache-2.0
//
// Names that got lost between members. OTP makes the names of two partitions one when they meet, and takes for granted
// that two partitions have no node in common. After several losses at once they can have: C is a member of A's part and
// of B's, while A and B have lost each other. When C's part meets another one, A hears that B is a member, and of no
// names of B, because C knew those before. B's names stay unknown to A for good. A cluster of OTP alone does the same,
// less often, since its nodes notice a loss at about the same time.
//
// So whoever is introduced to a node in a cluster with nodes of OTP compares names with it a moment later, and
// every 8 to 15 s with one of the members, by `global:registered_names/0` and `whereis_name/1`, which each node
// answers. What only one of the two knows, and the holder's own node confirms under the lock `global`, is registered
// once more on all nodes (registrar.cpp), as `global:re_register_name/2` does.

#include "otp/global/missing_names.hpp"

#include <sedge/otp/rpc.hpp>

#include <unordered_set>

namespace sedge::otp::registry {
namespace {

task<std::optional<pid>> holder_at(node& here, atom there, term name, time_point deadline) {
    auto asking = erpc_call(here, there, atom{"global"}, atom{"whereis_name"}, {std::move(name)}, deadline);
    remote_outcome outcome = co_await std::move(asking);
    if (outcome.what != remote_outcome::kind::value) co_return std::nullopt;
    co_return outcome.body.as<pid>();
}

} // namespace

task<std::vector<named>> find_missing_names(service_ptr service, atom there, time_point deadline) {
    std::vector<named> missing;
    auto asking = erpc_call(service->here, there, atom{"global"}, atom{"registered_names"}, {}, deadline);
    remote_outcome outcome = co_await std::move(asking);
    bool is_answered = outcome.what == remote_outcome::kind::value && outcome.body.view().is_list();
    if (!is_answered || !service->running) co_return missing;

    std::unordered_set<term> theirs;
    std::vector<term> unknown_here;
    for (const auto name : outcome.body.view().elements()) {
        term owned{name};
        if (!service->names->names.find(owned) && unknown_here.size() < missing_names_max)
            unknown_here.push_back(owned);
        theirs.insert(std::move(owned));
    }
    for (auto& entry : service->names->names.all())
        if (!theirs.contains(entry.name) && missing.size() < missing_names_max) missing.push_back(std::move(entry));
    for (auto& name : unknown_here) {
        if (missing.size() >= missing_names_max) break;
        auto looking = holder_at(service->here, there, name, deadline);
        std::optional<pid> holder = co_await std::move(looking);
        if (holder) missing.push_back({std::move(name), *holder, fun_of(conflict_method::random_exit)});
    }
    co_return missing;
}

task<bool> is_held_at_home(service_ptr service, named entry, time_point deadline) {
    if (entry.who.node == service->here.name()) co_return service->where(entry.name) == entry.who;
    if (!service->here.is_connected(entry.who.node)) co_return false;
    auto looking = holder_at(service->here, entry.who.node, entry.name, deadline);
    std::optional<pid> holder = co_await std::move(looking);
    co_return holder == entry.who;
}

} // namespace sedge::otp::registry
