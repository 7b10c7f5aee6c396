// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/term.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

/// Names that mean the same process on every node of the cluster, and locks across nodes: OTP's `global`.
namespace sedge::otp {

/// What happens if two parts of a cluster meet that have given the same name to different processes.
/// OTP's names for them: `random_exit_name`, `random_notify_name`, `notify_all_name`.
enum class conflict_method {
    random_exit,   ///< The process on the node with the greater name is killed. The default.
    random_notify, ///< It gets the message `{global_name_conflict, Name}` instead.
    notify_all,    ///< Both get `{global_name_conflict, Name, OtherPid}`, and the name is nobody's.
};

/// Who decides when two parts of a cluster meet that have given the same name to different processes: the way that came
/// with one of the two registrations, on the node of its process.
class conflict_resolver {
public:
    conflict_resolver(conflict_method method); // NOLINT: every method is a resolver
    /// `fun Module:Function/3`, called with the name and both pids; its value is the one that keeps the name, or
    /// `none`. A node of sedge looks for it in `kernel::functions()`. Where it is missing or fails, the process of the
    /// other part keeps the name; what says anything else makes it nobody's. So it is in OTP.
    static conflict_resolver function(std::string_view module, std::string_view function);
    /// Any fun of arity 3, as other nodes give it.
    explicit conflict_resolver(term fun) : fun_(std::move(fun)) {}

    [[nodiscard]] const term& fun() const noexcept { return fun_; }

private:
    term fun_;
};

/// Two parts of a cluster have met that had given `name` to different processes, and the one in this node's part lost
/// it.
struct name_conflict {
    term name;
    pid lost;
    std::optional<pid> kept; ///< Nothing: the name is nobody's now.
};

/// Whether this node tells the others that it has lost a node. Each node that hears of a loss disconnects from the lost
/// node, so that no two nodes of one cluster see different parts of it (OTP's `prevent_overlapping_partitions`). Such
/// reports of other nodes are followed in any case.
enum class loss_reports {
    one_end, ///< Only of a lost node that is one of sedge with a greater name. When one link is cut, one of its two
             ///< ends leaves the cluster: the greater one between nodes of sedge, ours between us and OTP, which
             ///< reports us.
    always,  ///< As OTP: both ends of a cut link leave, also a healthy BEAM node at the other end of our bad cable.
    never,   ///< Ours leaves if the other end is one of OTP. Two nodes of sedge whose link is cut both stay, and then
             ///< a name may mean different processes on them.
};
std::string_view to_string(loss_reports which) noexcept;
std::optional<loss_reports> loss_reports_from(std::string_view text) noexcept;

/// Whom and what a lock is for: another requester waits. Processes that lock for the same requester share the lock.
struct global_lock {
    term resource;
    term requester;
};

/// Global names and locks, as seen from one node; `kernel::global` gives it. Between nodes of sedge and of OTP 25 to 28
/// all of it works in both directions.
///
/// A name is registered under a lock on all nodes of the cluster, so registering takes some round trips, and waits
/// while other nodes register or join. It is read from a table on this node. The name goes when its process ends, or
/// its node is lost.
///
/// Where a node does not take part (it is hidden, or `kernel_options::connect_all` is off), there are no names, and
/// what needs the others fails with otp::errc::no_process.
///
/// Life:    copies share the state of the kernel and may outlive it; then there are no names any more.
/// Threads: only on the node's thread.
/// Spec:    kernel reference manual, `global`; docs/protocol/global.md.
class global {
public:
    /// Gives `name` to `who`, a process of any node. False if another process has the name, or `who` has another name
    /// (as in OTP, which logs that). `how` stands for this registration wherever a conflict is found.
    ///
    /// Completes when all nodes of the cluster have it.
    /// Errors: errc::timed_out at `deadline`; if it comes while the others are being told, the name may be registered.
    ///         errc::stopped, otp::errc::no_process.
    [[nodiscard]] task<result<bool>> register_name(term name, pid who, time_point deadline,
                                                   conflict_resolver how = conflict_method::random_exit) const;
    /// Gives `name` to `who`, whoever had it before. Errors: those of `register_name`.
    [[nodiscard]] task<result<void>> re_register_name(term name, pid who, time_point deadline,
                                                      conflict_resolver how = conflict_method::random_exit) const;
    /// Takes the name back, whoever has it. Errors: those of `register_name`.
    [[nodiscard]] task<result<void>> unregister_name(term name, time_point deadline) const;

    [[nodiscard]] std::optional<pid> whereis_name(const term& name) const;
    /// Sends to whoever has the name; nothing if nobody has it.
    std::optional<pid> send(process& self, const term& name, term message) const;
    /// All names, in Erlang's order.
    [[nodiscard]] std::vector<term> registered_names() const;

    /// The other nodes that share the names with this one, in order.
    [[nodiscard]] std::vector<atom> known() const;
    /// Completes when this node has the same names as each of `nodes` that is up; without a list, as all visible peers.
    /// Errors: errc::timed_out, also for peers that have no `global`; otp::errc::no_process.
    [[nodiscard]] task<result<void>> sync(time_point deadline, std::optional<std::vector<atom>> nodes = {}) const;

    /// Locks on each of `nodes` for the process `self`; without a list, on this node and all visible peers. True at
    /// once if the requester has it. Tries again, as OTP does, until it is free everywhere; false if it is not at
    /// `deadline`. The lock is also given back by the end of `self`.
    /// Precondition: no other receive of the process is under way.
    [[nodiscard]] task<bool> set_lock(process& self, global_lock lock, time_point deadline,
                                      std::optional<std::vector<atom>> nodes = {}) const;
    [[nodiscard]] task<> del_lock(process& self, global_lock lock, std::optional<std::vector<atom>> nodes = {}) const;
    /// Runs `job` while the lock is held. False, and `job` has not run, if there was no lock until `deadline`.
    [[nodiscard]] task<bool> trans(process& self, global_lock lock, std::function<task<>()> job, time_point deadline,
                                   std::optional<std::vector<atom>> nodes = {}) const;

    /// Calls `on_conflict` for each from now on, on every node of the part that lost, until the returned token is
    /// destroyed.
    using subscription = std::shared_ptr<void>;
    [[nodiscard]] subscription watch_conflicts(std::function<void(const name_conflict&)> on_conflict) const;

    class service; // src/otp/global/service.hpp
    global() = default;
    explicit global(std::shared_ptr<service> s) : service_(std::move(s)) {}

private:
    std::shared_ptr<service> service_; // null: this node does not take part
};

} // namespace sedge::otp
