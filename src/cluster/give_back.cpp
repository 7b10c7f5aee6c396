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
constexpr milliseconds calm_use{2}; // of the processor's time in a `calm_time`

task<> until_calm(environment& env, const program_memory& program) {
    for (;;) {
        const auto before = program.processor_time();
        auto sleeping = sleep_for(env, calm_time);
        co_await std::move(sleeping);
        if (program.processor_time() - before < calm_use) co_return;
    }
}

} // namespace

program_memory memory_of_this_program() {
    const auto used = [] {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return duration{seconds{time.tv_sec}} + std::chrono::nanoseconds{time.tv_nsec};
    };
    return {used, wire::give_back_memory};
}

task<> give_back_after_start(environment& env, program_memory program) {
    for (const auto pause : {milliseconds{300}, milliseconds{4900}}) {
        auto sleeping = sleep_for(env, pause);
        co_await std::move(sleeping);
        auto waiting = until_calm(env, program);
        co_await std::move(waiting);
        program.give_back();
    }
}

} // namespace sedge::cluster
