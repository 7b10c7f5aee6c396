// SPDX-License-Identifier: Apache-2.0
//
// The driver: hears node and topologies, gives their events the names of definitions.cpp, asks the filter what is kept,
// and hands that to memory, disk and watchers.
#include "cluster/timeline/file.hpp"
#include "cluster/timeline/filter.hpp"
#include "cluster/timeline/timeline_limits.hpp"
#include "cluster/timeline/writer.hpp"

#include <sedge/cluster/timeline.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>

namespace sedge::cluster {
namespace {

constexpr seconds disk_look_pause{2}; // from an entry to the look whether it could be written

bool is_event_name(std::string_view text) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, fits) && text.front() != '.' &&
           text.back() != '.' && text.find("..") == std::string_view::npos;
}

/// The name of a topology's event; empty for those that are told otherwise.
std::string_view name_of(const event& what) {
    switch (what.what) {
    case event::kind::connected: // a peer that dialled us is told as `sedge.node.up` only, as libcluster tells nothing
        return what.took > duration{} ? "libcluster.connect_node.ok" : "";
    case event::kind::unable_to_connect: return "libcluster.connect_node.error";
    case event::kind::disconnected: // one that was lost is told as `sedge.node.down`
        return what.reason == "no longer wanted" ? "libcluster.disconnect_node.ok" : "";
    case event::kind::unable_to_disconnect: return "libcluster.disconnect_node.error";
    case event::kind::discovered: return "sedge.node.discovered";
    case event::kind::topology_added: return "sedge.topology.added";
    case event::kind::topology_changed: return "sedge.topology.changed";
    case event::kind::topology_removed: return "sedge.topology.removed";
    case event::kind::strategy_failed: return "sedge.strategy.failed";
    }
    return "";
}

} // namespace

class timeline::impl final : public timer {
public:
    impl(sedge::node& here, topologies& running, std::string path) : here_(here), topologies_(running) {
        if (!path.empty()) begin_file(std::move(path));
        for (const auto& peer : here_.peer_details()) up_since_[peer.name] = peer.up_since;
        of_nodes_ = here_.watch([this](const node_event& what) { happened(what); });
        of_refusals_ = watch_refusals(here_, [this](const refused_connection& what) { happened(what); });
        of_topologies_ = topologies_.watch([this](const cluster::event& what) { happened(what); });
    }

    void hear(const otp::global& names) {
        of_names_ = names.watch_conflicts([this](const otp::name_conflict& what) {
            timeline_entry entry;
            entry.event = "sedge.global.conflict";
            entry.reason = to_erlang(what.name.view()) + " was " + to_string(what.lost) + ", is " +
                           (what.kept ? to_string(*what.kept) : "nobody's");
            if (what.kept) entry.node = what.kept->node.str();
            record(std::move(entry), true);
        });
    }

    bool note(std::string_view event, std::string_view reason, std::string_view node) {
        std::string name{event};
        const auto& known = event_definitions();
        if (std::ranges::find(known, event, &event_definition::name) == known.end() && !own_names_.contains(name)) {
            if (!is_event_name(event) || own_names_.size() >= limits::timeline_names_max) return false;
            own_names_.insert(name);
        }
        timeline_entry entry;
        entry.event = std::move(name);
        entry.reason = reason;
        entry.node = node;
        record(std::move(entry), true);
        return true;
    }

    [[nodiscard]] std::vector<timeline_entry> since(std::uint64_t after, std::size_t most) const {
        auto from = std::ranges::upper_bound(entries_, after, {}, &timeline_entry::number);
        const auto count = std::min(most, static_cast<std::size_t>(entries_.end() - from));
        return {from, from + static_cast<std::ptrdiff_t>(count)};
    }

    void fire() override {
        const auto failure = writer_->failure();
        if (failure != told_failure_)
            here_.env().log(failure.empty() ? log_level::info : log_level::warning,
                            failure.empty() ? "[sedge] events are written to disk again"
                                            : "[sedge] events cannot be written to disk: " + printable(failure));
        told_failure_ = failure;
        if (!failure.empty() || writer_->counts().waiting > 0) here_.env().arm_after(*this, disk_look_pause);
    }

