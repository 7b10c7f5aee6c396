// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands.hpp"

#include <sedge/cluster/application.hpp>
#include <sedge/cluster/visitor.hpp>
#include <sedge/dist/node_name.hpp>

#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
}

/// What the commands that ask another node have in common.
namespace sedge::cli {

/// `--cookie`, `--cookie-file`, `--config`, `--epmd-port`, `--timeout`, `--json`.
struct client_options {
    std::string cookie;
    std::string cookie_file;
    std::string config;
    int epmd_port = 0;
    double timeout = 7; ///< Seconds.
    bool json = false;
};
void add_client_options(CLI::App& app, client_options& into);

/// Reads the command line. A value is the exit code to end with: for `--help`, or after an error was told.
std::optional<int> read_command_line(CLI::App& app, const arguments& given);

/// Tells a failure on standard error in one line and gives its exit code.
int tell(const char* command, const error& why);

/// A hidden node that can talk to `peer`. Nothing after a failure was told; `code` is then set.
std::unique_ptr<cluster::visitor> visit(const char* command, const client_options& options, const std::string& host,
                                        int& code);

/// A node's name from the command line. Nothing after telling what is wrong with it.
std::optional<node_name> peer_name(const char* command, const std::string& text);

duration timeout_of(const client_options& options);

} // namespace sedge::cli
