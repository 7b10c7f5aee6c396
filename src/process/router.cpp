// SPDX-License-Identifier: Apache-2.0
//
// The router: takes a signal from where it is made to where it is handled. Inside this node that is the mailbox of a
// process, perhaps by way of another worker's inbox (worker.cpp); towards another node it is a control message on the
// connection to it, which worker 0 has.
//
// What cannot arrive is answered on behalf of the missing process: a link with an exit `noproc`, a monitor with a
// DOWN `noproc`, an unlink with its acknowledgement. Everything else to nobody is dropped, as in Erlang. A pid of
// another incarnation (creation) of a node is such a nobody.
#include "process/node_impl.hpp"

namespace sedge {

namespace {

dist::control::target as_target(const destination& d) {
    if (auto* p = std::get_if<pid>(&d)) return *p;
    if (auto* r = std::get_if<registered>(&d)) return r->name;
    return std::get<atom>(d);
}

destination as_destination(const dist::control::target& t) {
    if (auto* p = std::get_if<pid>(&t)) return *p;
    return std::get<atom>(t);
}

/// A control message and the term that travels behind it.
struct packet {
    dist::control_message control;
    std::optional<term> payload;
};

/// The wire form of a signal from `from` to a process on another node; nothing for what stays inside a node.
std::optional<packet> as_packet(const pid& from, const destination& to, any_signal& s) {
    namespace ctl = dist::control;
    const pid* who = std::get_if<pid>(&to);
    if (auto* m = std::get_if<signal::message>(&s)) {
        if (who) return packet{ctl::send{from, *who}, std::move(m->payload)};
        return packet{ctl::reg_send{from, std::get<registered>(to).name}, std::move(m->payload)};
    }
    if (auto* m = std::get_if<signal::monitor>(&s)) return packet{ctl::monitor_p{m->from, as_target(to), m->ref}, {}};
    if (auto* d = std::get_if<signal::demonitor>(&s))
        return packet{ctl::demonitor_p{d->from, as_target(to), d->ref}, {}};
    if (!who) return std::nullopt;
    if (auto* l = std::get_if<signal::link>(&s)) return packet{ctl::link{l->from, *who}, {}};
    if (auto* u = std::get_if<signal::unlink>(&s)) return packet{ctl::unlink_id{u->id, u->from, *who}, {}};
    if (auto* a = std::get_if<signal::unlink_ack>(&s)) return packet{ctl::unlink_id_ack{a->id, a->from, *who}, {}};
    if (auto* e = std::get_if<signal::exit>(&s)) {
        if (e->through_link) return packet{ctl::exit{e->from, *who}, std::move(e->reason)};
        return packet{ctl::exit2{e->from, *who}, std::move(e->reason)};
    }
    if (auto* g = std::get_if<signal::group_leader>(&s)) return packet{ctl::group_leader{g->leader, *who}, {}};
    if (auto* d = std::get_if<signal::down>(&s))
        return packet{ctl::monitor_p_exit{as_target(d->target), d->to, d->ref}, std::move(d->reason)};
    return std::nullopt;
}

bool makes_a_relation(const any_signal& s) {
    return std::holds_alternative<signal::link>(s) || std::holds_alternative<signal::monitor>(s);
}

/// The list of arguments of a spawn call, or nothing if it is none of that length.
std::optional<std::vector<term>> argument_list(const std::optional<term>& payload, std::uint32_t arity) {
    if (!payload) return std::nullopt;
    auto view = payload->view();
    if (!view.is_list() || view.length() != arity || view.tail().kind() != term_kind::nil) return std::nullopt;
    std::vector<term> arguments;
    arguments.reserve(arity);
    for (auto e : view.elements()) arguments.emplace_back(e);
    return arguments;
}

} // namespace

// -- outwards
// ----------------------------------------------------------------------------------------------------------

void worker::send_message(const pid& from, const destination& to, term message) {
    if (auto* target = local_target(to)) return target->deliver_message(std::move(message));
    if (node_of(to, owner.name) == owner.name) {
        if (const auto other = elsewhere(to)) pass_on(other, std::move(message));
        return;
    }
    const pid* who = std::get_if<pid>(&to);
    if (number == 0 && who != nullptr && owner.peers.send_message(from, *who, message)) return;
    send_signal(from, to, signal::message{std::move(message)});
}

process::block* worker::named_target(const destination& to) const {
    if (auto* a = std::get_if<atom>(&to)) return processes.find_number(owner.names.find(*a));
    const auto& named = std::get<registered>(to);
    return named.node == owner.name ? processes.find_number(owner.names.find(named.name)) : nullptr;
}

void worker::send_signal(const pid& from, const destination& to, any_signal s) {
    const atom& on = node_of(to, owner.name);
    if (on == owner.name) return deliver_local(to, std::move(s));
    if (makes_a_relation(s)) processes.relate(from, on);
    if (number == 0) return owner.send_on(from, to, std::move(s), owner.losses());
    sent_unasked_ += 1;
    if (auto* m = std::get_if<signal::message>(&s)) {
        if (is_flooded(0)) return;
        sent_unasked_ += m->payload.bytes().size() / 1024;
    }
    do_at(0,
          [from, to, s = std::move(s), seen = losses_seen_](worker& first) { first.owner.send_on(from, to, s, seen); });
}

void node::impl::send_on(const pid& from, const destination& to, any_signal s, std::uint64_t losses) {
    const atom on = node_of(to, name);
    if (makes_a_relation(s) && was_lost_since(on, losses)) return; // its `noconnection` has been told
    if (!peers.is_up(on)) {
        std::size_t bytes = sizeof s;
        if (auto* m = std::get_if<signal::message>(&s)) bytes += m->payload.bytes().size();
        const bool is_awaited = !std::holds_alternative<signal::message>(s);
        peers.when_up(
            on, bytes, [this, from, to, s] { send_on(from, to, s, losses_); }, is_awaited);
        return;
    }
    const pid* who = std::get_if<pid>(&to);
    if (who && peers.is_stale(*who)) return home.bounce(to, std::move(s), atom{"noproc"});
    if (auto* m = std::get_if<signal::message>(&s); m && who && peers.send_message(from, *who, m->payload)) return;
    if (auto p = as_packet(from, to, s)) peers.send(on, std::move(p->control), std::move(p->payload), &from);
    auto* u = std::get_if<signal::unlink>(&s); // a peer older than OTP 24 does not acknowledge it
    if (u != nullptr && who && !peers.knows(on, dist::capability::unlink_id))
        home.deliver_local(u->from, signal::unlink_ack{*who, u->id});
}

void worker::send_to_alias(const pid& from, const reference& alias, term message) {
    if (alias.node == owner.name) return deliver_to_alias(alias, std::move(message));
    if (number != 0) {
        if (is_flooded(0)) return;
        return do_at(0, [from, alias, message](worker& first) { first.send_to_alias(from, alias, message); });
    }
    auto& peers = owner.peers;
    if (!peers.is_up(alias.node))
        return peers.when_up(alias.node, message.bytes().size(),
                             [this, from, alias, message] { send_to_alias(from, alias, message); });
    peers.send(alias.node, dist::control::alias_send{from, alias}, std::move(message));
}

void worker::request_spawn(const pid& from, const reference& ref, const atom& on, const atom& module,
                           const atom& function, const std::vector<term>& arguments, remote_spawn_options with) {
    auto* spawner = processes.find(from);
    const pid output_to = spawner && spawner->leader() ? *spawner->leader() : owner.leader();
    if (on != owner.name) processes.relate(from, on);
    spawn_call call{from, output_to, module, function, arguments};
    if (number == 0) return owner.request_spawn(call, ref, on, with, owner.losses());
    do_at(0, [call, ref, on, with, seen = losses_seen_](worker& first) {
        first.owner.request_spawn(call, ref, on, with, seen);
    });
}

void node::impl::request_spawn(const spawn_call& call, const reference& ref, const atom& on, remote_spawn_options with,
                               std::uint64_t losses) {
    if (on == name) {
        auto made = spawn_for(call, with.monitor ? &ref : nullptr, with.link);
        signal::spawned answer{ref, std::nullopt, {}, with.link, with.monitor};
        if (auto* child = std::get_if<pid>(&made))
            answer.child = *child;
        else
            answer.failure = std::get<atom>(made);
        return home.deliver_local(call.from, std::move(answer));
    }
    if (was_lost_since(on, losses)) return; // answered already
    if (!peers.is_up(on))
        return peers.when_up(
            on, 1024, [=, this] { request_spawn(call, ref, on, with, losses_); }, true);
    std::vector<atom> wanted;
    if (with.monitor) wanted.emplace_back("monitor");
    if (with.link) wanted.emplace_back("link");
    dist::control::spawn_request request{ref,         call.from,     call.group_leader,
                                         call.module, call.function, static_cast<std::uint32_t>(call.arguments.size()),
                                         term{wanted}};
    if (!peers.send(on, std::move(request), term{call.arguments})) // a peer that spawns nothing, such as a C node
        home.deliver_local(call.from, signal::spawned{ref, std::nullopt, atom{"notsup"}});
}

void worker::watch_node(const pid& who, const atom& node) {
    processes.relate(who, node);
    const auto connect = [node](worker& first) {
        if (!first.owner.peers.is_up(node)) first.owner.peers.when_up(node, 0, [] {});
    };
    if (number == 0) return connect(*this);
    do_at(0, connect);
}

// -- inwards
// -----------------------------------------------------------------------------------------------------------

void worker::bounce(const destination& to, any_signal s, const atom& reason) {
    const pid* who = std::get_if<pid>(&to);
    if (auto* l = std::get_if<signal::link>(&s); l && who)
        send_signal(*who, l->from, signal::exit{*who, term{reason}, true});
    else if (auto* m = std::get_if<signal::monitor>(&s))
        send_signal(owner.no_process(), m->from, signal::down{m->from, m->ref, m->target, term{reason}});
    else if (auto* u = std::get_if<signal::unlink>(&s); u && who)
        send_signal(*who, u->from, signal::unlink_ack{*who, u->id});
    else if (auto* made = std::get_if<signal::spawned>(&s); made && who)
        disown(*who, *made);
}

/// Who asked for that process has ended before the answer came. The other node holds its link and its monitor.
void worker::disown(const pid& parent, const signal::spawned& made) {
    const auto reason = processes.take_orphan(made.request);
    if (!made.child) return;
    if (made.monitored) send_signal(parent, *made.child, signal::demonitor{parent, made.request});
    if (made.linked && reason) send_signal(parent, *made.child, signal::exit{parent, *reason, true});
}

bool node::impl::is_accepted(remote_signal::kind what, const atom& peer, const destination& to,
                             const term* payload) const {
    return !accepts || accepts(remote_signal{what, peer, to, payload});
}

/// The process knows whether it agrees, and only worker 0 what the peer may do. A signal that the two have to settle
/// can come later than others of the same sender.
void node::impl::deliver_if_allowed(const atom& peer, const pid& target, remote_signal::kind what, any_signal s) {
    const auto agrees = [peer](const process::block& block, const any_signal& signal) {
        if (auto* e = std::get_if<signal::exit>(&signal)) return block.agrees_to_exit(e->from, e->reason);
        return block.was_made_for(peer);
    };
    const auto is_allowed = [this, peer, target, what](const any_signal& signal) {
        auto* e = std::get_if<signal::exit>(&signal);
        return is_accepted(what, peer, target, e ? &e->reason : nullptr);
    };
    if (auto* block = processes.find(target)) {
        if (agrees(*block, s) || is_allowed(s)) block->deliver(std::move(s));
        return;
    }
    const unsigned other = home_of(process_table::number(target));
    if (other == 0 || other >= running_workers()) return;
    home.do_at(other, [this, agrees, is_allowed, target, other, s = std::move(s)](worker& there) {
        auto* block = there.processes.find(target);
        if (block == nullptr) return;
        if (agrees(*block, s)) return block->deliver(s);
        there.do_at(0, [this, is_allowed, target, other, s](worker& first) {
            if (!is_allowed(s)) return;
            first.do_at(other, [target, s](worker& last) {
                if (auto* found = last.processes.find(target)) found->deliver(s);
            });
        });
    });
}

void node::impl::on_message(const atom& peer, const pid& to, term&& message) {
    if (accepts && !is_accepted(remote_signal::kind::message, peer, to, &message)) return;
    home.deliver_message(to, std::move(message));
}

void node::impl::on_control(const atom& peer, dist::control_message&& message, std::optional<term>&& payload) {
    namespace ctl = dist::control;
    auto reason = [&] { return payload ? std::move(*payload) : term{}; };
    std::visit(
        [&](auto& m) {
            using kind = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<kind, ctl::send>) {
                on_message(peer, m.to, reason());
            } else if constexpr (std::is_same_v<kind, ctl::reg_send>) {
                term what = reason();
                if (!is_accepted(remote_signal::kind::message, peer, m.to, &what)) return;
                if (const auto target = names.find(m.to))
                    home.deliver_message(processes.pid_of(target), std::move(what));
            } else if constexpr (std::is_same_v<kind, ctl::alias_send>) {
                auto* target = processes.find_alias(m.to);
                const bool may_be_elsewhere = m.to.node == name && home_of(m.to.words[0]) != 0;
                term what = reason();
                const pid who = target ? target->self() : no_process();
                if ((target || may_be_elsewhere) && is_accepted(remote_signal::kind::message, peer, who, &what))
                    home.deliver_to_alias(m.to, std::move(what));
            } else if constexpr (std::is_same_v<kind, ctl::link>) {
                if (is_accepted(remote_signal::kind::link, peer, m.to, nullptr))
                    home.deliver_local(m.to, signal::link{m.from});
                else
                    home.bounce(m.to, signal::link{m.from}, atom{"noproc"});
            } else if constexpr (std::is_same_v<kind, ctl::unlink_id>) {
                // An unlink without id comes from peers older than OTP 24 and is not acknowledged; ours with id 0 is.
                if (m.id) home.deliver_local(m.to, signal::unlink{m.from, *m.id});
            } else if constexpr (std::is_same_v<kind, ctl::unlink_id_ack>) {
                home.deliver_local(m.to, signal::unlink_ack{m.from, m.id});
            } else if constexpr (std::is_same_v<kind, ctl::exit>) {
                home.deliver_local(m.to, signal::exit{m.from, reason(), true});
            } else if constexpr (std::is_same_v<kind, ctl::exit2>) {
                deliver_if_allowed(peer, m.to, remote_signal::kind::exit, signal::exit{m.from, reason(), false});
            } else if constexpr (std::is_same_v<kind, ctl::monitor_p>) {
                auto target = as_destination(m.whom);
                bool open = std::holds_alternative<pid>(target) ||
                            is_accepted(remote_signal::kind::monitor, peer, target, nullptr);
                signal::monitor watch{m.from, m.ref, target};
                if (open)
                    home.deliver_local(target, std::move(watch));
                else
                    home.bounce(target, std::move(watch), atom{"noproc"});
            } else if constexpr (std::is_same_v<kind, ctl::demonitor_p>) {
                home.deliver_local(as_destination(m.whom), signal::demonitor{m.from, m.ref});
            } else if constexpr (std::is_same_v<kind, ctl::monitor_p_exit>) {
                home.deliver_local(m.to, signal::down{m.to, m.ref, as_destination(m.whom), reason()});
            } else if constexpr (std::is_same_v<kind, ctl::spawn_request>) {
                serve_spawn(m, payload);
            } else if constexpr (std::is_same_v<kind, ctl::spawn_reply>) {
                signal::spawned answer{m.id,
                                       std::nullopt,
                                       {},
                                       (m.made & ctl::spawn_reply::link_made) != 0,
                                       (m.made & ctl::spawn_reply::monitor_made) != 0};
                if (auto* child = std::get_if<pid>(&m.outcome))
                    answer.child = *child;
                else
                    answer.failure = std::get<atom>(m.outcome);
                home.deliver_local(m.to, std::move(answer));
            } else if constexpr (std::is_same_v<kind, ctl::group_leader>) {
                deliver_if_allowed(peer, m.to, remote_signal::kind::group_leader, signal::group_leader{m.leader});
            }
        },
        message);
}

