// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"

namespace sedge::otp {

void add_builtins(function_table& table, builtin_options options) {
    auto facts = std::make_shared<const system_facts>(std::move(options));
    add_node_builtins(table);
    add_process_builtins(table);
    add_system_builtins(table, facts);
    add_port_builtins(table);
    add_term_builtins(table);
    add_time_builtins(table);
    add_library_builtins(table, facts);
    add_observer_backend(table, facts);
    add_no_tracing(table);
    add_application_monitor(table);
    add_live_dashboard(table, facts);
}

} // namespace sedge::otp
