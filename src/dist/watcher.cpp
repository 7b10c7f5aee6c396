// SPDX-License-Identifier: Apache-2.0
//
// A peer that stops in order says so without knowing: its processes end one after another, and who monitors one hears
// of it while the connection still is. Two names are monitored. OTP's kernel_safe_sup is among the first processes of
// its last application to end (net_kernel itself takes the connections along), and ends with `shutdown`. sedge has no
// such process, so that monitor fails there at once, and its net_kernel ends with `shutdown`, or is killed with the
// rest of its kernel. A program that is killed or crashes says none of this.
//
// Between programs of one machine a tick says little: the system itself tells that a peer's program has ended, and a
// machine that is gone misses nobody. What is left are programs that hang. So the links of a machine share ticks: up to
// eleven of a node have one a second each, twenty one in three seconds, fifty one in fifteen as in OTP, and a hung
// program is missed that much later. The outer bound, OTP's tick time, stays.
#include "dist/watcher.hpp"

#include <sedge/dist/reachability.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <utility>

namespace sedge::dist {

namespace {

constexpr std::size_t local_ticks = 150;  // in a tick interval, of all programs of a machine that are a full mesh
constexpr std::size_t slower_max = 15;    // a quarter of OTP's tick time, with the usual interval
constexpr std::size_t ticks_at_once = 64; // then others of this program have a turn:
constexpr milliseconds turn{10};

bool is_on_this_machine(const wire::stream& s) {
    const auto remote = s.remote().address;
    return remote.is_loopback() || remote == s.local().address;
}

std::vector<wire::endpoint> places(const established& link, std::uint16_t registry_port) {
    // Where it was dialled; or where it dialled from, which nobody listens at: its system says so.
    const auto remote = link.stream->remote();
    std::vector<wire::endpoint> all{remote};
    if (registry_port != 0) all.push_back({remote.address, registry_port});
    return all;
}

} // namespace

int local_tick_intervals(std::size_t links) noexcept {
    const auto ticks = links * (links + 1); // each of so many others has as many links as this one
    return static_cast<int>(std::clamp((ticks + local_ticks - 1) / local_ticks, std::size_t{1}, slower_max));
}

watcher::watcher(environment& env, watched& whom, const established& link, watch_options options)
    : env_(env), whom_(whom), options_(options), self_{link.self, 0, 0, options.creation},
      machine_(places(link, options.registry_port)), on_this_machine_(is_on_this_machine(*link.stream)),
      core_(options.timing, link.initiated_here || on_this_machine_, env.now()) {}

watcher::~watcher() { stop(); }

time_point watcher::now() const noexcept { return env_.now(); }

void watcher::start() {
    running_ = true;
    core_.shift(static_cast<int>(options_.links->all / ticks_at_once % 10) * turn);
    ++options_.links->all;
    if (on_this_machine_) ++options_.links->on_this_machine;
    ask_about_end();
    if (running_) env_.arm(*this, core_.next());
}

void watcher::stop() noexcept {
    if (!std::exchange(running_, false)) return;
    --options_.links->all;
    if (on_this_machine_) --options_.links->on_this_machine;
    disarm();
}

void watcher::pace() {
    if (on_this_machine_) core_.slow_down(local_tick_intervals(options_.links->on_this_machine));
}

void watcher::check() {
    using change = detector::verdict::change;
    pace();
    const auto begun = now(); // before the look, so that no acknowledgement seems newer than it is
    const auto seen = whom_.look();
    const auto verdict = core_.check(begun, seen);
    if (verdict.what == change::down) return whom_.missed(verdict.reason);
    if (verdict.send_probe) probe();
    if (running_ && verdict.send_tick) whom_.put_tick();
    if (running_ && verdict.confirm) tasks_.start(confirm(seen.sent ? seen.sent->round_trip : duration{}));
    if (running_ && verdict.what != change::none) whom_.suspected(verdict.what == change::suspect, verdict.reason);
    if (running_) env_.arm(*this, core_.next());
}

task<> watcher::confirm(duration round_trip) {
    auto asking = machine_answers(env_, machine_, options_.timing.confirm_time + 2 * round_trip);
    const bool answers = co_await std::move(asking);
    if (!running_) co_return;
    core_.on_confirmation(answers, now());
    check();
}

/// What net_adm:ping sends.
void watcher::probe() {
    const reference ref{self_.node, self_.creation, 3, {++asked_ & 0x3ffff, 0, 0}};
    const term call{std::tuple{atom{"$gen_call"}, std::tuple{self_, ref}, std::tuple{atom{"is_auth"}, self_.node}}};
    whom_.put(control::reg_send{self_, atom{"net_kernel"}}, &call);
}

void watcher::ask_about_end() {
    for (const char* name : {"kernel_safe_sup", "net_kernel"}) {
        if (!running_) return;
        const reference ref{self_.node, self_.creation, 3, {++asked_ & 0x3ffff, 0, 0}};
        whom_.put(control::monitor_p{self_, atom{name}, ref}, nullptr);
    }
}

bool watcher::takes(const incoming& message) {
    if (const auto* answer = std::get_if<control::send>(&message.control)) {
        if (answer->to != self_) return false;
        core_.on_answer();
        return true;
    }
    const auto* end = std::get_if<control::monitor_p_exit>(&message.control);
    if (end == nullptr || end->to != self_) return false;
    const auto reason = message.payload->view();
    if (reason.is_atom("shutdown") || reason.is_atom("killed")) whom_.leaving();
    return true;
}

} // namespace sedge::dist
