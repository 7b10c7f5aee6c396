// SPDX-License-Identifier: Apache-2.0
//
// rex, the server behind rpc. Messages, and what comes back:
//
//   {Pid, features_request}                       {features_reply, Node, [erpc]}
//   '$gen_call' {call, M, F, Args, GL}            the value, in a process of its own (peers older than OTP 23)
//   '$gen_call' {block_call, M, F, Args, GL}      the value; one after another
//   '$gen_cast' {cast, M, F, Args, GL}            nothing
//   {Pid, {call, M, F, Args, GL}}                 {rex, Value}, for erl_interface and erl_call
//   {Pid, {sbcast, Name, Msg}}                    {rex, Node, Node} | {rex, Node, {nonexisting_name, Name}}
//   {Pid, {send, Name, Msg}}                      what Name answers to {Pid, Msg}; if nobody: as above
//
// A value here is what rpc:call shows: errors, and exits of the process, come as {badrpc, {'EXIT', Reason}}. OTP runs
// block calls on rex itself; here they queue for one process at a time, so that the rest goes on. Requests of other
// nodes come with their origin, {Mark, Origin, Request}: access_control.cpp says why.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/rpc.hpp>

#include <deque>
#include <unordered_map>

namespace sedge::otp {
namespace {

constexpr std::size_t block_calls_max = 10'000; ///< Waiting for their turn; above it they are refused.

/// Where a value goes: to a gen call's client, to an erl_interface client, or nowhere (a cast).
using receiver = std::variant<std::monostate, reply_to, pid>;

struct running_call {
    receiver answer_to;
    bool blocking = false;
    std::shared_ptr<std::optional<outcome>> ended; // written by the call's process before it ends
};

struct waiting_call {
    call_request request;
    receiver answer_to;
};

task<> run_one(process& self, std::shared_ptr<kernel_state> state, std::shared_ptr<std::optional<outcome>> into,
               call_request request) {
    auto running = run_function(state, self, std::move(request));
    *into = co_await std::move(running);
}

term value_of(const outcome& what) {
    remote_outcome seen{remote_outcome::kind::value, what.body, what.stack};
    if (what.what == outcome::kind::thrown) seen.what = remote_outcome::kind::thrown;
    if (what.what == outcome::kind::exited) seen.what = remote_outcome::kind::exited;
    if (what.what == outcome::kind::failed) seen.what = remote_outcome::kind::failed;
    return rpc_value(seen);
}

class rex {
public:
    rex(process& self, std::shared_ptr<kernel_state> state) : self_(self), state_(std::move(state)) {}

    void on_message(const term& message) {
        if (is_tuple(message, 3) && message.element(0) == mark_.view()) {
            origin_ = message.element(1).as<atom>().value_or(atom{});
            return on_request(term{message.element(2)});
        }
        origin_ = self_.node().name();
        on_request(message);
    }

private:
    void on_request(const term& message) {
        if (auto call = as_call(message)) return on_call(*call);
        if (auto request = as_cast(message)) return on_cast(*request);
        if (is_tagged(message, "DOWN", 5)) return on_down(message);
        if (!is_tuple(message, 2)) return;
        if (auto from = message.element(0).as<pid>()) on_plain(*from, message.element(1));
    }

    /// `{Tag, Module, Function, Arguments, GroupLeader}`
    std::optional<call_request> as_request(const pid& caller, const term_view& t, std::string_view tag) const {
        if (!is_tagged(t, tag, 5)) return std::nullopt;
        auto module = t.element(1).as<atom>();
        auto function = t.element(2).as<atom>();
        auto arguments = proper_list(t.element(3));
        if (!module || !function || !arguments) return std::nullopt;
        // Anybody can write a pid; the node behind it is what the handler may rely on.
        pid who = caller.node == origin_ ? caller : pid{origin_, 0, 0, 0};
        return call_request{who, origin_, term{t.element(4)}, *module, *function, *std::move(arguments)};
    }

    void on_call(const gen_request& call) {
        if (auto request = as_request(call.from.client, call.request, "call")) {
            start(*std::move(request), call.from, false);
        } else if (auto blocking = as_request(call.from.client, call.request, "block_call")) {
            if (waiting_.size() >= block_calls_max) {
                reply(self_, call.from, tuple(atom{"badrpc"}, std::tuple{atom{"EXIT"}, atom{"system_limit"}}));
                return;
            }
            waiting_.push_back({*std::move(blocking), call.from});
            start_next_blocking();
        }
    }

