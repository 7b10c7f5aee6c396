// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/term/term.hpp>

#include <coroutine>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace sedge {

class environment;
class node;
class process;
class next_message;
class paced_send;

/// The address `{Name, Node}`: whoever is registered as `name` there when the signal arrives.
struct registered {
    atom name;
    atom node;
    friend bool operator==(const registered&, const registered&) = default;
};

/// Where signals go: a pid anywhere, a name on this node, a name on a node.
using destination = std::variant<pid, atom, registered>;

/// What a process runs. The callable is kept as long as the process lives, so a lambda with captures is safe here.
using process_body = std::function<task<>(process&)>;

/// Thrown by a body to end its process with a reason; `process::exit` throws it.
class process_exit {
public:
    explicit process_exit(term reason) : reason_(std::move(reason)) {}
    [[nodiscard]] const term& reason() const noexcept { return reason_; }

private:
    term reason_;
};

/// On which of its node's workers (`node_options::workers`) a process runs, for as long as it lives.
struct worker_choice {
    enum class kind { here, in_turn, emptiest, numbered };
    kind how = kind::here; ///< `here`: with the process that spawns it; `node::spawn`: on worker 0.
    unsigned number = 0;   ///< Beyond the last one it begins again at 0.

    /// Each time another one.
    static worker_choice in_turn() { return {kind::in_turn, 0}; }
    /// Where the fewest processes live: for such that compute and end, and take unlike times.
    static worker_choice emptiest() { return {kind::emptiest, 0}; }
    static worker_choice numbered(unsigned which) { return {kind::numbered, which}; }
};

struct spawn_options {
    std::string label = "process";     ///< What `process_info` and logs call it; a function's name, say.
    atom name{};                       ///< Registered before the body starts; empty: none.
    bool trap_exit = false;            ///< Exit signals become messages `{'EXIT', From, Reason}`.
    std::optional<pid> group_leader{}; ///< Unset: that of the process that spawns it, or the node's.
    worker_choice worker{};            ///< What it captures must not be shared with processes of other workers.
};

/// What comes with a process that another node is asked to start.
struct remote_spawn_options {
    bool link = false;
    bool monitor = true; ///< The reference of the request is that of the monitor.
};

/// What a process wants to hear of nodes; the options of `net_kernel:monitor_nodes/2`.
struct node_monitor_options {
    enum class kind { visible, hidden, all };
    kind nodes = kind::visible;
    bool type = false;          ///< `{node_type, visible | hidden}` in the list of each message.
    bool reason = false;        ///< `{nodedown_reason, Reason}` in the list of a `nodedown`.
    bool as_map = false;        ///< A map in place of the list, as for OTP's options in a map.
    bool connection_id = false; ///< `connection_id` in that map: `peer_info::connection`. Always a map.
    friend bool operator==(const node_monitor_options&, const node_monitor_options&) = default;
};

struct process_info {
    pid self;
    atom registered_name; ///< Empty: none.
    std::string label;
    /// `running` or `runnable`; or what it waits for: `receive`, `sleep`, or `elsewhere`, which is another task, such
    /// as a connection.
    std::string waiting_at;
    /// The call of `receive` or `sleep` that it waits in; line 0 if it does not.
    std::source_location location{};
    std::size_t message_queue_len = 0;
    std::size_t memory_bytes = 0;
    std::uint64_t messages_handled = 0; ///< Shown as reductions.
    bool trap_exit = false;
    std::optional<pid> parent; ///< The process that spawned it, here or on another node.
    pid group_leader;
    std::vector<pid> links;
    std::vector<destination> monitors;
    std::vector<pid> monitored_by;
    std::vector<term> messages;
};

/// What an actor's coroutine is handed: its own side of a process.
///
/// Messages, links, monitors and exit signals have Erlang's meaning, also between nodes: signals from one process
/// to another arrive in the order sent; each monitor fires exactly once; a lost connection ends links and monitors
/// to that node with `noconnection`.
///
/// Life:    the runtime makes it with the process and destroys it after the body's frame.
/// Threads: only on the thread of its worker, which is the node's thread unless `spawn_options::worker` says otherwise.
class process {
public:
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    [[nodiscard]] const pid& self() const noexcept;
    [[nodiscard]] sedge::node& node() noexcept;
    [[nodiscard]] environment& env() noexcept;

