// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// Where in a configuration something is wrong, for sentences like
/// `sedge.toml:12: unknown key "multicst_if" in topologies.clusters1.config; did you mean "multicast_if"?`.
struct config_place {
    std::string file;
    std::string section; ///< `topologies.clusters1`

    /// Line 0 means that the value came from the command line.
    [[nodiscard]] error complain(std::error_code code, int line, const std::string& sentence) const;
    [[nodiscard]] error unknown_key(int line, std::string_view name, const std::vector<std::string>& valid) const;
};

/// Checks the sections of `root` and puts them into the struct they mean. `root.fields` are `node`, `topologies`, ...
result<configuration> read_configuration(const config_value& root, const std::string& file);

/// `[roles.NAME]` as a role.
result<otp::role> read_role(const config_place& place, const std::string& name, const config_value& value);

/// `[ready]`.
result<ready_settings> read_ready(const config_place& place, const config_value& value);

/// Lays assignments over `root`.
result<void> overlay(config_value& root, const std::vector<assignment>& over);

/// TOML text as a value. Errors: config_errc::syntax with the line.
result<config_value> read_toml(std::string_view text, const std::string& file);

/// The text of `config.exs` as the same value that the TOML form would give, and what is to be said about it.
struct exs_reading {
    config_value root;
    std::vector<std::string> advice;
};
result<exs_reading> read_config_exs(std::string_view text, const std::string& file);

} // namespace sedge::cluster
