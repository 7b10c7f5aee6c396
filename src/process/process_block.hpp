// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/mailbox.hpp"
#include "process/signals.hpp"

#include <sedge/base/small_memory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/process.hpp>
#include <sedge/wire/environment.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace sedge {

class worker;

/// The runtime's side of one process: body, mailbox, relations, and the signals not yet handled.
///
/// Signals come in through `deliver`, in order, and are handled in `run`, never inside the sender's call: so a chain
/// of links of any length ends without recursion, and a process that ends itself is not destroyed under its own feet.
/// A message takes a short cut into the mailbox while no other signal is waiting before it.
///
/// There may be a million of them: what most processes never need stands in `rarely_used`.
class process::block final : public runnable {
public:
    block(worker& owner, pid self, process_body&& body, spawn_options&& options);
    ~block() override;
    static void* operator new(std::size_t bytes) { return take_small(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept { give_small(memory, bytes); }

    void start() { owner_env().ready(*this); }
    void deliver(any_signal s);
    void deliver_message(term&& message);
    /// Ends the process at once: destroys the body, tells links and watchers. For `node::stop`.
    void terminate(const term& reason);

    void run() override;

    /// It was spawned by that process, whose group leader it has unless it was given one of its own.
    void born_of(const pid& parent, const pid* leader);
    /// The node that spawned it, if it is another, may end it.
    [[nodiscard]] bool was_made_for(const atom& node) const;
    /// Whether an `exit/2` from there is none that could end it against its will.
    [[nodiscard]] bool agrees_to_exit(const pid& from, const term& reason) const;

    [[nodiscard]] process_info info(bool messages_too) const;
    [[nodiscard]] std::size_t messages_waiting() const noexcept { return mailbox_.size(); }
    [[nodiscard]] std::uint64_t messages_handled() const noexcept { return messages_handled_; }
    [[nodiscard]] bool waits_for_its_turn() const noexcept { return !running_ && queued(); }
    /// Of it and its mailbox; not what the frames of its body hold.
    [[nodiscard]] std::size_t memory() const;
    [[nodiscard]] const pid& self() const noexcept { return self_; }
    [[nodiscard]] relations& related() { return rare().related; }
    /// Null: the node's.
    [[nodiscard]] const pid* leader() const noexcept { return rare_ && rare_->leader ? &*rare_->leader : nullptr; }
    /// Without options: the messages of `net_kernel:monitor_nodes/1`.
    void watch_nodes(bool on, const std::optional<node_monitor_options>& options);

    /// It may have names, which the node's registry keeps. These three: with the table's lock, or before it is in one.
    void note_name() noexcept {
        named_ = true;
        if (!may_have_names_) may_have_names_ = true;
    }
    [[nodiscard]] bool names_are_closed() const noexcept { return names_closed_; }
    /// Names may come from other threads. Before it is in a table.
    void expect_names() noexcept { may_have_names_ = true; }
    /// It gets no more names; true if it may have some.
    bool close_names() noexcept {
        names_closed_ = true;
        return named_;
    }
    /// Whether the table of processes may know of relations to other nodes, or of a watch of nodes.
    void note_nodes() noexcept { concerned_by_nodes_ = true; }
    [[nodiscard]] bool concerned_by_nodes() const noexcept { return concerned_by_nodes_; }

    /// It has many messages and is working on them.
    [[nodiscard]] bool is_crowded() const noexcept {
        return mailbox_.size() > limits::mailbox_crowded_messages && queued();
    }
    /// Lets other workers know whether it is; they cannot look. Theirs have to wait from a higher mark on, and go on
    /// where those of this worker would have to stop: they hear of it later.
    void note_crowd() {
        if (crowd_known_ || mailbox_.size() > limits::mailbox_crowded_elsewhere_messages) note_crowd_now();
    }
    [[nodiscard]] bool is_known_as_crowded() const noexcept { return crowd_known_; }

private:
    friend class process;
    friend class next_message;
    friend class paced_send;
    struct selection; // a receive that waits for certain messages; receiving.hpp

    /// A process that finds message after message never suspends and would keep others from running (and, without
    /// optimisation, would pile up stack). After so many the clock is asked: once `slice_time` is over, or after
    /// `slices_max` times as many in any case, it goes to the end of the run queue.
    static constexpr std::uint32_t in_a_row_max = 100;
    static constexpr std::uint32_t slices_max = 4;
    static constexpr duration slice_time = std::chrono::microseconds{200}; // five such processes: 1 ms for the others

    /// While it lives the process sleeps, at that place.
    struct asleep {
        asleep(block& b, std::source_location place) : owner(b), at(place), earlier(std::exchange(b.asleep_, this)) {}
        ~asleep();
        asleep(const asleep&) = delete;
        asleep& operator=(const asleep&) = delete;
        block& owner;
        std::source_location at;
        asleep* earlier; // of another task of this process, which may wake first
    };

    struct rarely_used {
        explicit rarely_used(pid self) : related(std::move(self)) {}
        std::optional<pid> parent; // of another node
        std::optional<pid> leader;
        relations related;
        std::vector<any_signal> pending;
        std::unordered_set<reference> aliases;
        std::vector<std::optional<node_monitor_options>> node_watches;
    };

    environment& owner_env() const noexcept;
    void note_crowd_now();
    rarely_used& rare() {
        if (!rare_) rare_ = std::make_unique<rarely_used>(self_);
        return *rare_;
    }
    [[nodiscard]] bool has_pending() const noexcept { return rare_ && !rare_->pending.empty(); }
    [[nodiscard]] std::optional<pid> parent() const;
    [[nodiscard]] std::string label() const { return label_ ? *label_ : std::string{default_label}; }
    static constexpr std::string_view default_label = "process";

    task<> drive();
    void handle_pending();
    void handle(any_signal& s);
    void carry_out(reaction& r);
    void end_with(term reason) noexcept;
    void drop_message();

    /// Counts what it has done since it last suspended.
    bool may_go_on() noexcept { return ++handled_in_a_row_ <= in_a_row_max || has_time_left(); }
    /// The same for what is nested in tasks: without optimisation each one that is done at once takes stack.
    bool may_go_on_nested() noexcept { return ++handled_in_a_row_ <= in_a_row_max; }
    bool has_time_left();
    void wait_for_message(waiting_receive& r, std::coroutine_handle<> handle);
    void forget_receiver(const waiting_receive& r) noexcept {
        if (receiving_ == &r) receiving_ = nullptr;
    }
    bool has_what_it_waits_for();
    void go_on();

    worker& owner_;
    pid self_;
    process face_;
    process_body body_;
    mailbox mailbox_;
    waiting_receive* receiving_ = nullptr;
    asleep* asleep_ = nullptr;           // the sleep that began last
    std::unique_ptr<std::string> label_; // null: the default
    std::unique_ptr<rarely_used> rare_;
    std::uint64_t parent_number_ = 0; // of this node, `process_table::number`; 0: none
    std::uint64_t messages_handled_ = 0;
    term exit_reason_;                   // if it is `ending_`
    std::uint32_t handled_in_a_row_ = 0; // since it last suspended
    bool ending_ = false;                // the body has ended, or must end
    bool trap_exit_ = false;
    bool started_ = false;
    bool running_ = false; // its coroutine, from `run`
    bool dropping_messages_ = false;
    bool concerned_by_nodes_ = false;
    std::atomic<bool> named_{false}; // worker 0 gives names to processes of others
    bool may_have_names_ = false;    // or has; if not, there is nothing to close. Only this thread changes it.
    bool names_closed_ = false;
    bool crowd_known_ = false; // to other workers
    task<> body_task_;         // last, so that it goes first
};

} // namespace sedge
