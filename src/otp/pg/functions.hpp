// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/function_table.hpp>

namespace sedge::otp {

class pg;

/// The functions of Erlang's module `pg`, for calls of other nodes and for the shell. `groups` must outlive the table.
void add_pg_functions(function_table& table, pg& groups);

} // namespace sedge::otp
