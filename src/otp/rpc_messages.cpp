// SPDX-License-Identifier: Apache-2.0
//
// The calls of `rpc` that are plain messages between registered processes.
//
//   sbcast:       {Self, {sbcast, Name, Message}} to `rex`   ->  {rex, Node, Node}, or
//                                                                {rex, Node, {nonexisting_name, Name}}
//   server_call:  {Self, Message} to the server              ->  {ReplyWrapper, Node, Reply}
//
// Lost or absent receivers are noticed by a monitor. Answers carry no reference; each call runs in a process of its
// own, so an answer that comes late reaches nobody.
#include "otp/in_process.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/rpc.hpp>

#include <algorithm>
#include <unordered_map>

namespace sedge::otp {
namespace {

bool is_reply(const term_view& message, const atom& wrapper) {
    return message.kind() == term_kind::tuple && message.arity() == 3 && message.element(0).is_atom(wrapper.text()) &&
           message.element(1).kind() == term_kind::atom;
}

bool is_down(const term_view& message) { return is_tagged(message, "DOWN", 5); }

task<broadcast_outcome> broadcast(process& self, std::vector<atom> nodes, atom name, term message,
                                  time_point deadline) {
    const atom rex{"rex"};
    std::unordered_map<reference, atom> open;
    for (const auto& on : nodes) {
        open.emplace(self.monitor(registered{rex, on}), on);
        self.send(registered{rex, on}, tuple(self.self(), tuple(atom{"sbcast"}, name, message)));
    }
    std::vector<atom> good;
    while (!open.empty()) {
        std::function<bool(const term_view&)> fits = [rex](const term_view& m) {
            return is_down(m) || is_reply(m, rex);
        };
        auto waiting = self.receive_if(std::move(fits), deadline);
        std::optional<term> answer = co_await std::move(waiting);
        if (!answer) break;
        if (is_down(answer->view())) {
            if (auto ref = answer->element(1).as<reference>()) open.erase(*ref);
            continue;
        }
        const auto from = *answer->element(1).as<atom>();
        auto about = std::ranges::find_if(open, [&](const auto& each) { return each.second == from; });
        if (about == open.end()) continue;
        if (answer->element(2).kind() == term_kind::atom) good.push_back(from);
        open.erase(about);
    }
    broadcast_outcome all;
    for (const auto& on : nodes) {
        const bool is_good = std::ranges::find(good, on) != good.end();
        (is_good ? all.good_nodes : all.bad_nodes).push_back(on);
    }
    co_return all;
}

task<result<term>> ask_server(process& self, atom on, atom name, atom wrapper, term message, time_point deadline) {
    const std::string context = "server_call " + name.str() + " on " + on.str();
    const reference watch = self.monitor(registered{name, on});
    self.send(registered{name, on}, tuple(self.self(), message));
    std::function<bool(const term_view&)> fits = [watch, on, wrapper](const term_view& m) {
        if (is_down(m)) return m.element(1).as<reference>() == watch;
        return is_reply(m, wrapper) && m.element(1).is_atom(on.text());
    };
    auto waiting = self.receive_if(std::move(fits), deadline);
    std::optional<term> answer = co_await std::move(waiting);
    if (!answer) co_return error{sedge::errc::timed_out, context};
    if (!is_down(answer->view())) co_return term{answer->element(2)};
    const bool lost = answer->element(4).is_atom("noconnection");
    co_return error{lost ? errc::no_connection : errc::no_process, context};
}

} // namespace

task<broadcast_outcome> rpc_sbcast(node& from, std::vector<atom> nodes, atom name, term message, time_point deadline) {
    std::function<task<broadcast_outcome>(process&)> job = [nodes, name, message, deadline](process& self) {
        return broadcast(self, nodes, name, message, deadline);
    };
    auto running = in_process<broadcast_outcome>(from, "rpc sbcast", std::move(job));
    std::optional<broadcast_outcome> outcome = co_await std::move(running);
    if (outcome) co_return *std::move(outcome);
    co_return broadcast_outcome{{}, nodes}; // we stop
}

task<result<term>> rpc_server_call(node& from, atom on, atom name, atom reply_wrapper, term message,
                                   time_point deadline) {
    std::function<task<result<term>>(process&)> job = [=](process& self) {
        return ask_server(self, on, name, reply_wrapper, message, deadline);
    };
    auto running = in_process<result<term>>(from, "rpc server_call", std::move(job));
    std::optional<result<term>> answer = co_await std::move(running);
    if (answer) co_return *std::move(answer);
    co_return error{sedge::errc::stopped, "server_call " + name.str() + " on " + on.str()};
}

} // namespace sedge::otp
