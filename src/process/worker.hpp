// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/processes.hpp"
#include "process/signals.hpp"
#include "process/worker_inbox.hpp"

#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace sedge {

/// How a process comes to be, apart from its options.
struct birth {
    const pid* parent = nullptr;          ///< Null: the program.
    const pid* leader = nullptr;          ///< The parent's; null: the node's.
    bool linked = false;                  ///< To its parent, from the first moment.
    const reference* monitored = nullptr; ///< The same, by its parent.
};
inline constexpr birth by_the_program{};

class message_batch;

/// A thread of a node with the processes that run there, and the router from them outwards (router.cpp).
///
/// The home of a process, and of an alias, can be read from its number. Each worker looks only into its own table: what
/// is for a process of another one goes into that one's inbox, what is for another node to worker 0, which has the
/// connections. docs/decisions/0024 has the reasons.
///
/// Threads: only on its own, unless said otherwise.
class worker final : private loop_guest {
public:
    worker(node::impl& owner, environment& e, unsigned number);

    node::impl& owner;
    environment& env;
    const unsigned number;
    process_table processes;
    time_point slice_ends; ///< Of the process that runs; process_block.hpp.

    // -- what its processes do ---------------------------------------------------------------------------------
    pid spawn(process_body&& body, spawn_options&& options, const birth& how) {
        const bool is_usual = options.worker.how == worker_choice::kind::here && options.name.empty();
        if (!is_usual || how.linked || how.monitored != nullptr) [[unlikely]]
            return spawn_specially(std::move(body), std::move(options), how);
        auto& block = processes.add(std::move(body), std::move(options));
        if (how.parent != nullptr) block.born_of(*how.parent, how.leader);
        return block.self();
    }
    /// Whether a process with these options would run here.
    [[nodiscard]] bool keeps(const worker_choice& choice) const noexcept;
    void send_message(const pid& from, const destination& to, term message);
    void send_signal(const pid& from, const destination& to, any_signal s);
    /// Who it leads to; null if it is nobody, or not on this worker.
    [[nodiscard]] process::block* local_target(const destination& to) const {
        if (auto* p = std::get_if<pid>(&to)) [[likely]]
            return processes.find(*p);
        return named_target(to);
    }
    /// Sends if the receiver, or its node, need not be waited for. May say no where it would not take long.
    [[nodiscard]] bool send_if_wanted(const pid& from, const destination& to, term& message);
    /// Waits until the receiver, or its node, can be sent more.
    [[nodiscard]] task<> room(destination to);
    void send_to_alias(const pid& from, const reference& alias, term message);
    void request_spawn(const pid& from, const reference& ref, const atom& on, const atom& module, const atom& function,
                       const std::vector<term>& arguments, remote_spawn_options with);
    void watch_node(const pid& who, const atom& node);
    reference make_reference();

    // -- what comes to them ------------------------------------------------------------------------------------
    void deliver_message(const pid& to, term&& message);
    void deliver_local(const destination& to, any_signal s);
    /// Something that was to go to `to` could not: answers as a dead process (or a lost node) would.
    void bounce(const destination& to, any_signal s, const atom& reason);
    void deliver_to_alias(const reference& alias, term&& message);
    void disown(const pid& parent, const signal::spawned& made);

    // -- other workers -----------------------------------------------------------------------------------------
    /// Runs `job` there, after everything that was sent there before.
    void do_at(unsigned to, std::function<void(worker&)> job);
    /// Tells others that senders to this process of ours had better wait.
    void note_crowded(std::uint64_t process) noexcept;
    /// They need not any more.
    void note_room(std::uint64_t process);
    /// Begins to take what others send. On its own thread.
    void open();
    void close() { env.dismiss(*this); }
    /// For the thread that is left when all others have ended: hands over what was under way. True if there was any.
    bool hand_over();
    /// That so many losses of nodes were told to its processes; see node::impl::node_lost.
    void note_loss(std::uint64_t count) noexcept { losses_seen_ = count; }

private:
    friend class node::impl;
    static constexpr std::size_t batch_max = 64;    // envelopes that wait for the end of a round
    static constexpr std::size_t mark_count = 1024; // crowded processes share marks by number

    /// What waits to be handed over to another worker.
    struct outbox {
        envelope_list all;
        message_batch* open = nullptr; // the last envelope, if messages can be added to it
    };

    void take_turn() override;
    bool may_sleep() override;
    void receive_all();
    pid spawn_specially(process_body&& body, spawn_options&& options, const birth& how);
    pid spawn_elsewhere(unsigned to, process_body&& body, spawn_options&& options, const birth& how);
    void prepare(process::block& fresh, const atom& name, const birth& how);
    void post(unsigned to, envelope* e);
    void flush_if_due(unsigned to);
    void flush(unsigned to);
    void flush_all();
    bool is_flooded(unsigned to) const noexcept;
    /// The number of a process of this node on another worker; 0: it is not one.
    [[nodiscard]] std::uint64_t elsewhere(const destination& to) const { return has_others_ ? find_elsewhere(to) : 0; }
    [[nodiscard]] std::uint64_t find_elsewhere(const destination& to) const;
    [[nodiscard]] process::block* named_target(const destination& to) const;
    /// Whether who would send to that process of another worker had better wait.
    [[nodiscard]] bool is_crowded_there(std::uint64_t process) const noexcept;
    /// Its place among the marks of its worker.
    [[nodiscard]] std::size_t mark_of(std::uint64_t process) const noexcept;
    /// A message for a process of another worker.
    void pass_on(std::uint64_t process, term&& message);
    [[nodiscard]] task<> remote_room(atom on);
    /// Until that process of another worker has room.
    [[nodiscard]] task<> room_there(std::uint64_t process);
    void answer_when_room(std::uint64_t process, unsigned asked_by);
    void go_on_sending(std::uint64_t process);

    worker_inbox inbox_;
    std::vector<outbox> outboxes_; // by worker
    bool holds_some_ = false;      // any of them
    bool has_others_ = false;      // whose processes may be meant; from `open` on
    bool batches_ = false;         // the loop gives a turn in each round, so envelopes may wait for it
    std::uint64_t references_made_ = 0;
    std::uint64_t losses_seen_ = 0;
    std::size_t sent_unasked_ = 0; // to other nodes, in KiB and messages, since worker 0 was last asked for room
    std::unordered_map<std::uint64_t, std::shared_ptr<event>> asked_; // for room, by process of another worker
    std::unordered_map<std::uint64_t, std::uint64_t> askers_;         // workers, a bit each, by crowded process of ours
    std::array<std::atomic<std::uint16_t>, mark_count> crowded_{};    // Written by this worker, read by all.
};

} // namespace sedge
