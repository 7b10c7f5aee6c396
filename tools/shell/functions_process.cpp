// SPDX-License-Identifier: Apache-2.0
//
// Process. A pid says which node its process lives on, so questions about it go there.
#include "arguments.hpp"
#include "evaluator.hpp"
#include "find_process.hpp"
#include "functions.hpp"

#include <sedge/base/log.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <limits>

namespace sedge::shell {

namespace {

using arguments = const std::vector<term>&;

term nil_for_undefined(term value) { return value.view().is_atom("undefined") ? term{atom{"nil"}} : std::move(value); }

/// `process_info` where the process lives: the article's question, answered about the process that is meant.
task<term> info(evaluator& e, std::vector<term> given) {
    const auto who = pid_argument(given[0]);
    const bool registered_name = given.size() > 1 && given[1].view().is_atom("registered_name");
    auto& here = e.self().node();
    auto asking = who.node == here.name() && e.state().remote.empty()
                      ? e.call("erlang", "process_info", std::move(given))
                      : e.call_on(who.node, "erlang", "process_info", std::move(given));
    auto answer = co_await std::move(asking);
    // OTP answers [] for a process without a name; Elixir makes a pair of it.
    if (registered_name && answer.view().kind() == term_kind::nil)
        co_return term{std::tuple{atom{"registered_name"}, std::vector<term>{}}};
    co_return nil_for_undefined(std::move(answer));
}

task<term> is_alive(evaluator& e, std::vector<term> given) {
    const auto who = pid_argument(given[0]);
    if (who.node == e.self().node().name()) co_return term{e.self().node().is_alive(who)};
    auto asking = e.call_on(who.node, "erlang", "is_process_alive", std::move(given));
    co_return co_await std::move(asking);
}

term list(evaluator& e, arguments) { return term{e.self().node().processes()}; }
term registered_names(evaluator& e, arguments) { return term{e.self().node().registered_names()}; }

term where_is(evaluator& e, arguments given) {
    const auto found = e.self().node().whereis(argument<atom>(given[0], "a registered name"));
    return found ? term{*found} : term{atom{"nil"}};
}

term register_name(evaluator& e, arguments given) {
    auto done = e.self().node().register_name(argument<atom>(given[1], "a name"), pid_argument(given[0]));
    if (!done) throw failure{"ArgumentError", done.error().message()};
    return term{true};
}

term unregister(evaluator& e, arguments given) {
    const auto name = argument<atom>(given[0], "a registered name");
    if (!e.self().node().unregister(name))
        throw failure{"ArgumentError", "nothing is registered as " + inspect(given[0])};
    return term{true};
}

term monitor(evaluator& e, arguments given) { return term{e.self().monitor(destination_argument(given[0]))}; }

term demonitor(evaluator& e, arguments given) {
    e.self().demonitor(argument<reference>(given[0], "the reference of a monitor"));
    return term{true};
}

term link(evaluator& e, arguments given) {
    e.self().link(pid_argument(given[0]));
    return term{true};
}
term unlink(evaluator& e, arguments given) {
    e.self().unlink(pid_argument(given[0]));
    return term{true};
}

term exit_process(evaluator& e, arguments given) {
    e.self().exit(pid_argument(given[0]), given[1]);
    return term{true};
}

term trap_exit(evaluator& e, arguments given) {
    if (!given[0].view().is_atom("trap_exit"))
        throw failure{"ArgumentError", "of the flags, only :trap_exit has a meaning here"};
    const auto info_now = e.self().node().info(e.self().self());
    e.self().trap_exit(argument<bool>(given[1], "true or false"));
    return term{info_now && info_now->trap_exit};
}

task<term> sleep(evaluator& e, std::vector<term> given) {
    auto sleeping = e.self().sleep(milliseconds{argument<std::uint32_t>(given[0], "milliseconds")});
    co_await std::move(sleeping);
    co_return ok();
}

/// `:erlang.list_to_pid('<0.138.0>')`
task<term> list_to_pid(evaluator& e, std::vector<term> given) {
    const auto text = argument<charlist>(given[0], "a charlist such as '<0.138.0>'").text;
    const auto parsed = text.starts_with("<") ? pid_text(text) : std::nullopt;
    if (!parsed) throw failure{"ArgumentError", "expected a text such as '<0.138.0>', found '" + printable(text) + "'"};
    if (parsed->node.empty() && !text.starts_with("<0."))
        throw failure{"ArgumentError",
                      "the first number of " + printable(text) +
                          " means something only in the shell that printed it; write 0, or name the node: "
                          "pid(\"node2@172.24.176.2\", 0, " +
                          std::to_string(parsed->numbers[0]) + ", " + std::to_string(parsed->numbers[1]) + ")"};
    auto finding = pasted_value(e, *parsed);
    co_return co_await std::move(finding);
}

} // namespace

std::vector<shell_function> process_functions() {
    return {
        {"Elixir.Process", "info", 1, 2, &info, "pid |> Process.info", "What the pid's node knows about that process."},
        {"Elixir.Process", "alive?", 1, 1, &is_alive, "Process.alive?(pid)", "Whether it lives, asked on its node."},
        {"Elixir.Process", "list", 0, 0, &list, "Process.list", "The processes of this node.", false},
        {"Elixir.Process", "registered", 0, 0, &registered_names, "Process.registered",
         "The registered names of this node.", false},
        {"Elixir.Process", "whereis", 1, 1, &where_is, "Process.whereis(:name)", "The pid registered as name, or nil.",
         false},
        {"Elixir.Process", "register", 2, 2, &register_name, "Process.register(self, :name)",
         "Names a process of this node.", false},
        {"Elixir.Process", "unregister", 1, 1, &unregister, "Process.unregister(:name)", "Takes the name away.", false},
        {"Elixir.Process", "monitor", 1, 1, &monitor, "Process.monitor(pid)", "A :DOWN message comes when it ends."},
        {"Elixir.Process", "demonitor", 1, 2, &demonitor, "Process.demonitor(ref)", "Ends a monitor."},
        {"Elixir.Process", "link", 1, 1, &link, "Process.link(pid)", "Links this shell to a process."},
        {"Elixir.Process", "unlink", 1, 1, &unlink, "Process.unlink(pid)", "Ends a link."},
        {"Elixir.Process", "exit", 2, 2, &exit_process, "Process.exit(pid, :kill)", "Sends an exit signal."},
        {"Elixir.Process", "flag", 2, 2, &trap_exit, "Process.flag(:trap_exit, true)", "Makes exit signals messages."},
        {"Elixir.Process", "sleep", 1, 1, &sleep, "Process.sleep(1000)", "Waits that many milliseconds."},
        {"erlang", "list_to_pid", 1, 1, &list_to_pid, ":erlang.list_to_pid('<0.138.0>')",
         "The process with this number: here, or the only one in the cluster."},
    };
}

} // namespace sedge::shell
