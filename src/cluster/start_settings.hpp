// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/metrics/endpoint.hpp"

#include <sedge/base/result.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/process/node.hpp>

#include <string>
#include <vector>

namespace sedge::cluster {

/// The name that `[node]` gives: `name` or `sname`, with this machine's name where the host was left out.
/// Errors: config_errc::bad_value with what to do.
result<node_name> chosen_name(const node_settings& settings, std::string_view machine);

/// Where `sedge start` keeps the cookie it makes when it is given none.
std::string own_cookie_file();

struct chosen_cookie {
    dist::cookie value;
    std::vector<std::string> advice; ///< Lines for the log.
};
/// From the text, from the file, or made and kept in `own_file`. Errors: those of `dist::cookie`.
result<chosen_cookie> choose_cookie(const configuration& config, environment& env, const std::string& own_file);

/// Nothing if no certificate was given. Errors: config_errc::bad_value for one without key or authorities.
result<std::optional<wire::tls_options>> tls_options_of(const tls_settings& settings);
result<node_options> node_options_of(const configuration& config, const node_name& name, dist::cookie cookie);
result<epmd::directory_options> directory_options_of(const epmd_settings& settings, const node_name& name);
/// Nothing if there is to be none. Errors: config_errc::bad_value for an address that is none.
result<std::optional<metrics_endpoint_options>> metrics_endpoint_options_of(const metrics_settings& settings);
/// The names in `[pg] scopes`.
result<std::vector<atom>> scopes_of(const pg_settings& settings);

} // namespace sedge::cluster
