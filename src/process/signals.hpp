// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/process/process.hpp>
#include <sedge/term/term.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace sedge {

/// Anything that travels from one process to another. The same values serve inside a node and, as control
/// messages, between nodes.
namespace signal {
struct message { term payload; };
struct link { pid from; };
struct unlink { pid from; std::uint64_t id = 0; };
struct unlink_ack { pid from; std::uint64_t id = 0; };
/// An exit signal, through a link (`EXIT`) or sent on purpose (`EXIT2`, `exit/2`).
struct exit { pid from; term reason; bool through_link = true; };
/// `target` is what the watcher named, a pid or an atom: a `DOWN` across nodes names it the same way.
struct monitor { pid from; reference ref; destination target; };
struct demonitor { pid from; reference ref; };
struct down { pid to; reference ref; destination target; term reason; };
/// A new group leader, from a process of any node.
struct group_leader {
    pid leader;
};
/// Answer to a request for a process on another node.
struct spawned {
    reference request;
    std::optional<pid> child;
    atom failure;
    bool linked = false;
    bool monitored = false;
};
/// The connection to a node was lost, with everything that hung on it.
struct node_lost { atom node; };
/// Node up and down, for those who asked by `monitor_nodes`.
struct node_change {
    atom node;
    bool up = false;
    bool hidden = false;
    std::string reason;           // for down: an atom's text
    std::uint64_t connection = 0; // its number
};
} // namespace signal

using any_signal = std::variant<signal::message, signal::link, signal::unlink, signal::unlink_ack, signal::exit,
                                signal::monitor, signal::demonitor, signal::down, signal::spawned, signal::node_lost,
                                signal::node_change, signal::group_leader>;

/// A signal on its way out.
struct outgoing {
    destination to;
    any_signal what;
};

/// What a signal leads to.
struct reaction {
    std::optional<term> message;     ///< To be put into the mailbox.
    std::optional<term> exit_reason; ///< The process must end with this reason.
    std::vector<outgoing> out;       ///< To be sent, in order.
};

/// Links, monitors and open spawn requests of one process (a core): decides, sends nothing.
class relations {
public:
    explicit relations(pid self) : self_(std::move(self)) {}

    // What the process itself does.
    void link(const pid& other, reaction& r);
    void unlink(const pid& other, reaction& r);
    void monitor(const reference& ref, const destination& target, reaction& r);
    void demonitor(const reference& ref, reaction& r);
    void request_spawn(const reference& ref, const atom& on, remote_spawn_options with);
    /// One more, or one less, message when `node` is lost.
    void watch_node(const atom& node, bool on);
    /// A watcher or link that comes with the process itself, by a spawn call from another node.
    void born_linked(const pid& parent) { links_.try_emplace(parent, link_state{0, true}); }
    /// The other side of it: the monitor that this process has on what it has just spawned.
    void watches_newborn(const reference& ref, const pid& child) { monitors_.insert_or_assign(ref, watch{child}); }
    void born_monitored(const pid& parent, const reference& ref);

    // What comes in; `trap_exit` as the process has set it.
    void on(const signal::link& s, reaction& r);
    void on(const signal::unlink& s, reaction& r);
    void on(const signal::unlink_ack& s);
    void on(const signal::exit& s, bool trap_exit, reaction& r);
    void on(const signal::monitor& s, reaction& r);
    void on(const signal::demonitor& s);
    void on(const signal::down& s, reaction& r);
    void on(const signal::spawned& s, reaction& r);
    /// May give several messages; `exit_reason` is that of the first link that kills.
    void on(const signal::node_lost& s, bool trap_exit, std::vector<term>& messages, reaction& r);

    /// Requests for linked processes that are not answered yet, and who is to answer.
    [[nodiscard]] std::vector<std::pair<reference, atom>> links_to_come() const;
    /// The process ends: exits for its links, downs for its watchers, demonitors for those it watched.
    void end(const term& reason, reaction& r);

    /// True if there is a link to it that this process has asked for itself.
    [[nodiscard]] bool has_linked_itself_to(const pid& other) const;
    [[nodiscard]] std::vector<pid> links() const;
    [[nodiscard]] std::vector<destination> monitors() const;
    [[nodiscard]] std::vector<pid> monitored_by() const;
    [[nodiscard]] std::size_t size() const noexcept { return links_.size() + monitors_.size() + watchers_.size(); }
    /// True if a link, monitor or spawn request leads to `node`.
    [[nodiscard]] bool touches(const atom& node) const;

private:
    struct link_state {
        std::uint64_t unlinking = 0; // 0: active; else the id of the unlink under way
        bool by_us = false;          // this process has asked for it, perhaps the other one too
    };
    struct watch { destination target; };                 // a monitor that this process set
    struct watcher { pid from; destination target; };     // a monitor that another set on it
    struct request { atom on; remote_spawn_options with; bool abandoned = false; };

    pid self_;
    std::uint64_t last_unlink_ = 0;
    std::unordered_map<pid, link_state> links_;
    std::unordered_map<reference, watch> monitors_;
    std::unordered_map<reference, watcher> watchers_;
    std::unordered_map<reference, request> requests_;
    std::unordered_map<atom, std::size_t> nodes_; // watched, how many times
};

/// `{'DOWN', Ref, process, Target, Reason}`; a name is shown as `{Name, Node}`.
term down_message(const reference& ref, const destination& target, const atom& local_node, const term& reason);
/// The node that a destination is on; `local` for a bare name.
const atom& node_of(const destination& d, const atom& local) noexcept;

} // namespace sedge
