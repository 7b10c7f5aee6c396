// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/otp/error.hpp>
#include <sedge/process/process.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

/// The messages of `gen_server`, `gen_statem`, `GenServer` and everything made of them.
///
/// A call is `{'$gen_call', {Pid, Tag}, Request}` under a monitor; its answer is `{Tag, Reply}`. The tag belongs to
/// the caller; OTP 24 and later send `[alias|Ref]`, and then the answer goes to the alias, so that one that comes
/// after the caller's timeout is dropped instead of staying in its mailbox.
namespace sedge::otp {

/// Where the answer to a call goes.
struct reply_to {
    pid client;
    term tag;
};

struct gen_request {
    reply_to from;
    term request;
};

/// The message as a call, or nothing if it is none.
std::optional<gen_request> as_call(const term_view& message);
/// The request in `{'$gen_cast', Request}`, or nothing if the message is none.
std::optional<term> as_cast(const term_view& message);

/// Answers a call, from any process and at any time.
void reply(process& self, const reply_to& to, const term& answer);

/// Calls a server and waits for its answer: `GenServer.call(to, request, timeout)`.
///
/// Leaves no monitor, no alias and no late answer behind, also when the task is destroyed.
///
/// Errors: errc::timed_out at `deadline`, otp::errc::no_process, no_connection, ended (with the reason).
[[nodiscard]] task<result<term>> call(process& self, destination to, term request, time_point deadline);
/// The same from outside of any process.
[[nodiscard]] task<result<term>> call(node& on, destination to, term request, time_point deadline);

/// A call under way, perhaps one of several: `:gen_server.send_request`.
///
/// Destroying it gives the call up; no monitor, no alias and no late answer is left then.
class pending_call {
public:
    pending_call(process& self, const destination& to, const term& request);
    ~pending_call();
    pending_call(pending_call&&) noexcept;
    pending_call& operator=(pending_call&&) noexcept;

    /// Waits for the answer. After errc::timed_out the call is still under way, and can be waited for again. Other
    /// errors are those of `call`. Precondition: not answered yet; no other receive of the process is under way.
    [[nodiscard]] task<result<term>> response(time_point deadline);

private:
    struct state; // src/otp/gen.cpp
    friend struct labelled_calls;
    pending_call(process& self, const destination& to, const term& label, const term& request);
    std::unique_ptr<state> state_;
};

/// `GenServer.cast(to, request)`.
void cast(process& self, const destination& to, const term& request);

/// `GenServer.stop(to, reason, timeout)`: asks the server to end, and waits until it has.
///
/// Errors: those of `call`; otp::errc::ended if it ended with another reason.
[[nodiscard]] task<result<void>> stop(process& self, destination to, term reason, time_point deadline);
/// The same from outside of any process.
[[nodiscard]] task<result<void>> stop(node& on, destination to, term reason, time_point deadline);

/// What the functions of `:sys` ask of a server, its answer as it comes: the state to `get_state`, `ok` to
/// `suspend` and `resume`, `{status, ...}` to `get_status`. What needs code that runs over there, as `replace_state`
/// does, there is not. Errors: those of `call`.
[[nodiscard]] task<result<term>> system_call(process& self, destination to, term request, time_point deadline);
/// The same from outside of any process.
[[nodiscard]] task<result<term>> system_call(node& on, destination to, term request, time_point deadline);

/// What servers of one name on several nodes have answered, both in the order of the nodes.
struct multi_reply {
    std::vector<std::pair<atom, term>> replies;
    std::vector<atom> bad_nodes; ///< Without such a server, without connection, or without answer until the deadline.
};

/// `GenServer.multi_call(nodes, name, request, timeout)`: asks all at once. Late answers are dropped.
[[nodiscard]] task<multi_reply> multi_call(process& self, std::vector<atom> nodes, atom name, term request,
                                           time_point deadline);
/// The same from outside of any process.
[[nodiscard]] task<multi_reply> multi_call(node& on, std::vector<atom> nodes, atom name, term request,
                                           time_point deadline);
/// `GenServer.abcast(nodes, name, request)`: a cast to each.
void abcast(process& self, const std::vector<atom>& nodes, const atom& name, const term& request);

/// `:gen_event.notify(to, event)`.
void event_notify(process& self, const destination& to, const term& event);
/// `:gen_event.sync_notify(to, event)`: completes when all handlers have seen it. Errors: those of `call`.
[[nodiscard]] task<result<void>> event_sync_notify(process& self, destination to, term event, time_point deadline);
/// `:gen_event.call(to, handler, request, timeout)`; what it returns, `{error, bad_module}` too, is the value.
/// Errors: those of `call`.
[[nodiscard]] task<result<term>> event_call(process& self, destination to, term handler, term request,
                                            time_point deadline);

} // namespace sedge::otp
