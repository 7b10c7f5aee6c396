// SPDX-License-Identifier: Apache-2.0
#include <sedge/process/process.hpp>

#include "process/node_impl.hpp"
#include "process/process_block.hpp"
#include "process/receiving.hpp"

namespace sedge {

const pid& process::self() const noexcept { return block_->self_; }

node& process::node() noexcept { return block_->owner_.owner.face; }

environment& process::env() noexcept { return block_->owner_.env; }

void process::send(const destination& to, term message) {
    block_->owner_.send_message(block_->self_, to, std::move(message));
}

void process::send(const pid& to, term message) {
    auto& owner = block_->owner_;
    if (auto* target = owner.processes.find(to))
        target->deliver_message(std::move(message));
    else
        owner.send_message(block_->self_, to, std::move(message));
}

void process::send(const reference& alias, term message) {
    block_->owner_.send_to_alias(block_->self_, alias, std::move(message));
}

paced_send process::send_wait(destination to, term message) { return {*block_, std::move(to), std::move(message)}; }

bool paced_send::awaiter::await_ready() {
    auto& sender = *what_->sender_;
    return sender.may_go_on() && sender.owner_.send_if_wanted(sender.self_, what_->to_, what_->message_);
}

std::coroutine_handle<> paced_send::awaiter::await_suspend(std::coroutine_handle<> handle) {
    what_->sender_->handled_in_a_row_ = 0; // others have their turn now
    waiting_ = what_->sender_->owner_.room(what_->to_);
    return waiting_.prepare(handle);
}

void paced_send::awaiter::await_resume() {
    if (!waiting_) return; // sent already
    waiting_.take();
    auto& sender = *what_->sender_;
    sender.owner_.send_message(sender.self_, what_->to_, std::move(what_->message_));
}

next_message process::receive(std::source_location at) { return {*block_, at}; }

next_message::awaiter::~awaiter() { owner_->forget_receiver(*this); }
bool next_message::awaiter::await_ready() noexcept { return owner_->may_go_on() && !owner_->mailbox_.empty(); }
void next_message::awaiter::await_suspend(std::coroutine_handle<> handle) { owner_->wait_for_message(*this, handle); }
term next_message::awaiter::await_resume() {
    ++owner_->messages_handled_;
    return owner_->mailbox_.pop();
}

task<std::optional<term>> process::receive_if(std::function<bool(const term_view&)> fits, time_point deadline,
                                              std::source_location at) {
    block::selection wait{*block_, std::move(fits), deadline, at};
    auto found = co_await wait;
    co_return found;
}

task<> process::sleep(duration d, std::source_location at) {
    block::asleep here{*block_, at};
    auto sleeping = sleep_for(env(), d);
    co_await std::move(sleeping);
}

void process::exit(term reason) { throw process_exit{std::move(reason)}; }

void process::exit(const pid& target, term reason) {
    block_->owner_.send_signal(self(), target, signal::exit{self(), std::move(reason), false});
}

void process::trap_exit(bool on) { block_->trap_exit_ = on; }

void process::link(const pid& other) {
    reaction r;
    block_->related().link(other, r);
    block_->carry_out(r);
}

void process::unlink(const pid& other) {
    reaction r;
    block_->related().unlink(other, r);
    block_->carry_out(r);
}

reference process::monitor(const destination& target) {
    auto ref = block_->owner_.make_reference();
    reaction r;
    block_->related().monitor(ref, target, r);
    block_->carry_out(r);
    return ref;
}

void process::demonitor(const reference& ref) {
    reaction r;
    block_->related().demonitor(ref, r);
    block_->carry_out(r);
    block_->mailbox_.rewind();
    (void)block_->mailbox_.scan([&](const term_view& m) {
        return m.arity() == 5 && m.element(0).is_atom("DOWN") && m.element(1).as<reference>() == ref;
    });
}

void process::monitor_nodes(bool on) { block_->watch_nodes(on, std::nullopt); }

void process::monitor_nodes(bool on, const node_monitor_options& options) { block_->watch_nodes(on, options); }

void process::monitor_node(const atom& which, bool on) {
    auto& owner = block_->owner_;
    if (which == owner.owner.name) return; // a node does not lose itself
    block_->related().watch_node(which, on);
    if (on) owner.watch_node(self(), which);
}

pid process::group_leader() const {
    const pid* own = block_->leader();
    return own != nullptr ? *own : block_->owner_.owner.leader();
}

void process::set_group_leader(const pid& who, const pid& leader) {
    block_->owner_.send_signal(self(), who, signal::group_leader{leader});
}

pid process::spawn(process_body body, spawn_options options) {
    return block_->owner_.spawn(std::move(body), std::move(options), {&self(), block_->leader()});
}

// A process of another worker may have run and ended before a link could reach it, so it comes with the link.
pid process::spawn_link(process_body body, spawn_options options) {
    auto& owner = block_->owner_;
    const bool is_ours = owner.keeps(options.worker);
    const pid child = owner.spawn(std::move(body), std::move(options), {&self(), block_->leader(), !is_ours});
    if (is_ours)
        link(child);
    else
        block_->related().born_linked(child);
    return child;
}

std::pair<pid, reference> process::spawn_monitor(process_body body, spawn_options options) {
    auto& owner = block_->owner_;
    if (owner.keeps(options.worker)) {
        auto child = spawn(std::move(body), std::move(options));
        auto ref = monitor(child);
        return {child, ref};
    }
    auto ref = owner.make_reference();
    const pid child = owner.spawn(std::move(body), std::move(options), {&self(), block_->leader(), false, &ref});
    block_->related().watches_newborn(ref, child);
    return {child, ref};
}

reference process::spawn_request(const atom& on, const atom& module, const atom& function,
                                 const std::vector<term>& arguments, remote_spawn_options with) {
    auto ref = block_->owner_.make_reference();
    block_->related().request_spawn(ref, on, with);
    block_->owner_.request_spawn(self(), ref, on, module, function, arguments, with);
    return ref;
}

reference process::alias() {
    auto ref = block_->owner_.make_reference();
    block_->rare().aliases.insert(ref);
    block_->owner_.processes.add_alias(ref, self());
    return ref;
}

void process::unalias(const reference& ref) {
    block_->rare().aliases.erase(ref);
    block_->owner_.processes.forget_alias(ref);
    // A call that was given up: its answer may be here already, and nobody will ask for it.
    const term tag{improper_list{{term{atom{"alias"}}}, term{ref}}};
    block_->mailbox_.rewind();
    while (block_->mailbox_.scan([&](const term_view& m) { return m.arity() == 2 && m.element(0) == tag.view(); })) {
    }
}

} // namespace sedge
