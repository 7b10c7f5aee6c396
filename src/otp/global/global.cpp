// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/global.hpp>

#include "otp/first_worker.hpp"
#include "otp/global/ask.hpp"
#include "otp/global/service.hpp"
#include "otp/terms.hpp"

#include <algorithm>

namespace sedge::otp {
namespace {

using service = global::service;
using request = service::request;

constexpr duration unlock_time{seconds{2}};

error not_here(std::string_view what) { return {errc::no_process, std::string{"global "} + std::string{what}}; }

/// However the caller stops waiting, the registrar learns it.
struct waiting_request {
    std::shared_ptr<request> open;
    explicit waiting_request(std::shared_ptr<request> r) : open(std::move(r)) {}
    waiting_request(const waiting_request&) = delete;
    ~waiting_request() { open->abandoned = true; }
};

task<result<bool>> outcome_of(std::shared_ptr<request> r) {
    auto waiting = r->done.wait();
    co_await std::move(waiting);
    co_return *std::move(r->outcome);
}

task<result<bool>> carry_out(std::shared_ptr<service> s, std::shared_ptr<request> r) {
    expect_first_worker();
    if (!s || !s->running) co_return not_here("is not running here");
    waiting_request guard{r};
    s->requests.push_back(r);
    s->here.send(s->registrar, term{atom{"request"}});
    auto deciding = outcome_of(r);
    auto in_time = with_deadline(s->here.env(), r->deadline, std::move(deciding));
    co_return co_await std::move(in_time);
}

std::shared_ptr<request> make_request(const std::shared_ptr<service>& s, request::kind what, registry::named entry,
                                      time_point deadline) {
    if (!s) return nullptr;
    auto made = std::make_shared<request>(s->here.env(), deadline);
    made->what = what;
    made->entry = std::move(entry);
    return made;
}

std::vector<atom> here_and_peers(node& here) {
    std::vector<atom> nodes{here.name()};
    for (auto& peer : here.peers()) nodes.push_back(std::move(peer));
    return nodes;
}

bool is_in_sync(const service& s, const std::vector<atom>& nodes) {
    return std::all_of(nodes.begin(), nodes.end(), [&s](const atom& n) {
        return n == s.here.name() || s.names->synced.contains(n) || !s.here.is_connected(n);
    });
}

task<result<void>> wait_for_sync(std::shared_ptr<service> s, std::vector<atom> nodes) {
    while (s->running && !is_in_sync(*s, nodes)) {
        auto waiting = s->changed.wait();
        co_await std::move(waiting);
    }
    co_return result<void>{};
}

task<result<void>> done() { co_return result<void>{}; }

task<result<void>> without_value(task<result<bool>> changing) {
    result<bool> changed = co_await std::move(changing);
    if (!changed) co_return changed.error();
    co_return result<void>{};
}

task<result<void>> sync_all(std::shared_ptr<service> s, time_point deadline, std::optional<std::vector<atom>> nodes) {
    expect_first_worker();
    if (!s || !s->running) co_return not_here("is not running here");
    auto waiting = wait_for_sync(s, nodes ? *std::move(nodes) : s->here.peers());
    auto in_time = with_deadline(s->here.env(), deadline, std::move(waiting));
    co_return co_await std::move(in_time);
}

task<bool> lock_all(std::shared_ptr<service> s, process& self, registry::lock_key key, time_point deadline,
                    std::vector<atom> nodes) {
    if (!s || !s->running) co_return false;
    for (int times = 1;; ++times) {
        auto locking = registry::lock_on(self, s, nodes, key, deadline);
        registry::lock_outcome outcome = co_await std::move(locking);
        if (outcome == registry::lock_outcome::set) co_return true;
        auto next = self.env().now() + registry::random_pause(self.env(), times);
        if (next >= deadline) co_return false;
        auto sleeping = sleep_until(self.env(), next);
        co_await std::move(sleeping);
    }
}

task<bool> run_locked(global names, process& self, global_lock lock, std::function<task<>()> job, time_point deadline,
                      std::vector<atom> nodes) {
    auto locking = names.set_lock(self, lock, deadline, nodes);
    bool is_locked = co_await std::move(locking);
    if (!is_locked) co_return false;
    std::exception_ptr failure;
    try {
        auto running = job();
        co_await std::move(running);
    } catch (...) {
        failure = std::current_exception();
    }
    auto freeing = names.del_lock(self, lock, nodes);
    co_await std::move(freeing);
    if (failure) std::rethrow_exception(failure);
    co_return true;
}

} // namespace

// No member below is a coroutine: `kernel::global()` gives a copy, which is gone before its task begins.

std::string_view to_string(loss_reports which) noexcept {
    switch (which) {
    case loss_reports::always: return "always";
    case loss_reports::never: return "never";
    case loss_reports::one_end: break;
    }
    return "one_end";
}

std::optional<loss_reports> loss_reports_from(std::string_view text) noexcept {
    for (auto which : {loss_reports::one_end, loss_reports::always, loss_reports::never})
        if (to_string(which) == text) return which;
    return std::nullopt;
}

conflict_resolver::conflict_resolver(conflict_method method) : fun_(registry::fun_of(method)) {}

conflict_resolver conflict_resolver::function(std::string_view module, std::string_view function) {
    return conflict_resolver{registry::exported_fun(module, function)};
}

task<result<bool>> global::register_name(term name, pid who, time_point deadline, conflict_resolver how) const {
    if (service_) service_->note_named_by_us(who);
    return carry_out(
        service_, make_request(service_, request::kind::add, {std::move(name), std::move(who), how.fun()}, deadline));
}

task<result<void>> global::re_register_name(term name, pid who, time_point deadline, conflict_resolver how) const {
    if (service_) service_->note_named_by_us(who);
    return without_value(carry_out(service_, make_request(service_, request::kind::replace,
                                                          {std::move(name), std::move(who), how.fun()}, deadline)));
}

task<result<void>> global::unregister_name(term name, time_point deadline) const {
    expect_first_worker();
    const auto& s = service_;
    if (s && s->running && !s->where(name)) return done();
    return without_value(carry_out(s, make_request(s, request::kind::remove, {std::move(name), {}, {}}, deadline)));
}

std::optional<pid> global::whereis_name(const term& name) const {
    expect_first_worker();
    return service_ ? service_->where(name) : std::nullopt;
}

std::optional<pid> global::send(process& self, const term& name, term message) const {
    auto who = whereis_name(name);
    if (who) self.send(*who, std::move(message));
    return who;
}

std::vector<term> global::registered_names() const {
    expect_first_worker();
    std::vector<term> names;
    if (!service_ || !service_->running) return names;
    for (auto& entry : service_->names->names.all()) names.push_back(std::move(entry.name));
    std::sort(names.begin(), names.end(),
              [](const term& a, const term& b) { return compare(a.view(), b.view()) == std::weak_ordering::less; });
    return names;
}

global::subscription global::watch_conflicts(std::function<void(const name_conflict&)> on_conflict) const {
    expect_first_worker();
    auto token = std::make_shared<std::function<void(const name_conflict&)>>(std::move(on_conflict));
    if (service_) service_->conflict_watchers.push_back(token);
    return token;
}

std::vector<atom> global::known() const {
    expect_first_worker();
    return service_ ? service_->known() : std::vector<atom>{};
}

task<result<void>> global::sync(time_point deadline, std::optional<std::vector<atom>> nodes) const {
    return sync_all(service_, deadline, std::move(nodes));
}

task<bool> global::set_lock(process& self, global_lock lock, time_point deadline,
                            std::optional<std::vector<atom>> nodes) const {
    expect_first_worker();
    auto on = nodes ? *std::move(nodes) : here_and_peers(self.node());
    return lock_all(service_, self, {std::move(lock.resource), std::move(lock.requester)}, deadline, std::move(on));
}

task<> global::del_lock(process& self, global_lock lock, std::optional<std::vector<atom>> nodes) const {
    expect_first_worker();
    auto on = nodes ? *std::move(nodes) : here_and_peers(self.node());
    return registry::unlock_on(self, std::move(on), {std::move(lock.resource), std::move(lock.requester)},
                               self.env().now() + unlock_time);
}

task<bool> global::trans(process& self, global_lock lock, std::function<task<>()> job, time_point deadline,
                         std::optional<std::vector<atom>> nodes) const {
    expect_first_worker();
    auto on = nodes ? *std::move(nodes) : here_and_peers(self.node()); // the same at the end as at the beginning
    return run_locked(*this, self, std::move(lock), std::move(job), deadline, std::move(on));
}

} // namespace sedge::otp
