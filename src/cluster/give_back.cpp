// SPDX-License-Identifier: Apache-2.0
//
// Of what it took to start, and then to meet the others, little is needed again. What is in use would come back at
// once, fault by fault; so pages are let go only when little happens, and never while a cluster forms.
#include "cluster/give_back.hpp"

#include <sedge/wire/environment.hpp>
#include <sedge/wire/system.hpp>

#include <ctime>

namespace sedge::cluster {
namespace {

constexpr milliseconds calm_time{100};
constexpr std::clock_t calm_use = CLOCKS_PER_SEC / 500; // 2 ms of the processor's time in a `calm_time`

task<> until_calm(environment& env) {
    for (;;) {
        const auto before = std::clock();
        auto sleeping = sleep_for(env, calm_time);
        co_await std::move(sleeping);
        if (std::clock() - before < calm_use) co_return;
    }
}

} // namespace

task<> give_back_after_start(environment& env) {
    for (const auto pause : {milliseconds{300}, milliseconds{4900}}) {
        auto sleeping = sleep_for(env, pause);
        co_await std::move(sleeping);
        auto waiting = until_calm(env);
        co_await std::move(waiting);
        wire::give_back_memory();
    }
}

} // namespace sedge::cluster
