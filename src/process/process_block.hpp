// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/mailbox.hpp"
#include "process/signals.hpp"

#include <sedge/process/node.hpp>
#include <sedge/process/process.hpp>
#include <sedge/wire/environment.hpp>

#include <optional>
#include <unordered_set>
#include <vector>

namespace sedge {

/// The runtime's side of one process: body, mailbox, relations, and the signals not yet handled.
///
/// Signals come in through `deliver`, in order, and are handled in `run`, never inside the sender's call: so a chain
/// of links of any length ends without recursion, and a process that ends itself is not destroyed under its own feet.
/// A message takes a short cut into the mailbox while no other signal is waiting before it.
class process::block final : public runnable {
public:
    block(node::impl& owner, pid self, process_body body, spawn_options options);
    ~block() override;

    void start() { owner_env().ready(*this); }
    void deliver(any_signal s);
    void deliver_message(term message);
    /// Ends the process at once: destroys the body, tells links and watchers. For `node::stop`.
    void terminate(const term& reason);

    void run() override;

    /// It was spawned by that process, whose group leader it has unless it was given one of its own.
    void born_of(const pid& parent, const std::optional<pid>& leader);
    /// The node that spawned it, if it is another, may end it.
    [[nodiscard]] bool was_made_for(const atom& node) const { return parent_ && parent_->node == node; }
    /// Whether an `exit/2` from there is none that could end it against its will.
    [[nodiscard]] bool agrees_to_exit(const pid& from, const term& reason) const;

    [[nodiscard]] process_info info(bool messages_too) const;
    [[nodiscard]] const pid& self() const noexcept { return self_; }
    [[nodiscard]] relations& related() noexcept { return relations_; }
    /// Unset: the node's.
    [[nodiscard]] const std::optional<pid>& leader() const noexcept { return leader_; }
    /// Without options: the messages of `net_kernel:monitor_nodes/1`.
    void watch_nodes(bool on, const std::optional<node_monitor_options>& options);

private:
    friend class process;
    struct receiving; // the one receive that waits; receiving.hpp

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

    environment& owner_env() const noexcept;
    task<> drive();
    void handle(any_signal& s);
    void carry_out(reaction& r);
    void resume_receiver();

    node::impl& owner_;
    pid self_;
    process face_;
    process_body body_;
    std::string label_;
    std::optional<pid> parent_;
    std::optional<pid> leader_;
    relations relations_;
    mailbox mailbox_;
    std::vector<any_signal> pending_;
    std::unordered_set<reference> aliases_;
    std::vector<std::optional<node_monitor_options>> node_watches_;
    receiving* receiving_ = nullptr;
    asleep* asleep_ = nullptr; // the sleep that began last
    std::uint64_t messages_handled_ = 0;
    std::uint32_t handled_in_a_row_ = 0; // since it last suspended; see `receiving`
    bool trap_exit_ = false;
    bool started_ = false;
    bool running_ = false; // its coroutine, from `run`
    bool dropping_messages_ = false;
    std::optional<term> exit_reason_; // set when the body has ended, or must end
    task<> body_task_;                // last, so that it goes first
};

} // namespace sedge
