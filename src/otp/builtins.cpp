// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"

namespace sedge::otp {

void add_builtins(function_table& table, builtin_options options) {
    auto shared = std::make_shared<const builtin_options>(std::move(options));
    add_node_builtins(table);
    add_process_builtins(table);
    add_system_builtins(table, shared);
    add_term_builtins(table);
    add_library_builtins(table, shared);
}

} // namespace sedge::otp
