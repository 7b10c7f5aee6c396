// SPDX-License-Identifier: Apache-2.0
//
// The driver of the snapshot: events of the topologies change the table, and the table is written two seconds after a
// change (a cluster that forms makes many of them), and every hour so that ages are right.
#include "cluster/member_snapshot.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/cluster/member_memory.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace sedge::cluster {
namespace {

constexpr std::string_view topology_name = "remembered";
constexpr seconds write_pause{2};
constexpr seconds look_around{2}; // how soon a member is left to the topology that found it
constexpr std::chrono::hours refresh_interval{1};

/// Wants the members of the file that no other topology has found yet.
class remembered final : public strategy {
public:
    explicit remembered(std::shared_ptr<const std::set<atom>> wanted) : wanted_(std::move(wanted)) {}
    std::string_view name() const noexcept override { return topology_name; }
    strategy_rules rules() const override {
        strategy_rules out;
        out.quiet = true;
        return out;
    }
    task<> run(strategy_context& topology) override {
        for (;;) {
            topology.want({wanted_->begin(), wanted_->end()});
            auto pause = sleep_for(topology.env(), look_around);
            co_await std::move(pause);
        }
    }

private:
    std::shared_ptr<const std::set<atom>> wanted_; // the other owner is the memory, which may end before the strategy
};

} // namespace

class member_memory::impl final : public timer {
public:
    impl(topologies& whose, environment& env, std::string path)
        : topologies_(whose), env_(env), path_(std::move(path)), wanted_(std::make_shared<std::set<atom>>()) {
        load();
        watching_ = topologies_.watch([this](const cluster::event& what) { happened(what); });
        auto added = topologies_.add({std::string{topology_name}, std::make_unique<remembered>(wanted_)});
        if (!added) log(log_level::warning, added.error().message());
        env_.arm_after(*this, refresh_interval);
    }
    ~impl() override {
        watching_ = {};
        save();
    }

private:
    [[nodiscard]] std::chrono::sys_seconds now() const {
        return std::chrono::floor<std::chrono::seconds>(env_.wall_clock());
    }
    void log(log_level level, const std::string& text) { env_.log(level, "[sedge:remembered] " + text); }

    void load() {
        auto loaded = load_snapshot(path_);
        if (!loaded) {
            if (loaded.error().code() != std::errc::no_such_file_or_directory)
                log(log_level::warning, "the members on disk are ignored: " + printable(loaded.error().message()));
            return;
        }
        members_ = without_stale(*loaded, now());
        for (const auto& [node, seen] : members_) wanted_->insert(node);
        if (members_.size() < loaded->size())
            log(log_level::info, std::to_string(loaded->size() - members_.size()) + " of " +
                                     std::to_string(loaded->size()) +
                                     " members on disk are ignored: nobody has seen them for 30 days");
    }

    // Whoever is connected is known to share the cookie. One that another topology has found is left to it: so it is
    // disconnected when that one wants it no longer, and it is not dialled for ever.
    void happened(const cluster::event& what) {
        if (what.what == event::kind::connected) {
            members_[what.node] = now();
            bound();
            if (what.topology != topology_name) wanted_->erase(what.node);
        } else if (what.what == event::kind::disconnected && what.topology != topology_name) {
            if (what.reason == "no longer wanted")
                members_.erase(what.node);
            else if (auto at = members_.find(what.node); at != members_.end())
                at->second = now();
        } else {
            return;
        }
        if (!std::exchange(changed_, true)) env_.arm_after(*this, write_pause);
    }

    void bound() {
        while (members_.size() > limits::topology_nodes_max)
            members_.erase(std::ranges::min_element(members_, {}, [](const auto& entry) { return entry.second; }));
    }

    void fire() override {
        for (const auto& known : topologies_.nodes())
            if (known.now == known_node::state::up)
                if (auto at = members_.find(known.name); at != members_.end()) at->second = now();
        changed_ = false;
        save();
        env_.arm_after(*this, refresh_interval);
    }

    void save() {
        auto saved = save_snapshot(path_, members_);
        auto failure = saved ? std::string{} : printable(saved.error().message());
        if (!failure.empty() && failure != last_failure_)
            log(log_level::warning, "members cannot be written to disk: " + failure);
        last_failure_ = std::move(failure);
    }

    topologies& topologies_;
    environment& env_;
    std::string path_;
    member_times members_;
    std::shared_ptr<std::set<atom>> wanted_; // the second owner is the strategy
    bool changed_ = false;
    std::string last_failure_;
    topologies::subscription watching_;
};

member_memory::member_memory(topologies& whose, environment& env, std::string path)
    : impl_(std::make_unique<impl>(whose, env, std::move(path))) {}
member_memory::~member_memory() = default;

} // namespace sedge::cluster
