// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/otp/builtins.hpp>
#include <sedge/otp/function_table.hpp>
#include <sedge/otp/global.hpp>
#include <sedge/otp/role.hpp>
#include <sedge/process/node.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace sedge::otp {

struct kernel_options {
    builtin_options builtins;
    /// What other nodes may do here. By default: read, call what the program has added, send to registered names, link;
    /// but not end processes that were not made for them.
    role_table roles;
    /// Asked in addition whether a node may call a function here. Unset: the roles alone decide.
    std::function<bool(const atom& node, const function_entry& wanted)> permit;
    /// Takes text that remote calls write to our group leader (`io:format`). Unset: the log, level info.
    std::function<void(std::string_view text)> output;
    /// Takes part in `global`, if the node is visible: it shares names with the nodes it is connected to, and these
    /// tell each other whom they see and connect, so that each sees every other. As OTP's `connect_all`.
    bool connect_all = true;
    /// What is told of nodes that are lost; see there for the consequence of each.
    loss_reports lost_connections = loss_reports::one_end;
    /// Scopes of process groups that run from the start; `kernel::pg` starts others. Where no other node has the scope
    /// it costs a message to each new peer.
    std::vector<atom> scopes{atom{"pg"}};
    /// Whether log events that other nodes send for processes we started there are logged here.
    bool log_remote_events = true;
};

class pg;
struct kernel_state; // src/otp/kernel_state.hpp

/// The processes that other nodes expect on any node, and the functions they may call:
///
/// - `net_kernel` answers `Node.ping`;
/// - `rex` and the spawn request `erpc:execute_call/4` run functions of the table, each in a process of its own, so
///   that a slow one holds up nobody; spawn requests for functions of level `access::spawn` are served too;
/// - `user` is the group leader of this node: it speaks the io protocol;
/// - `logger_proxy` takes log events that belong to us;
/// - `global_name_server`, with a locker and a registrar that have no name, shares global names and locks with all
///   visible nodes, and makes connections transitive. Without it (`connect_all` off) this node is silent there, which
///   disturbs nobody but `global:sync/0` of directly connected nodes;
/// - `pg`, and other scopes of process groups, share their groups with the scopes of that name on other nodes.
///
/// Life:    construct after the node, `start` after the node has started, destroy before the node. Destroying it
///          ends its processes; calls under way run to their end.
/// Threads: only on the node's thread.
class kernel {
public:
    explicit kernel(node& on, kernel_options options = {});
    ~kernel();
    kernel(const kernel&) = delete;
    kernel& operator=(const kernel&) = delete;

    /// Errors: errc::invalid_argument if one of the names is taken.
    result<void> start();
    void stop();

    /// What other nodes may call; add your own here, before or after `start`.
    [[nodiscard]] function_table& functions() noexcept;
    /// Process groups: see otp/pg.hpp. Valid as long as the kernel; scopes run between `start` and `stop`.
    [[nodiscard]] otp::pg& pg() noexcept;

    /// Global names and locks. Those of a node that does not take part are empty.
    [[nodiscard]] otp::global global() const noexcept;

private:
    node& node_;
    std::shared_ptr<kernel_state> state_; // shared with the processes, which may outlive this object by a moment
    std::vector<pid> processes_;
};

} // namespace sedge::otp
