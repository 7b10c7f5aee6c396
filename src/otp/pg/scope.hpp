// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/pg/membership.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/process/node.hpp>

#include <map>
#include <memory>
#include <unordered_map>

namespace sedge::otp {

/// What a scope's process and those who use the scope share.
struct pg_scope::state {
    state(node& on, atom scope_name) : here(on), name(std::move(scope_name)), core(name) {}

    struct watcher {
        pid who;
        std::optional<term> group; // none: all
        reference monitor;         // of the scope's process; meaningless while that does not run
    };

    node& here;
    atom name;
    membership core;
    process* running = nullptr; ///< The scope's process while its body runs.
    pid self;                   ///< The latest one.
    pid keeper;                 ///< Starts it again.
    bool stopped = false;       ///< For good.

    std::unordered_map<pid, reference>
        watched; // members of this node, peers; local ones by our own choice, others one for each node
    std::map<reference, watcher> watchers;
    std::map<term, std::vector<reference>, exact_less> watchers_of;
    std::map<reference, reference> watcher_monitors; // the process's monitor, and whose watcher it is

    /// `event` is a call of the core that gives effects; they are carried out.
    template <class Event>
    auto apply(Event event) {
        pg_effects effects;
        if constexpr (std::is_void_v<decltype(event(effects))>) {
            event(effects);
            carry_out(effects);
        } else {
            auto answer = event(effects);
            carry_out(effects);
            return answer;
        }
    }

    result<reference> watch(const pid& who, std::optional<term> group);
    bool unwatch(const reference& ref);
    void on_start(process& self);
    void on_end();
    /// Everybody leaves, for good.
    void close();
    void on_message(const term& message);

private:
    void carry_out(pg_effects& effects);
    void tell_watchers(const pg_effect::changed& change);
    void on_down(const reference& ref, const term_view& who);
};

/// The body of a scope's process.
task<> run_scope(process& self, std::shared_ptr<pg_scope::state> scope);

} // namespace sedge::otp
