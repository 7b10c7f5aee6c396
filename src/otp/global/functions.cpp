// SPDX-License-Identifier: Apache-2.0
//
// Functions of the module `global` that other nodes, and the shell, call here. Registering takes a pid of any node, as
// in OTP. set_lock is not among them: a lock belongs to the process that sets it, and the one of a call ends with it.

#include "otp/global/functions.hpp"

#include "otp/terms.hpp"

namespace sedge::otp::registry {
namespace {

constexpr seconds change_time{60}; ///< Rather than OTP's `infinity`: for a call that nobody waits for any more.

using arguments = std::span<const term>;

term pid_or_undefined(const std::optional<pid>& who) { return who ? term{*who} : term{atom{"undefined"}}; }

outcome failed_change(const error& why, call_context& c, arguments all) {
    bool not_here = why == make_error_code(errc::no_process);
    return failure(not_here ? "noproc" : "timeout", c, all);
}

task<outcome> do_register(service_ptr service, call_context& c, std::vector<term> all) {
    auto who = all[1].as<pid>();
    if (!who) co_return failure("function_clause", c, all);
    auto method = all.size() > 2 ? method_of(all[2]) : conflict_method::random_exit;
    auto changing = global{service}.register_name(all[0], *who, c.self.env().now() + change_time, method);
    result<bool> is_new = co_await std::move(changing);
    if (!is_new) co_return failed_change(is_new.error(), c, all);
    co_return outcome::value(term{atom{*is_new ? "yes" : "no"}});
}

task<outcome> do_re_register(service_ptr service, call_context& c, std::vector<term> all) {
    auto who = all[1].as<pid>();
    if (!who) co_return failure("function_clause", c, all);
    auto method = all.size() > 2 ? method_of(all[2]) : conflict_method::random_exit;
    auto changing = global{service}.re_register_name(all[0], *who, c.self.env().now() + change_time, method);
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

outcome do_resolve(call_context& c, arguments all) {
    auto one = all[2].as<pid>();
    auto other = all[3].as<pid>();
    if (!one || !other) return failure("badarg", c, all);
    return outcome::value(resolve_here(c.self.node(), all[0], all[1], *one, *other));
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
    table.add_raw("global", "resolve_it", 4, handler{do_resolve}, access::call);
}

} // namespace sedge::otp::registry
