// SPDX-License-Identifier: Apache-2.0
//
// What can be called without a module, and the few functions of IO, System and Enum that one misses at once.
#include "arguments.hpp"
#include "evaluator.hpp"
#include "find_process.hpp"
#include "functions.hpp"
#include "help.hpp"

#include <sedge/base/log.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdint>

namespace sedge::shell {

destination destination_argument(const term& value) {
    if (auto who = value.as<pid>()) return *who;
    if (auto name = value.as<atom>()) return *name;
    if (auto there = value.as<std::tuple<atom, atom>>()) return registered{std::get<0>(*there), std::get<1>(*there)};
    throw failure{"ArgumentError", "expected a pid, a registered name or {name, node}, found " + inspect(value)};
}

namespace {

using arguments = const std::vector<term>&;

term self(evaluator& e, arguments) { return term{e.self().self()}; }

task<term> node_name(evaluator& e, std::vector<term> given) {
    if (given.empty() && e.state().remote.empty()) co_return term{e.self().node().name()};
    if (given.empty()) {
        auto calling = e.call_on(e.state().remote, "erlang", "node", {});
        co_return co_await std::move(calling);
    }
    if (const auto who = given[0].as<pid>()) co_return term{who->node};
    if (const auto ref = given[0].as<reference>()) co_return term{ref->node};
    co_return term{argument<port>(given[0], "a pid, reference or port").node};
}

term send(evaluator& e, arguments given) {
    const auto to = destination_argument(given[0]);
    if (const auto* name = std::get_if<atom>(&to); name && !e.self().node().whereis(*name))
        throw failure{"ArgumentError", "no process of this node is registered as " + inspect(given[0])};
    e.self().send(to, given[1]);
    return given[1];
}

task<term> flush(evaluator& e, std::vector<term>) {
    // As many as there are now: whoever goes on sending cannot keep us here.
    const auto info = e.self().node().info(e.self().self());
    for (std::size_t left = info ? info->message_queue_len : 0; left > 0; --left) {
        auto taking = e.self().receive_if([](const term_view&) { return true; }, e.self().env().now());
        auto message = co_await std::move(taking);
        if (!message) break;
        e.print(show(*message, e.state().columns));
    }
    co_return ok();
}

task<term> pid_of_text(evaluator& e, std::vector<term> given) {
    const auto bytes = given[0].view().binary();
    const auto text =
        bytes ? std::string{as_text(*bytes)} : argument<charlist>(given[0], "a text such as \"0.138.0\"").text;
    const auto parsed = pid_text(text);
    if (!parsed)
        throw failure{"ArgumentError", "expected a pid such as \"0.138.0\" or \"node2@172.24.176.2.138.0\", found \"" +
                                           printable(text) + "\""};
    auto finding = pasted_value(e, *parsed);
    co_return co_await std::move(finding);
}

task<term> pid_of_numbers(evaluator& e, std::vector<term> given) {
    const bool named = given.size() == 4;
    const auto first = argument<std::uint32_t>(given[named ? 1 : 0], "a number");
    const auto id = argument<std::uint32_t>(given[named ? 2 : 1], "a number");
    const auto serial = argument<std::uint32_t>(given[named ? 3 : 2], "a number");
    if (first != 0)
        throw failure{"ArgumentError",
                      "the first number of a pid means something only in the shell that printed it; use 0, "
                      "and name the node: pid(\"node2@172.24.176.2\", 0, " +
                          std::to_string(id) + ", " + std::to_string(serial) + ")"};
    if (!named) {
        auto finding = process_numbered(e, id, serial);
        auto found = co_await std::move(finding);
        co_return term{found};
    }
    const auto bytes = given[0].view().binary();
    const auto name = bytes ? std::string{as_text(*bytes)} : node_argument(given[0]).str();
    if (!atom::is_valid(name)) throw failure{"ArgumentError", "that is no name of a node"};
    auto finding = process_of(e, atom{name}, id, serial);
    auto found = co_await std::move(finding);
    co_return term{found};
}

term result_of_line(evaluator& e, arguments given) {
    const auto& results = e.state().results;
    auto line = given.empty() ? -1 : argument<std::int64_t>(given[0], "the number of a line");
    if (line < 0) line += static_cast<std::int64_t>(results.size()) + 1;
    if (line < 1 || line > static_cast<std::int64_t>(results.size()) || !results[static_cast<std::size_t>(line - 1)])
        throw failure{"RuntimeError", "there is no value of line " + std::to_string(line)};
    return *results[static_cast<std::size_t>(line - 1)];
}

term show_help(evaluator& e, arguments) {
    e.print(help());
    return ok();
}

task<term> inform(evaluator& e, std::vector<term> given) {
    const auto value = given.empty() ? result_of_line(e, {}) : given[0];
    std::string text =
        "Term\n  " + show(value, e.state().columns) + "\nKind\n  " + std::string{to_string(value.view().kind())};
    text += "\nBytes\n  " + std::to_string(value.bytes().size()) + " as an external term";
    e.print(text);
    if (const auto who = value.as<pid>()) {
        std::vector<term> arguments_of_info{value};
        auto asking = e.call("Elixir.Process", "info", std::move(arguments_of_info));
        const auto info = co_await std::move(asking);
        e.print("Process of " + printable(who->node.text()) + "\n" + show(info, e.state().columns));
    }
    co_return ok();
}

term leave(evaluator& e, arguments given) {
    e.state().exit_status = given.empty() ? 0 : argument<int>(given[0], "an exit status");
    return ok();
}

term inspected(evaluator&, arguments given) { return term{inspect(given[0])}; }

std::string chars_of(const term& value) {
    if (const auto bytes = value.view().binary()) return std::string{as_text(*bytes)};
    if (const auto text = value.as<charlist>()) return text->text;
    if (const auto name = value.view().atom_text(); name && !name->starts_with("Elixir.")) return std::string{*name};
    return inspect(value);
}

term text_of(evaluator&, arguments given) { return term{chars_of(given[0])}; }

term put_line(evaluator& e, arguments given) {
    std::string shown; // line by line, so that the text may have lines but nothing else that moves a cursor
    const auto text = chars_of(given[0]);
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        shown += (at == 0 ? "" : "\n") + printable(std::string_view{text}.substr(at, end - at));
        at = end + 1;
    }
    e.print(shown);
    return ok();
}

term inspect_line(evaluator& e, arguments given) {
    e.print(show(given[0], e.state().columns));
    return given[0];
}

term length(evaluator&, arguments given) {
    if (given[0].view().kind() == term_kind::map) return term{given[0].view().map_size()};
    if (!given[0].view().is_list()) throw failure{"ArgumentError", "expected a list, found " + inspect(given[0])};
    return term{given[0].view().length()};
}

term head(evaluator&, arguments given) {
    if (given[0].view().kind() != term_kind::list)
        throw failure{"ArgumentError", "expected a list with elements, found " + inspect(given[0])};
    return term{*given[0].view().elements().begin()};
}

term element(evaluator&, arguments given) {
    const auto index = argument<std::size_t>(given[1], "an index");
    if (given[0].view().kind() != term_kind::tuple || index >= given[0].view().arity())
        throw failure{"ArgumentError",
                      "expected a tuple with an element " + std::to_string(index) + ", found " + inspect(given[0])};
    return term{given[0].view().element(index)};
}

/// `x[:key]` of maps and keyword lists.
term access(evaluator&, arguments given) {
    const auto view = given[0].view();
    if (const auto held = view.find(given[1].view())) return term{*held};
    if (view.is_list())
        for (const auto pair : view.elements())
            if (pair.kind() == term_kind::tuple && pair.arity() == 2 && pair.element(0) == given[1].view())
                return term{pair.element(1)};
    if (!view.is_list() && view.kind() != term_kind::map && !view.is_atom("nil"))
        throw failure{"ArgumentError", "expected a map or keyword list before [ ], found " + inspect(given[0])};
    return term{atom{"nil"}};
}

term make_ref(evaluator& e, arguments) { return term{e.self().node().make_reference()}; }

} // namespace

