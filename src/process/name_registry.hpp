// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/atom.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace sedge {

/// Names of a node's processes, for all its workers: who is registered when a signal is sent is known on each of them
/// at once, as in Erlang. Processes go by their numbers.
///
/// Threads: any, once `share` was called; before that no lock is taken.
class name_registry {
public:
    void share() noexcept { shared_ = true; }

    /// 0: nobody.
    [[nodiscard]] std::uint64_t find(const atom& name) const {
        const auto lock = reading();
        auto position = names_.find(name);
        return position == names_.end() ? 0 : position->second;
    }
    /// False if the name is taken.
    bool claim(const atom& name, std::uint64_t number) {
        const auto lock = writing();
        return enter(name, number);
    }
    /// The same, and `then(whether it was free)` before anybody can find it.
    template <class F>
    void claim(const atom& name, std::uint64_t number, F&& then) {
        const auto lock = writing();
        then(enter(name, number));
    }
    /// False if nobody had it.
    bool release(const atom& name) {
        const auto lock = writing();
        auto position = names_.find(name);
        if (position == names_.end()) return false;
        auto holder = holders_.find(position->second);
        if (std::erase(holder->second, name); holder->second.empty()) holders_.erase(holder);
        names_.erase(position);
        return true;
    }
    /// That process ends.
    void release_all(std::uint64_t number) {
        const auto lock = writing();
        auto holder = holders_.find(number);
        if (holder == holders_.end()) return;
        for (const auto& name : holder->second) names_.erase(name);
        holders_.erase(holder);
    }
    /// The first of its names; empty: it has none.
    [[nodiscard]] atom name_of(std::uint64_t number) const {
        const auto lock = reading();
        auto holder = holders_.find(number);
        return holder == holders_.end() ? atom{} : holder->second.front();
    }
    [[nodiscard]] std::vector<atom> all() const {
        const auto lock = reading();
        std::vector<atom> found;
        for (const auto& [name, number] : names_) found.push_back(name);
        std::sort(found.begin(), found.end());
        return found;
    }
    void clear() {
        const auto lock = writing();
        names_.clear();
        holders_.clear();
    }

private:
    bool enter(const atom& name, std::uint64_t number) {
        if (!names_.try_emplace(name, number).second) return false;
        holders_[number].push_back(name);
        return true;
    }
    [[nodiscard]] std::shared_lock<std::shared_mutex> reading() const {
        return shared_ ? std::shared_lock{mutex_} : std::shared_lock<std::shared_mutex>{};
    }
    [[nodiscard]] std::unique_lock<std::shared_mutex> writing() {
        return shared_ ? std::unique_lock{mutex_} : std::unique_lock<std::shared_mutex>{};
    }

    bool shared_ = false; // Constant once there are other threads.
    mutable std::shared_mutex mutex_;
    // Guarded by `mutex_`:
    std::unordered_map<atom, std::uint64_t> names_;
    std::unordered_map<std::uint64_t, std::vector<atom>> holders_; // in the order in which they were given
};

} // namespace sedge
