// SPDX-License-Identifier: Apache-2.0
#include "process/process_block.hpp"

#include "process/node_impl.hpp"
#include "process/receiving.hpp"

#include <sedge/term/text.hpp>

namespace sedge {

namespace {

/// What a watcher of nodes is told; nothing if it did not ask about such a node.
std::optional<term> as_message(const signal::node_change& change, const std::optional<node_monitor_options>& options) {
    using kind = node_monitor_options::kind;
    const kind wanted = options ? options->nodes : kind::visible;
    if (wanted != kind::all && (wanted == kind::hidden) != change.hidden) return std::nullopt;
    const atom what{change.up ? "nodeup" : "nodedown"};
    if (!options) return term{std::tuple{what, change.node}};
    std::vector<term> list; // in OTP's order
    if (options->reason && !change.up) list.push_back(term{std::tuple{atom{"nodedown_reason"}, atom{change.reason}}});
    if (options->type) list.push_back(term{std::tuple{atom{"node_type"}, atom{change.hidden ? "hidden" : "visible"}}});
    return term{std::tuple{what, change.node, list}};
}

} // namespace

void process::block::watch_nodes(bool on, const std::optional<node_monitor_options>& options) {
    std::erase(node_watches_, options);
    if (on) node_watches_.push_back(options);
    owner_.processes.watch_nodes(self_, !node_watches_.empty());
}

process::block::block(node::impl& owner, pid self, process_body body, spawn_options options)
    : owner_(owner), self_(std::move(self)), face_(*this), body_(std::move(body)), label_(std::move(options.label)),
      leader_(std::move(options.group_leader)), relations_(self_), trap_exit_(options.trap_exit) {}

process::block::~block() = default;

process::block::asleep::~asleep() {
    asleep** here = &owner.asleep_;
    while (*here != this) here = &(*here)->earlier;
    *here = earlier;
}

void process::block::born_of(const pid& parent, const std::optional<pid>& leader) {
    parent_ = parent;
    if (!leader_) leader_ = leader;
}

environment& process::block::owner_env() const noexcept { return owner_.env; }

task<> process::block::drive() {
    term reason{atom{"normal"}};
    try {
        auto body = body_(face_);
        co_await std::move(body);
    } catch (const process_exit& e) {
        reason = e.reason();
    } catch (const std::exception& e) {
        reason = term{std::tuple{atom{"cxx_exception"}, std::string{e.what()}}};
        owner_.env.log(log_level::error, "[sedge] process " + label_ + " " + to_string(self_) +
                                             " ended by an exception: " + printable(e.what()));
    }
    if (!exit_reason_) exit_reason_ = std::move(reason);
    owner_.env.ready(*this);
}

void process::block::deliver(any_signal s) {
    if (auto* m = std::get_if<signal::message>(&s)) return deliver_message(std::move(m->payload));
    pending_.push_back(std::move(s));
    owner_.env.ready(*this);
}

void process::block::deliver_message(term message) {
    if (mailbox_.size() + pending_.size() >= limits::mailbox_messages_max) {
        if (!std::exchange(dropping_messages_, true))
            owner_.env.log(log_level::error, "[sedge] mailbox of " + label_ + " " + to_string(self_) + " is full (" +
                                                 std::to_string(limits::mailbox_messages_max) +
                                                 " messages): further messages are dropped");
        return;
    }
    dropping_messages_ = false;
    if (pending_.empty())
        mailbox_.push(std::move(message));
    else
        pending_.push_back(signal::message{std::move(message)});
    owner_.env.ready(*this);
}

void process::block::run() {
    handled_in_a_row_ = 0;
    running_ = true;
    if (!pending_.empty() && !exit_reason_) {
        auto signals = std::exchange(pending_, {});
        for (auto& s : signals) {
            handle(s);
            if (exit_reason_) break;
        }
    }
    if (!started_ && !exit_reason_) {
        started_ = true;
        body_task_ = drive();
        body_task_.prepare(std::noop_coroutine()).resume();
    } else if (!exit_reason_) {
        resume_receiver();
    }
    running_ = false;
    if (exit_reason_) {
        term reason = *exit_reason_;
        terminate(reason);
        owner_.processes.bury(*this); // destroys this
    }
}

void process::block::resume_receiver() {
    if (receiving_ && (receiving_->found_now() || receiving_->expired)) receiving_->resume();
}

void process::block::handle(any_signal& s) {
    reaction r;
    std::vector<term> messages;
    std::visit(
        [&](auto& what) {
            using kind = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<kind, signal::message>)
                messages.push_back(std::move(what.payload));
            else if constexpr (std::is_same_v<kind, signal::exit>)
                relations_.on(what, trap_exit_, r);
            else if constexpr (std::is_same_v<kind, signal::group_leader>)
                leader_ = std::move(what.leader);
            else if constexpr (std::is_same_v<kind, signal::node_lost>)
                relations_.on(what, trap_exit_, messages, r);
            else if constexpr (std::is_same_v<kind, signal::node_change>) {
                for (const auto& watch : node_watches_)
                    if (auto told = as_message(what, watch)) messages.push_back(std::move(*told));
            } else if constexpr (std::is_same_v<kind, signal::unlink_ack> || std::is_same_v<kind, signal::demonitor>)
                relations_.on(what);
            else
                relations_.on(what, r);
        },
        s);
    for (auto& m : messages) mailbox_.push(std::move(m));
    carry_out(r);
}

