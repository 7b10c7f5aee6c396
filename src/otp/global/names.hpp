// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sedge::otp::registry {

inline constexpr std::size_t names_max = 1'000'000; ///< Of the whole cluster; about 200 bytes each.

inline constexpr std::size_t former_max = 1000; ///< Processes remembered that have lost their last name.

/// A global name, whose it is, and the fun that decides if two partitions have it.
struct named {
    term name;
    pid who;
    term method;
    friend bool operator==(const named&, const named&) = default;
};

/// Counts for each process how many names and locks it holds, so that it is monitored once.
class watch_list {
public:
    void add(const pid& who);
    void remove(const pid& who);
    /// Takes what has changed since the last call: pids to monitor and pids to monitor no longer.
    struct changes {
        std::vector<pid> watch;
        std::vector<pid> unwatch;
    };
    [[nodiscard]] changes take();

private:
    std::unordered_map<pid, std::size_t> held_;
    std::unordered_map<pid, bool> touched_; // whether it was held before
};

/// All names of the cluster, as this node knows them.
class name_table {
public:
    explicit name_table(watch_list& watched) : watched_(watched) {}

    /// Null if there is none.
    [[nodiscard]] const named* find(const term& name) const;
    [[nodiscard]] std::vector<named> all() const;
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    /// In no order.
    [[nodiscard]] std::vector<term> names_of(const pid& who) const;
    /// Whether it has a name, or had one until lately: what the loser of a conflict is sent may come after the news
    /// that its name is another's.
    [[nodiscard]] bool is_or_was_named(const pid& who) const;

    /// Replaces what the name meant before. False if the table is full.
    bool insert(named entry);
    void erase(const term& name);
    void erase_all_of(const pid& who);

private:
    watch_list& watched_;
    std::unordered_map<term, named> entries_;
    std::unordered_multimap<pid, term> by_pid_;
    std::deque<pid> former_; // whose last name went, the latest last; at most former_max
};

} // namespace sedge::otp::registry
