// SPDX-License-Identifier: Apache-2.0
#include "process/process_block.hpp"

#include "process/node_impl.hpp"
#include "process/receiving.hpp"

#include <sedge/term/text.hpp>

#include <map>

namespace sedge {

namespace {

/// What a watcher of nodes is told; nothing if it did not ask about such a node.
std::optional<term> as_message(const signal::node_change& change, const std::optional<node_monitor_options>& options) {
    using kind = node_monitor_options::kind;
    const kind wanted = options ? options->nodes : kind::visible;
    if (wanted != kind::all && (wanted == kind::hidden) != change.hidden) return std::nullopt;
    const atom what{change.up ? "nodeup" : "nodedown"};
    if (!options) return term{std::tuple{what, change.node}};
    if (options->as_map || options->connection_id) {
        std::map<atom, term> map;
        if (options->connection_id) map.emplace("connection_id", change.connection);
        if (options->reason && !change.up) map.emplace("nodedown_reason", atom{change.reason});
        if (options->type) map.emplace("node_type", atom{change.hidden ? "hidden" : "visible"});
        return term{std::tuple{what, change.node, map}};
    }
    std::vector<term> list; // in OTP's order
    if (options->reason && !change.up) list.push_back(term{std::tuple{atom{"nodedown_reason"}, atom{change.reason}}});
    if (options->type) list.push_back(term{std::tuple{atom{"node_type"}, atom{change.hidden ? "hidden" : "visible"}}});
    return term{std::tuple{what, change.node, list}};
}

} // namespace

void process::block::watch_nodes(bool on, const std::optional<node_monitor_options>& options) {
    auto& watches = rare().node_watches;
    if (on)
        watches.push_back(options);
    else
        std::erase(watches, options);
    owner_.processes.watch_nodes(self_, !watches.empty());
}

process::block::block(worker& owner, pid self, process_body&& body, spawn_options&& options)
    : owner_(owner), self_(std::move(self)), face_(*this), body_(std::move(body)), trap_exit_(options.trap_exit) {
    if (options.label != default_label) label_ = std::make_unique<std::string>(std::move(options.label));
    if (options.group_leader) rare().leader = std::move(options.group_leader);
}

process::block::~block() = default;

process::block::asleep::~asleep() {
    asleep** here = &owner.asleep_;
    while (*here != this) here = &(*here)->earlier;
    *here = earlier;
}

void process::block::born_of(const pid& parent, const pid* leader) {
    if (parent.node == self_.node)
        parent_number_ = process_table::number(parent);
    else
        rare().parent = parent;
    if (leader != nullptr && !rare().leader) rare_->leader = *leader;
}

std::optional<pid> process::block::parent() const {
    if (parent_number_ != 0) return owner_.processes.pid_of(parent_number_);
    return rare_ ? rare_->parent : std::nullopt;
}

bool process::block::was_made_for(const atom& node) const {
    if (parent_number_ != 0) return node == self_.node;
    return rare_ && rare_->parent && rare_->parent->node == node;
}

environment& process::block::owner_env() const noexcept { return owner_.env; }

task<> process::block::drive() {
    static const term normal{atom{"normal"}};
    term reason; // made in the end: a process that waits should hold nothing for that
    try {
        auto body = body_(face_);
        co_await std::move(body);
        reason = normal;
    } catch (const process_exit& e) {
        reason = e.reason();
    } catch (const std::exception& e) {
        reason = term{std::tuple{atom{"cxx_exception"}, std::string{e.what()}}};
        owner_.env.log(log_level::error, "[sedge] process " + label() + " " + to_string(self_) +
                                             " ended by an exception: " + printable(e.what()));
    }
    end_with(std::move(reason));
    owner_.env.ready(*this);
}

void process::block::end_with(term reason) noexcept {
    if (ending_) return;
    ending_ = true;
    exit_reason_ = std::move(reason);
}

void process::block::deliver(any_signal s) {
    if (auto* m = std::get_if<signal::message>(&s)) return deliver_message(std::move(m->payload));
    rare().pending.push_back(std::move(s));
    owner_.env.ready(*this);
}

void process::block::deliver_message(term&& message) {
    const std::size_t pending = rare_ ? rare_->pending.size() : 0;
    if (mailbox_.size() + pending >= limits::mailbox_messages_max) return drop_message();
    if (pending == 0)
        mailbox_.push(std::move(message));
    else
        rare_->pending.push_back(signal::message{std::move(message)});
    owner_.env.ready(*this);
}

void process::block::drop_message() {
    if (std::exchange(dropping_messages_, true)) return;
    owner_.env.log(log_level::error, "[sedge] mailbox of " + label() + " " + to_string(self_) + " is full (" +
                                         std::to_string(limits::mailbox_messages_max) +
                                         " messages): further messages are dropped");
}

void process::block::run() {
    handled_in_a_row_ = 0;
    running_ = true;
    if (has_pending() && !ending_) handle_pending();
    if (!ending_) go_on();
    running_ = false;
    // Told again only when half is gone: one line for a flood, not one for each message that finds a place.
    if (crowd_known_) [[unlikely]]
        note_crowd_now();
    if (dropping_messages_ && mailbox_.size() < limits::mailbox_messages_max / 2) dropping_messages_ = false;
    if (ending_) {
        const term reason = exit_reason_;
        terminate(reason);
        owner_.processes.bury(*this); // destroys this
    }
}

void process::block::note_crowd_now() {
    const auto bound = crowd_known_ ? limits::mailbox_crowded_messages : limits::mailbox_crowded_elsewhere_messages;
    const bool crowded = mailbox_.size() > bound && queued() && !ending_;
    if (crowded == crowd_known_) return;
    crowd_known_ = crowded;
    const auto number = process_table::number(self_);
    crowded ? owner_.note_crowded(number) : owner_.note_room(number);
}

void process::block::go_on() {
    if (!started_) {
        started_ = true;
        body_task_ = drive();
        body_task_.prepare(std::noop_coroutine()).resume();
    } else if (receiving_ && has_what_it_waits_for()) {
        std::exchange(receiving_, nullptr)->waiting.resume();
    }
}

bool process::block::has_what_it_waits_for() {
    if (!receiving_->selective) return !mailbox_.empty();
    auto& wanted = static_cast<selection&>(*receiving_);
    return wanted.found_now() || wanted.expired;
}

void process::block::wait_for_message(waiting_receive& r, std::coroutine_handle<> handle) {
    SEDGE_ASSERT(!receiving_); // one receive at a time
    r.waiting = handle;
    receiving_ = &r;
    if (handled_in_a_row_ > in_a_row_max) owner_.env.ready(*this); // it was not asked whether there is one
}

bool process::block::has_time_left() {
    if (handled_in_a_row_ > in_a_row_max * slices_max) return false;
    if (handled_in_a_row_ % in_a_row_max != 1) return true;
    const time_point now = owner_.env.now();
    if (handled_in_a_row_ == in_a_row_max + 1) owner_.slice_ends = now + slice_time;
    return now < owner_.slice_ends;
}

void process::block::handle_pending() {
    auto signals = std::exchange(rare_->pending, {});
    for (auto& s : signals) {
        handle(s);
        if (ending_) break;
    }
}

void process::block::handle(any_signal& s) {
    auto& known = related();
    reaction r;
    std::vector<term> messages;
    std::visit(
        [&](auto& what) {
            using kind = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<kind, signal::message>)
                messages.push_back(std::move(what.payload));
            else if constexpr (std::is_same_v<kind, signal::exit>)
                known.on(what, trap_exit_, r);
            else if constexpr (std::is_same_v<kind, signal::group_leader>)
                rare().leader = std::move(what.leader);
            else if constexpr (std::is_same_v<kind, signal::node_lost>)
                known.on(what, trap_exit_, messages, r);
            else if constexpr (std::is_same_v<kind, signal::node_change>) {
                for (const auto& watch : rare().node_watches)
                    if (auto told = as_message(what, watch)) messages.push_back(std::move(*told));
            } else if constexpr (std::is_same_v<kind, signal::unlink_ack> || std::is_same_v<kind, signal::demonitor>)
                known.on(what);
            else
                known.on(what, r);
        },
        s);
    for (auto& m : messages) mailbox_.push(std::move(m));
    carry_out(r);
}

