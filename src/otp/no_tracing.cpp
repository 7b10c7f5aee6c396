// SPDX-License-Identifier: Apache-2.0
//
// Tracing, of which there is none: what tracers of other nodes (dbg, ttb and all that stands on them: `etop` as it
// starts by default, observer's page "Trace Overview") hear instead of nothing. They spawn a relay here and wait,
// without end, for its first word:
//
//   dbg:do_relay(Server, Pid)          {started, Self}, then nothing until the server ends: no event is ever relayed
//   dbg:do_relay(Server, {Type, _})    they want a trace port or a process here. There is no word for "no" that they
//                                      understand; so the server that waits is ended, which its callers understand
//   dbg:erlang_trace(Who, How, Flags)  0: nobody is traced
//
// Whoever is there to read it is told by a sentence, by way of the group leader.
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/process/node.hpp>

namespace sedge::otp {
namespace {

/// One line where the caller's output goes; nobody waits for the answer.
void tell_caller(call_context& c, const std::string& text) {
    const auto leader = c.group_leader.as<pid>();
    if (!leader || leader->node != c.caller.node) return;
    const std::tuple request{atom{"put_chars"}, atom{"unicode"}, binary(text + "\n")};
    c.self.send(*leader, tuple(atom{"io_request"}, c.self.self(), c.self.node().make_reference(), request));
}

task<outcome> relay(call_context& c, std::vector<term> arguments) {
    const auto server = arguments[0].as<pid>();
    if (!server || server->node != c.caller.node) co_return failure("badarg", c, arguments);
    tell_caller(c, c.self.node().name().str() +
                       " is a C++ node: there is nothing to trace (start etop with -tracing off)");
    if (!arguments[1].as<pid>()) {
        c.self.exit(*server, term{atom{"kill"}});
        co_return outcome::value(term{atom{"ok"}});
    }
    c.self.trap_exit(true);
    c.self.monitor(*server);
    c.self.send(*server, tuple(atom{"started"}, c.self.self()));
    auto end_of_server = [](const term_view& m) { return is_tagged(m, "DOWN", 5) || is_tagged(m, "EXIT", 3); };
    auto waiting = c.self.receive_if(end_of_server);
    (void)co_await std::move(waiting);
    co_return outcome::value(term{atom{"ok"}});
}

} // namespace

void add_no_tracing(function_table& table) {
    table.add_raw("dbg", "do_relay", 2, task_handler{relay}, access::report);
    auto add = [&table](std::string_view function, int arity, term value) {
        handler run = [value = std::move(value)](call_context&, builtin_arguments) { return outcome::value(value); };
        table.add_raw("dbg", function, arity, std::move(run), access::info);
    };
    add("erlang_trace", 3, term{0});
    add("get_info", 0, nil());
}

} // namespace sedge::otp
