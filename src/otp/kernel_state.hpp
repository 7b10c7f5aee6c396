// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/kernel.hpp>
#include <sedge/otp/pg.hpp>

#include "otp/global/service.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sedge::otp {

/// What the processes of a kernel share; they keep it alive.
struct kernel_state {
    function_table functions;
    kernel_options options;
    node* here = nullptr;              ///< Outlives the processes, which alone use this.
    std::unordered_set<atom> services; ///< Names that every node may send to: what the kernel itself has registered.
    std::vector<std::pair<atom, pid>> marked; ///< Services that are told the origin; see access_control.cpp.
    std::shared_ptr<otp::global::service> names;
    std::optional<pg> groups; ///< As long as `here`.
    reference origin_mark;                           ///< See access_control.cpp.
    std::unordered_map<atom, std::size_t> under_way; ///< Calls, by origin.
    std::unordered_set<std::string> refusals;        ///< Those that were logged.
    std::unordered_set<std::string> unknown;         ///< Functions that others have called in vain; logged, too.
};

/// A function that another node, or a local process, wants run here.
struct call_request {
    pid caller;
    atom origin; ///< The node whose role counts: where the request came from, or this one.
    term group_leader;
    atom module;
    atom function;
    std::vector<term> arguments;
    bool spawned = false; ///< As a process of its own, not by rpc.
};

// -- access_control.cpp --------------------------------------------------------------------------------------------

/// Whether a signal of another node may take effect. Takes messages to rex itself.
bool accepts(kernel_state& state, const remote_signal& signal);
/// Whether `peer` may have `message` delivered to a name here.
bool may_reach(kernel_state& state, const atom& peer, const atom& name, const term& message);
/// Whether the function may be run for whoever asks.
bool may_run(kernel_state& state, const call_request& call, const function_entry& wanted);

/// Whether that node's messages to global_name_server are heard.
bool may_take_part(kernel_state& state, const atom& peer);

/// Says once in the log that a node wants a function that is not served here, and what to do instead.
void note_unknown(kernel_state& state, const call_request& call);

/// One call under way for a node, as long as it lives.
class call_slot {
public:
    call_slot(std::shared_ptr<kernel_state> state, const atom& origin);
    ~call_slot();
    call_slot(const call_slot&) = delete;
    call_slot& operator=(const call_slot&) = delete;
    [[nodiscard]] bool is_within_quota() const noexcept { return within_; }

private:
    std::shared_ptr<kernel_state> state_;
    atom origin_;
    bool within_;
};

// -- run_function.cpp ----------------------------------------------------------------------------------------------

/// Runs a function of the table on the process `self`; never throws. Unknown functions fail with `undef`.
/// Precondition: `self` lives until the task ends.
task<outcome> run_function(std::shared_ptr<kernel_state> state, process& self, call_request call);
/// The same without asking whether it may be run. Precondition: `call` names `entry`.
task<outcome> run_entry(std::shared_ptr<const function_entry> entry, process& self, call_request call);

// The bodies of the processes, one file each.
task<> run_net_kernel(process& self);
task<> run_rex(process& self, std::shared_ptr<kernel_state> state);
task<> run_user(process& self, std::shared_ptr<kernel_state> state);
task<> run_logger_proxy(process& self, std::shared_ptr<kernel_state> state);

/// What serves a spawn request from another node; an empty body where the function is undefined.
process_body serve_spawn(const std::shared_ptr<kernel_state>& state, const spawn_call& call);

} // namespace sedge::otp