void process::block::carry_out(reaction& r) {
    if (r.message) mailbox_.push(std::move(*r.message));
    for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
    if (r.exit_reason && !exit_reason_) exit_reason_ = std::move(r.exit_reason);
}

void process::block::terminate(const term& reason) {
    body_task_.reset();
    for (const auto& ref : aliases_) owner_.processes.forget_alias(ref);
    aliases_.clear();
    owner_.processes.forget_names(self_);
    // Signals that are still waiting: watchers and links among them are answered with the true reason.
    for (auto& s : std::exchange(pending_, {})) {
        if (auto* m = std::get_if<signal::monitor>(&s)) {
            reaction ignored;
            relations_.on(*m, ignored);
        } else if (auto* l = std::get_if<signal::link>(&s)) {
            reaction ignored;
            relations_.on(*l, ignored);
        } else if (auto* u = std::get_if<signal::unlink>(&s)) {
            reaction r;
            relations_.on(*u, r);
            for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
        } else if (auto* d = std::get_if<signal::demonitor>(&s)) {
            relations_.on(*d);
        } else if (auto* n = std::get_if<signal::node_lost>(&s)) {
            reaction r;
            std::vector<term> messages;
            relations_.on(*n, true, messages, r);
        }
    }
    reaction r;
    relations_.end(reason, r);
    for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
}

bool process::block::agrees_to_exit(const pid& from, const term& reason) const {
    if (was_made_for(from.node) || relations_.has_linked_itself_to(from)) return true;
    if (reason.is_atom("kill")) return false;
    return trap_exit_ || reason.is_atom("normal");
}

process_info process::block::info(bool messages_too) const {
    process_info i;
    i.self = self_;
    i.registered_name = owner_.processes.name_of(self_);
    i.label = label_;
    if (receiving_)
        i.location = receiving_->at;
    else if (asleep_)
        i.location = asleep_->at;
    if (running_)
        i.waiting_at = "running";
    else if (queued())
        i.waiting_at = "runnable";
    else if (receiving_)
        i.waiting_at = "receive";
    else
        i.waiting_at = asleep_ ? "sleep" : "elsewhere";
    i.message_queue_len = mailbox_.size();
    i.messages_handled = messages_handled_;
    i.trap_exit = trap_exit_;
    i.parent = parent_;
    i.group_leader = leader_.value_or(owner_.face.group_leader());
    i.links = relations_.links();
    i.monitors = relations_.monitors();
    i.monitored_by = relations_.monitored_by();
    i.memory_bytes = sizeof *this + label_.capacity() + relations_.size() * 96;
    mailbox_.for_each([&](const term& m) {
        i.memory_bytes += m.bytes().size() + 48;
        if (messages_too) i.messages.push_back(m);
    });
    return i;
}

} // namespace sedge