std::variant<pid, atom> node::impl::spawn_for(const spawn_call& call, const reference* monitor, bool linked) {
    process_body body = resolve_spawn ? resolve_spawn(call) : process_body{};
    if (!body) {
        // As a BEAM does for a module it does not have: the process starts and ends at once.
        term undef{std::tuple{
            atom{"undef"}, std::vector{std::tuple{call.module, call.function, call.arguments, std::vector<term>{}}}}};
        body = [undef](process& self) -> task<> {
            self.exit(undef);
            co_return;
        };
    }
    spawn_options how;
    how.label = call.module.str() + ":" + call.function.str() + "/" + std::to_string(call.arguments.size());
    const pid made = home.spawn(std::move(body), std::move(how), {&call.from, &call.group_leader, linked, monitor});
    if (call.from.node != name) processes.relate(made, call.from.node);
    return made;
}

void node::impl::serve_spawn(const dist::control::spawn_request& request, const std::optional<term>& payload) {
    namespace ctl = dist::control;
    ctl::spawn_reply reply{request.id, request.from, 0, atom{"badopt"}};
    auto arguments = argument_list(payload, request.arity);
    const auto wishes = dist::read_spawn_options(request.options);
    if (wishes && arguments) {
        const bool linked = wishes->link;
        const bool monitored = wishes->monitor;
        spawn_call call{request.from, request.group_leader, request.module, request.function, std::move(*arguments)};
        reply.outcome = spawn_for(call, monitored ? &request.id : nullptr, linked);
        reply.made = (linked ? ctl::spawn_reply::link_made : 0) | (monitored ? ctl::spawn_reply::monitor_made : 0);
    }
    peers.send(request.from.node, std::move(reply), std::nullopt);
}

} // namespace sedge
