// SPDX-License-Identifier: Apache-2.0
//
// The messages that global_name_server takes, sorted to where they are handled: pairing.cpp, partitions.cpp, and the
// calls here:
//
//   {register, Name, Pid, Method}               yes      only while the caller holds the lock `global`
//   {register_ext, Name, Pid, Method, Node}     yes      the same; Node stands for a process that is no Erlang node's
//   {unregister, Name}                          ok
//   {set_lock, {Resource, Requester}}           true | false
//   {del_lock, {Resource, Requester}}           true
//   get_known, get_synced, get_protocol_version, get_names_ext
//
// A message says of which node it is; that must be the node that sent it. Only reports of lost connections are passed
// on by others.

#include "otp/global/core.hpp"

#include "otp/global/pairing.hpp"
#include "otp/global/partitions.hpp"
#include "otp/terms.hpp"

namespace sedge::otp::registry {
namespace {

void answer(state& s, const reply_to& to, term value) { s.out.push_back(effect::answer{to, std::move(value)}); }

/// Whoever has lost the lock meanwhile, by a nodedown that came before this message, changes nothing: the others would
/// not follow.
bool holds_lock(const state& s, const pid& caller) {
    if (s.locks.is_set(global_resource())) return s.locks.is_held_by(global_resource(), caller);
    return !s.locks.global_was_lost();
}

void on_register(state& s, const reply_to& from, const term_view& request) {
    auto who = request.element(2).as<pid>();
    if (!who) return;
    named entry{term{request.element(1)}, *who, term{request.element(3)}};
    if (!holds_lock(s, from.client))
        s.names.erase(entry.name);
    else if (!s.names.insert(std::move(entry)))
        s.note(log_level::error, "[sedge:global] the table of names is full; a name is left out");
    answer(s, from, term{atom{"yes"}});
}

/// A node that counts us in while we know nothing of it has heard of us by a member that has put it out just then. What
/// it changed here would go over the heads of our own part, so it has to wait until it is known, or asked to forget us.
bool may_lock(const state& s, const lock_key& key, const atom& origin) {
    return key.resource != global_resource() || origin == s.me || s.concerns(origin);
}

void on_call(state& s, const gen_request& call) {
    const term_view request = call.request.view();
    if (is_tagged(request, "set_lock", 2)) {
        auto key = read_lock_id(request.element(1));
        if (!key) return;
        bool is_set = may_lock(s, *key, call.from.client.node) && s.locks.set(*key, call.from.client);
        answer(s, call.from, term{is_set});
    } else if (is_tagged(request, "del_lock", 2)) {
        auto key = read_lock_id(request.element(1));
        if (!key) return;
        s.locks.release(*key, call.from.client);
        answer(s, call.from, term{true});
    } else if (is_tagged(request, "register", 4) || is_tagged(request, "register_ext", 5)) {
        on_register(s, call.from, request);
    } else if (is_tagged(request, "unregister", 2)) {
        s.names.erase(term{request.element(1)});
        answer(s, call.from, term{atom{"ok"}});
    } else if (request.is_atom("get_known")) {
        answer(s, call.from, term{s.known_nodes()});
    } else if (request.is_atom("get_synced")) {
        answer(s, call.from, term{std::vector<atom>{s.synced.begin(), s.synced.end()}});
    } else if (request.is_atom("get_protocol_version")) {
        answer(s, call.from, term{protocol_version});
    } else if (request.is_atom("get_names_ext")) {
        answer(s, call.from, nil());
    }
}

void on_cast(state& s, const atom& origin, const term& message, time_point now) {
    const term_view view = message.view();
    if (view.kind() != term_kind::tuple || view.arity() < 3) return;
    if (view.element(0).is_atom("lock_set")) return on_lock_set(s, origin, message);
    if (is_tagged(view, "init_connect", 4)) {
        auto his = view.element(2).as<atom>() == origin ? read_greeting(view) : std::nullopt;
        if (his) on_greeting(s, origin, *std::move(his));
        return;
    }
    if (view.element(1).as<atom>() != origin) return;
    if (is_tagged(view, "exchange", 5)) {
        auto names = read_names(view.element(2));
        if (names) on_exchange(s, origin, *std::move(names), view.element(4), now);
    } else if (is_tagged(view, "resolved", 7)) {
        auto part = read_operations(view.element(2));
        auto known = read_members(view.element(3));
        if (!part || !known) return;
        for (const auto& node : read_atoms(view.element(4))) s.note_kind(node, true);
        on_resolved(s, origin, {*std::move(part), *std::move(known)}, view.element(6));
    } else if (is_tagged(view, "new_nodes", 6)) {
        auto changes = read_operations(view.element(2));
        auto nodes = read_members(view.element(4));
        if (!changes || !nodes) return;
        for (const auto& node : read_sedge_nodes(view.element(5))) s.note_kind(node, true);
        on_new_nodes(s, *changes, *nodes, view.element(5));
    } else if (is_tagged(view, "in_sync", 3)) {
        on_in_sync(s, origin, view.element(2).is_atom("sedge"), now);
    }
}

void on_plain(state& s, const atom& origin, const term_view& message, time_point now) {
    if (is_tagged(message, "lost_connection", 5)) return on_lost_connection(s, message, now);
    bool is_his = message.kind() == term_kind::tuple && message.arity() > 1 && message.element(1).as<atom>() == origin;
    if (!is_his) return;
    if (is_tagged(message, "init_connect_ack", 4))
        on_greeting_ack(s, origin, message.element(2), term{message.element(3)});
    else if (is_tagged(message, "cancel_connect", 3))
        on_cancel(s, origin, message.element(2));
    else if (is_tagged(message, "remove_connection", 2))
        on_remove_connection(s, origin);
}

} // namespace

void on_message(state& s, const atom& origin, const term& message, time_point now) {
    if (auto call = as_call(message)) {
        if (call->from.client.node == origin) on_call(s, *call);
    } else if (auto cast = as_cast(message)) {
        on_cast(s, origin, *cast, now);
    } else {
        on_plain(s, origin, message, now);
    }
}

void process_down(state& s, const pid& who) {
    s.locks.release_all_of(who);
    s.names.erase_all_of(who);
}

} // namespace sedge::otp::registry
