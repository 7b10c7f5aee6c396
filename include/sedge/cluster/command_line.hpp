// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/config.hpp>

#include <string>
#include <vector>

namespace sedge::cluster {

/// One key of `sedge.toml` as an option of a program. `sedge start` and every `application{argc, argv}` offer all.
struct option_definition {
    std::string flag;       ///< `--tick-time`
    std::string key;        ///< `node.tick_time`
    std::string value_name; ///< `SECONDS`; empty: a switch, without value.
    std::string value_default;
    std::string description;
};

/// Defined once, in src/cluster/config_keys.cpp, where the TOML keys come from too.
const std::vector<option_definition>& configuration_options();

/// What a command line says: `config` is complete (file, then options over it).
struct parsed_command_line {
    configuration config;
    std::vector<std::string> rest; ///< What is no option of ours, in order; only if `accept_rest`.
    bool help = false;             ///< `--help` was given; `config` is then empty.
};

/// Reads `--config FILE`, every option of `configuration_options`, and `--set KEY=VALUE` for any key of the file
/// (`--set 'topologies.clusters1.strategy="gossip"'`). `arguments` is without the program's name.
/// Errors: config_errc::bad_option for an unknown or incomplete option (the sentence names the nearest one), and
/// those of `load_configuration`.
result<parsed_command_line> parse_command_line(const std::vector<std::string>& arguments, bool accept_rest = false);

/// The options in columns, for `--help`.
std::string command_line_help();

} // namespace sedge::cluster
