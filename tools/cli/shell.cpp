// SPDX-License-Identifier: Apache-2.0
#include "shell/shell.hpp"
#include "cli/components.hpp"

#include "start.hpp"
#include "visit.hpp"

#include <sedge/otp/kernel.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/system.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace sedge::cli {

namespace {

std::string history_file() {
    const char* home = std::getenv("HOME");
    return home && *home ? std::string{home} + "/.sedge_history" : std::string{};
}

/// Console, shell, and the log above the prompt while it lasts.
task<int> talk(wire::system_environment& env, node& on, shell::session state, std::shared_ptr<shell::console_log> log) {
    shell::console_options options;
    options.history_file = history_file();
    options.complete = [&on, &state](std::string_view text) { return shell::complete_for(on, state, text); };
    std::shared_ptr<shell::console> console = shell::open_console(env, std::move(options));
    struct log_on_console { // also when this task is cancelled
        shell::console_log* log;
        ~log_on_console() {
            if (log) log->show_on(nullptr);
        }
    } until_the_end{isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? log.get() : nullptr};
    if (until_the_end.log) log->show_on(console.get());
    if (isatty(STDIN_FILENO)) console->print("h shows what can be typed here, Ctrl-D leaves");
    auto running = shell::run_shell(on, console, state);
    co_return co_await std::move(running);
}

task<int> own_shell(application& app, std::shared_ptr<shell::console_log> log) {
    if (isatty(STDOUT_FILENO)) show_banner(app);
    shell::session state;
    state.functions = &app.kernel().functions();
    // An application runs on the system; only its interface says so in general terms.
    auto& env = dynamic_cast<wire::system_environment&>(app.env());
    auto talking = talk(env, app.node(), std::move(state), std::move(log));
    co_return co_await std::move(talking);
}

task<int> remote_shell(cluster::visitor& visitor, atom peer) {
    auto connecting = visitor.node().connect(peer);
    const auto connected = co_await std::move(connecting);
    if (!connected) {
        const auto code = tell(connected.error());
        co_return static_cast<int>(code == status::failed ? status::unreachable : code);
    }
    shell::session state;
    state.remote = peer;
    auto talking = talk(visitor.env(), visitor.node(), std::move(state), nullptr);
    co_return co_await std::move(talking);
}

} // namespace

void add_shell(CLI::App& app, chosen& main) {
    auto* command =
        app.add_subcommand("shell", "A node with a shell that takes Elixir's lines, or a shell on a running node.");
    auto remote = std::make_shared<std::string>();
    command->add_option("--remote", *remote, "a running node: calls are made there, its name is in the prompt");
    command->footer("Examples: sedge shell --name node1@172.24.176.1 --cookie-file cookie\n"
                    "          sedge shell --remote node2@172.24.176.2 --cookie-file cookie");
    configuration_arguments arguments{*command, offered::all};
    command->callback([&main, remote, arguments] {
        main = [remote, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            if (!remote->empty()) {
                const auto peer = node_argument(*remote);
                if (!peer) return static_cast<int>(status::usage);
                return visit(*std::move(config), *peer,
                             [&](cluster::visitor& visitor) { return remote_shell(visitor, peer->full); });
            }
            config->ready = {}; // whoever sits at it sees who is there
            auto log = std::make_shared<shell::console_log>();
            application node{*std::move(config), log};
            add_components(node);
            return node.run([log](application& running) { return own_shell(running, log); });
        };
    });
}

} // namespace sedge::cli
