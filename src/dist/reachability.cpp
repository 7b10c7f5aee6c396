// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/reachability.hpp>

#include <sedge/base/nursery.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::dist {

namespace {

constexpr duration late_least = milliseconds{250}; // then it was we who slept, and some attempts were not made
constexpr duration unread = milliseconds{20};      // answers that came while we were late by less are read within it
constexpr int rounds_max = 5;

/// An error of this kind comes from the other machine, or leaves open what is there.
bool tells_of_an_answer(const std::error_code& code) {
    return code == std::errc::connection_refused || code == std::errc::connection_reset ||
           code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system ||
           code == std::errc::no_buffer_space || code == std::errc::not_enough_memory;
}

task<> ask(environment* env, wire::endpoint place, duration after, event* answered) {
    auto waiting = sleep_for(*env, after);
    co_await std::move(waiting);
    auto connecting = env->net().connect(place);
    const auto outcome = co_await std::move(connecting);
    if (outcome || tells_of_an_answer(outcome.error().code())) answered->set();
}

} // namespace

task<bool> machine_answers(environment& env, std::vector<wire::endpoint> places, duration within) {
    if (places.empty()) co_return true;
    for (int round = 0; round < rounds_max; ++round) {
        const time_point due = env.now() + within;
        event answered{env};
        nursery asking;
        for (std::size_t i = 0; i < confirming_connects; ++i)
            asking.start(ask(&env, places[i % places.size()], within * i / (confirming_connects + 1), &answered));
        auto waiting = detail::finishes_before(env, due, answered.wait());
        const bool in_time = co_await std::move(waiting);
        if (in_time) co_return true;
        if (env.now() - due >= late_least) continue;
        auto reading = detail::finishes_before(env, env.now() + unread, answered.wait());
        const bool was_there = co_await std::move(reading);
        co_return was_there;
    }
    co_return true;
}

} // namespace sedge::dist
