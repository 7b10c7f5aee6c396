// SPDX-License-Identifier: Apache-2.0
#include "sim/pg_checks.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <map>
#include <random>

namespace sedge::test {
namespace {

using namespace std::chrono_literals;

constexpr int group_count = 8;

using members_by_group = std::map<int, std::vector<pid>>;

members_by_group members_at(const otp::pg& groups) {
    members_by_group all;
    for (int group = 0; group < group_count; ++group) {
        auto members = groups.members(term{group});
        std::sort(members.begin(), members.end());
        if (!members.empty()) all[group] = std::move(members);
    }
    return all;
}

bool agree(const std::vector<pg_checks::view>& all) {
    const auto first = members_at(*all.front().groups);
    return std::all_of(all.begin(), all.end(), [&](const auto& v) { return members_at(*v.groups) == first; });
}

task<> member(process& self) {
    for (;;) co_await self.receive();
}

/// Members of one node come and go until `quiet` is set.
template <class Shared>
task<> churn(process& self, otp::pg& groups, std::shared_ptr<Shared> shared, std::uint64_t seed) {
    std::mt19937_64 chance{seed};
    std::vector<pid> alive;
    for (;;) {
        co_await self.sleep(milliseconds{100 + chance() % 4000});
        if (shared->quiet) continue;
        const term group{static_cast<int>(chance() % group_count)};
        const auto what = chance() % 6;
        if (what < 2 || alive.empty()) {
            if (alive.size() < 10) alive.push_back(self.spawn(member, {.label = "member"}));
            (void)groups.join(group, alive.back());
        } else if (what < 4) {
            groups.leave(group, alive[chance() % alive.size()]);
        } else if (what == 4) {
            (void)groups.join(group, alive[chance() % alive.size()]); // perhaps once more
        } else {
            self.exit(alive.back(), term{atom{"done"}});
            alive.pop_back();
        }
    }
}

bool is_meshed(const std::vector<pg_checks::view>& all) {
    return std::all_of(all.begin(), all.end(), [&](const auto& v) { return v.at->peers().size() + 1 == all.size(); });
}

} // namespace

void pg_checks::start(node& on, otp::kernel& kernel) {
    const std::uint64_t seed = seed_ * 1'000'003 + ++started_;
    on.spawn([groups = &kernel.pg(), s = shared_, seed](process& self) { return churn(self, *groups, s, seed); },
             {.label = "churn"});
}

std::vector<std::pair<std::string, std::string>> pg_checks::look(wire::simulation& sim, const std::vector<view>& all) {
    std::vector<std::pair<std::string, std::string>> violations;
    shared_->quiet = true;
    const auto begun = sim.now();
    if (!sim.run_until([&] { return agree(all); }, 2s))
        violations.emplace_back("all", "views of groups differ 2 s after the last change");
    seconds_to_agree_ = std::chrono::duration<double>(sim.now() - begun).count();

    // All members of one node end; the others have 1 s to see it.
    for (const auto& [group, members] : members_at(*all.front().groups))
        for (const auto& who : members)
            if (who.node == all.front().at->name()) all.front().at->exit(who, term{atom{"done"}});
    sim.run_for(1s);
    for (const auto& v : all)
        for (const auto& [group, members] : members_at(*v.groups))
            for (const auto& who : members)
                for (const auto& home : all)
                    if (home.at->name() == who.node && !home.at->is_alive(who))
                        violations.emplace_back(v.name, "a dead member in group " + std::to_string(group) + ": " +
                                                            to_string(who));
    // Late news of a cut link may put a node out just then (partitions.cpp); it comes back, and views agree again.
    const auto agreed_again = [&] { return is_meshed(all) && agree(all); };
    if (!agree(all) && (is_meshed(all) || !sim.run_until(agreed_again, 8s)))
        violations.emplace_back("all", "views of groups differ 1 s after the end of members");
    shared_->quiet = false;
    return violations;
}

} // namespace sedge::test
