// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <sedge/cluster/diagnosis.hpp>

#include <string>
#include <vector>

/// How `sedge doctor` and `sedge why` show what was found.
namespace sedge::cli {

/// What was found on one way, or on one machine.
struct section {
    std::string from; ///< `this machine`, or a node.
    std::string to;   ///< A node; empty: about `from` itself.
    std::vector<cluster::finding> findings;
};

/// A table for people, with what to do under each line that needs it.
void show(const std::vector<section>& sections);
/// The same for programs: one JSON object, see docs/guide/doctor.md.
void show_json(const std::vector<section>& sections);

/// The first problem of all; null if there is none.
const cluster::finding* first_problem(const std::vector<section>& sections);

/// Of the program, for that problem.
status status_of(cluster::cause problem);

} // namespace sedge::cli
