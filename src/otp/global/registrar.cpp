// SPDX-License-Identifier: Apache-2.0
//
// The registrar: a process of its own that carries out this node's changes of names, one after another, so that they do
// not wait for each other's locks. For each:
//
//   set_lock {global, Registrar}                   on the boss, then on all that are known
//   call {register, Name, Pid, Method}, or {unregister, Name}, on all, this node included
//   del_lock                                       on all, the boss last
//
// Refused locks are tried again after random pauses, until the request's own deadline, and so is a set of locks during
// which somebody was lost or became known. Changes that wait meanwhile are made under the same lock, a bounded number
// of them.

#include "otp/global/ask.hpp"
#include "otp/global/missing_names.hpp"
#include "otp/terms.hpp"

#include <sedge/base/log.hpp>
#include <sedge/term/text.hpp>

#include <algorithm>

namespace sedge::otp::registry {
namespace {

using request = global::service::request;
using request_ptr = std::shared_ptr<request>;

constexpr int changes_per_lock_max = 64; ///< Other nodes want to register, too.

void finish(request& r, result<bool> outcome) {
    r.outcome.emplace(std::move(outcome));
    r.done.set();
}

/// Lives in the registrar's frame: however that ends, nobody waits for ever.
struct request_queue {
    service_ptr service;
    request_ptr current;

    ~request_queue() {
        if (current) finish(*current, error{sedge::errc::stopped, "global"});
        for (auto& waiting : std::exchange(service->requests, {}))
            finish(*waiting, error{sedge::errc::stopped, "global"});
    }
    request_ptr next() {
        while (!service->requests.empty()) {
            auto first = std::move(service->requests.front());
            service->requests.pop_front();
            if (!first->abandoned) return first;
        }
        return nullptr;
    }
};

class registrar {
public:
    registrar(process& self, service_ptr service) : self_(self), service_(std::move(service)), queue_{service_, {}} {}

    task<> work_off() {
        queue_.current = queue_.next();
        if (!queue_.current) co_return;
        auto locking = lock_all(queue_.current->deadline);
        auto nodes = co_await std::move(locking);
        if (!nodes) {
            auto late = std::exchange(queue_.current, nullptr);
            finish(*late, error{sedge::errc::timed_out, "global: no lock for " + to_erlang(late->entry.name)});
            co_return;
        }
        for (int i = 0; queue_.current && i < changes_per_lock_max; ++i) {
            auto changing = change(*queue_.current, *nodes);
            bool outcome = co_await std::move(changing);
            auto changed = std::exchange(queue_.current, nullptr);
            finish(*changed, outcome);
            if (i + 1 < changes_per_lock_max) queue_.current = queue_.next();
        }
        auto freeing = unlock_on(self_, *nodes, key_, in_time());
        co_await std::move(freeing);
    }

    [[nodiscard]] bool has_work() const { return !service_->requests.empty(); }

private:
    time_point in_time() { return self_.env().now() + service_->names->timing.ask; }

    /// The nodes that are locked: this one and all that are known.
    task<std::optional<std::vector<atom>>> lock_all(time_point deadline) {
        for (int times = 0;; ++times) {
            if (times > 0) {
                auto next = self_.env().now() + random_pause(self_.env(), times - 1);
                if (next >= deadline) co_return std::nullopt;
                auto sleeping = sleep_until(self_.env(), next);
                co_await std::move(sleeping);
            }
            auto known = service_->known();
            std::vector<atom> nodes{service_->here.name()};
            nodes.insert(nodes.end(), known.begin(), known.end());
            std::vector<atom> boss{boss_of(service_->here.name(), known)};
            const auto until = std::min(deadline, in_time());
            auto first = lock_on(self_, service_, boss, key_, until);
            lock_outcome boss_is = co_await std::move(first);
            if (boss_is != lock_outcome::set) continue;
            auto others = lock_on(self_, service_, nodes, key_, until);
            lock_outcome others_are = co_await std::move(others);
            bool is_locked = others_are == lock_outcome::set;
            const bool is_whole = service_->known() == known && are_connected(service_->here, known);
            if (is_locked && is_whole) co_return nodes;
            // Somebody became known meanwhile and is not locked; or cannot be reached, and hears of nothing; or
            // somebody was lost, and what is locked there now is perhaps another part of the cluster, which has been
            // dialled again; or somebody else has a lock.
            auto freeing = unlock_on(self_, is_locked ? std::move(nodes) : std::move(boss), key_, in_time());
            co_await std::move(freeing);
        }
    }

    /// Who was lost since it was locked belongs to another part of the cluster, even if it is connected again: while we
    /// hold the lock we pair with nobody. A change that was made there would meet nobody's names.
    void leave_known(std::vector<atom>& nodes) const {
        leave_connected(service_->here, nodes);
        const auto known = service_->known();
        std::erase_if(nodes, [&](const atom& n) {
            return n != service_->here.name() && std::ranges::find(known, n) == known.end();
        });
    }

    bool may_add(const named& entry) {
        if (service_->where(entry.name)) return false;
        auto others = service_->names->names.names_of(entry.who);
        if (others.empty()) return true;
        self_.env().log(log_level::error, printable("[sedge] global: " + to_string(entry.who) +
                                                    " registered under several names: " + to_erlang(entry.name) + ", " +
                                                    to_erlang(others.front())));
        return false;
    }

    /// The name's new state on all nodes; those that do not answer in time learn it when they answer again.
    task<bool> change(request& r, std::vector<atom> nodes) {
        if (r.what == request::kind::add && !may_add(r.entry)) co_return false;
        if (r.what == request::kind::repair) {
            auto asking = is_held_at_home(service_, r.entry, in_time());
            bool is_held = co_await std::move(asking);
            if (!is_held) co_return false;
        }
        term message = r.what == request::kind::remove
                           ? tuple(atom{"unregister"}, r.entry.name)
                           : tuple(atom{"register"}, r.entry.name, r.entry.who, r.entry.method);
        leave_known(nodes);
        auto asking = ask_all(self_, std::move(nodes), std::move(message), in_time());
        (void)co_await std::move(asking);
        co_return true;
    }

    process& self_;
    service_ptr service_;
    request_queue queue_;
    lock_key key_{global_resource(), term{self_.self()}};
};

} // namespace

task<> run_registrar(process& self, service_ptr service) {
    registrar one{self, std::move(service)};
    for (;;) {
        while (one.has_work()) {
            auto working = one.work_off();
            co_await std::move(working);
        }
        (void)co_await self.receive();
    }
}

} // namespace sedge::otp::registry
