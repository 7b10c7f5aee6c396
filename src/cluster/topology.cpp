// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/nursery.hpp>
#include <sedge/cluster/cause.hpp>
#include <sedge/cluster/reconciler.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <exception>

namespace sedge::cluster {
namespace {

std::string what_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

/// A node that was started before us has dialled us in vain, and will not do so again soon; one that starts at this
/// moment dials within milliseconds. To wait any longer for it would only be a pause.
constexpr reconciler_options brief_yield{.yield_time = milliseconds{10}};

} // namespace

// For contexts that never tell.
task<> strategy_context::loss() {
    sedge::event never{env()};
    auto waiting = never.wait();
    co_await std::move(waiting);
}

class topologies::impl final : public timer {
public:
    explicit impl(node& self) : node_(self), core_(self.name(), self.env().random_u64(), brief_yield) {
        watching_ = node_.watch([this](const node_event& change) { node_changed(change); });
        for (const auto& peer : node_.peers(true)) core_.node_up(peer, now());
    }
    ~impl() override { stop(); }

    result<void> add(topology_spec spec) {
        if (spec.name.empty()) return error{errc::invalid_argument, "a topology needs a name"};
        if (!spec.how) return error{errc::invalid_argument, "topology " + spec.name + " has no strategy"};
        if (running_.contains(spec.name))
            return error{errc::invalid_argument, "there is a topology " + spec.name + " already"};
        core_.add_topology(spec.name, spec.how->rules());
        auto started = std::make_shared<running>(*this, spec.name, std::move(spec.how));
        running_.emplace(spec.name, started);
        tell(event::kind::topology_added, spec.name, started->strategy_name());
        started->start();
        return {};
    }

    result<void> change(topology_spec spec) {
        auto at = running_.find(spec.name);
        if (at == running_.end()) return error{errc::invalid_argument, "there is no topology " + spec.name};
        if (!spec.how) return error{errc::invalid_argument, "topology " + spec.name + " has no strategy"};
        core_.change_topology(spec.name, spec.how->rules(), now());
        auto started = std::make_shared<running>(*this, spec.name, std::move(spec.how));
        end(std::exchange(at->second, started));
        tell(event::kind::topology_changed, spec.name, started->strategy_name());
        // After the old one has gone, which may hold a port that the new one needs.
        node_.env().post([later = std::weak_ptr{started}] {
            if (auto topology = later.lock()) topology->start();
        });
        return {};
    }

    bool remove(std::string_view name) {
        auto at = running_.find(name);
        if (at == running_.end()) return false;
        auto removed = std::move(at->second);
        running_.erase(at);
        end(removed);
        core_.remove_topology(removed->name());
        carry_out();
        tell(event::kind::topology_removed, removed->name(), {});
        return true;
    }

    task<result<void>> wait_ready(readiness what) {
        sedge::event changed{node_.env()};
        std::function<void(const node_event&)> on_change = [&changed](const node_event&) { changed.set(); };
        const auto watching = node_.watch(std::move(on_change));
        const auto due = now() + what.within;
        while (!is_ready(what)) {
            changed.reset();
            auto waiting = detail::finishes_before(node_.env(), due, changed.wait());
            const bool in_time = co_await std::move(waiting);
            if (!in_time) co_return error{errc::timed_out, what_is_missing(what)};
        }
        co_return result<void>{};
    }

    void stop() {
        stopped_ = true;
        disarm();
        watching_ = {};
        for (const auto& [name, topology] : running_) topology->detach();
        running_.clear();
        dials_.cancel();
    }

    // -- what happens ----------------------------------------------------------------------------------------------

    time_point now() { return node_.env().now(); }

    [[nodiscard]] bool is_ready(const readiness& what) const {
        return node_.peers().size() >= what.at_least && std::ranges::all_of(what.nodes, [this](const atom& peer) {
                   return peer == node_.name() || node_.is_connected(peer);
               });
    }
    [[nodiscard]] std::string what_is_missing(const readiness& what) const;

    template <class Running>
    void end(const std::shared_ptr<Running>& topology) {
        topology->detach();
        // Its frame must not be destroyed from inside itself, and we may have been called from there.
        node_.env().post([topology] {});
    }