    sedge::node& here_;
    topologies& topologies_;
    std::deque<timeline_entry> entries_;
    std::uint64_t last_ = 0;
    std::map<std::string, std::uint64_t> counts_;
    std::unique_ptr<timeline_writer> writer_; // null: no file
    std::vector<std::weak_ptr<std::function<void(const timeline_entry&)>>> watchers_;

private:
    // What was in the file stays visible, and the numbers go on. Reading it waits for the disk, once.
    void begin_file(std::string path) {
        auto before = timeline_file{path}.read(limits::timeline_memory_max);
        if (!before) {
            here_.env().log(log_level::warning,
                            "[sedge] earlier events are not known: " + printable(before.error().message()));
        } else {
            if (before->lines_ignored > 0)
                here_.env().log(log_level::info, "[sedge] " + std::to_string(before->lines_ignored) + " lines of " +
                                                     printable(path) + " are ignored: they are no events");
            for (auto& entry : before->entries) {
                if (entry.number <= last_) continue; // bent in a way that is still JSON
                last_ = entry.number;
                entries_.push_back(std::move(entry));
            }
        }
        writer_ = std::make_unique<timeline_writer>(std::move(path));
    }

    void happened(const node_event& what) {
        timeline_entry entry;
        entry.node = what.node.str();
        const auto now = here_.env().now();
        entry.event = "sedge.node.";
        entry.event += to_string(what.state);
        entry.reason = what.reason;
        if (what.what == node_event::kind::up) {
            up_since_[what.node] = now;
        } else if (what.what == node_event::kind::down) {
            if (auto at = up_since_.find(what.node); at != up_since_.end()) {
                entry.took = now - at->second;
                up_since_.erase(at);
            }
        }
        record(std::move(entry), !what.hidden || is_wanted(what.node));
    }

    void happened(const refused_connection& what) {
        timeline_entry entry;
        entry.event = "sedge.connection.refused";
        entry.reason = what.sentence;
        record(std::move(entry), true);
    }

    void happened(const cluster::event& what) {
        const auto name = name_of(what);
        if (name.empty()) return;
        timeline_entry entry;
        entry.event = name;
        entry.node = what.node.str();
        entry.topology = what.topology;
        entry.reason = what.reason;
        if (what.took > duration{}) entry.took = what.took;
        record(std::move(entry), true);
    }

    [[nodiscard]] bool is_wanted(const atom& node) const {
        const auto known = topologies_.nodes();
        return std::ranges::find(known, node, &known_node::name) != known.end();
    }

    void record(timeline_entry entry, bool may_be_kept) {
        entry.at = std::chrono::floor<std::chrono::microseconds>(here_.env().wall_clock());
        ++counts_[entry.event];
        if (may_be_kept && filter_.keeps(entry, here_.env().now())) {
            entry.number = ++last_;
            entries_.push_back(entry);
            if (entries_.size() > limits::timeline_memory_max) entries_.pop_front();
            if (writer_) {
                writer_->push(to_json(entry));
                if (!armed()) here_.env().arm_after(*this, disk_look_pause);
            }
        }
        std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
        auto all = watchers_; // a callback may subscribe
        for (const auto& watcher : all)
            if (auto on_entry = watcher.lock()) (*on_entry)(entry);
    }

    timeline_filter filter_;
    std::unordered_map<atom, time_point> up_since_;
    std::set<std::string> own_names_;
    std::string told_failure_;
    node::subscription of_nodes_;
    node::subscription of_refusals_;
    topologies::subscription of_topologies_;
    otp::global::subscription of_names_;
};

timeline::timeline(sedge::node& here, topologies& running, std::string path)
    : impl_(std::make_unique<impl>(here, running, std::move(path))) {}
timeline::~timeline() = default;

void timeline::hear(const otp::global& names) { impl_->hear(names); }
bool timeline::note(std::string_view event, std::string_view reason, std::string_view node) {
    return impl_->note(event, reason, node);
}
std::vector<timeline_entry> timeline::since(std::uint64_t after, std::size_t most) const {
    return impl_->since(after, most);
}
std::uint64_t timeline::last_number() const noexcept { return impl_->last_; }
const std::map<std::string, std::uint64_t>& timeline::counts() const noexcept { return impl_->counts_; }
timeline::disk_counts timeline::disk() const { return impl_->writer_ ? impl_->writer_->counts() : disk_counts{}; }

timeline::subscription timeline::watch(std::function<void(const timeline_entry&)> on_entry) {
    auto token = std::make_shared<std::function<void(const timeline_entry&)>>(std::move(on_entry));
    impl_->watchers_.push_back(token);
    return token;
}

} // namespace sedge::cluster