std::vector<shell_function> kernel_functions() {
    return {
        {"", "h", 0, 1, &show_help, "h, h Node, h Node.connect", "What there is to call."},
        {"", "v", 0, 1, &result_of_line, "v(), v(3), v(-2)",
         "The value of the last line, of line 3, of the one before."},
        {"", "i", 0, 1, &inform, "i x", "What kind of term x is; of a pid, what its node knows about it."},
        {"", "self", 0, 0, &self, "self", "The pid of this shell's process."},
        {"", "node", 0, 1, &node_name, "node, node(pid)", "The name of this node, or of the one a pid belongs to."},
        {"", "send", 2, 2, &send, "send(pid, message)", "Sends to a pid, a registered name, or {name, node}."},
        {"", "flush", 0, 0, &flush, "flush", "Shows, and takes, the messages that came for this shell."},
        {"", "pid", 1, 1, &pid_of_text, "pid(\"0.138.0\")",
         "The process with this number: here, or the only one in the cluster."},
        {"", "pid", 3, 4, &pid_of_numbers, "pid(\"node2@host\", 0, 138, 0)",
         "The process with this number on that node."},
        {"", "make_ref", 0, 0, &make_ref, "make_ref()", "A new reference."},
        {"", "inspect", 1, 1, &inspected, "inspect(x)", "The text of any value."},
        {"", "to_string", 1, 1, &text_of, "to_string(x)", "Text of an atom, number, charlist."},
        {"", "length", 1, 1, &length, "length(list)", "Number of elements."},
        {"", "hd", 1, 1, &head, "hd(list)", "The first element."},
        {"", "elem", 2, 2, &element, "elem(tuple, 0)", "An element of a tuple."},
        {"", "exit", 0, 1, &leave, "exit", "Leaves the shell."},
        {"Elixir.Access", "get", 2, 2, &access, "x[:key]", "The value of a key of a map or keyword list, or nil."},
        {"Elixir.Enum", "count", 1, 1, &length, "Enum.count(x)", "Number of elements of a list or map."},
        {"Elixir.IO", "puts", 1, 1, &put_line, "IO.puts(text)", "Shows text as it is."},
        {"Elixir.IO", "inspect", 1, 1, &inspect_line, "IO.inspect(x)", "Shows a value and gives it on."},
        {"Elixir.System", "halt", 0, 1, &leave, "System.halt", "Leaves the shell, with an exit status if you like."},
    };
}

} // namespace sedge::shell
