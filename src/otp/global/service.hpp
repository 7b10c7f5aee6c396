// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/conflicts.hpp"
#include "otp/global/state.hpp"

#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace sedge::otp {

struct kernel_state;

/// What the three processes of `global` share with each other and with the API.
class global::service {
public:
    explicit service(node& on) : here(on), changed(on.env()) {}

    node& here;                           ///< Outlives the processes, which alone use this.
    std::optional<registry::state> names; ///< From the start of the server on; processes may use it after the stop.
    bool running = false;                 ///< Until the kernel stops.
    pid server;
    pid locker;
    pid registrar;
    reference origin_mark; ///< See access_control.cpp.
    std::function<bool(const atom& peer)> may_take_part;
    event changed; ///< Set and reset at once whenever other nodes were known, synced or lost.

    std::vector<std::weak_ptr<std::function<void(const name_conflict&)>>> conflict_watchers;
    void tell(const name_conflict& what) {
        std::erase_if(conflict_watchers, [](const auto& watcher) { return watcher.expired(); });
        const auto all = conflict_watchers; // a callback may subscribe
        for (const auto& watcher : all)
            if (auto on_conflict = watcher.lock()) (*on_conflict)(what);
    }

    /// Notes that this program itself gives the process a global name. Only such a process is ended when it loses a
    /// conflict: others could name any process here, and then settle a conflict that they have made up.
    void note_named_by_us(const pid& who) {
        if (who.node != here.name()) return;
        if (named_by_us_.size() >= prune_at_) {
            std::erase_if(named_by_us_, [this](const pid& p) { return !here.is_alive(p); });
            prune_at_ = std::max(prune_least, 2 * named_by_us_.size());
        }
        named_by_us_.insert(who);
    }
    void forget_named_by_us(const pid& who) { named_by_us_.erase(who); }
    [[nodiscard]] bool is_named_by_us(const pid& who) const { return named_by_us_.contains(who); }

    /// A change of a name that waits for the registrar.
    struct request {
        request(environment& env, time_point d) : done(env), deadline(d) {}
        enum class kind {
            add,
            replace,
            remove,
            repair, ///< `replace`, if the node of the process says under the lock that it has the name.
        };
        kind what = kind::add;
        registry::named entry;
        event done;
        time_point deadline;
        std::optional<result<bool>> outcome;
        bool abandoned = false; ///< Nobody waits any more.
    };
    std::deque<std::shared_ptr<request>> requests;

    /// Who has the name; nothing for a process of this node that has ended and whose DOWN is on its way.
    [[nodiscard]] std::optional<pid> where(const term& name) const {
        const registry::named* found = running ? names->names.find(name) : nullptr;
        bool is_gone = !found || (found->who.node == here.name() && !here.is_alive(found->who));
        return is_gone ? std::nullopt : std::optional{found->who};
    }
    [[nodiscard]] std::vector<atom> known() const { return running ? names->known_nodes() : std::vector<atom>{}; }

private:
    static constexpr std::size_t prune_least = 64;
    std::unordered_set<pid> named_by_us_; // some of which may have ended
    std::size_t prune_at_ = prune_least;
};

namespace registry {

using service_ptr = std::shared_ptr<global::service>;

// The bodies of the processes.
task<> run_server(process& self, service_ptr service);
task<> run_locker(process& self, service_ptr service);
task<> run_registrar(process& self, service_ptr service);

/// What the locker is told by the server, in terms: see locker.cpp.
term make_release(const effect::release_lock& what);

/// `global:resolve_it/4` with a method of `global` itself: carries out `settle` here. The pid that stays, or `none`.
/// A process of this node that others have named loses the name only.
term resolve_here(global::service& at, conflict_method method, const term& name, const pid& one, const pid& other);

} // namespace registry
} // namespace sedge::otp