    // -- messages --------------------------------------------------------------------------------------------------

    /// Sends; never waits and never fails: a message to nobody is dropped, as in Erlang. A node that is not
    /// connected is dialled first; if that fails the message is gone.
    void send(const destination& to, term message);
    void send(const pid& to, term message);
    /// Sends to whoever made `alias`, on any node; dropped if it is not active any more.
    void send(const reference& alias, term message);
    /// The same as `send`, but waits first if the receiver does not keep up: `co_await self.send_wait(to, message)`.
    ///
    /// To another node: while more than `node_options::send_wait_bytes` are queued for it, until half of that is gone
    /// or the connection is. On this node: while the receiver has more than `limits::mailbox_crowded_messages` and is
    /// working on them. Only this process waits. What has been sent before stays before; nothing says that the message
    /// arrives.
    [[nodiscard]] paced_send send_wait(destination to, term message);

    /// The oldest message: `term message = co_await self.receive()`.
    ///
    /// Here and below `at` is the place of the call, which `node::info` tells of a process that waits there.
    [[nodiscard]] next_message receive(std::source_location at = std::source_location::current());
    /// The oldest message that `fits`, before `deadline`. Others stay in the mailbox. Nothing after the deadline.
    [[nodiscard]] task<std::optional<term>> receive_if(std::function<bool(const term_view&)> fits,
                                                       time_point deadline = time_point::max(),
                                                       std::source_location at = std::source_location::current());
    /// The oldest message that converts to `T`, or to a tuple of `T, Rest...`:
    /// `auto [from, name] = co_await self.receive<pid, std::string>();`
    template <decodable T, decodable... Rest>
    [[nodiscard]] auto receive(std::source_location at = std::source_location::current())
        -> task<std::conditional_t<sizeof...(Rest) == 0, T, std::tuple<T, Rest...>>>;
    /// The same before `deadline`, or nothing.
    template <decodable T, decodable... Rest>
    [[nodiscard]] auto receive_until(time_point deadline, std::source_location at = std::source_location::current())
        -> task<std::optional<std::conditional_t<sizeof...(Rest) == 0, T, std::tuple<T, Rest...>>>>;
    [[nodiscard]] task<> sleep(duration d, std::source_location at = std::source_location::current());

    // -- life ------------------------------------------------------------------------------------------------------

    /// Ends this process with `reason`; throws `process_exit`, which the body must let pass.
    [[noreturn]] void exit(term reason);
    /// Sends an exit signal (`exit/2`): `kill` cannot be trapped.
    void exit(const pid& target, term reason);
    void trap_exit(bool on);

    void link(const pid& other);
    void unlink(const pid& other);
    /// `{'DOWN', Ref, process, Target, Reason}` comes exactly once: at its end, at once if it does not exist
    /// (`noproc`), or when the connection is lost (`noconnection`).
    reference monitor(const destination& target);
    /// No `DOWN` for `ref` after this returns; one that has come already is taken out of the mailbox.
    void demonitor(const reference& ref);
    /// Messages `{nodeup, Node}` and `{nodedown, Node}` of visible nodes while it is on: as many of each as calls that
    /// turned it on. Off takes back all of them, as in OTP.
    void monitor_nodes(bool on);
    /// The same with options, as `net_kernel:monitor_nodes(true, Options)`: the messages have a list, or a map, as
    /// their third element. Reasons are OTP's: `disconnect`, `connection_closed`, `net_tick_timeout`; and others, which
    /// docs/protocol/distribution.md lists. Off takes back all calls with the same options.
    void monitor_nodes(bool on, const node_monitor_options& options);
    /// One message `{nodedown, Node}` when the connection to that node is lost, or if it cannot be made; it is made
    /// if there is none. As many messages as calls; off takes back one call. (`Node.monitor`)
    void monitor_node(const atom& which, bool on);

    pid spawn(process_body body, spawn_options options = {});
    pid spawn_link(process_body body, spawn_options options = {});
    std::pair<pid, reference> spawn_monitor(process_body body, spawn_options options = {});

