// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// The hosts of a `.hosts.erlang` file, in its order: Erlang atoms or strings, each with a period behind it, and
/// comments from `%` to the end of the line (core).
///
///     % the line
///     'box1.plant'.
///     box2.
///
/// Other Erlang terms are refused. A host that stands there twice is given once.
/// Errors: errc::malformed, errc::limit_exceeded (`limits::hosts_max`); both with the line.
result<std::vector<std::string>> parse_hosts_file(std::string_view text);

/// Where OTP looks for the file, and we: the working directory, the home directory, OTP's root directory. The first
/// that exists is taken. `root`: where OTP is; empty: ROOTDIR of the environment, or where packages put it.
std::vector<std::string> hosts_file_places(const std::string& root = {});

} // namespace sedge::cluster
