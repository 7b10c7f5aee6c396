// SPDX-License-Identifier: Apache-2.0
#include "cluster/member_snapshot.hpp"

#include <sedge/cluster/limits.hpp>
#include <sedge/dist/node_name.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace sedge::cluster {
namespace {

constexpr std::string_view first_line = "sedge members 1\n";
constexpr int digest_digits = 16;

std::string digest_of(std::string_view text) {
    std::uint64_t state = 0xcbf29ce484222325;
    for (char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    std::string out;
    for (int i = digest_digits - 1; i >= 0; --i) out += "0123456789abcdef"[state >> (4 * i) & 15];
    return out;
}

std::string last_line(std::size_t members, std::string_view before) {
    return "end " + std::to_string(members) + ' ' + digest_of(before) + '\n';
}

error bad(const std::string& why, errc code = errc::malformed) { return {code, why}; }

result<void> read_member(std::string_view line, member_times& into) {
    const auto blank = line.find(' ');
    const auto digits = blank == std::string_view::npos ? std::string_view{} : line.substr(blank + 1);
    std::int64_t when = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), when);
    auto name = node_name::parse(line.substr(0, blank));
    if (!name || failure != std::errc{} || end != digits.data() + digits.size() || when < 0)
        return bad("a line is no member");
    if (into.size() == limits::topology_nodes_max) return bad("too many members", errc::limit_exceeded);
    into.insert_or_assign(name->full, std::chrono::sys_seconds{std::chrono::seconds{when}});
    return {};
}

/// A descriptor that is closed in the end.
class open_file {
public:
    open_file(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    open_file(const open_file&) = delete;
    ~open_file() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

error last_error(const std::string& path) { return {std::error_code{errno, std::generic_category()}, path}; }

bool write_whole(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return ::fsync(fd) == 0;
}

} // namespace

std::string encode_snapshot(const member_times& members) {
    std::vector<std::pair<std::chrono::sys_seconds, atom>> newest;
    for (const auto& [node, seen] : members) newest.emplace_back(seen, node);
    std::ranges::sort(newest, std::greater{});
    newest.resize(std::min(newest.size(), limits::topology_nodes_max));
    std::string out{first_line};
    for (const auto& [seen, node] : newest)
        out += node.str() + ' ' + std::to_string(seen.time_since_epoch().count()) + '\n';
    return out + last_line(newest.size(), out);
}

result<member_times> decode_snapshot(std::string_view text) {
    if (text.size() > limits::snapshot_bytes_max)
        return bad("it is longer than " + std::to_string(limits::snapshot_bytes_max) + " bytes", errc::limit_exceeded);
    if (!text.starts_with(first_line)) return bad("it does not begin as a file of members");
    const auto last = text.rfind("\nend ");
    if (last == std::string_view::npos) return bad("its end is missing");
    auto lines = text.substr(first_line.size(), last + 1 - first_line.size());
    member_times out;
    std::size_t count = 0;
    for (; !lines.empty(); ++count) {
        const auto end = lines.find('\n');
        auto read = read_member(lines.substr(0, end), out);
        if (!read) return read.error();
        lines.remove_prefix(end + 1);
    }
    if (text.substr(last + 1) != last_line(count, text.substr(0, last + 1))) return bad("its digest is wrong");
    return out;
}

member_times without_stale(member_times members, std::chrono::sys_seconds now) {
    std::erase_if(members, [now](const auto& entry) { return now - entry.second > limits::snapshot_age_max; });
    return members;
}

result<member_times> load_snapshot(const std::string& path) {
    const open_file file{path, O_RDONLY};
    if (!file) return last_error(path);
    std::string text(limits::snapshot_bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto count = ::read(file.fd(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error(path);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    auto decoded = decode_snapshot(text);
    if (!decoded) return decoded.error().within(path);
    return decoded;
}

result<void> save_snapshot(const std::string& path, const member_times& members) {
    const auto beside = path + ".new";
    {
        const open_file file{beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW};
        if (!file || !write_whole(file.fd(), encode_snapshot(members))) return last_error(beside);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return last_error(path);
    // The name is on the disk when the directory is.
    const auto slash = path.rfind('/');
    const open_file folder{slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY};
    if (folder) ::fsync(folder.fd());
    return {};
}

} // namespace sedge::cluster