    /// Asks another node to run Module:Function(Arguments...). The answer comes as a message
    /// `{spawn_reply, Ref, ok, Pid}` or `{spawn_reply, Ref, error, Reason}`; with a monitor, a `DOWN` with the
    /// same reference follows when it ends; with a link, this process is linked to it from its first moment, and if
    /// this one has ended by then, the new one gets the exit signal that it would have got a moment later. Reasons:
    /// `noconnection`; `notsup` from a node that spawns nothing, such as a C node; those of the other node.
    reference spawn_request(const atom& on, const atom& module, const atom& function,
                            const std::vector<term>& arguments, remote_spawn_options with = {});

    /// The process that output of this one belongs to. Inherited from the one that spawned it.
    [[nodiscard]] pid group_leader() const;
    /// Gives a process of any node another group leader (`erlang:group_leader(Leader, Who)`), in order with other
    /// signals to it. Those that it has spawned before keep theirs. Dropped if there is no such process.
    void set_group_leader(const pid& who, const pid& leader);

    /// A fresh reference that is an address for replies: messages sent to it come here until `unalias`.
    reference alias(); // `unalias` also drops answers to calls, `{[alias|Ref], _}`, that nobody has received
    void unalias(const reference& ref);

    class block; // the runtime's side; src/process/process_block.hpp
    explicit process(block& b) noexcept : block_(&b) {}

private:
    block* block_;
};

/// What a process waits in; the runtime looks at it when a message comes.
struct waiting_receive {
    explicit waiting_receive(std::source_location place, bool selects) noexcept : at(place), selective(selects) {}
    std::coroutine_handle<> waiting;
    std::source_location at;
    const bool selective; ///< Not any message will do.
};

/// `process::receive` without a type: to be awaited, once. It is no task, which would cost a frame for each message.
class [[nodiscard]] next_message {
public:
    class awaiter : private waiting_receive {
    public:
        awaiter(process::block& owner, std::source_location place) noexcept
            : waiting_receive(place, false), owner_(&owner) {}
        awaiter(const awaiter&) = delete;
        ~awaiter();
        bool await_ready() noexcept;
        void await_suspend(std::coroutine_handle<> handle);
        term await_resume();

    private:
        process::block* owner_;
    };

    next_message(process::block& owner, std::source_location place) noexcept : owner_(&owner), at_(place) {}
    awaiter operator co_await() && noexcept { return {*owner_, at_}; }

private:
    process::block* owner_;
    std::source_location at_;
};

/// `process::send_wait`: to be awaited, once; what is not awaited is not sent.
class [[nodiscard]] paced_send {
public:
    class awaiter {
    public:
        explicit awaiter(paced_send& what) noexcept : what_(&what) {}
        bool await_ready();
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle);
        void await_resume();

    private:
        paced_send* what_;
        task<> waiting_; // until there is room
    };

    paced_send(process::block& sender, destination to, term message) noexcept
        : sender_(&sender), to_(std::move(to)), message_(std::move(message)) {}
    awaiter operator co_await() && noexcept { return awaiter{*this}; }

private:
    process::block* sender_;
    destination to_;
    term message_;
};

template <decodable T, decodable... Rest>
auto process::receive(std::source_location at)
    -> task<std::conditional_t<sizeof...(Rest) == 0, T, std::tuple<T, Rest...>>> {
    auto message = co_await receive_until<T, Rest...>(time_point::max(), at);
    co_return std::move(*message);
}

template <decodable T, decodable... Rest>
auto process::receive_until(time_point deadline, std::source_location at)
    -> task<std::optional<std::conditional_t<sizeof...(Rest) == 0, T, std::tuple<T, Rest...>>>> {
    using wanted = std::conditional_t<sizeof...(Rest) == 0, T, std::tuple<T, Rest...>>;
    std::optional<wanted> value;
    std::function<bool(const term_view&)> fits = [&value](const term_view& message) {
        value = message.as<wanted>();
        return value.has_value();
    };
    auto waiting = receive_if(std::move(fits), deadline, at);
    co_await std::move(waiting);
    co_return value;
}

} // namespace sedge
