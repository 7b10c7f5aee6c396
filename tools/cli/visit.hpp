// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <sedge/base/task.hpp>
#include <sedge/cluster/visitor.hpp>
#include <sedge/dist/node_name.hpp>

#include <functional>

namespace sedge::cli {

/// Runs `main` on a visiting node that has long or short names as `peer` has. Its log is silent; what functions
/// called elsewhere print goes to standard output. Tells, and gives the status of, what goes wrong before `main`.
int visit(cluster::configuration config, const node_name& peer, std::function<task<int>(cluster::visitor&)> main);

/// The same without telling: errors are those of `cluster::visitor::run`.
result<int> try_to_visit(cluster::configuration config, bool long_names,
                         std::function<task<int>(cluster::visitor&)> main);

/// The name of a node given on the command line; tells what is wrong with it.
std::optional<node_name> node_argument(const std::string& text);

} // namespace sedge::cli
