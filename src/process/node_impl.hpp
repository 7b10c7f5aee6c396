// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/name_registry.hpp"
#include "process/peers.hpp"
#include "process/signals.hpp"
#include "process/worker.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>
#include <sedge/process/remote_signal.hpp>
#include <sedge/wire/environment.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sedge {

/// What a node consists of: workers with their processes, peers, and the router between them (router.cpp).
class node::impl {
public:
    impl(node& face_of, node_options o, environment& e, wire::directory& w);
    ~impl();

    node& face;
    environment& env;
    wire::directory& where;
    node_options options;
    std::optional<node_name> parsed; ///< Unset until `start` has accepted the name.
    atom name;
    std::uint32_t creation = 0;
    name_registry names;

private: // here, since what follows needs it when it is made and when it goes
    struct further_worker {
        std::unique_ptr<further_loop> loop; // outlives what stands on it
        std::unique_ptr<worker> runs;
        time_point not_asked_before{}; // it did not answer in time
    };
    const unsigned count_;
    const unsigned bits_;
    std::vector<further_worker> further_; // worker 1 and on. Constant from the start on.
    std::atomic<unsigned> turn_{0};
    bool threads_ended_ = false;
    std::uint64_t losses_ = 0;                        // told to other workers
    std::unordered_map<atom, std::uint64_t> lost_at_; // the count of losses when that node was last lost
    mutable std::mutex leader_mutex_;
    std::optional<pid> leader_; // Guarded by `leader_mutex_`.

public:
    worker home{*this, env, 0}; ///< The one on the environment's thread.
    process_table& processes = home.processes;
    std::function<process_body(const spawn_call&)> resolve_spawn;
    std::function<bool(const remote_signal&)> accepts; ///< Empty: all signals of peers.

    // -- workers (node_workers.cpp) ----------------------------------------------------------------------------
    [[nodiscard]] unsigned worker_count() const noexcept { return count_; }
    /// So many low bits of a process's number, and of a reference's first word, are its worker.
    [[nodiscard]] unsigned worker_bits() const noexcept { return bits_; }
    [[nodiscard]] unsigned home_of(std::uint64_t number) const noexcept {
        return static_cast<unsigned>(number & ((std::uint64_t{1} << bits_) - 1));
    }
    [[nodiscard]] worker& at(unsigned number) noexcept { return number == 0 ? home : *further_[number - 1].runs; }
    [[nodiscard]] const worker& at(unsigned number) const noexcept {
        return number == 0 ? home : *further_[number - 1].runs;
    }
    /// Precondition: `choice` is not `here`. Any thread.
    [[nodiscard]] unsigned choose(const worker_choice& choice) noexcept;
    void start_workers();
    /// Ends the other threads. What was under way between them arrives; from then on this thread does everything.
    void stop_workers() noexcept;
    [[nodiscard]] bool has_ended_threads() const noexcept { return threads_ended_; }
    /// Runs `job` on that worker and waits until it is done; false if that takes too long, or has a moment ago.
    bool ask(unsigned of, std::function<void(worker&)> job);

    /// 1 before the start; `worker_count` after it.
    [[nodiscard]] unsigned running_workers() const noexcept { return static_cast<unsigned>(further_.size()) + 1; }
    /// Where a pid of this node stands, if it does.
    [[nodiscard]] process_table& home_table(const pid& who) noexcept {
        const unsigned number = home_of(process_table::number(who));
        return at(number < running_workers() ? number : 0).processes;
    }
    [[nodiscard]] std::optional<process_info> info(const pid& who, bool messages_too);
    /// What is known of a process without asking its worker.
    [[nodiscard]] process_info least_info(const pid& who) const;
    [[nodiscard]] std::vector<process_info> info_of_all();
    [[nodiscard]] process_load load();
    [[nodiscard]] process_totals totals();
    /// Ends the processes of all workers; the other threads have ended.
    void end_all(const term& reason);

    /// Tells the processes of all workers.
    void node_lost(const atom& lost);
    void node_changed(const signal::node_change& change);
    /// For a worker's process; see worker::remote_room.
    void answer_when_room(atom on, unsigned asked_by, std::shared_ptr<event> answer);
    /// What a process of another worker sends to another node. `losses`: those that its worker knew of.
    void send_on(const pid& from, const destination& to, any_signal s, std::uint64_t losses);
    void request_spawn(const spawn_call& call, const reference& ref, const atom& on, remote_spawn_options with,
                       std::uint64_t losses);
    [[nodiscard]] std::uint64_t losses() const noexcept { return losses_; }
    [[nodiscard]] bool was_lost_since(const atom& node, std::uint64_t losses) const;

    void set_leader(const pid& p);
    [[nodiscard]] pid leader() const;

    // -- router: from a peer inwards ---------------------------------------------------------------------------
    void on_message(const atom& peer, const pid& to, term&& message);
    void on_control(const atom& peer, dist::control_message&& message, std::optional<term>&& payload);

    // -- node events -------------------------------------------------------------------------------------------
    void announce(node_event event);
    void announce(const refused_connection& refused);

    pid no_process() const { return pid{name, 0, 0, creation}; } ///< "From" for what no process sends.

    struct watcher {
        std::function<void(const node_event&)> on_event;
    };
    std::vector<std::weak_ptr<watcher>> watchers;
    std::vector<std::weak_ptr<std::function<void(const refused_connection&)>>> refusal_watchers;
    peer_set peers{*this};

private:
    bool is_accepted(remote_signal::kind what, const atom& peer, const destination& to, const term* payload) const;
    /// Delivers what a process agrees to, or what its node lets the peer do.
    void deliver_if_allowed(const atom& peer, const pid& target, remote_signal::kind what, any_signal s);
    void serve_spawn(const dist::control::spawn_request& request, const std::optional<term>& payload);
    std::variant<pid, atom> spawn_for(const spawn_call& call, const reference* monitor, bool linked);

    task<> wait_for_room(atom on, unsigned asked_by, std::shared_ptr<event> answer);

    nursery answers_; // last: it goes first, then the peers
};

} // namespace sedge
