// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/gen.hpp>

#include "otp/in_process.hpp"
#include "otp/terms.hpp"

#include <sedge/process/node.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::otp {
namespace {

/// The alias in a tag `[alias|Ref]`, or `[[alias|Ref]|Anything]` of requests with labels (OTP 25).
std::optional<reference> alias_in(const term_view& tag) {
    if (tag.kind() != term_kind::list) return std::nullopt;
    term_view first = *tag.elements().begin();
    term_view pair = first.kind() == term_kind::list ? first : tag;
    if (pair.length() != 1 || !(*pair.elements().begin()).is_atom("alias")) return std::nullopt;
    return pair.tail().as<reference>();
}

term tag_with(const reference& alias) { return term{improper_list{{term{atom{"alias"}}}, term{alias}}}; }

std::string to_text(const destination& to) {
    if (const auto* process = std::get_if<pid>(&to)) return to_string(*process);
    if (const auto* name = std::get_if<atom>(&to)) return name->str();
    const auto& there = std::get<registered>(to);
    return there.name.str() + " on " + there.node.str();
}

error down_error(const term_view& reason, const std::string& context) {
    if (reason.is_atom("noproc")) return {errc::no_process, context};
    if (reason.is_atom("noconnection")) return {errc::no_connection, context};
    return {errc::ended, context + ": " + to_erlang(reason)};
}

} // namespace

std::optional<gen_request> as_call(const term_view& message) {
    if (!is_tagged(message, "$gen_call", 3) || !is_tuple(message.element(1), 2)) return std::nullopt;
    auto client = message.element(1).element(0).as<pid>();
    if (!client) return std::nullopt;
    return gen_request{{*client, term{message.element(1).element(1)}}, term{message.element(2)}};
}

std::optional<term> as_cast(const term_view& message) {
    if (!is_tagged(message, "$gen_cast", 2)) return std::nullopt;
    return term{message.element(1)};
}

void reply(process& self, const reply_to& to, const term& answer) {
    term message = tuple(to.tag, answer);
    if (auto alias = alias_in(to.tag))
        self.send(*alias, std::move(message));
    else
        self.send(to.client, std::move(message));
}

/// The monitor and the alias of one call; gone with it, however it ends.
struct pending_call::state {
    process& self;
    reference alias;
    reference monitor;
    std::string context;

    state(process& p, const destination& to)
        : self(p), alias(p.alias()), monitor(p.monitor(to)), context("call " + to_text(to)) {}
    state(const state&) = delete;
    ~state() {
        self.unalias(alias);
        self.demonitor(monitor);
    }
};

pending_call::pending_call(process& self, const destination& to, const term& label, const term& request)
    : state_(std::make_unique<state>(self, to)) {
    self.send(to, tuple(label, std::tuple{self.self(), tag_with(state_->alias)}, request));
}

pending_call::pending_call(process& self, const destination& to, const term& request)
    : pending_call(self, to, term{atom{"$gen_call"}}, request) {}

pending_call::~pending_call() = default;
pending_call::pending_call(pending_call&&) noexcept = default;
pending_call& pending_call::operator=(pending_call&&) noexcept = default;

task<result<term>> pending_call::response(time_point deadline) {
    state& open = *state_; // stays where it is when the call is moved
    const term tag = tag_with(open.alias);
    std::function<bool(const term_view&)> fits = [&open, &tag](const term_view& message) {
        if (is_tuple(message, 2)) return message.element(0) == tag.view();
        return is_tagged(message, "DOWN", 5) && message.element(1).as<reference>() == open.monitor;
    };
    auto waiting = open.self.receive_if(std::move(fits), deadline);
    std::optional<term> message = co_await std::move(waiting);
    if (!message) co_return error{sedge::errc::timed_out, open.context};
    if (message->arity() == 2) co_return term{message->element(1)};
    co_return down_error(message->element(4), open.context);
}

/// Calls with other labels than `'$gen_call'`.
struct labelled_calls {
    /// gen_event wants the caller's pid.
    static pending_call event(process& self, const destination& to, const term& request) {
        return {self, to, term{self.self()}, request};
    }
    /// What sys sends.
    static pending_call system(process& self, const destination& to, const term& request) {
        return {self, to, term{atom{"system"}}, request};
    }
};

namespace {

/// A monitor for as long as this lives.
struct watch {
    process& self;
    reference ref;
    watch(process& p, const destination& to) : self(p), ref(p.monitor(to)) {}
    watch(const watch&) = delete;
    ~watch() { self.demonitor(ref); }
};

/// `job` on a process of its own; `what` is for its label and its error.
template <class T>
task<result<T>> on_a_process(node& on, std::string what, std::function<task<result<T>>(process&)> job) {
    auto running = in_process<result<T>>(on, what, std::move(job));
    std::optional<result<T>> answer = co_await std::move(running);
    if (!answer) co_return error{sedge::errc::stopped, what};
    co_return *std::move(answer);
}

} // namespace

