// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/term.hpp>

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// Process groups across the cluster: Erlang's `pg`.
///
///     auto& groups = app.kernel().pg();
///     groups.join("sensors"_atom, self.self());
///     for (const auto& member : groups.members("sensors"_atom)) self.send(member, reading);
///
/// A group is any term and has the processes that joined it, on any node. A scope is a set of groups that its nodes
/// share; the scope without a name is `pg`, as in Erlang. Each node tells the others of its own members: a change here
/// is seen there a moment later, and nodes that were apart agree again after they have met.
namespace sedge::otp {

/// One scope on this node. Copies are the same scope; when it is stopped, they are empty.
///
/// Threads: only on the node's thread.
class pg_scope {
public:
    [[nodiscard]] const atom& name() const noexcept;

    /// Makes processes of this node members; at once here. A process that joins twice is a member twice, and has to
    /// leave twice. Members that end leave by themselves.
    /// Errors: errc::invalid_argument if one is a process of another node; then none joins. errc::stopped.
    result<void> join(const term& group, const pid& member);
    result<void> join(const term& group, std::span<const pid> members);
    /// False if none was a member.
    bool leave(const term& group, const pid& member);
    bool leave(const term& group, std::span<const pid> members);

    /// Of each node newest first; those of this node first.
    [[nodiscard]] std::vector<pid> members(const term& group) const;
    [[nodiscard]] std::vector<pid> local_members(const term& group) const;
    /// Groups that have members, in term order; the local ones have members on this node.
    [[nodiscard]] std::vector<term> groups() const;
    [[nodiscard]] std::vector<term> local_groups() const;
    /// Nodes that are known to have this scope, sorted.
    [[nodiscard]] std::vector<atom> nodes() const;

    /// The members now; from now on each change comes to `watcher`, a process of this node, as a message
    /// `{Ref, join | leave, Group, [Pid]}`. Ends with the watcher. Of the members of a node that is lost all leave.
    /// Errors: errc::invalid_argument, errc::limit_exceeded, errc::stopped.
    result<std::pair<reference, std::vector<pid>>> monitor(const pid& watcher, const term& group);
    /// The same for all groups, each with its members.
    result<std::pair<reference, std::vector<std::pair<term, std::vector<pid>>>>> monitor_scope(const pid& watcher);
    /// False if there is none. Messages that have come already stay in the watcher's mailbox.
    bool demonitor(const reference& monitor);
    /// The same for a monitor of `watcher`; takes messages that have come already out of its mailbox.
    task<bool> demonitor(process& watcher, reference monitor);

    struct state; // src/otp/pg/scope.hpp

private:
    friend class pg;
    explicit pg_scope(std::shared_ptr<state> of) : state_(std::move(of)) {}
    std::shared_ptr<state> state_;
};

/// All scopes of a node. `kernel::pg` has the one of a program; `kernel_options::scopes` names those that it starts.
///
/// Messages to a scope of another node are those of OTP 25 (`pg.erl`), so nodes of both kinds share groups. Unlike
/// there, a scope's process that is killed is started again and keeps the members of this node.
///
/// Life:    destroy it before the node; `stop_all` ends the processes of the scopes.
/// Threads: only on the node's thread.
class pg {
public:
    explicit pg(node& on);
    ~pg();
    pg(const pg&) = delete;
    pg& operator=(const pg&) = delete;

    /// The scope `name`, started if it was not. Precondition: the node runs.
    /// Errors: errc::invalid_argument if something else is registered as `name`, errc::limit_exceeded.
    result<pg_scope> start(const atom& name);
    [[nodiscard]] std::optional<pg_scope> find(const atom& name) const;
    /// Its members leave. False if there was none.
    bool stop(const atom& name);
    void stop_all();
    [[nodiscard]] std::vector<atom> scopes() const;
    /// The scope whose process `to` is; empty if it is none.
    [[nodiscard]] atom scope_of(const destination& to) const;

    // The scope `pg`, which is started if it was not.
    result<void> join(const term& group, const pid& member);
    bool leave(const term& group, const pid& member);
    [[nodiscard]] std::vector<pid> members(const term& group) const;
    [[nodiscard]] std::vector<pid> local_members(const term& group) const;

private:
    node& node_;
    std::vector<pg_scope> scopes_; // few; each message that comes in is compared with their pids
};

} // namespace sedge::otp
