// SPDX-License-Identifier: Apache-2.0
//
// Connections that are up: what comes on them, and how they end.
#include "process/peer.hpp"

namespace sedge {

namespace {

/// Where port mappers are: some answer comes from there on a machine that lets nodes in.
constexpr std::uint16_t mapper_port = 4369;

bool is_of_system(const std::error_category& category) {
    return category == std::system_category() || category == std::generic_category();
}

bool is_end_of_stream(const error& why) {
    return why == make_error_code(wire::errc::closed) || is_of_system(why.code().category());
}

/// The end of a connection in a word: OTP's where it has one.
std::string down_word(const error& why) {
    if (why == make_error_code(dist::errc::tick_timeout)) return "net_tick_timeout";
    if (why == make_error_code(dist::errc::slow_peer)) return "slow_peer";
    if (why == make_error_code(dist::errc::queue_full)) return "queue_full";
    if (why == make_error_code(dist::errc::bad_packet)) return "bad_packet";
    if (why == make_error_code(errc::limit_exceeded)) return "limit_exceeded";
    if (why == make_error_code(errc::stopped)) return why.context().empty() ? "disconnect" : why.context();
    return "connection_closed";
}

/// The same for people: where the peer, or we, have done something wrong, all that is known of it.
std::string down_text(const error& why) {
    const bool says_more = why == make_error_code(dist::errc::bad_packet) ||
                           why == make_error_code(dist::errc::queue_full) ||
                           why == make_error_code(errc::limit_exceeded);
    return says_more ? why.message() : down_word(why);
}

/// How a message changes the number of links and monitors that a peer holds here.
int relations_added(const dist::control_message& m) {
    namespace ctl = dist::control;
    if (std::holds_alternative<ctl::link>(m) || std::holds_alternative<ctl::monitor_p>(m)) return 1;
    if (const auto* spawn = std::get_if<ctl::spawn_request>(&m)) {
        const auto wishes = dist::read_spawn_options(spawn->options);
        return wishes ? int{wishes->link} + int{wishes->monitor} : 0;
    }
    if (std::holds_alternative<ctl::unlink_id>(m) || std::holds_alternative<ctl::demonitor_p>(m) ||
        std::holds_alternative<ctl::exit>(m) || std::holds_alternative<ctl::monitor_p_exit>(m))
        return -1;
    return 0;
}

} // namespace

void peer_set::peer::on_message(dist::connection& from, dist::incoming&& message) {
    auto& owner = set.owner_;
    if (auto offence = dist::violation(message.control, name, owner.name)) {
        from.close(error{dist::errc::bad_packet, printable(name.text()) + ": " + *offence});
        return;
    }
    count(relations_added(message.control));
    if (relations_in > limits::signals_per_peer_max) {
        from.close(error{errc::limit_exceeded, printable(name.text()) + " holds more than " +
                                                   std::to_string(limits::signals_per_peer_max) +
                                                   " links and monitors here"});
        return;
    }
    owner.on_control(name, std::move(message.control), std::move(message.payload));
}

void peer_set::peer::on_message_again(dist::connection&, const dist::control::send& again, term&& payload) {
    set.owner_.on_message(name, again.to, std::move(payload));
}

void peer_set::link_up(dist::established link, dist::name_arbiter::attempt number) {
    auto p = find_or_add(link.peer.name.full);
    const bool hidden = !link.peer.is_visible();
    dist::connection_options options;
    options.tick_time = owner_.options.tick_time;
    options.send_queue_bytes_max = owner_.options.send_queue_bytes_max;
    options.send_wait_bytes = owner_.options.send_wait_bytes;
    options.send_stall_time = owner_.options.send_stall_time;
    options.message_bytes_max = owner_.options.message_bytes_max;
    options.unfinished_bytes_max = owner_.options.unfinished_bytes_max;
    if (const auto& times = owner_.options.detection)
        options.watch = {*times, owner_.creation, mapper_port, watched_links_};
    SEDGE_ASSERT(!p->connection);
    p->connection = std::make_unique<dist::connection>(owner_.env, std::move(link), *p, options);
    p->number = number;
    p->up_since = owner_.env.now();
    p->relations_in = 0;
    p->leaving = false;
    p->standing = node_standing{.name = p->name, .since = p->up_since, .hidden = hidden};
    p->last_failure.reset();
    p->last_reason.reset();
    owner_.node_changed({p->name, true, hidden, {}, number});
    announce(*p, node_event::kind::up, node_state::up, {});
    if (p->connection) p->connection->start(); // a watcher may have closed it
    auto waiting = std::exchange(p->waiting, {});
    p->waiting_bytes = 0;
    for (auto& retry : waiting) retry();
    p->note_change();
}

void peer_set::peer::on_suspect(dist::connection&, bool is_suspect, const std::string& why) {
    if (leaving) return;
    const auto state = is_suspect ? node_state::suspect : node_state::up;
    set.owner_.env.log(log_level::info, "[sedge] :\"" + printable(name.text()) + "\" is " +
                                            std::string{to_string(state)} + (is_suspect ? ": " + why : " again"));
    set.announce(*this, node_event::kind::changed, state, why);
}

void peer_set::peer::on_leaving(dist::connection&) {
    if (std::exchange(leaving, true)) return;
    set.announce(*this, node_event::kind::changed, node_state::draining, {});
}

void peer_set::announce(peer& p, node_event::kind what, node_state state, std::string reason) {
    const bool hidden = p.standing->hidden;
    *p.standing = {p.name, state, owner_.env.now(), reason, hidden};
    owner_.announce({what, p.name, hidden, std::move(reason), state});
}

void peer_set::link_down(peer& p, const error& why) {
    auto keep = find(p.name);
    bool hidden = !p.connection->peer().is_visible();
    auto gone = std::move(p.connection);
    closed_.bytes_in += gone->counts().bytes_in;
    closed_.bytes_out += gone->counts().bytes_out;
    arbiter_->link_down(p.name, p.number);
    if (why == make_error_code(dist::errc::bad_packet) || why == make_error_code(errc::limit_exceeded) ||
        why == make_error_code(dist::errc::queue_full) || why == make_error_code(dist::errc::slow_peer))
        owner_.env.log(log_level::warning,
                       "[sedge] connection to " + printable(p.name.text()) + " closed: " + printable(why.message()));
    owner_.node_lost(p.name);
    owner_.node_changed({p.name, false, hidden, down_word(why), p.number});
    const bool in_order = p.leaving && is_end_of_stream(why);
    announce(p, node_event::kind::down, in_order ? node_state::left : node_state::down, down_text(why));
    p.note_change();
    if (p.name == named_by_ && !stopping_) lose_name();
}

/// See naming.cpp.
void peer_set::lose_name() {
    name_lost_ = true;
    owner_.env.log(log_level::warning, "[sedge] the connection to " + printable(named_by_.text()) +
                                           " is lost, which had given this node its name; all others end with it");
    const auto all = peers_;
    for (auto& [name, p] : all) {
        if (p->connection) p->connection->close(error{errc::stopped, "name_lost"});
        if (p->dial.empty()) continue;
        p->dial.cancel();
        attempt_failed(p, error{errc::stopped, "this node has lost its name"});
    }
}

bool peer_set::disconnect(const atom& name) {
    auto p = find(name);
    if (!p || !p->connection) return false;
    p->connection->close(error{errc::stopped, "disconnect"});
    return true;
}

} // namespace sedge