void process::block::carry_out(reaction& r) {
    if (r.message) mailbox_.push(std::move(*r.message));
    for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
    if (r.exit_reason) end_with(std::move(*r.exit_reason));
}

void process::block::terminate(const term& reason) {
    body_task_.reset();
    if (may_have_names_) owner_.processes.close_names(*this);
    if (!rare_) return; // nobody knows of it
    for (const auto& ref : rare_->aliases) owner_.processes.forget_alias(ref);
    rare_->aliases.clear();
    auto& known = rare_->related;
    // Signals that are still waiting: watchers and links among them are answered with the true reason.
    for (auto& s : std::exchange(rare_->pending, {})) {
        if (auto* m = std::get_if<signal::monitor>(&s)) {
            reaction ignored;
            known.on(*m, ignored);
        } else if (auto* l = std::get_if<signal::link>(&s)) {
            reaction ignored;
            known.on(*l, ignored);
        } else if (auto* u = std::get_if<signal::unlink>(&s)) {
            reaction r;
            known.on(*u, r);
            for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
        } else if (auto* d = std::get_if<signal::demonitor>(&s)) {
            known.on(*d);
        } else if (auto* n = std::get_if<signal::node_lost>(&s)) {
            reaction r;
            std::vector<term> messages;
            known.on(*n, true, messages, r);
        } else if (auto* made = std::get_if<signal::spawned>(&s)) {
            reaction r;
            known.on(*made, r); // its link and monitor end below
            for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
        }
    }
    for (const auto& [request, on] : known.links_to_come()) owner_.processes.note_orphan(request, on, reason);
    reaction r;
    known.end(reason, r);
    for (auto& o : r.out) owner_.send_signal(self_, o.to, std::move(o.what));
}

bool process::block::agrees_to_exit(const pid& from, const term& reason) const {
    if (was_made_for(from.node) || (rare_ && rare_->related.has_linked_itself_to(from))) return true;
    if (reason.is_atom("kill")) return false;
    return trap_exit_ || reason.is_atom("normal");
}

process_info process::block::info(bool messages_too) const {
    process_info i;
    i.self = self_;
    if (named_) i.registered_name = owner_.owner.names.name_of(process_table::number(self_));
    i.label = label();
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
    i.parent = parent();
    i.group_leader = leader() != nullptr ? *leader() : owner_.owner.leader();
    i.memory_bytes = memory();
    if (rare_) {
        const auto& related = rare_->related;
        i.links = related.links();
        i.monitors = related.monitors();
        i.monitored_by = related.monitored_by();
    }
    if (messages_too) mailbox_.for_each([&](const term& m) { i.messages.push_back(m); });
    return i;
}

std::size_t process::block::memory() const {
    std::size_t bytes = sizeof *this;
    if (label_) bytes += sizeof *label_ + label_->capacity();
    if (rare_) bytes += sizeof *rare_ + rare_->related.size() * 96;
    mailbox_.for_each([&bytes](const term& m) { bytes += m.bytes().size() + 48; });
    return bytes;
}

} // namespace sedge
