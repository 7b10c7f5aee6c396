// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/builtins.hpp>

#include <memory>
#include <optional>

namespace sedge::otp {

class system_facts;

using builtin_arguments = std::span<const term>;

// What `add_builtins` consists of, one file each.
void add_node_builtins(function_table& table);    ///< erlang: node, nodes; Elixir.Node; net_adm, net_kernel.
void add_process_builtins(function_table& table); ///< erlang: processes, process_info; Elixir.Process.
void add_system_builtins(function_table& table, std::shared_ptr<const system_facts> facts); ///< system_info, memory.
void add_port_builtins(function_table& table); ///< erlang:ports, port_info.
void add_term_builtins(function_table& table); ///< term_to_binary, io_lib:format, Kernel.inspect.
void add_time_builtins(function_table& table); ///< The clocks.
void add_library_builtins(function_table& table,
                          std::shared_ptr<const system_facts> facts);                        ///< code, application.
void add_observer_backend(function_table& table, std::shared_ptr<const system_facts> facts); ///< observer, etop.
void add_no_tracing(function_table& table);          ///< dbg: what tracers hear.
void add_application_monitor(function_table& table); ///< appmon_info: a page of observer.
void add_live_dashboard(function_table& table, std::shared_ptr<const system_facts> facts);

/// One item of `erlang:process_info/2`, as `{Item, Value}`; nothing if there is no such item.
std::optional<term> process_item(node& here, const process_info& info, std::string_view item);
/// `erlang:timestamp()`
term timestamp(environment& env);
/// All of `erlang:process_info/1`.
term process_items(node& here, const process_info& info);

} // namespace sedge::otp