    void on_cast(const term& request) {
        // A cast does not say whose it is; the group leader belongs to the caller's node.
        pid caller = request.arity() == 5 ? request.element(4).as<pid>().value_or(self_.self()) : self_.self();
        if (auto call = as_request(caller, request, "cast")) start(*std::move(call), std::monostate{}, false);
    }

    void on_plain(const pid& from, const term_view& what) {
        if (what.is_atom("features_request")) {
            std::vector<term> features{term{atom{"erpc"}}};
            self_.send(from, tuple(atom{"features_reply"}, self_.node().name(), term_list(features)));
        } else if (auto call = as_request(from, what, "call")) {
            start(*std::move(call), from, false);
        } else if (is_tagged(what, "sbcast", 3) || is_tagged(what, "send", 3)) {
            pass_on(from, what);
        }
    }

    void pass_on(const pid& from, const term_view& what) {
        auto name = what.element(1).as<atom>();
        const atom& here = self_.node().name();
        bool found = name && self_.node().whereis(*name);
        bool passes = found && (origin_ == here || is_passed_on(*name, what));
        if (!passes) {
            self_.send(from, tuple(atom{"rex"}, here, std::tuple{atom{"nonexisting_name"}, term{what.element(1)}}));
        } else if (what.element(0).is_atom("sbcast")) {
            self_.send(*name, term{what.element(2)});
            self_.send(from, tuple(atom{"rex"}, here, here));
        } else {
            self_.send(*name, tuple(from, term{what.element(2)}));
        }
    }

    /// Services get their messages from the sender itself, so that they know where those come from.
    bool is_passed_on(const atom& name, const term_view& what) const {
        return !state_->services.contains(name) && may_reach(*state_, origin_, name, term{what.element(2)});
    }

    void start(call_request request, receiver answer_to, bool blocking) {
        auto into = std::make_shared<std::optional<outcome>>();
        spawn_options options;
        options.label =
            request.module.str() + ":" + request.function.str() + "/" + std::to_string(request.arguments.size());
        options.group_leader = request.group_leader.as<pid>(); // the atom user: that of this node
        auto [child, ref] = self_.spawn_monitor([state = state_, into, request = std::move(request)](
                                                    process& self) { return run_one(self, state, into, request); },
                                                std::move(options));
        running_.emplace(ref, running_call{std::move(answer_to), blocking, std::move(into)});
        if (blocking) blocked_ = true;
    }

    void start_next_blocking() {
        if (blocked_ || waiting_.empty()) return;
        waiting_call next = std::move(waiting_.front());
        waiting_.pop_front();
        start(std::move(next.request), std::move(next.answer_to), true);
    }

    void on_down(const term& message) {
        auto ref = message.element(1).as<reference>();
        auto found = ref ? running_.find(*ref) : running_.end();
        if (found == running_.end()) return;
        running_call call = std::move(found->second);
        running_.erase(found);
        // Without an outcome somebody has ended the process.
        term value = *call.ended ? value_of(**call.ended)
                                 : rpc_value({remote_outcome::kind::signal, term{message.element(4)}, {}});
        if (const auto* client = std::get_if<reply_to>(&call.answer_to)) reply(self_, *client, value);
        if (const auto* client = std::get_if<pid>(&call.answer_to)) self_.send(*client, tuple(atom{"rex"}, value));
        if (call.blocking) {
            blocked_ = false;
            start_next_blocking();
        }
    }

    process& self_;
    std::shared_ptr<kernel_state> state_;
    term mark_{state_->origin_mark};
    atom origin_; // of the request being handled
    std::unordered_map<reference, running_call> running_;
    std::deque<waiting_call> waiting_; // block calls
    bool blocked_ = false;             // one of them runs
};

} // namespace

task<> run_rex(process& self, std::shared_ptr<kernel_state> state) {
    rex server{self, std::move(state)};
    for (;;) {
        term message = co_await self.receive();
        server.on_message(message);
    }
}

} // namespace sedge::otp
