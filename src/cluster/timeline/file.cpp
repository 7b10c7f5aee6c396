// SPDX-License-Identifier: Apache-2.0
//
// One write for each line, to a file that is only appended to. So a program that is killed leaves whole lines, and a
// power failure whole lines and perhaps the beginning of one: that one is ended with a newline before the next is
// written, and whoever reads ignores it. PATH becomes PATH.1 by one rename; between that and the first line of the new
// file there is no PATH, which reads as an empty one.
#include "cluster/timeline/file.hpp"

#include "cluster/timeline/timeline_limits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sedge::cluster {
namespace {

error last_error(const std::string& path) { return {std::error_code{errno, std::generic_category()}, path}; }

std::string older(const std::string& path) { return path + ".1"; }

bool is_plain(int fd) {
    struct stat known {};
    return ::fstat(fd, &known) == 0 && S_ISREG(known.st_mode);
}
error no_plain_file(const std::string& path) {
    return {std::make_error_code(std::errc::invalid_argument), path + " is no plain file"};
}

bool is_away(const error& why) { return why.code() == std::errc::no_such_file_or_directory; }

/// Calls `take` with each line of a file that ends with a newline, as far as it is not too long, and counts the others.
template <class Take>
result<void> for_each_line(const std::string& path, std::size_t& ignored, Take take) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return last_error(path);
    if (!is_plain(fd)) { // a device may have no end
        ::close(fd);
        return no_plain_file(path);
    }
    std::string line;
    bool is_too_long = false;
    std::array<char, 64 * 1024> buffer;
    for (;;) {
        const auto count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            auto failure = last_error(path);
            ::close(fd);
            return failure;
        }
        if (count == 0) break;
        std::string_view rest{buffer.data(), static_cast<std::size_t>(count)};
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            const auto part = rest.substr(0, end);
            if (line.size() + part.size() > limits::timeline_line_bytes_max) is_too_long = true;
            if (!is_too_long) line.append(part);
            if (end == std::string_view::npos) break;
            if (is_too_long)
                ++ignored;
            else
                take(std::string_view{line});
            line.clear();
            is_too_long = false;
            rest.remove_prefix(end + 1);
        }
    }
    ::close(fd);
    if (!line.empty() || is_too_long) ++ignored; // cut; or its writer is in the middle of it
    return {};
}

result<timeline_reading> read_both(const std::string& path, std::size_t most) {
    std::size_t ignored = 0;
    std::deque<std::string> newest; // parsed in the end: of a long file only its tail is needed
    const auto take = [&](std::string_view line) {
        if (line.empty()) return;
        newest.emplace_back(line);
        if (newest.size() > most) newest.pop_front();
    };
    auto before = for_each_line(older(path), ignored, take);
    if (!before && !is_away(before.error())) return before.error();
    auto now = for_each_line(path, ignored, take);
    if (!now && (!is_away(now.error()) || !before)) return now.error();
    timeline_reading out;
    for (const auto& line : newest) {
        auto entry = timeline_entry_from_json(line);
        if (entry)
            out.entries.push_back(std::move(*entry));
        else
            ++ignored;
    }
    out.lines_ignored = ignored;
    return out;
}

} // namespace

result<timeline_reading> read_timeline(const std::string& path, std::size_t most) { return read_both(path, most); }

timeline_file::~timeline_file() { close(); }

void timeline_file::close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void timeline_file::sync() noexcept {
    if (fd_ >= 0) ::fdatasync(fd_);
}

result<timeline_reading> timeline_file::read(std::size_t most) const {
    auto found = read_both(path_, most);
    if (!found && is_away(found.error())) return timeline_reading{};
    return found;
}

result<void> timeline_file::open() {
    struct stat known {};
    if (fd_ >= 0 && ::fstat(fd_, &known) == 0 && known.st_nlink > 0) return {};
    close(); // never opened, or somebody has removed it
    lines_ = 0;
    std::size_t ignored = 0;
    auto counted = for_each_line(path_, ignored, [this](std::string_view) { ++lines_; });
    if (!counted && !is_away(counted.error())) return counted;
    lines_ += ignored;
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd_ < 0) return last_error(path_);
    if (::fstat(fd_, &known) != 0 || !S_ISREG(known.st_mode)) {
        close();
        return no_plain_file(path_);
    }
    char last = '\n';
    is_mid_line_ = known.st_size > 0 && ::pread(fd_, &last, 1, known.st_size - 1) == 1 && last != '\n';
    return {};
}

result<void> timeline_file::begin_new() {
    sync();
    close();
    if (::rename(path_.c_str(), older(path_).c_str()) != 0 && errno != ENOENT) return last_error(path_);
    return open();
}

result<void> timeline_file::append(std::string_view line) {
    auto opened = open();
    if (opened && lines_ >= limits::timeline_file_lines_max) opened = begin_new();
    if (!opened) return opened;
    std::string text{is_mid_line_ ? "\n" : ""};
    text.append(line).append("\n");
    for (;;) {
        const auto count = ::write(fd_, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count > 0) is_mid_line_ = text[static_cast<std::size_t>(count) - 1] != '\n';
        if (count == static_cast<ssize_t>(text.size())) break;
        const bool is_full = count >= 0 || errno == ENOSPC || errno == EDQUOT;
        if (count >= 0) errno = ENOSPC; // part of it found room
        auto failure = last_error(path_);
        if (!is_full) close();
        return failure;
    }
    ++lines_;
    return {};
}

} // namespace sedge::cluster
