// SPDX-License-Identifier: Apache-2.0
#include "cluster/supervised.hpp"

#include <sedge/base/log.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

#include <deque>

namespace sedge::cluster {
namespace {

constexpr std::size_t restarts_max = 3; // OTP's default intensity
constexpr seconds restart_window{5};

// {'DOWN', Ref, process, Target, Reason}
bool is_down_of(const term_view& message, const reference& monitor) {
    return message.kind() == term_kind::tuple && message.arity() == 5 && message.element(0).is_atom("DOWN") &&
           message.element(1).as<reference>() == monitor;
}

task<> watch_over(process& self, std::string name, process_body body, std::function<void(std::string)> give_up) {
    std::deque<time_point> restarts;
    for (;;) {
        spawn_options options;
        options.label = name;
        options.name = atom{name};
        auto [child, monitor] = self.spawn_monitor(body, options);
        std::function<bool(const term_view&)> fits = [wanted = monitor](const term_view& message) {
            return is_down_of(message, wanted);
        };
        auto waiting = self.receive_if(std::move(fits));
        auto down = co_await std::move(waiting);
        auto reason = down->element(4);
        if (reason.is_atom("normal") || reason.is_atom("shutdown")) co_return;

        auto text = to_erlang(reason);
        self.env().log(log_level::error, printable(name) + " ended: " + text);
        auto now = self.env().now();
        while (!restarts.empty() && now - restarts.front() > restart_window) restarts.pop_front();
        if (restarts.size() >= restarts_max) {
            give_up(text);
            co_return;
        }
        restarts.push_back(now);
    }
}

} // namespace

process_body supervised(std::string name, process_body body, std::function<void(std::string)> give_up) {
    return [name = std::move(name), body = std::move(body), give_up = std::move(give_up)](process& self) {
        return watch_over(self, name, body, give_up);
    };
}

} // namespace sedge::cluster
