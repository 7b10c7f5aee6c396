// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/reachability.hpp>

#include <sedge/base/nursery.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::dist {

namespace {

constexpr duration late_least = milliseconds{250}; // then it was we who slept, or the whole machine
constexpr duration unread = milliseconds{20};      // answers that came while we were late are read within it

/// An error of this kind comes from the other machine, or leaves open what is there.
bool tells_of_an_answer(const std::error_code& code) {
    return code == std::errc::connection_refused || code == std::errc::connection_reset ||
           code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system ||
           code == std::errc::no_buffer_space || code == std::errc::not_enough_memory;
}

task<> ask(environment* env, wire::endpoint place, event* answered) {
    auto connecting = env->net().connect(place);
    const auto outcome = co_await std::move(connecting);
    if (outcome || tells_of_an_answer(outcome.error().code())) answered->set();
}

} // namespace

// A stall of ours prolongs this by what it took from the attempts, and by no more: all together they are to have been
// under way, while we were awake, for half as long as if nothing had disturbed them.
task<bool> machine_answers(environment& env, std::vector<wire::endpoint> places, duration within) {
    if (places.empty()) co_return true;
    constexpr int all = confirming_connects;
    const duration step = within / (all + 1);
    const duration enough = step * (all * (all + 3) / 4);
    const time_point began = env.now();
    event answered{env};
    nursery asking;
    int made = 0;
    for (duration under_way{}; made < all || under_way < enough;) {
        const time_point now = env.now();
        for (; made < all && began + step * made <= now; ++made)
            asking.start(ask(&env, places[static_cast<std::size_t>(made) % places.size()], &answered));
        const time_point due = made < all ? began + step * made : std::max(began + within, now + step);
        auto waiting = detail::finishes_before(env, due, answered.wait());
        const bool in_time = co_await std::move(waiting);
        if (in_time) co_return true;
        const duration late = env.now() - due;
        under_way += made * (due - now + (late < late_least ? late : duration{}));
    }
    auto reading = detail::finishes_before(env, env.now() + unread, answered.wait());
    const bool was_there = co_await std::move(reading);
    co_return was_there;
}

} // namespace sedge::dist
