// SPDX-License-Identifier: Apache-2.0
//
// The loop of a server. Messages, and what comes back:
//
//   {'$gen_call', From, Request}       what the handler answers, at once or later
//   {'$gen_cast', Request}             nothing
//   {system, From, Request}            the requests of `sys`, below
//   anything else                      handle_info
//
// sys: get_state State | get_status {status, Pid, {module, M}, [...]} | suspend ok | resume ok |
//      {terminate, Reason} ok, and the end | {debug, _} what an OTP process without debugging says |
//      others {error, {unknown_system_msg, Request}}, also replace_state and change_code, which need a BEAM.
#include <sedge/otp/server.hpp>

#include "otp/terms.hpp"

#include <sedge/process/node.hpp>
#include <sedge/term/text.hpp>

#include <vector>

namespace sedge::otp {
namespace {

/// A request of `sys`: the client and what it wants.
std::optional<gen_request> as_system(const term_view& message) {
    if (!is_tagged(message, "system", 3) || !is_tuple(message.element(1), 2)) return std::nullopt;
    auto client = message.element(1).element(0).as<pid>();
    if (!client) return std::nullopt;
    return gen_request{{*client, term{message.element(1).element(1)}}, term{message.element(2)}};
}

term ok(const term& what) { return tuple(atom{"ok"}, what); }

class server_loop {
public:
    server_loop(process& self, server_handlers handlers) : self_(self), handlers_(std::move(handlers)) {}

    task<> run() {
        if (handlers_.init) {
            auto starting = handlers_.init(self_);
            co_await std::move(starting);
        }
        for (;;) {
            auto waiting = next();
            term message = co_await std::move(waiting);
            if (auto request = as_system(message)) {
                on_system(*request);
            } else {
                auto handling = handle(std::move(message));
                co_await std::move(handling);
            }
        }
    }

private:
    task<term> next() {
        if (!suspended_) co_return co_await self_.receive();
        std::function<bool(const term_view&)> fits = [](const term_view& m) { return as_system(m).has_value(); };
        auto waiting = self_.receive_if(std::move(fits));
        std::optional<term> message = co_await std::move(waiting);
        co_return *std::move(message);
    }

    task<> handle(term message) {
        if (auto call = as_call(message)) {
            reply_to from = call->from;
            auto asking = handlers_.call(self_, *std::move(call));
            std::optional<term> answer = co_await std::move(asking);
            if (answer) reply(self_, from, *answer);
        } else if (auto request = as_cast(message)) {
            if (!handlers_.cast) co_return;
            auto casting = handlers_.cast(self_, *std::move(request));
            co_await std::move(casting);
        } else if (handlers_.info) {
            auto telling = handlers_.info(self_, std::move(message));
            co_await std::move(telling);
        }
    }

    term state() const { return handlers_.state ? handlers_.state() : term{}; }

    void on_system(const gen_request& what) {
        const term& request = what.request;
        if (is_tagged(request, "terminate", 2)) {
            reply(self_, what.from, term{atom{"ok"}});
            self_.exit(term{request.element(1)});
        }
        if (request.is_atom("suspend")) suspended_ = true;
        if (request.is_atom("resume")) suspended_ = false;
        reply(self_, what.from, answer(request));
    }

    term answer(const term& request) const {
        if (request.is_atom("get_state")) return state();
        if (request.is_atom("get_status")) return status();
        if (request.is_atom("suspend") || request.is_atom("resume")) return term{atom{"ok"}};
        if (is_tagged(request, "debug", 2)) return debug(request.element(1));
        return tuple(atom{"error"}, std::tuple{atom{"unknown_system_msg"}, request});
    }

    term debug(const term_view& what) const {
        if (what.is_atom("no_debug") || is_tagged(what, "remove", 2)) return term{atom{"ok"}};
        if (is_tuple(what, 2) && what.element(1).is_atom("get")) {
            if (what.element(0).is_atom("statistics")) return ok(term{atom{"no_statistics"}});
            if (what.element(0).is_atom("log")) return ok(nil());
        }
        if (is_tuple(what, 2) && (what.element(1).is_atom("false") || what.element(1).is_atom("print")))
            return term{atom{"ok"}};
        return tuple(atom{"unknown_debug"}, term{what});
    }

    /// As `sys:get_status` shows a gen_server: `[Dictionary, running | suspended, Parent, Debug, Items]`.
    term status() const {
        const atom name = self_.node().info(self_.self()).value_or(process_info{}).registered_name;
        const std::string title = "Status for generic server " + (name.empty() ? to_string(self_.self()) : name.str());
        const atom now{suspended_ ? "suspended" : "running"};
        std::vector<term> facts{tuple(erlang_string("Status"), now), tuple(erlang_string("Parent"), self_.self()),
                                tuple(erlang_string("Logged events"), nil())};
        std::vector<term> shown{tuple(erlang_string("State"), state())};
        std::vector<term> items{tuple(atom{"header"}, erlang_string(title)), tuple(atom{"data"}, term_list(facts)),
                                tuple(atom{"data"}, term_list(shown))};
        std::vector<term> parts{nil(), term{now}, term{self_.self()}, nil(), term_list(items)};
        return tuple(atom{"status"}, self_.self(), std::tuple{atom{"module"}, atom{handlers_.module}},
                     term_list(parts));
    }

    process& self_;
    server_handlers handlers_;
    bool suspended_ = false;
};

} // namespace

term unknown_request() { return tuple(atom{"error"}, atom{"unknown_request"}); }

task<> run_server(process& self, server_handlers handlers) {
    server_loop loop{self, std::move(handlers)};
    auto running = loop.run();
    co_await std::move(running);
}

} // namespace sedge::otp
