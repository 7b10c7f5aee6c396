// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// The commands of `sedge`: each takes its own arguments and gives the exit code (see `sedge::exit_code`).
namespace sedge::cli {

using arguments = std::vector<std::string>;

int start(const arguments& given);
int shell(const arguments& given);
int epmd(const arguments& given);
int nodes(const arguments& given);
int ping(const arguments& given);
int call(const arguments& given);
int new_project(const arguments& given);

} // namespace sedge::cli
