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

    /// It was spawned by that node, which may end it.
    void made_for(const atom& node) { made_for_ = node; }
    /// Whether an `exit/2` from there is none that could end it against its will.
    [[nodiscard]] bool agrees_to_exit(const pid& from, const term& reason) const;

    [[nodiscard]] process_info info() const;
    [[nodiscard]] const pid& self() const noexcept { return self_; }
    [[nodiscard]] relations& related() noexcept { return relations_; }
    /// Without options: the messages of `net_kernel:monitor_nodes/1`.
    void watch_nodes(bool on, const std::optional<node_monitor_options>& options);

private:
    friend class process;
    struct receiving; // the one receive that waits; process.cpp

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
    atom made_for_; // empty: for this program
    relations relations_;
    mailbox mailbox_;
    std::vector<any_signal> pending_;
    std::unordered_set<reference> aliases_;
    std::vector<std::optional<node_monitor_options>> node_watches_;
    receiving* receiving_ = nullptr;
    std::uint64_t messages_handled_ = 0;
    std::uint32_t handled_in_a_row_ = 0; // since it last suspended; see `receiving`
    bool trap_exit_ = false;
    bool started_ = false;
    bool dropping_messages_ = false;
    std::optional<term> exit_reason_; // set when the body has ended, or must end
    task<> body_task_;                // last, so that it goes first
};

} // namespace sedge