    void node_changed(const node_event& change) {
        if (change.what == node_event::kind::changed) return;
        if (change.what == node_event::kind::up)
            core_.node_up(change.node, now());
        else
            core_.node_down(change.node, change.reason, now());
        carry_out();
        if (change.what != node_event::kind::down) return;
        for (const auto& [name, topology] : running_) topology->note_loss();
    }

    task<> dial(atom peer) {
        auto connecting = node_.connect(peer);
        auto outcome = co_await std::move(connecting);
        if (outcome) {
            if (node_.is_connected(peer)) core_.node_up(peer, now()); // the watcher may tell us only after this
            core_.dialled(peer, {}, {}, now());
        } else {
            core_.dialled(peer, outcome.error().code(), told(outcome.error(), peer.text()), now());
        }
        carry_out();
    }

    // Effects may cause events (a dial that ends at once, a subscriber that adds a topology): they are taken up by
    // the loop of the outermost call.
    void carry_out() {
        if (stopped_ || std::exchange(carrying_out_, true)) return;
        for (;;) {
            core_.advance(now());
            auto effects = core_.take_effects();
            if (effects.empty()) break;
            for (auto& each : effects) std::visit([this](auto& effect) { carry_out(effect); }, each);
        }
        carrying_out_ = false;
        auto next = core_.next_wake();
        if (stopped_ || !next)
            disarm();
        else
            node_.env().arm(*this, *next);
    }
    void carry_out(const reconciler::dial& what) {
        if (!stopped_) dials_.start(dial(what.node));
    }
    void carry_out(const reconciler::hang_up& what) {
        if (!stopped_ && !node_.disconnect(what.node)) core_.was_gone(what.node);
    }
    void carry_out(const reconciler::say& what) { log(what.topology, what.level, what.text); }
    void carry_out(const event& what) {
        if (what.what == event::kind::unable_to_connect) ++counted_[what.topology].failed;
        if (what.what == event::kind::connected && what.took > duration{}) ++counted_[what.topology].ok;
        std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
        auto all = watchers_; // a callback may subscribe
        for (const auto& watcher : all)
            if (auto on_event = watcher.lock()) (*on_event)(what);
    }
    void tell(event::kind what, const std::string& topology, std::string_view reason) {
        carry_out(event{what, topology, {}, {}, std::string{reason}, {}});
    }
    void log(std::string_view topology, log_level level, std::string_view text) {
        if (level < node_.env().log_to().least()) return;
        std::string line = "[sedge:" + printable(topology) + "] ";
        line += text;
        node_.env().log(level, line);
    }
    void fire() override { carry_out(); }

    // One topology: the strategy's coroutine and what it is given.
    class running final : public strategy_context {
    public:
        running(impl& owner, std::string name, std::unique_ptr<strategy> how)
            : owner_(&owner), env_(owner.node_.env()), self_(owner.node_.name()), name_(std::move(name)),
              how_(std::move(how)), lost_(env_) {}

        void start() { tasks_.start(drive()); }
        void detach() noexcept { owner_ = nullptr; }
        void note_loss() {
            lost_.set();
            lost_.reset();
        }
        [[nodiscard]] const std::string& name() const noexcept { return name_; }
        [[nodiscard]] std::string_view strategy_name() const noexcept { return how_->name(); }
        [[nodiscard]] std::map<std::string, std::uint64_t> counters() const {
            return {counters_.begin(), counters_.end()};
        }

        environment& env() noexcept override { return env_; }
        const atom& self() const noexcept override { return self_; }
        std::string_view topology() const noexcept override { return name_; }
        void want(std::vector<atom> nodes) override {
            if (!owner_) return;
            owner_->core_.want(name_, std::move(nodes), owner_->now());
            owner_->carry_out();
        }
        void heard(atom node, trust how, std::string_view hint) override {
            if (!owner_) return;
            if (owner_->core_.heard(name_, node, how, hint, owner_->now())) owner_->carry_out();
        }
        void gone(atom node) override {
            if (!owner_) return;
            owner_->core_.gone(name_, node);
            owner_->carry_out();
        }
        bool is_complete() const override { return owner_ && owner_->core_.is_complete(name_); }
        task<> loss() override { return lost_.wait(); }
        bool must_wait(const atom& node) const override {
            return owner_ && owner_->core_.must_wait(node, owner_->now());
        }
        void log(log_level level, std::string_view text) override {
            if (owner_) owner_->log(name_, level, text);
        }
        void count(std::string_view what) override {
            auto at = counters_.find(what);
            if (at == counters_.end()) at = counters_.emplace(what, 0).first;
            ++at->second;
        }

