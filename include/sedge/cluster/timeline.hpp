// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/otp/global.hpp>
#include <sedge/term/atom.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sedge {
class environment;
class node;
} // namespace sedge

namespace sedge::cluster {

class topologies;

/// One thing that happened at this node: what libcluster tells by telemetry, and more.
struct timeline_entry {
    std::uint64_t number = 0; ///< Counts on, also over restarts if there is a file; 0: told, but not kept.
    std::chrono::system_clock::time_point at{};
    std::string event; ///< `libcluster.connect_node.ok`, `sedge.node.down`, ...: see `event_definitions`.
    std::string node;  ///< Another node; of refused connections the address. Empty: none.
    std::string topology;
    std::optional<duration> took; ///< What it measures stands in the event's definition.
    std::string reason;
    std::uint64_t left_out = 0; ///< So many of the same were not kept since the last one that was.
};

/// What an event is, for lists and for docs/guide/events.md.
struct event_definition {
    std::string_view name;
    std::string_view fields; ///< Which of `node`, `topology`, `took` and `reason` it has.
    std::string_view meaning;
};
const std::vector<event_definition>& event_definitions();

/// An entry as one line of JSON, without the newline: what stands in the file, and what `sedge events --json` prints.
std::string to_json(const timeline_entry& entry);
/// Errors: errc::malformed, errc::limit_exceeded.
result<timeline_entry> timeline_entry_from_json(std::string_view line);

/// The newest entries of a file, oldest first. Its node may be running.
struct timeline_reading {
    std::vector<timeline_entry> entries;
    std::size_t lines_ignored = 0; ///< Cut by a power failure, or bent.
};
/// Errors: system codes if there is no such file, or it cannot be read.
result<timeline_reading> read_timeline(const std::string& path, std::size_t most);

/// What happened at this node: the newest 1,000 entries in memory, and 10,000 on disk if there is a path.
///
/// Kept is what is news: a node that stays away is told once for each reason, not once for each attempt, and events
/// that strangers can cause are kept only so many at a time (`left_out` says how many were not). Watchers hear of
/// all. Hidden nodes that no topology wants come and go without an entry: they are tools that ask.
///
/// The file is written by a thread of its own, so that a slow disk does not delay the node. While it cannot be
/// written, `limits::timeline_waiting_max` entries wait; those beyond are dropped and counted. A program that is
/// killed loses nothing that was written, a power failure the last seconds.
///
/// Life:    after `topologies`, destroyed before the node is; then it waits up to 2 s for the disk.
/// Threads: only on the environment's thread.
/// See:     docs/guide/events.md.
class timeline {
public:
    /// An empty path: no file. One that cannot be used is logged, and tried again and again.
    timeline(sedge::node& here, topologies& running, std::string path = {});
    ~timeline();
    timeline(const timeline&) = delete;

    /// Tells of conflicts of global names, too.
    void hear(const otp::global& names);

    /// Something of the program's own: `note("press.jammed", "plate 7")`. The name is letters, digits, `_` and dots.
    /// False if it is not, or if there are more than `limits::timeline_names_max` different ones.
    bool note(std::string_view event, std::string_view reason = {}, std::string_view node = {});

    /// Kept entries with a greater number than `after`, oldest first.
    [[nodiscard]] std::vector<timeline_entry> since(std::uint64_t after, std::size_t most) const;
    /// The number of the newest; 0: there is none.
    [[nodiscard]] std::uint64_t last_number() const noexcept;

    /// How often each event happened since the start, those that are not kept included.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const noexcept;
    /// What became of the lines for the disk.
    struct disk_counts {
        std::uint64_t written = 0;
        std::uint64_t dropped = 0;
        std::size_t waiting = 0;
    };
    [[nodiscard]] disk_counts disk() const;

    /// Calls `on_entry` for each event from now on, until the returned token is destroyed.
    using subscription = std::shared_ptr<void>;
    [[nodiscard]] subscription watch(std::function<void(const timeline_entry&)> on_entry);

private:
    class impl; // src/cluster/timeline/timeline.cpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::cluster
