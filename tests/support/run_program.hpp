// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/program.hpp"

#include <sys/wait.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace sedge::test {

/// A program run to its end; its output. Throws if it fails.
inline std::string run_program(std::vector<std::string> arguments, const std::string& directory = {}) {
    program_options options;
    options.arguments = std::move(arguments);
    options.directory = directory;
    program run{std::move(options)};
    run.close_input();
    const int status = run.wait_for_end();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error{run.output()};
    return run.output();
}

} // namespace sedge::test
