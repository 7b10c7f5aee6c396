// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <sedge/base/task.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdint>
#include <string>

namespace sedge::cli {

/// The names that the port mapper of `host` knows; all addresses of the host are tried.
/// Errors: those of `epmd::names` and of resolving the name.
[[nodiscard]] task<result<epmd::names_answer>> names_at(environment& env, std::string host, std::uint16_t port);

} // namespace sedge::cli