    private:
        task<> drive() {
            backoff pause{{.least = seconds{1}, .most = seconds{30}}};
            for (;;) {
                std::exception_ptr failure;
                try {
                    auto run = how_->run(*this);
                    co_await std::move(run);
                } catch (...) {
                    failure = std::current_exception();
                }
                if (!failure) co_return;
                auto wait = pause.next(env_.random_u64());
                log(log_level::error, "strategy " + std::string{how_->name()} +
                                          " failed: " + printable(what_of(failure)) + "; it is started again");
                if (owner_) owner_->tell(event::kind::strategy_failed, name_, what_of(failure));
                auto sleeping = sleep_for(env_, wait);
                co_await std::move(sleeping);
            }
        }

        impl* owner_; // null: removed, and only its end is waited for
        environment& env_;
        atom self_;
        std::string name_;
        std::unique_ptr<strategy> how_;
        std::map<std::string, std::uint64_t, std::less<>> counters_;
        sedge::event lost_; // set for a moment whenever a connected node is lost
        nursery tasks_;
    };

    node& node_;
    reconciler core_;
    std::map<std::string, std::shared_ptr<running>, std::less<>> running_;
    std::vector<std::weak_ptr<std::function<void(const event&)>>> watchers_;
    node::subscription watching_;
    std::map<std::string, dial_counts> counted_;
    bool carrying_out_ = false;
    bool stopped_ = false;
    nursery dials_;
};

// `1 of 3 nodes are connected; missing: b@10.0.0.2 (wrong cookie), c@10.0.0.3`
std::string topologies::impl::what_is_missing(const readiness& what) const {
    constexpr std::size_t named_max = 5;
    std::vector<std::string> missing;
    const auto known = core_.nodes();
    auto add = [&missing](const atom& node, const std::string& reason) {
        auto name = printable(node.text());
        missing.push_back(reason.empty() ? name : name + " (" + printable(reason) + ")");
    };
    for (const auto& node : what.nodes) {
        auto at = std::ranges::find(known, node, &known_node::name);
        if (node != node_.name() && !node_.is_connected(node)) add(node, at == known.end() ? "" : at->last_reason);
    }
    for (const auto& node : known)
        if (node.now != known_node::state::up && std::ranges::find(what.nodes, node.name) == what.nodes.end())
            add(node.name, node.last_reason);

    const auto wanted = std::max(what.at_least, what.nodes.size());
    auto out = std::to_string(node_.peers().size()) + " of " + std::to_string(wanted) + " nodes are connected";
    for (std::size_t i = 0; i < std::min(missing.size(), named_max); ++i)
        out += (i ? ", " : "; missing: ") + missing[i];
    if (missing.size() > named_max) out += ", and " + std::to_string(missing.size() - named_max) + " more";
    return out;
}

topologies::topologies(node& self) : impl_(std::make_unique<impl>(self)) {}
topologies::~topologies() = default;

result<void> topologies::add(topology_spec spec) { return impl_->add(std::move(spec)); }
result<void> topologies::change(topology_spec spec) { return impl_->change(std::move(spec)); }
task<result<void>> topologies::wait_ready(readiness what) { return impl_->wait_ready(std::move(what)); }
bool topologies::remove(std::string_view name) { return impl_->remove(name); }
void topologies::stop() { impl_->stop(); }

std::vector<std::string> topologies::names() const {
    std::vector<std::string> out;
    for (const auto& [name, topology] : impl_->running_) out.push_back(name);
    return out;
}

std::vector<known_node> topologies::nodes() const { return impl_->core_.nodes(); }

const std::map<std::string, topologies::dial_counts>& topologies::dials() const noexcept { return impl_->counted_; }

std::map<std::string, std::uint64_t> topologies::counters(std::string_view topology) const {
    auto at = impl_->running_.find(topology);
    if (at == impl_->running_.end()) return {};
    return at->second->counters();
}

topologies::subscription topologies::watch(std::function<void(const event&)> on_event) {
    auto token = std::make_shared<std::function<void(const event&)>>(std::move(on_event));
    impl_->watchers_.push_back(token);
    return token;
}

} // namespace sedge::cluster
