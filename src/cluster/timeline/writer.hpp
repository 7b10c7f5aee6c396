// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/timeline.hpp>

#include <memory>
#include <string>

namespace sedge::cluster {

/// Puts lines into a timeline_file by a thread of its own: the card of a small board can take seconds for one write,
/// and a disk that dies takes for ever, while the node has ticks to send.
///
/// Life:    destroying it waits up to 2 s for what is still to be written; a write that hangs longer is left alone.
/// Threads: only on the thread that made it.
class timeline_writer {
public:
    /// `retry_pause`: after an attempt that has failed.
    explicit timeline_writer(std::string path, milliseconds retry_pause = seconds{1});
    ~timeline_writer();
    timeline_writer(const timeline_writer&) = delete;

    /// Never waits. A line too many is dropped and counted.
    void push(std::string line);
    [[nodiscard]] timeline::disk_counts counts() const;
    /// Why the last attempt to write has failed; empty if it has not.
    [[nodiscard]] std::string failure() const;

private:
    struct shared; // with the thread, which may outlive this
    static void work(const std::shared_ptr<shared>& with);
    std::shared_ptr<shared> shared_;
    struct thread;
    std::unique_ptr<thread> thread_;
};

} // namespace sedge::cluster