task<result<term>> call(process& self, destination to, term request, time_point deadline) {
    pending_call open{self, to, request};
    auto waiting = open.response(deadline);
    co_return co_await std::move(waiting);
}

task<result<term>> call(node& on, destination to, term request, time_point deadline) {
    std::function<task<result<term>>(process&)> job = [to, request, deadline](process& self) {
        return call(self, to, request, deadline);
    };
    return on_a_process<term>(on, "call " + to_text(to), std::move(job));
}

// The answer `ok` comes before the end; so the end is watched from before the question on.
task<result<void>> stop(process& self, destination to, term reason, time_point deadline) {
    const watch end{self, to};
    pending_call open = labelled_calls::system(self, to, tuple(atom{"terminate"}, reason));
    auto asking = open.response(deadline);
    result<term> answer = co_await std::move(asking);
    if (!answer && answer.error() == make_error_code(sedge::errc::timed_out)) co_return answer.error();
    std::function<bool(const term_view&)> fits = [ref = end.ref](const term_view& message) {
        return is_tagged(message, "DOWN", 5) && message.element(1).as<reference>() == ref;
    };
    auto waiting = self.receive_if(std::move(fits), deadline);
    std::optional<term> message = co_await std::move(waiting);
    const std::string context = "stop " + to_text(to);
    if (!message) co_return error{sedge::errc::timed_out, context};
    if (message->element(4) == reason.view()) co_return result<void>{};
    co_return down_error(message->element(4), context);
}

task<result<void>> stop(node& on, destination to, term reason, time_point deadline) {
    std::function<task<result<void>>(process&)> job = [to, reason, deadline](process& self) {
        return stop(self, to, reason, deadline);
    };
    return on_a_process<void>(on, "stop " + to_text(to), std::move(job));
}

task<result<term>> system_call(process& self, destination to, term request, time_point deadline) {
    pending_call open = labelled_calls::system(self, to, request);
    auto waiting = open.response(deadline);
    co_return co_await std::move(waiting);
}

task<result<term>> system_call(node& on, destination to, term request, time_point deadline) {
    std::function<task<result<term>>(process&)> job = [to, request, deadline](process& self) {
        return system_call(self, to, request, deadline);
    };
    return on_a_process<term>(on, "system call " + to_text(to), std::move(job));
}

void cast(process& self, const destination& to, const term& request) {
    self.send(to, tuple(atom{"$gen_cast"}, request));
}

task<multi_reply> multi_call(process& self, std::vector<atom> nodes, atom name, term request, time_point deadline) {
    std::vector<pending_call> calls;
    calls.reserve(nodes.size());
    for (const auto& node : nodes) calls.emplace_back(self, registered{name, node}, request);
    multi_reply all;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        auto waiting = calls[i].response(deadline);
        result<term> answer = co_await std::move(waiting);
        if (answer)
            all.replies.emplace_back(nodes[i], *std::move(answer));
        else
            all.bad_nodes.push_back(nodes[i]);
    }
    co_return all;
}

task<multi_reply> multi_call(node& on, std::vector<atom> nodes, atom name, term request, time_point deadline) {
    std::function<task<multi_reply>(process&)> job = [nodes, name, request, deadline](process& self) {
        return multi_call(self, nodes, name, request, deadline);
    };
    auto running = in_process<multi_reply>(on, "multi_call", std::move(job));
    std::optional<multi_reply> answer = co_await std::move(running);
    if (!answer) co_return multi_reply{{}, nodes}; // this node stops
    co_return *std::move(answer);
}

void abcast(process& self, const std::vector<atom>& nodes, const atom& name, const term& request) {
    for (const auto& node : nodes) cast(self, registered{name, node}, request);
}

void event_notify(process& self, const destination& to, const term& event) {
    self.send(to, tuple(atom{"notify"}, event));
}

task<result<void>> event_sync_notify(process& self, destination to, term event, time_point deadline) {
    pending_call open = labelled_calls::event(self, to, tuple(atom{"sync_notify"}, event));
    auto waiting = open.response(deadline);
    result<term> answer = co_await std::move(waiting);
    if (!answer) co_return answer.error();
    co_return result<void>{};
}

task<result<term>> event_call(process& self, destination to, term handler, term request, time_point deadline) {
    pending_call open = labelled_calls::event(self, to, tuple(atom{"call"}, handler, request));
    auto waiting = open.response(deadline);
    co_return co_await std::move(waiting);
}

} // namespace sedge::otp
