// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/timeline.hpp>

#include <string>
#include <string_view>

namespace sedge::cluster {

/// The lines of a timeline on disk: appended to PATH; when that has `limits::timeline_file_lines_max` lines it becomes
/// PATH.1 and a new one begins. So at least that many lines are kept, and at most twice as many.
///
/// Threads: one at a time, any; its calls wait for the disk.
class timeline_file {
public:
    explicit timeline_file(std::string path) : path_(std::move(path)) {}
    ~timeline_file();
    timeline_file(const timeline_file&) = delete;

    /// The newest entries, for whoever goes on with them. No file is an empty one. Errors: system codes.
    result<timeline_reading> read(std::size_t most) const;
    /// `line` has no newline. Errors: system codes; a line that was written in part does not spoil the next one.
    result<void> append(std::string_view line);
    /// Everything appended is on the disk afterwards, as far as the system knows.
    void sync() noexcept;

private:
    result<void> open();
    result<void> begin_new();
    void close() noexcept;

    std::string path_;
    int fd_ = -1;
    std::size_t lines_ = 0;    // in the open file
    bool is_mid_line_ = false; // its last byte is no newline
};

} // namespace sedge::cluster
