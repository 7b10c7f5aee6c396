// SPDX-License-Identifier: Apache-2.0
//
// What other nodes may do here, by their role. Asked at three places:
//
//   - for each signal that comes in, by the node (node::guard): sends, links, exit/2;
//   - for each function to be run, by run_function;
//   - for each name that rex passes a message to.
//
// Messages to the process of a scope of groups are asked for the scopes of the role, and for their sender.
//
// Who asks is the node at the other end of the connection, never a pid in a message, which anybody can write there.
// So what comes in for rex, whose requests name their client, and for global_name_server, whose messages name their
// node, is handed on with the origin, marked by a reference that never leaves this node: {Mark, Origin, Request}.

#include "otp/kernel_state.hpp"
#include "otp/pg/membership.hpp"
#include "otp/terms.hpp"

#include <sedge/process/remote_signal.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

#include <map>

namespace sedge::otp {
namespace {

const role& role_of(const kernel_state& state, const atom& node) {
    return state.options.roles.of({node, state.here->certificate_of(node)});
}

bool has(const role& r, right wanted) { return r.may.contains(wanted); }

/// Whether something of this kind is to be logged: it is new, and the table has room. `last` says that there will be no
/// more, so that whoever fills the table on purpose hides nothing.
bool is_to_be_told(kernel_state& state, std::unordered_set<std::string>& told, const std::string& what,
                   const std::string& last) {
    if (told.size() >= limits::refusals_logged_max || !told.insert(what).second) return false;
    if (told.size() == limits::refusals_logged_max) state.here->env().log(log_level::warning, last);
    return true;
}

void note(kernel_state& state, const std::string& who_and_what) {
    if (is_to_be_told(state, state.refusals, who_and_what, "[sedge:roles] further refusals are not told"))
        state.here->env().log(log_level::warning, printable("[sedge:roles] refused: " + who_and_what));
}

bool refuse(kernel_state& state, const atom& peer, const role& r, right lacking, const std::string& what) {
    note(state, peer.str() + " (role " + r.name + ", may not " + std::string{to_string(lacking)} + ") " + what);
    return false;
}

std::string name_of(const destination& target) {
    if (const auto* name = std::get_if<atom>(&target)) return name->str();
    if (const auto* process = std::get_if<pid>(&target)) return to_string(*process);
    return std::get<registered>(target).name.str();
}

/// The right that a request of `sys` needs, if the message is one.
std::optional<right> sys_right(const term_view& message) {
    if (!is_tagged(message, "system", 3)) return std::nullopt;
    term_view request = message.element(2);
    bool reads = request.is_atom("get_state") || request.is_atom("get_status");
    return reads ? right::info : right::control;
}

/// A refused request of `sys` is answered, since its caller would wait for ever.
void answer_refused(kernel_state& state, const atom& peer, const term_view& message) {
    if (!is_tuple(message.element(1), 2)) return;
    auto client = message.element(1).element(0).as<pid>();
    if (!client || client->node != peer) return;
    std::tuple reason{atom{"error"}, atom{"not_permitted"}};
    state.here->send(*client, tuple(term{message.element(1).element(1)}, reason));
}

/// Whether a message to the process of a scope counts: who has no part in it gets no answer either.
bool may_tell_of_groups(kernel_state& state, const remote_signal& signal, const atom& scope) {
    const auto sender = membership::sender_of(*signal.payload);
    if (sender && sender->node != signal.peer) {
        note(state, signal.peer.str() + " to scope " + scope.str() + " in the name of " + sender->node.str());
        return false;
    }
    const role& r = role_of(state, signal.peer);
    if (matches_any(r.scopes, scope.text())) return true;
    note(state, signal.peer.str() + " (role " + r.name + ") to scope " + scope.str());
    return false;
}

bool accepts_message(kernel_state& state, const remote_signal& signal) {
    if (const atom scope = state.groups->scope_of(signal.target); !scope.empty())
        return may_tell_of_groups(state, signal, scope);
    const auto* name = std::get_if<atom>(&signal.target);
    const auto* process = std::get_if<pid>(&signal.target);
    for (const auto& [marked_name, marked] : state.marked) {
        if (!(name && *name == marked_name) && !(process && *process == marked)) continue;
        if (marked_name == "global_name_server" && !may_take_part(state, signal.peer)) return false;
        state.here->send(marked, tuple(state.origin_mark, signal.peer, *signal.payload));
        return false;
    }
    if (name) return may_reach(state, signal.peer, *name, *signal.payload);
    auto needed = sys_right(*signal.payload);
    const role& r = role_of(state, signal.peer);
    if (!needed || has(r, *needed)) return true;
    answer_refused(state, signal.peer, *signal.payload);
    return refuse(state, signal.peer, r, *needed, "sys request to " + name_of(signal.target));
}

/// Whoever shares names with us may end the loser of a conflict, as `random_exit_name` does.
bool settles_conflict(const kernel_state& state, const remote_signal& signal, const role& r) {
    const auto* process = std::get_if<pid>(&signal.target);
    if (!process || !signal.payload->is_atom("kill") || !has(r, right::global) || !state.names->running) return false;
    return state.names->is_named_by_us(*process) && state.names->names->names.is_or_was_named(*process);
}

/// Two nodes may have settled the same conflict, and the loser is killed twice.
bool is_gone(const kernel_state& state, const destination& target) {
    const auto* process = std::get_if<pid>(&target);
    return process && !state.here->is_alive(*process);
}

bool is_open(kernel_state& state, const atom& peer, const atom& name) {
    if (name == "global_name_server" && !may_take_part(state, peer)) return false;
    if (state.services.contains(name) || !state.groups->scope_of(name).empty()) return true;
    const role& r = role_of(state, peer);
    if (has(r, right::send) && matches_any(r.names, name.text())) return true;
    return refuse(state, peer, r, right::send, "message to " + name.str());
}

/// The scope of groups that a function of `pg` is about: its first argument, or the default one.
std::optional<atom> scope_asked_about(const call_request& call) {
    static const std::map<std::string_view, std::size_t> arities_without{
        {"get_members", 1}, {"get_local_members", 1}, {"which_groups", 0},  {"which_local_groups", 0}, {"join", 2},
        {"leave", 2},       {"monitor", 1},           {"monitor_scope", 0}, {"demonitor", 1},          {"start", 0}};
    auto known = arities_without.find(call.function.text());
    if (known == arities_without.end()) return std::nullopt;
    if (call.arguments.size() == known->second) return atom{"pg"};
    return call.arguments.front().as<atom>();
}

/// Some functions do what has rights of its own when it is done by messages. So that calling them lends no rights:
/// functions of `global` that change something need `global`; `global:send/2` what the message needs; those of `pg`
/// are for the scopes of the role.
bool may_do(kernel_state& state, const call_request& call, const function_entry& wanted, const std::string& name) {
    const role& r = role_of(state, call.origin);
    const bool shares_names = call.module == "global" && wanted.level == access::call;
    if (shares_names && !has(r, right::global)) return refuse(state, call.origin, r, right::global, "call of " + name);
    if (shares_names && call.function == "send" && call.arguments.size() == 2) {
        const right needed = sys_right(call.arguments[1]).value_or(right::send);
        for (right each : {right::send, needed})
            if (!has(r, each)) return refuse(state, call.origin, r, each, "call of " + name);
    }
    const auto scope = call.module == "pg" ? scope_asked_about(call) : std::nullopt;
    if (!scope || matches_any(r.scopes, scope->text())) return true;
    note(state, call.origin.str() + " (role " + r.name + ") call of " + name + " for scope " + scope->str());
    return false;
}

right right_for(const function_entry& wanted, bool spawned) {
    if (wanted.level == access::info || wanted.level == access::report) return right::info;
    return spawned ? right::spawn : right::call;
}

} // namespace

bool may_take_part(kernel_state& state, const atom& peer) {
    const role& r = role_of(state, peer);
    return has(r, right::global) || refuse(state, peer, r, right::global, "global");
}

bool may_reach(kernel_state& state, const atom& peer, const atom& name, const term& message) {
    const role& r = role_of(state, peer);
    if (auto needed = sys_right(message); needed && !has(r, *needed)) {
        answer_refused(state, peer, message);
        return refuse(state, peer, r, *needed, "sys request to " + name.str());
    }
    return is_open(state, peer, name);
}

bool accepts(kernel_state& state, const remote_signal& signal) {
    using kind = remote_signal::kind;
    if (signal.what == kind::message) return accepts_message(state, signal);
    if (signal.what == kind::monitor) return is_open(state, signal.peer, std::get<atom>(signal.target));
    right needed = signal.what == kind::link ? right::link : right::control;
    const role& r = role_of(state, signal.peer);
    if (has(r, needed) || (signal.what == kind::exit && settles_conflict(state, signal, r))) return true;
    if (signal.what == kind::exit && is_gone(state, signal.target)) return true; // harmless, and no cause to complain
    std::string what = signal.what == kind::link ? "link to " : "exit signal to ";
    if (signal.what == kind::group_leader) what = "new group leader of ";
    return refuse(state, signal.peer, r, needed, what + name_of(signal.target));
}

bool may_run(kernel_state& state, const call_request& call, const function_entry& wanted) {
    const role& r = role_of(state, call.origin);
    right needed = right_for(wanted, call.spawned);
    std::string name = call.module.str() + ":" + call.function.str() + "/" + std::to_string(call.arguments.size());
    // A conflict that cannot be settled here would be settled without us.
    if (name == "global:resolve_it/4" && (has(r, right::global) || call.origin == state.here->name())) return true;
    if (!has(r, needed) || !matches_any(r.functions, name))
        return refuse(state, call.origin, r, needed, "call of " + name);
    if (call.origin != state.here->name() && !may_do(state, call, wanted, name)) return false;
    const auto& permit = state.options.permit;
    if (!permit || call.origin == state.here->name() || permit(call.origin, wanted)) return true;
    note(state, call.origin.str() + " (by kernel_options::permit) call of " + name);
    return false;
}

void note_unknown(kernel_state& state, const call_request& call) {
    const std::string name = printable(call.module.text()) + ":" + printable(call.function.text()) + "/" +
                             std::to_string(call.arguments.size());
    if (call.origin == state.here->name()) return;
    if (!is_to_be_told(state, state.unknown, name, "[sedge:rpc] further calls of what is not served are not told"))
        return;
    const bool wants_shell = call.module == "shell" || call.module.text().starts_with("Elixir.IEx");
    const bool brings_code = (call.module == "erlang" && call.function == "apply") || call.module == "code";
    std::string hint;
    if (wants_shell) hint = "; for a shell on this node: sedge shell --remote " + state.here->name().str();
    if (brings_code) hint = "; this is a C++ node, which runs no code of others";
    state.here->env().log(log_level::info, "[sedge:rpc] " + printable(call.origin.text()) + " called " + name +
                                               ", which is not served here: undef" + hint);
}

call_slot::call_slot(std::shared_ptr<kernel_state> state, const atom& origin)
    : state_(std::move(state)), origin_(origin) {
    std::size_t& count = state_->under_way[origin_];
    within_ = ++count <= role_of(*state_, origin_).calls_max;
}

call_slot::~call_slot() {
    auto position = state_->under_way.find(origin_);
    if (--position->second == 0) state_->under_way.erase(position);
}

} // namespace sedge::otp
