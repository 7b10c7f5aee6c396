// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <sedge/cluster/config_value.hpp>
#include <sedge/version.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace {

using sedge::cli::status;

struct command {
    std::string_view name;
    void (*add)(CLI::App& app, sedge::cli::chosen& main);
};
constexpr command commands[] = {
    {"start", sedge::cli::add_start},
    {"shell", sedge::cli::add_shell},
    {"nodes", sedge::cli::add_nodes},
    {"ping", sedge::cli::add_ping},
    {"call", sedge::cli::add_call},
    {"epmd", sedge::cli::add_epmd},
    {"topology", sedge::cli::add_topology},
    {"events", sedge::cli::add_events},
    {"new", sedge::cli::add_new},
    {"cert", sedge::cli::add_cert},
    {"doctor", sedge::cli::add_doctor},
    {"why", sedge::cli::add_why},
    {"completion", sedge::cli::add_completion},
};

/// Only the one that is asked for, if it stands first: a node need not wait for the options of all the others. Those
/// who tell of all commands have them all.
void add_commands(CLI::App& app, sedge::cli::chosen& run, std::string_view first) {
    const auto* asked = std::ranges::find(commands, first, &command::name);
    const bool is_one = asked != std::end(commands) && first != "completion";
    for (const auto& each : commands)
        if (!is_one || &each == asked) each.add(app, run);
}

/// CLI11's sentence, and the nearest option or command where one was mistyped.
int tell_usage(const CLI::App& app, const CLI::ParseError& wrong) {
    const auto chosen = app.get_subcommands();
    const CLI::App& where = chosen.empty() ? app : *chosen.front();
    std::string sentence = wrong.what();
    std::vector<std::string> known;
    for (const auto* option : where.get_options())
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    for (const auto* command : where.get_subcommands([](const CLI::App*) { return true; }))
        known.push_back(command->get_name());
    for (const auto& extra : app.remaining(true))
        if (const auto near = sedge::cluster::nearest(extra.substr(0, extra.find('=')), known))
            sentence += "; did you mean " + *near + "?";
    sentence += "\nTry: sedge " + (chosen.empty() ? "" : where.get_name() + " ") + "--help";
    return static_cast<int>(sedge::cli::tell(status::usage, sentence));
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe is an error of the write, not the end of the node
    CLI::App app{
        "C++ nodes in an Erlang/Elixir cluster: named nodes that find each other, processes with pids that send "
        "to each other wherever they live. On the wire they are Erlang nodes."};
    app.name("sedge");
    app.set_version_flag("--version", std::string{"sedge "} + std::string{sedge::version_text});
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 1 failed, 2 wrong command line, 3 unreachable, 4 no answer in time,\n"
               "5 wrong configuration or cookie file, 6 the node cannot start.\n"
               "Each command has its own --help.");
    sedge::cli::chosen run;
    add_commands(app, run, argc > 1 ? argv[1] : "");
    if (argc <= 1) {
        std::cout << app.help();
        return static_cast<int>(status::usage);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) { // --help, --version
        return app.exit(asked);
    } catch (const CLI::ParseError& wrong) {
        return tell_usage(app, wrong);
    }
    return run();
}
