// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/application.hpp>
#include <sedge/version.hpp>

#include <cstdio>
#include <cstring>
#include <exception>

using namespace sedge;

namespace {

struct command {
    const char* name;
    const char* summary;
    int (*run)(const cli::arguments&);
};

constexpr command commands[] = {
    {"start", "run a node in the foreground, until Ctrl-C or SIGTERM", cli::start},
    {"shell", "run a node with a shell, or open a shell on a running node (--remote)", cli::shell},
    {"nodes", "list the nodes of a machine, or those that a node sees", cli::nodes},
    {"ping", "ask a node whether it is there, and why not", cli::ping},
    {"call", "call a function on a node and print what it returns", cli::call},
    {"epmd", "run the port mapper alone, or list the names it holds", cli::epmd},
    {"new", "make a C++ project that builds on sedge", cli::new_project},
};

void usage(std::FILE* to) {
    std::fprintf(to, "sedge %s: C++ nodes in an Erlang/Elixir cluster, with no cloud\n\nUsage: sedge COMMAND [OPTIONS]\n\n",
                 version_text.data());
    for (const auto& c : commands) std::fprintf(to, "  %-7s %s\n", c.name, c.summary);
    std::fprintf(to, "\n`sedge COMMAND --help` tells the options. Exit codes: 0 done, 1 failed, 2 wrong command line,\n"
                     "3 unreachable, 4 no answer in time, 5 wrong configuration, 6 the node cannot start.\n");
}

} // namespace

int main(int argc, char** argv) {
    cli::arguments given(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (given.empty()) return usage(stderr), static_cast<int>(exit_code::usage);
    const std::string name = given.front();
    if (name == "--help" || name == "-h" || name == "help") return usage(stdout), 0;
    if (name == "--version") return std::printf("sedge %s\n", version_text.data()), 0;
    given.erase(given.begin());
    for (const auto& c : commands) {
        if (name != c.name) continue;
        try {
            return c.run(given);
        } catch (const std::exception& e) {
            std::fprintf(stderr, "sedge %s: %s\n", c.name, e.what());
            return static_cast<int>(exit_code::failed);
        }
    }
    std::fprintf(stderr, "sedge: there is no command '%s'; `sedge --help` lists them\n", printable(name).c_str());
    return static_cast<int>(exit_code::usage);
}
