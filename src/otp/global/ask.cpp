// SPDX-License-Identifier: Apache-2.0
#include "otp/global/ask.hpp"

#include "otp/terms.hpp"

#include <algorithm>

namespace sedge::otp::registry {
namespace {

term lock_request(std::string_view what, const lock_key& key) { return tuple(atom{what}, make_lock_id(key)); }

void append(std::vector<atom>& to, const std::vector<atom>& more) { to.insert(to.end(), more.begin(), more.end()); }

task<> connect_to(node& here, std::vector<atom> nodes, time_point deadline) {
    for (const auto& other : nodes) {
        if (other == here.name() || here.is_connected(other)) continue;
        auto connecting = here.connect(other);
        auto in_time = with_deadline(here.env(), deadline, std::move(connecting));
        (void)co_await std::move(in_time);
    }
}

} // namespace

bool are_connected(node& here, const std::vector<atom>& nodes) {
    return std::ranges::all_of(nodes, [&here](const atom& n) { return n == here.name() || here.is_connected(n); });
}

void leave_connected(node& here, std::vector<atom>& nodes) {
    std::erase_if(nodes, [&here](const atom& n) { return n != here.name() && !here.is_connected(n); });
}

task<asked> ask_all(process& self, std::vector<atom> nodes, term request, time_point deadline) {
    std::vector<pending_call> calls;
    calls.reserve(nodes.size());
    for (const auto& node : nodes) calls.emplace_back(self, registered{atom{"global_name_server"}, node}, request);
    asked all;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        auto waiting = calls[i].response(deadline);
        result<term> answer = co_await std::move(waiting);
        if (answer && answer->is_atom("true"))
            all.said_true.push_back(nodes[i]);
        else if (answer)
            all.refused = true;
        else if (answer.error() == make_error_code(sedge::errc::timed_out))
            all.silent.push_back(nodes[i]);
    }
    co_return all;
}

task<lock_outcome> lock_on(process& self, service_ptr service, std::vector<atom> nodes, lock_key key,
                           time_point deadline) {
    if (nodes.empty()) co_return lock_outcome::set;
    bool includes_us = std::find(nodes.begin(), nodes.end(), service->here.name()) != nodes.end();
    // Whoever cannot have it here need not disturb the others.
    if (includes_us && nodes.size() > 1 && service->names && !service->names->locks.can_set(key))
        co_return lock_outcome::refused;
    // A request that waits for its connection could set a lock that nobody gives back. Who cannot be reached is gone.
    auto connecting = connect_to(self.node(), nodes, deadline);
    co_await std::move(connecting);
    leave_connected(self.node(), nodes);
    auto asking = ask_all(self, nodes, lock_request("set_lock", key), deadline);
    asked all = co_await std::move(asking);
    if (!all.refused && all.silent.empty()) co_return lock_outcome::set;
    const auto outcome = all.refused ? lock_outcome::refused : lock_outcome::silent;
    // A silent one may still set it later; our request to free it comes after the one to set it.
    append(all.said_true, all.silent);
    auto freeing = unlock_on(self, std::move(all.said_true), key, self.env().now() + seconds{1});
    co_await std::move(freeing);
    co_return outcome;
}

task<> unlock_on(process& self, std::vector<atom> nodes, lock_key key, time_point deadline) {
    leave_connected(self.node(), nodes);
    if (nodes.empty()) co_return;
    auto boss = std::max_element(nodes.begin(), nodes.end());
    std::vector<atom> last{*boss};
    nodes.erase(boss);
    auto freeing = ask_all(self, std::move(nodes), lock_request("del_lock", key), deadline);
    (void)co_await std::move(freeing);
    auto freeing_last = ask_all(self, std::move(last), lock_request("del_lock", key), deadline);
    (void)co_await std::move(freeing_last);
}

duration random_pause(environment& env, int times) {
    duration most = times > 5 ? seconds{8} : milliseconds{125} * (1 << std::max(times, 0));
    return env.random_between(milliseconds{1}, most);
}

atom boss_of(const atom& me, const std::vector<atom>& known) {
    atom boss = me;
    for (const auto& node : known) boss = std::max(boss, node);
    return boss;
}

} // namespace sedge::otp::registry
