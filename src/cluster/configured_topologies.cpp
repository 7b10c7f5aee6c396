// SPDX-License-Identifier: Apache-2.0
#include "cluster/configured_topologies.hpp"

#include <sedge/base/log.hpp>

#include <algorithm>
#include <memory>

namespace sedge::cluster {

result<void> configured_topologies::start(const std::vector<topology_settings>& wanted, const std::string& file) {
    auto followed = follow(wanted, file);
    if (!followed) return followed.error();
    return {};
}

result<configured_topologies::changes> configured_topologies::follow(const std::vector<topology_settings>& wanted,
                                                                     const std::string& file) {
    changes out;
    std::map<std::string, std::unique_ptr<strategy>> made;
    const auto running = running_.names();
    for (const auto& settings : wanted) {
        const auto at = entries_.find(settings.name);
        if (at != entries_.end() && at->second.from_configuration && same(at->second.settings, settings)) continue;
        const bool is_there = std::ranges::find(running, settings.name) != running.end();
        if (is_there && at == entries_.end())
            return error{errc::invalid_argument,
                         "the program itself has a topology " + printable(settings.name) + "; choose another name"};
        auto how = known_.make(settings, file);
        if (!how) return std::move(how).error();
        (is_there ? out.changed : out.added).push_back(settings.name);
        made.emplace(settings.name, std::move(*how));
    }
    for (const auto& [name, each] : entries_)
        if (each.from_configuration && std::ranges::find(wanted, name, &topology_settings::name) == wanted.end())
            out.removed.push_back(name);

    // Additions first, so that a node that moves from one topology to another is wanted all the time.
    for (const auto& settings : wanted) {
        auto how = made.find(settings.name);
        if (how == made.end()) continue;
        const bool is_new = std::ranges::find(out.added, settings.name) != out.added.end();
        topology_spec spec{settings.name, std::move(how->second)};
        auto done = is_new ? running_.add(std::move(spec)) : running_.change(std::move(spec));
        if (!done) return done.error();
        entries_[settings.name] = {settings, true};
    }
    for (const auto& name : out.removed) {
        entries_.erase(name);
        running_.remove(name);
    }
    std::ranges::sort(out.added);
    std::ranges::sort(out.changed);
    return out;
}

result<void> configured_topologies::add(const topology_settings& settings) {
    auto how = known_.make(settings);
    if (!how) return std::move(how).error();
    auto added = running_.add({settings.name, std::move(*how)});
    if (added) entries_[settings.name] = {settings, false};
    return added;
}

result<void> configured_topologies::change(const topology_settings& settings) {
    auto how = known_.make(settings);
    if (!how) return std::move(how).error();
    auto changed = running_.change({settings.name, std::move(*how)});
    if (changed) entries_[settings.name].settings = settings; // whose it was, it stays
    return changed;
}

result<void> configured_topologies::remove(std::string_view name) {
    if (!running_.remove(name)) return error{errc::invalid_argument, "there is no topology " + printable(name)};
    if (auto at = entries_.find(name); at != entries_.end()) entries_.erase(at);
    return {};
}

std::string configured_topologies::strategy_of(std::string_view name) const {
    auto at = entries_.find(name);
    return at == entries_.end() ? std::string{} : at->second.settings.strategy;
}

std::string to_string(const configured_topologies::changes& what) {
    std::string out;
    auto append = [&out](std::string_view verb, const std::vector<std::string>& names) {
        if (names.empty()) return;
        out.append(out.empty() ? "" : "; ").append(verb).append(": ");
        for (std::size_t i = 0; i < names.size(); ++i) out += (i ? ", " : "") + printable(names[i]);
    };
    append("added", what.added);
    append("changed", what.changed);
    append("removed", what.removed);
    return out.empty() ? "no topology has changed" : out;
}

} // namespace sedge::cluster
