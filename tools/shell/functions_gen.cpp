// SPDX-License-Identifier: Apache-2.0
//
// GenServer: calls and casts from the shell's own process, so a remote shell makes them from here, too.
#include "arguments.hpp"
#include "evaluator.hpp"
#include "functions.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/gen.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/process/node.hpp>

#include <optional>
#include <string>
#include <tuple>

namespace sedge::shell {

namespace {

constexpr std::string_view no_process = "no process: it has ended, or nobody has that name there";

/// A name alone is one of the node that the shell is on; `{:global, name}` is looked up. Nothing: nobody has it.
task<std::optional<destination>> server_argument(evaluator& e, term value) {
    const auto pair = value.as<std::tuple<atom, term>>();
    if (pair && std::get<0>(*pair) == "global") {
        std::vector<term> name{std::get<1>(*pair)};
        auto asking = e.call("global", "whereis_name", std::move(name));
        const auto found = (co_await std::move(asking)).as<pid>();
        if (!found) co_return std::nullopt;
        co_return destination{*found};
    }
    auto to = destination_argument(value);
    const auto* name = std::get_if<atom>(&to);
    if (name && !e.state().remote.empty()) to = registered{*name, e.state().remote};
    co_return to;
}

/// The last part of what Elixir shows: why the call came to nothing.
std::string reason_of(const error& why, const term& server) {
    if (why.code() == make_error_code(errc::timed_out)) return "time out";
    if (why.code() == make_error_code(otp::errc::no_process)) return std::string{no_process};
    if (why.code() == make_error_code(otp::errc::no_connection)) {
        const auto there = server.as<std::tuple<atom, atom>>();
        const auto who = server.as<pid>();
        const auto node = there ? std::get<1>(*there) : who ? who->node : atom{};
        if (node.empty()) return "no connection";
        return "no connection to " + printable(node.text()) + "; Node.connect " + inspect(term{node}) + " tells why";
    }
    return why.message();
}

task<term> call(evaluator& e, std::vector<term> given) {
    auto finding = server_argument(e, given[0]);
    const auto to = co_await std::move(finding);
    const bool limited = given.size() > 2;
    const auto deadline = limited ? deadline_argument(e, given[2]) : e.deadline_of_calls();
    const auto shown = "exited in: GenServer.call(" + inspect(given[0]) + ", " + inspect(given[1]) + ", " +
                       (limited ? inspect(given[2]) : "5000") + ")\n    ** (EXIT) ";
    if (!to) throw failure{"exit", shown + std::string{no_process}};
    const auto* who = std::get_if<pid>(&*to);
    if (who && *who == e.self().self()) throw failure{"exit", shown + "process attempted to call itself"};
    auto calling = otp::call(e.self(), *to, given[1], deadline);
    auto answer = co_await std::move(calling);
    if (!answer) throw failure{"exit", shown + reason_of(answer.error(), given[0])};
    co_return *std::move(answer);
}

task<term> cast(evaluator& e, std::vector<term> given) {
    auto finding = server_argument(e, given[0]);
    const auto to = co_await std::move(finding);
    if (to) otp::cast(e.self(), *to, given[1]);
    co_return ok(); // as in Elixir, also if nobody is there
}

} // namespace

std::vector<shell_function> gen_functions() {
    return {
        {"Elixir.GenServer", "call", 2, 3, &call, "GenServer.call({:name, node}, request)",
         "Asks a server, of C++ or of a BEAM, and waits 5 s for its answer."},
        {"Elixir.GenServer", "cast", 2, 2, &cast, "GenServer.cast({:name, node}, request)",
         "Sends a server a request without an answer."},
        {"gen_server", "call", 2, 3, &call, ":gen_server.call(server, request)", "The same as GenServer.call."},
        {"gen_server", "cast", 2, 2, &cast, ":gen_server.cast(server, request)", "The same as GenServer.cast."},
    };
}

} // namespace sedge::shell
