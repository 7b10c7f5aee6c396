// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "shell/console.hpp"
#include "shell/shell.hpp"

#include <sedge/cluster/command_line.hpp>
#include <sedge/otp/kernel.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace sedge::cli {
namespace {

std::string history_file() {
    const char* home = std::getenv("HOME");
    return home && *home ? std::string{home} + "/.sedge_history" : std::string{};
}

/// The configuration of `start` and `shell`. A set `code` means: end with it.
std::optional<cluster::configuration> read_configuration(const char* command, const char* about,
                                                         const arguments& given, int& code) {
    auto parsed = cluster::parse_command_line(given);
    if (!parsed) {
        std::fprintf(stderr, "sedge %s: %s\n", command, printable(parsed.error().message()).c_str());
        bool usage = parsed.error().code() == cluster::config_errc::bad_option;
        code = static_cast<int>(usage ? exit_code::usage : exit_code::bad_configuration);
        return std::nullopt;
    }
    if (parsed->help) {
        std::printf("%s\n\nUsage: sedge %s [OPTIONS]\n\n%s", about, command, cluster::command_line_help().c_str());
        code = 0;
        return std::nullopt;
    }
    return std::move(parsed->config);
}

task<int> shell_of(application& app, std::shared_ptr<shell::console_log> log) {
    auto& env = dynamic_cast<wire::system_environment&>(app.env());
    shell::shell_options options;
    options.functions = &app.kernel().functions();
    shell::console_options look;
    look.history_file = history_file();
    look.complete = [&app, options](std::string_view text) { return shell::complete_for(app.node(), options, text); };
    auto console = shell::open_console(env, std::move(look));
    log->show_on(console.get());
    auto running = shell::run_shell(app.node(), *console, options);
    auto status = co_await std::move(running);
    log->show_on(nullptr);
    co_return status;
}

/// A shell of a node that runs elsewhere: everything it calls is called there.
int remote_shell(const std::string& target, const arguments& given) {
    int code = 0;
    auto config = read_configuration("shell", "Opens a shell on a running node, sedge or BEAM.", given, code);
    if (!config) return code;
    auto name = peer_name("shell", target);
    if (!name) return static_cast<int>(exit_code::usage);
    auto log = std::make_shared<shell::console_log>();
    auto here = cluster::visitor::make(*config, name->host, log);
    if (!here) return tell("shell", here.error());
    auto& env = (*here)->env();
    auto& node = (*here)->node();
    auto connected = env.block_on(node.connect(name->full));
    if (!connected) return tell("shell", connected.error());
    shell::shell_options options;
    options.remote = name->full;
    shell::console_options look;
    look.history_file = history_file();
    look.complete = [&node, options](std::string_view text) { return shell::complete_for(node, options, text); };
    auto console = shell::open_console(env, std::move(look));
    log->show_on(console.get());
    auto status = env.block_on(shell::run_shell(node, *console, options));
    log->show_on(nullptr);
    return status;
}

} // namespace

int start(const arguments& given) {
    int code = 0;
    auto config = read_configuration("start", "Runs a node in the foreground, until Ctrl-C or SIGTERM.", given, code);
    if (!config) return code;
    application app{std::move(*config)};
    return app.run();
}

int shell(const arguments& given) {
    auto rest = given;
    auto remote = std::find(rest.begin(), rest.end(), "--remote");
    if (remote != rest.end()) {
        if (remote + 1 == rest.end()) {
            std::fprintf(stderr, "sedge shell: --remote needs a node's name, name@host\n");
            return static_cast<int>(exit_code::usage);
        }
        std::string target = *(remote + 1);
        rest.erase(remote, remote + 2);
        return remote_shell(target, rest);
    }
    int code = 0;
    auto config = read_configuration(
        "shell", "Runs a node with a shell that takes Elixir's expressions.\n"
                 "With --remote NAME@HOST it opens a shell on a running node instead.", rest, code);
    if (!config) return code;
    auto log = std::make_shared<shell::console_log>();
    application app{std::move(*config), log};
    return app.run([log](application& running) { return shell_of(running, log); });
}

} // namespace sedge::cli
