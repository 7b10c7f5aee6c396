// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"
#include "visit.hpp"

#include "shell/evaluator.hpp"
#include "shell/show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdio>
#include <limits>

namespace sedge::cli {

namespace {

struct call_options {
    std::string node, module, function;
    std::string arguments = "[]";
    double timeout = 5;
    bool json = false;
};

/// `Node` is Elixir's module, `erlang` and `:erlang` are Erlang's.
std::string module_argument(const std::string& text) {
    if (text.starts_with(':')) return text.substr(1);
    const bool alias = !text.empty() && text[0] >= 'A' && text[0] <= 'Z';
    return alias && !text.starts_with("Elixir.") ? "Elixir." + text : text;
}

struct wanted_call {
    atom on, module, function;
    std::vector<term> arguments;
};

task<int> call_once(cluster::visitor& visitor, wanted_call call, call_options options) {
    // A connection that does not come up says more than the call that needed it.
    const auto most = std::chrono::duration_cast<duration>(std::chrono::duration<double>{options.timeout});
    const auto deadline = visitor.env().now() + most;
    auto connecting = with_deadline(visitor.env(), deadline, visitor.node().connect(call.on));
    auto connected = co_await std::move(connecting);
    if (!connected) {
        const auto why =
            connected.error().context().empty() ? connected.error().within(call.on.text()) : connected.error();
        const auto code = tell(why);
        co_return static_cast<int>(code == status::failed ? status::unreachable : code);
    }
    const auto arity = call.arguments.size();
    auto calling =
        otp::erpc_call(visitor.node(), call.on, call.module, call.function, std::move(call.arguments), deadline);
    const auto what = co_await std::move(calling);
    auto code = status::ok;
    try {
        const auto value = shell::value_or_failure(what, call.module.text(), call.function.text(), arity, call.on);
        if (options.json) print_json(to_json(value));
        else std::printf("%s\n", shell::show(value, std::numeric_limits<std::size_t>::max()).c_str());
    } catch (const shell::failure& f) {
        using kind = otp::remote_outcome::kind;
        code = what.what == kind::timed_out       ? status::timed_out
               : what.what == kind::no_connection ? status::unreachable
                                                  : status::failed;
        tell(code, "(" + f.kind + ") " + f.text);
    }
    co_return static_cast<int>(code);
}

} // namespace

void add_call(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("call", "Call a function on a running node and print its value.");
    auto options = std::make_shared<call_options>();
    command->add_option("node", options->node, "node2@172.24.176.2")->required();
    command->add_option("module", options->module, "Node, or erlang for an Erlang module")->required();
    command->add_option("function", options->function, "list")->required();
    command->add_option("arguments", options->arguments, "a list in Elixir, such as '[:hidden]' [[]]");
    command->add_option("--timeout", options->timeout, "seconds to wait [5]")->check(CLI::Range(0.001, 86400.0));
    command->add_flag("--json", options->json, "the value as JSON");
    command->footer("Example: sedge call node2@172.24.176.2 Process whereis '[:greeter]' --cookie-file cookie");
    configuration_arguments arguments{*command, offered::for_visitors};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            const auto peer = node_argument(options->node);
            if (!peer) return static_cast<int>(status::usage);
            const auto module = module_argument(options->module);
            if (!atom::is_valid(module) || !atom::is_valid(options->function))
                return static_cast<int>(
                    tell(status::usage, "a module or function has at most 255 characters of UTF-8"));
            const auto list = parse_elixir(options->arguments);
            if (!list) return static_cast<int>(tell(status::usage, "the arguments: " + list.error().context()));
            auto given = list->as<std::vector<term>>();
            if (!given)
                return static_cast<int>(
                    tell(status::usage,
                         "the arguments must be a list in Elixir, such as '[1, :a]', not " + options->arguments));
            wanted_call call{peer->full, atom{module}, atom{options->function}, *std::move(given)};
            return visit(*std::move(config), *peer,
                         [&](cluster::visitor& visitor) { return call_once(visitor, call, *options); });
        };
    });
}

} // namespace sedge::cli
