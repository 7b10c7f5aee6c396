// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"
#include "term_json.hpp"

#include "shell/show.hpp"

#include <sedge/otp/rpc.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/term/text.hpp>

#include <CLI/CLI.hpp>

#include <cctype>
#include <cstdio>
#include <iostream>

namespace sedge::cli {
namespace {

/// `erlang` and `:erlang` are Erlang's module, `Node` is Elixir's.
atom module_atom(std::string text) {
    if (!text.empty() && text.front() == ':') return atom{text.substr(1)};
    if (!text.empty() && std::isupper(static_cast<unsigned char>(text.front()))) return atom{"Elixir." + text};
    return atom{text};
}

result<std::vector<term>> argument_list(const std::string& text) {
    auto parsed = parse_elixir(text);
    if (!parsed) return parsed.error().within("arguments");
    auto view = parsed->view();
    if (!view.is_list() || view.tail().kind() != term_kind::nil)
        return error{errc::invalid_argument, "arguments: a list in Elixir's notation is expected, like '[1, :two, \"three\"]'"};
    std::vector<term> all;
    for (auto e : view.elements()) all.emplace_back(e);
    return all;
}

} // namespace

int call(const arguments& given) {
    CLI::App app{"Calls Module.function(arguments) on a node, sedge or BEAM, and prints the result.", "sedge call"};
    client_options options;
    std::string target, module, function, list = "[]";
    app.add_option("node", target, "name@host")->required();
    app.add_option("module", module, "erlang, Node, ...")->required();
    app.add_option("function", function)->required();
    app.add_option("arguments", list, "A list in Elixir's notation (default: [])");
    add_client_options(app, options);
    if (auto code = read_command_line(app, given)) return *code;

    auto name = peer_name("call", target);
    if (!name) return static_cast<int>(exit_code::usage);
    auto arguments_given = argument_list(list);
    if (!arguments_given) {
        std::fprintf(stderr, "sedge call: %s\n", printable(arguments_given.error().message()).c_str());
        return static_cast<int>(exit_code::usage);
    }
    for (const auto& text : {module, function})
        if (!atom::is_valid(text)) return tell("call", error{errc::invalid_argument, "not a name: " + text});
    int code = 0;
    auto here = visit("call", options, name->host, code);
    if (!here) return code;
    auto& env = here->env();
    auto until = env.now() + timeout_of(options);
    auto connected = env.block_on(here->node().connect(name->full));
    if (!connected) return tell("call", connected.error());
    auto value = env.block_on(otp::rpc_call(here->node(), name->full, module_atom(module), atom{function},
                                            std::move(*arguments_given), until));
    if (!value) return tell("call", value.error());
    if (options.json) std::cout << to_json(value->view()) << "\n";
    else std::cout << shell::inspect(value->view()) << "\n";
    return 0;
}

} // namespace sedge::cli
