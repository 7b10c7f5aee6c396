// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/service.hpp"

#include <sedge/otp/function_table.hpp>

namespace sedge::otp::registry {

/// Adds the functions of the module `global` to what other nodes may call here.
void add_functions(function_table& table, const service_ptr& service);

} // namespace sedge::otp::registry
