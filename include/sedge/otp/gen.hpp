// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/otp/error.hpp>
#include <sedge/process/process.hpp>

#include <optional>

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

/// `GenServer.cast(to, request)`.
void cast(process& self, const destination& to, const term& request);

} // namespace sedge::otp
