// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/kernel.hpp>

#include <memory>

namespace sedge::otp {

/// What the processes of a kernel share; they keep it alive.
struct kernel_state {
    function_table functions;
    kernel_options options;
};

/// A function that another node, or a local process, wants run here.
struct call_request {
    pid caller;
    term group_leader;
    atom module;
    atom function;
    std::vector<term> arguments;
};

/// Runs a function of the table on the process `self`; never throws. Unknown functions fail with `undef`.
/// Precondition: `self` lives until the task ends.
task<outcome> run_function(std::shared_ptr<kernel_state> state, process& self, call_request call);

// The bodies of the processes, one file each.
task<> run_net_kernel(process& self);
task<> run_rex(process& self, std::shared_ptr<kernel_state> state);
task<> run_user(process& self, std::shared_ptr<kernel_state> state);
task<> run_logger_proxy(process& self, std::shared_ptr<kernel_state> state);
task<> run_mesh(process& self);

/// What serves a spawn request from another node; an empty body where the function is undefined.
process_body serve_spawn(const std::shared_ptr<kernel_state>& state, const spawn_call& call);

} // namespace sedge::otp
