// SPDX-License-Identifier: Apache-2.0
// What does a process group with many members cost: joining, leaving, asking, a peer's whole state, memory for each?
#include "otp/pg/membership.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>

using namespace sedge;
using namespace sedge::literals;

namespace {

pid process_of(const char* node, std::size_t number) { return {atom{node}, static_cast<std::uint32_t>(number), 0, 1}; }

/// Nanoseconds for each of `count` times.
template <class Job>
double each(std::size_t count, Job job) {
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) job(i);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
    return took.count() / static_cast<double>(count);
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    const pid self = process_of("a@127.0.0.1", 1);
    const pid peer = process_of("b@127.0.0.1", 1);
    const term group{"group"_atom};
    std::vector<pid> ours, theirs;
    std::vector<term> joins, leaves;
    for (std::size_t i = 0; i < count; ++i) {
        ours.push_back(process_of("a@127.0.0.1", 100 + i));
        theirs.push_back(process_of("b@127.0.0.1", 100 + i));
        joins.push_back(term{std::tuple{"join"_atom, peer, group, theirs[i]}});
        leaves.push_back(term{std::tuple{"leave"_atom, peer, theirs[i], std::vector{group}}});
    }
    otp::membership core{"pg"_atom};
    otp::pg_effects effects;
    core.start(self, {}, effects);
    core.on_message(term{std::tuple{"discover"_atom, peer}}, effects);
    auto local = [&](auto what) {
        return each(count, [&](std::size_t i) {
            what(std::span{&ours[i], 1});
            effects.clear();
        });
    };
    auto remote = [&](const std::vector<term>& messages) {
        return each(count, [&](std::size_t i) {
            core.on_message(messages[i], effects);
            effects.clear();
        });
    };
    const auto before = mallinfo2().uordblks;
    std::printf("%zu members in one group\n", count);
    std::printf("a process of this node joins   %8.0f ns\n", local([&](auto who) { core.join(group, who, effects); }));
    const auto with_ours = mallinfo2().uordblks;
    std::printf("a join of a peer               %8.0f ns\n", remote(joins));
    const auto with_theirs = mallinfo2().uordblks;
    std::printf("memory: %.0f bytes for each local member, %.0f for each of a peer\n",
                static_cast<double>(with_ours - before) / static_cast<double>(count),
                static_cast<double>(with_theirs - with_ours) / static_cast<double>(count));
    std::printf("all members of both            %8.0f us\n",
                each(100, [&](std::size_t) { (void)core.members(group); }) / 1000);
    std::printf("the state for a peer that asks %8.0f us\n",
                each(100, [&](std::size_t) {
                    core.on_message(term{std::tuple{"discover"_atom, peer}}, effects);
                    effects.clear();
                }) / 1000);
    std::vector<std::pair<term, std::vector<pid>>> state{{group, theirs}};
    const term sync{std::tuple{"$gen_cast"_atom, std::tuple{"sync"_atom, peer, state}}};
    std::printf("a peer's state, nothing new    %8.0f us\n", each(10, [&](std::size_t) {
                                                                 core.on_message(sync, effects);
                                                                 effects.clear();
                                                             }) / 1000);
    std::printf("a leave of a peer              %8.0f ns\n", remote(leaves));
    std::printf("a peer's state, all new        %8.0f us\n", each(1, [&](std::size_t) {
                                                                 core.on_message(sync, effects);
                                                                 effects.clear();
                                                             }) / 1000);
    std::printf("a process of this node leaves  %8.0f ns\n", local([&](auto who) { core.leave(group, who, effects); }));
}
