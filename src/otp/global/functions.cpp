// SPDX-License-Identifier: Apache-2.0
//
// Functions of the module `global` that other nodes, and the shell, call here. Registering takes a pid of any node, as
// in OTP. set_lock is not among them: a lock belongs to the process that sets it, and the one of a call ends with it.

#include "otp/global/functions.hpp"

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <tuple>

namespace sedge::otp::registry {
namespace {

constexpr seconds change_time{60}; ///< Rather than OTP's `infinity`: for a call that nobody waits for any more.

using arguments = std::span<const term>;

term pid_or_undefined(const std::optional<pid>& who) { return who ? term{*who} : term{atom{"undefined"}}; }

outcome failed_change(const error& why, call_context& c, arguments all) {
    bool not_here = why == make_error_code(errc::no_process);
    return failure(not_here ? "noproc" : "timeout", c, all);
}

/// A name that another node has us give to one of our processes is not counted as given by ourselves.
struct foreign_name {
    foreign_name(global::service& s, const atom& caller, pid to)
        : at(s), who(std::move(to)), forgets(caller != s.here.name() && !s.is_named_by_us(who)) {}
    ~foreign_name() {
        if (forgets) at.forget_named_by_us(who);
    }
    foreign_name(const foreign_name&) = delete;
    global::service& at;
    pid who;
    bool forgets;
};

task<outcome> do_register(service_ptr service, call_context& c, std::vector<term> all) {
    auto who = all[1].as<pid>();
    if (!who) co_return failure("function_clause", c, all);
    auto how = all.size() > 2 ? as_resolver(all[2]) : std::optional{fun_of(conflict_method::random_exit)};
    if (!how) co_return failure("function_clause", c, all);
    auto make = [&] {
        const foreign_name guard{*service, c.caller.node, *who};
        return global{service}.register_name(all[0], *who, c.self.env().now() + change_time, conflict_resolver{*how});
    };
    auto changing = make();
    result<bool> is_new = co_await std::move(changing);
    if (!is_new) co_return failed_change(is_new.error(), c, all);
    co_return outcome::value(term{atom{*is_new ? "yes" : "no"}});
}

task<outcome> do_re_register(service_ptr service, call_context& c, std::vector<term> all) {
    auto who = all[1].as<pid>();
    if (!who) co_return failure("function_clause", c, all);
    auto how = all.size() > 2 ? as_resolver(all[2]) : std::optional{fun_of(conflict_method::random_exit)};
    if (!how) co_return failure("function_clause", c, all);
    auto make = [&] {
        const foreign_name guard{*service, c.caller.node, *who};
        return global{service}.re_register_name(all[0], *who, c.self.env().now() + change_time,
                                                conflict_resolver{*how});
    };
    auto changing = make();
    result<void> changed = co_await std::move(changing);
    co_return changed ? outcome::value(term{atom{"yes"}}) : failed_change(changed.error(), c, all);
}

task<outcome> do_unregister(service_ptr service, call_context& c, std::vector<term> all) {
    auto changing = global{service}.unregister_name(all[0], c.self.env().now() + change_time);
    result<void> changed = co_await std::move(changing);
    co_return changed ? outcome::value(term{atom{"ok"}}) : failed_change(changed.error(), c, all);
}

task<outcome> do_sync(service_ptr service, call_context& c, std::vector<term> all) {
    std::optional<std::vector<atom>> nodes;
    if (!all.empty()) {
        nodes = all[0].as<std::vector<atom>>();
        if (!nodes) co_return failure("badarg", c, all);
    }
    auto waiting = global{service}.sync(c.self.env().now() + change_time, std::move(nodes));
    result<void> synced = co_await std::move(waiting);
    co_return synced ? outcome::value(term{atom{"ok"}}) : failed_change(synced.error(), c, all);
}

outcome do_send(const service_ptr& service, call_context& c, arguments all) {
    auto who = global{service}.send(c.self, all[0], all[1]);
    if (!who) return outcome::exited(tuple(atom{"badarg"}, std::pair{all[0], all[1]}));
    return outcome::value(term{*who});
}

/// What Erlang's `catch` makes of how a function ended.
term caught(const outcome& ended) {
    const atom tag{"EXIT"};
    switch (ended.what) {
    case outcome::kind::exited: return tuple(tag, ended.body);
    case outcome::kind::failed: return tuple(tag, std::pair{ended.body, ended.stack});
    case outcome::kind::value:
    case outcome::kind::thrown: break;
    }
    return ended.body;
}

/// Of the two processes the second is ours, and has the name here; else nobody could ask in good faith. Whoever asks
/// needs no right to call the function itself: it is the one that the name was registered with.
task<outcome> do_resolve(const function_table& table, service_ptr service, call_context& c, std::vector<term> all) {
    auto his = all[2].as<pid>();
    auto mine = all[3].as<pid>();
    const named* known = service->running ? service->names->names.find(all[1]) : nullptr;
    if (!his || !mine || !known || known->who != *mine || mine->node != c.self.node().name())
        co_return failure("badarg", c, all);
    if (auto method = method_of(all[0])) co_return outcome::value(resolve_here(*service, *method, all[1], *his, *mine));
    const auto exported = known->method == all[0] ? exported_in(all[0]) : std::nullopt;
    call_request call{c.caller, c.self.node().name(), c.group_leader, {}, {}, {all.begin() + 1, all.end()}};
    if (exported) std::tie(call.module, call.function) = *exported;
    auto entry = table.find(call.module, call.function, call.arguments.size());
    if (!entry) co_return outcome::value(caught(failure("undef", call.module, call.function, call.arguments)));
    auto running = run_entry(std::move(entry), c.self, std::move(call));
    outcome ended = co_await std::move(running);
    co_return outcome::value(caught(ended));
}

} // namespace

void add_functions(function_table& table, const service_ptr& service) {
    auto reads = [&table](std::string_view name, int arity, handler run) {
        table.add_raw("global", name, arity, std::move(run), access::info);
    };
    reads("whereis_name", 1, [service](call_context&, arguments all) {
        return outcome::value(pid_or_undefined(global{service}.whereis_name(all[0])));
    });
    reads("registered_names", 0, [service](call_context&, arguments) {
        return outcome::value(term_list(global{service}.registered_names()));
    });

    auto waits = [&table, &service](std::string_view name, int arity,
                                    task<outcome> (*run)(service_ptr, call_context&, std::vector<term>)) {
        task_handler calling = [service, run](call_context& c, std::vector<term> all) {
            return run(service, c, std::move(all));
        };
        table.add_raw("global", name, arity, std::move(calling), access::call);
    };
    waits("register_name", 2, do_register);
    waits("register_name", 3, do_register);
    waits("re_register_name", 2, do_re_register);
    waits("re_register_name", 3, do_re_register);
    waits("unregister_name", 1, do_unregister);
    waits("sync", 0, do_sync);
    waits("sync", 1, do_sync);

    handler sends = [service](call_context& c, arguments all) { return do_send(service, c, all); };
    table.add_raw("global", "send", 2, std::move(sends), access::call);
    task_handler resolves = [&table, service](call_context& c, std::vector<term> all) {
        return do_resolve(table, service, c, std::move(all));
    };
    table.add_raw("global", "resolve_it", 4, std::move(resolves), access::call);
}

} // namespace sedge::otp::registry
